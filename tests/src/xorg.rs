//! xrdp as it is on a machine: it logs people in by PAM and starts their session on xorgxrdp.

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::display::Display;
use crate::ports::free_port;
use crate::process::{Process, tail};

/// Enters a file system view of its own: with its own /etc/xrdp, accounts and sockets.
const START: &str = r#"set -e
mount --bind etc /etc/xrdp
for file in passwd shadow group; do mount --bind $file /etc/$file; done
mkdir -p /run/xrdp
mount -t tmpfs tmpfs /run/xrdp
mkdir -m 1777 /run/xrdp/sockdir
xrdp-sesman --nodaemon &
exec xrdp --nodaemon
"#;
const SESSION: &str = "#!/bin/sh\nexec sleep infinity\n";
const USER_ID: u32 = 47_110;

/// A machine that xrdp lets people log in to. Its accounts are those of this machine and one
/// more, which only it knows.
pub struct XorgDesktop {
    display: Display,
    port: u16,
    process: Process,
    home: PathBuf,
    folder: TempDir,
}

impl Deref for XorgDesktop {
    type Target = Display;

    /// The display of the person's session; there is none before the login.
    fn deref(&self) -> &Display {
        &self.display
    }
}

impl XorgDesktop {
    /// Who may log in.
    pub const USERNAME: &'static str = "jdoe";
    /// With which password.
    pub const PASSWORD: &'static str = "Passw0rd!";
    /// The password as shadow(5) has it.
    const HASH: &'static str = "$6$fanlight$6FWcGd5PGAd1J5RoQVBVVOCQ7qvCp83XuZ7akrF00aOGMKiPtVeu4G\
                                w6OwNvuEt7rEHQlY4zhKy7cWmDeLuY30";

    /// Starts one.
    ///
    /// # Errors
    /// When xrdp or xorgxrdp is not installed, we are not root, or xrdp does not start.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-xorg").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let home = folder.path().join("home");
        fs::create_dir(&home)?;
        chown(&home, Some(USER_ID), Some(USER_ID))?;
        let (port, number) = (free_port()?, free_port()?);
        add_account(folder.path(), &home)?;
        configure(folder.path(), port, number)?;
        fs::write(folder.path().join("start"), START)?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "start"]).current_dir(folder.path());
        let mut process = Process::start(&mut command, &folder.path().join("out"))?;
        process
            .listens_on(port)
            .await
            .with_context(|| format!("xorgxrdp is needed: {}", tail(&folder.path().join("out"))))?;
        let display = Display::new(number, folder.path()).with_authority(home.join(".Xauthority"));
        Ok(Self { display, port, process, home, folder })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A command of the person who is logged in.
    pub fn command_of_user(&self, program: &str) -> Command {
        let mut command = self.command("nsenter");
        let id = USER_ID.to_string();
        command
            .arg(format!("--mount=/proc/{}/ns/mnt", self.process.id()))
            .args(["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups", program])
            .env("HOME", &self.home);
        command
    }

    /// Where the person finds the drives that came along.
    pub fn drives(&self) -> PathBuf {
        self.home.join("thinclient_drives")
    }

    /// The ends of its logs.
    pub fn log(&self) -> String {
        let logs = ["out", "xrdp.log", "sesman.log", "home/xorg.log"];
        logs.map(|name| format!("{name}:\n{}\n", tail(&self.folder.path().join(name)))).concat()
    }
}

fn add_account(folder: &Path, home: &Path) -> Result<()> {
    let (name, id, hash) = (XorgDesktop::USERNAME, USER_ID, XorgDesktop::HASH);
    let lines = [
        ("passwd", format!("{name}:x:{id}:{id}::{}:/bin/sh\n", home.display())),
        ("shadow", format!("{name}:{hash}:19000:0:99999:7:::\n")),
        ("group", format!("{name}:x:{id}:\n")),
    ];
    for (file, line) in lines {
        let known = fs::read_to_string(Path::new("/etc").join(file))?;
        fs::write(folder.join(file), known + &line)?;
    }
    fs::set_permissions(folder.join("shadow"), fs::Permissions::from_mode(0o600))?;
    Ok(())
}

/// The display's number is where sesman begins to look for a free one.
fn configure(folder: &Path, port: u16, number: u16) -> Result<()> {
    let etc = folder.join("etc");
    fs::create_dir(&etc)?;
    for file in ["km-00000409.ini", "rsakeys.ini"] {
        fs::copy(Path::new("/etc/xrdp").join(file), etc.join(file))
            .context("xrdp is needed (Debian: xrdp, xorgxrdp)")?;
    }
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(etc.join("cert.pem"), made.cert.pem())?;
    fs::write(etc.join("key.pem"), made.signing_key.serialize_pem())?;
    let here = folder.display();
    fs::write(
        etc.join("xrdp.ini"),
        format!(
            "[Globals]\nini_version=1\nfork=true\nport=tcp://127.0.0.1:{port}\n\
             security_layer=tls\ncertificate=/etc/xrdp/cert.pem\nkey_file=/etc/xrdp/key.pem\n\
             ssl_protocols=TLSv1.2, TLSv1.3\nautorun=Xorg\nallow_channels=true\n\
             bitmap_cache=true\nbitmap_compression=true\nmax_bpp=24\nnew_cursors=true\n\
             use_fastpath=both\n[Logging]\nLogFile={here}/xrdp.log\nLogLevel=INFO\n\
             EnableSyslog=false\n[Channels]\nrdpdr=true\ncliprdr=true\ndrdynvc=true\n\
             [Xorg]\nname=Xorg\nlib=libxup.so\nusername=ask\npassword=ask\nip=127.0.0.1\n\
             port=-1\ncode=20\n"
        ),
    )?;
    let sesman = free_port()?;
    fs::write(
        etc.join("sesman.ini"),
        format!(
            "[Globals]\nListenAddress=127.0.0.1\nListenPort={sesman}\n\
             EnableUserWindowManager=false\nDefaultWindowManager=/etc/xrdp/session\n\
             [Security]\nAllowRootLogin=false\n[Sessions]\nX11DisplayOffset={number}\n\
             MaxSessions=9\nKillDisconnected=false\nPolicy=Default\n[Logging]\n\
             LogFile={here}/sesman.log\nLogLevel=INFO\nEnableSyslog=false\n[Xorg]\n\
             param=/usr/lib/xorg/Xorg\nparam=-config\nparam=xrdp/xorg.conf\n\
             param=-noreset\nparam=-nolisten\nparam=tcp\nparam=-logfile\n\
             param={here}/home/xorg.log\n[Chansrv]\nFuseMountName=thinclient_drives\n\
             FileUmask=077\n[ChansrvLogging]\nLogLevel=INFO\nEnableSyslog=false\n"
        ),
    )?;
    fs::write(etc.join("session"), SESSION)?;
    fs::set_permissions(etc.join("session"), fs::Permissions::from_mode(0o755))?;
    Ok(())
}
