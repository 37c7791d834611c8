use fanlight_core::{Hostname, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::{AuthPackage, ResizeMethod, Security, ServerLayout};

/// The fields of one RDP session.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    { "hostname": "desktop.example.com" },
    {
        "hostname": "desktop.example.com", "port": 3390, "username": "jdoe",
        "password": "correct horse", "domain": "CORP", "security": "nla", "auth_pkg": "ntlm",
        "cert_fingerprints": "sha256:0a:1b", "color_depth": 32, "resize_method": "reconnect",
        "force_lossless": true, "enable_wallpaper": true, "enable_theming": true,
        "enable_font_smoothing": false, "enable_full_window_drag": true,
        "enable_desktop_composition": true, "enable_menu_animations": true,
        "server_layout": "de-de-qwertz", "timezone": "Europe/Berlin",
        "normalize_clipboard": "unix", "enable_drive": true, "drive_name": "Files",
        "disable_download": true, "disable_upload": true, "disable_audio": true,
        "enable_audio_input": true, "enable_touch": true, "enable_printing": true,
        "console": true, "initial_program": "notepad.exe", "client_name": "Fanlight",
        "preconnection_id": 7, "preconnection_blob": "vm-7",
        "load_balance_info": "tsv://MS Terminal Services Plugin.1.Farm", "disable_copy": true,
        "disable_paste": true, "read_only": true
    },
    {
        "hostname": "files.corp.example.com", "username": "jdoe@CORP.EXAMPLE.COM",
        "password": "correct horse", "auth_pkg": "kerberos",
        "kdc_url": "https://dc.corp.example.com/KdcProxy", "kerberos_cache": "krb5cc_1000",
        "ignore_cert": true
    },
    {
        "hostname": "apps.example.com", "remote_app": "||notepad",
        "remote_app_dir": "C:\\Users\\jdoe", "remote_app_args": "notes.txt"
    }
]))]
pub struct RdpSettings {
    /// Name or address of the machine.
    #[schemars(title = "Host", extend("x-placeholder" = "desktop.example.com"))]
    pub hostname: Hostname,
    /// Port of the remote desktop service, 3389 if left out.
    #[schemars(title = "Port", range(min = 1, max = 65535), extend("x-placeholder" = "3389"))]
    pub port: Option<u16>,
    /// Account: jdoe, CORP\jdoe or jdoe@corp.example.com. Asked for if left out.
    #[schemars(title = "User name", length(min = 1, max = 256), extend("x-group" = "Login"))]
    pub username: Option<String>,
    /// Password. Asked for if left out.
    #[schemars(title = "Password", extend("x-group" = "Login"))]
    pub password: Option<Secret>,
    /// Windows domain or Kerberos realm, unless the user name holds it.
    #[schemars(title = "Domain", length(min = 1, max = 255), extend("x-group" = "Login"))]
    pub domain: Option<String>,
    /// How the connection is secured. The server chooses if left out.
    #[schemars(title = "Security", extend("x-group" = "Security"))]
    pub security: Option<Security>,
    /// How Network Level Authentication proves who you are; empty lets both sides agree.
    #[schemars(title = "Authentication", extend("x-group" = "Security"))]
    pub auth_pkg: Option<AuthPackage>,
    /// Kerberos key distribution centre: a host name, or the https address of a KDC proxy.
    #[schemars(
        title = "KDC",
        length(min = 1, max = 1024),
        extend("x-group" = "Security", "x-placeholder" = "https://dc.example.com/KdcProxy")
    )]
    pub kdc_url: Option<String>,
    /// Kerberos credential cache to use, by its file name in the operator's folder.
    #[schemars(title = "Kerberos cache", length(min = 1, max = 64), extend("x-group" = "Security"))]
    pub kerberos_cache: Option<String>,
    /// Takes any certificate: only where nobody can listen in.
    #[serde(default)]
    #[schemars(title = "Ignore the certificate", extend("x-group" = "Security"))]
    pub ignore_cert: bool,
    /// Fingerprints of the certificates to take whoever signed them, with commas between them:
    /// the hash's name, a colon, and its bytes in hexadecimal.
    #[schemars(
        title = "Certificate fingerprints",
        length(min = 1, max = 4096),
        extend("x-group" = "Security", "x-placeholder" = "sha256:0a:1b:…")
    )]
    pub cert_fingerprints: Option<String>,
    /// Bits per pixel. Fewer are faster on slow lines.
    #[schemars(title = "Colour depth", extend("enum" = [8, 16, 24, 32], "x-group" = "Display"))]
    pub color_depth: Option<u8>,
    /// How the desktop follows the window's size: by telling it, which needs RDP 8.1, or by
    /// connecting anew. Told, if left out.
    #[schemars(title = "Resizing", extend("x-group" = "Display"))]
    pub resize_method: Option<ResizeMethod>,
    /// Never sends the viewer a picture that is not exact.
    #[serde(default)]
    #[schemars(title = "Lossless only", extend("x-group" = "Display"))]
    pub force_lossless: bool,
    /// Shows the desktop's wallpaper.
    #[serde(default)]
    #[schemars(title = "Wallpaper", extend("x-group" = "Display"))]
    pub enable_wallpaper: bool,
    /// Draws windows and controls in their theme.
    #[serde(default)]
    #[schemars(title = "Themes", extend("x-group" = "Display"))]
    pub enable_theming: bool,
    /// Smooths the edges of text. On if left out.
    #[schemars(title = "Smooth text", extend("x-group" = "Display"))]
    pub enable_font_smoothing: Option<bool>,
    /// Shows a window's content while it is moved.
    #[serde(default)]
    #[schemars(title = "Content while dragging", extend("x-group" = "Display"))]
    pub enable_full_window_drag: bool,
    /// Transparent windows and shadows.
    #[serde(default)]
    #[schemars(title = "Desktop composition", extend("x-group" = "Display"))]
    pub enable_desktop_composition: bool,
    /// Lets menus slide and fade.
    #[serde(default)]
    #[schemars(title = "Menu animations", extend("x-group" = "Display"))]
    pub enable_menu_animations: bool,
    /// Keyboard layout of the remote side. Unicode sends characters instead of keys, whatever
    /// the layouts are, where the server understands them.
    #[schemars(title = "Keyboard layout", extend("x-group" = "Keyboard and clipboard"))]
    pub server_layout: Option<ServerLayout>,
    /// Time zone of the session, such as Europe/Berlin; the viewer's own if left out.
    #[schemars(
        title = "Time zone",
        length(min = 1, max = 64),
        extend("x-group" = "Keyboard and clipboard", "x-placeholder" = "Europe/Berlin")
    )]
    pub timezone: Option<String>,
    /// Gives the remote side Unix or Windows line ends, whatever was copied.
    #[schemars(
        title = "Line ends of the clipboard",
        extend("enum" = ["unix", "windows"], "x-group" = "Keyboard and clipboard")
    )]
    pub normalize_clipboard: Option<String>,
    /// A drive on the remote side, for files to and from the viewer; emptied at the end.
    #[serde(default)]
    #[schemars(title = "Drive for files", extend("x-group" = "Devices"))]
    pub enable_drive: bool,
    /// What the drive is called there, Fanlight if left out.
    #[schemars(title = "Name of the drive", length(min = 1, max = 32), extend("x-group" = "Devices"))]
    pub drive_name: Option<String>,
    /// No file of the drive reaches a viewer.
    #[serde(default)]
    #[schemars(title = "No downloads", extend("x-group" = "Restrictions"))]
    pub disable_download: bool,
    /// No viewer puts files on the drive.
    #[serde(default)]
    #[schemars(title = "No uploads", extend("x-group" = "Restrictions"))]
    pub disable_upload: bool,
    /// No sound.
    #[serde(default)]
    #[schemars(title = "No sound", extend("x-group" = "Devices"))]
    pub disable_audio: bool,
    /// Lets programs there hear the viewer's microphone.
    #[serde(default)]
    #[schemars(title = "Microphone", extend("x-group" = "Devices"))]
    pub enable_audio_input: bool,
    /// Hands on touches as touches, not as a mouse.
    #[serde(default)]
    #[schemars(title = "Multi-touch", extend("x-group" = "Devices"))]
    pub enable_touch: bool,
    /// A printer there whose pages arrive as PDF files.
    #[serde(default)]
    #[schemars(title = "Printer", extend("x-group" = "Devices"))]
    pub enable_printing: bool,
    /// Takes the machine's own console instead of a session of one's own.
    #[serde(default)]
    #[schemars(title = "Console", extend("x-group" = "Session"))]
    pub console: bool,
    /// Program to start instead of the desktop, where the server allows it.
    #[schemars(title = "First program", length(min = 1, max = 256), extend("x-group" = "Session"))]
    pub initial_program: Option<String>,
    /// What this side calls itself, at most 15 characters.
    #[schemars(title = "Client name", length(min = 1, max = 15), extend("x-group" = "Session"))]
    pub client_name: Option<String>,
    /// A published application to show alone: its alias behind two bars.
    #[schemars(
        title = "Application",
        length(min = 1, max = 256),
        extend("x-group" = "Application", "x-placeholder" = "||notepad")
    )]
    pub remote_app: Option<String>,
    /// Folder that the application starts in.
    #[schemars(title = "Its folder", length(min = 1, max = 512), extend("x-group" = "Application"))]
    pub remote_app_dir: Option<String>,
    /// Words that the application is started with.
    #[schemars(title = "Its arguments", length(min = 1), extend("x-group" = "Application"))]
    pub remote_app_args: Option<String>,
    /// Number of the machine behind a Hyper-V host or another RDP source.
    #[schemars(title = "Preconnection id", range(min = 0), extend("x-group" = "Broker"))]
    pub preconnection_id: Option<u32>,
    /// Text that names the machine behind a Hyper-V host.
    #[schemars(title = "Preconnection text", length(min = 1, max = 1024), extend("x-group" = "Broker"))]
    pub preconnection_blob: Option<String>,
    /// Cookie or routing token for a load balancer.
    #[schemars(title = "Load balancing", length(min = 1, max = 1024), extend("x-group" = "Broker"))]
    pub load_balance_info: Option<String>,
    /// Nothing copied in the session reaches the viewers' clipboards.
    #[serde(default)]
    #[schemars(title = "No copying", extend("x-group" = "Restrictions"))]
    pub disable_copy: bool,
    /// Nothing can be pasted from the viewers' clipboards.
    #[serde(default)]
    #[schemars(title = "No pasting", extend("x-group" = "Restrictions"))]
    pub disable_paste: bool,
    /// Watch only: no key and no click reaches the desktop.
    #[serde(default)]
    #[schemars(title = "Read only", extend("x-group" = "Restrictions"))]
    pub read_only: bool,
}
