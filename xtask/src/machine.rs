//! What has to be on this machine, and how it gets there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{done, output_of};

/// Oldest Node.js that the front end's tools run on.
const NODE: u32 = 20;

/// A program and the Debian package that brings it.
pub(crate) struct Program {
    name: &'static str,
    package: &'static str,
}

/// OpenSSH's server, for the demonstration target and the tests.
pub(crate) const SSHD: Program = Program { name: "sshd", package: "openssh-server" };
/// OpenSSH's client and its key generator.
pub(crate) const SSH: Program = Program { name: "ssh", package: "openssh-client" };
/// The browser of the end-to-end tests.
pub(crate) const CHROMIUM: Program = Program { name: "chromium", package: "chromium" };
/// Looks at what leaves a fenced browser.
pub(crate) const TCPDUMP: Program = Program { name: "tcpdump", package: "tcpdump" };
/// What the example of a login script in Python needs.
pub(crate) const PYTHON_WEBSOCKET: Program = Program {
    name: "/usr/lib/python3/dist-packages/websocket/__init__.py",
    package: "python3-websocket",
};
/// Installs guacd for the tests.
pub(crate) const MMDEBSTRAP: Program = Program { name: "mmdebstrap", package: "mmdebstrap" };
/// Installs the tests' Python programs.
pub(crate) const PIP: Program = Program { name: "pip3", package: "python3-pip" };
/// PostgreSQL's server for the tests. Its own programs are in no path; this one comes with it.
pub(crate) const POSTGRESQL: Program = Program { name: "pg_ctlcluster", package: "postgresql" };
/// What people work with in a terminal, which the tests do too.
pub(crate) const TERMINAL_PROGRAMS: &[Program] = &[
    Program { name: "vim", package: "vim" },
    Program { name: "tmux", package: "tmux" },
    Program { name: "htop", package: "htop" },
    Program { name: "mc", package: "mc" },
    Program { name: "less", package: "less" },
    Program { name: "nano", package: "nano" },
];
/// TigerVNC's server.
pub(crate) const TIGERVNC: Program =
    Program { name: "Xtigervnc", package: "tigervnc-standalone-server" };
/// TigerVNC's tool for passwords.
pub(crate) const VNCPASSWD: Program = Program { name: "vncpasswd", package: "tigervnc-tools" };
/// The desktops that tests look at, and what works on them; and what terminals are measured
/// by.
pub(crate) const DESKTOPS: &[Program] = &[
    Program { name: "vttest", package: "vttest" },
    Program { name: "Xvfb", package: "xvfb" },
    TIGERVNC,
    VNCPASSWD,
    Program { name: "xrdp", package: "xrdp" },
    // It has no program; a file is found by its whole path.
    Program { name: "/usr/lib/xorg/modules/drivers/xrdpdev_drv.so", package: "xorgxrdp" },
    // Drives in an RDP session, which xrdp mounts.
    Program { name: "fusermount3", package: "fuse3" },
    Program { name: "x11vnc", package: "x11vnc" },
    Program { name: "qemu-system-x86_64", package: "qemu-system-x86" },
    Program { name: "freerdp-shadow-cli", package: "freerdp2-shadow-x11" },
    Program { name: "xsetroot", package: "x11-xserver-utils" },
    Program { name: "xwd", package: "x11-apps" },
    Program { name: "xterm", package: "xterm" },
    Program { name: "xclip", package: "xclip" },
    Program { name: "xev", package: "x11-utils" },
];
const NODE_JS: Program = Program { name: "node", package: "nodejs" };
const NPM: Program = Program { name: "npm", package: "npm" };

/// Installs the programs that are missing, or says what to do.
pub(crate) fn provide(programs: &[&Program]) -> Result<()> {
    let missing: Vec<_> = programs.iter().filter(|program| find(program.name).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().map(|program| program.package).collect();
    if !is_root() || find("apt-get").is_none() {
        bail!("needed, but not installed: {} (Debian: apt-get install {0})", packages.join(" "));
    }
    eprintln!("Installing {}", packages.join(", "));
    let apt = |arguments: &[&str]| {
        done(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["-qq", "update"])?;
    apt(&[&["-qq", "-y", "--no-install-recommends", "install"], packages.as_slice()].concat())
}

/// Makes sure of Node.js and npm.
pub(crate) fn provide_node() -> Result<()> {
    provide(&[&NODE_JS, &NPM])?;
    let version = output_of(Command::new("node").arg("--version"))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    if major.is_none_or(|major: u32| major < NODE) {
        bail!("Node.js {NODE} or newer is needed, this is {}: see nodejs.org", version.trim());
    }
    Ok(())
}

/// Where a program is.
pub(crate) fn path_of(program: &Program) -> Result<PathBuf> {
    find(program.name).with_context(|| format!("{} is not installed", program.name))
}

/// Whether a program of this name can be run.
pub(crate) fn has(name: &str) -> bool {
    find(name).is_some()
}

/// Servers are often in `sbin`, which is not in everyone's path.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([Path::new("/usr/sbin").to_path_buf()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether we may change this machine.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user's folder for what can be made again, of which a part is ours.
pub(crate) fn cache_folder() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("fanlight"))
}
