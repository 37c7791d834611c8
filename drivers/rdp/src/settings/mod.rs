//! The fields of one RDP session.

mod devices;
mod experience;
mod opens;

use fanlight_core::{DesktopSettings, Hostname, Restrictions, Secret, Transfers};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::{AuthPackage, ResizeMethod, Security, ServerLayout};
pub use devices::Devices;
pub use experience::Experience;
pub use opens::Opens;

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
        "disable_bitmap_caching": true, "disable_offscreen_caching": true,
        "disable_glyph_caching": true, "disable_gfx": true,
        "server_layout": "de-de-qwertz", "timezone": "Europe/Berlin",
        "normalize_clipboard": "unix", "disable_copy": true, "disable_paste": true,
        "read_only": true
    },
    {
        "hostname": "desktop.example.com", "enable_drive": true, "drive_name": "Files",
        "disable_download": true, "disable_upload": true, "disable_audio": true,
        "enable_audio_input": true, "enable_touch": true, "enable_printing": true, "printer_name": "Paper",
        "console": true, "initial_program": "notepad.exe", "client_name": "Fanlight",
        "preconnection_id": 7, "preconnection_blob": "vm-7",
        "load_balance_info": "tsv://MS Terminal Services Plugin.1.Farm"
    },
    {
        "hostname": "files.corp.example.com", "username": "jdoe@CORP.EXAMPLE.COM",
        "password": "correct horse", "auth_pkg": "kerberos",
        "kdc_url": "https://dc.corp.example.com/KdcProxy", "kerberos_cache": "krb5cc_1000",
        "ignore_cert": true
    },
    { "hostname": "kiosk.example.com", "disable_auth": true, "console_audio": true },
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
    /// Connects without proving who you are: the desktop asks for itself.
    #[serde(default)]
    #[schemars(title = "No authentication", extend("x-group" = "Security"))]
    pub disable_auth: bool,
    /// Fingerprints of the certificates to take whoever signed them, with commas between them:
    /// the hash's name, a colon, and its bytes in hexadecimal.
    #[schemars(
        title = "Certificate fingerprints",
        length(min = 1, max = 4096),
        extend("x-group" = "Security", "x-placeholder" = "sha256:0a:1b:…")
    )]
    pub cert_fingerprints: Option<String>,
    /// How the picture travels.
    #[serde(flatten)]
    pub desktop: DesktopSettings,
    /// How the desktop follows the window's size: by telling it, which needs RDP 8.1, or by
    /// connecting anew. Told, if left out.
    #[schemars(title = "Resizing", extend("x-group" = "Display"))]
    pub resize_method: Option<ResizeMethod>,
    /// What is shown of the desktop's ornaments.
    #[serde(flatten)]
    pub experience: Experience,
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
    /// What the desktop finds plugged in.
    #[serde(flatten)]
    pub devices: Devices,
    /// What is opened there.
    #[serde(flatten)]
    pub opens: Opens,
    /// Which way files may not go.
    #[serde(flatten)]
    pub transfers: Transfers,
    /// What viewers may not do.
    #[serde(flatten)]
    pub restrictions: Restrictions,
}
