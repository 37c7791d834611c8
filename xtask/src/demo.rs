//! The demonstration target: a private OpenSSH server on this very machine, which lets
//! in nobody but the gateway.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::machine::{SSH, SSHD, path_of, provide};
use crate::process::{Server, output_of};
use crate::run::{free_port, wait_for_port};

/// A running demonstration target.
pub(crate) struct Demo {
    /// Ends it when dropped.
    pub(crate) server: Server,
    /// Its port on 127.0.0.1.
    pub(crate) port: u16,
    /// Whom it lets in.
    pub(crate) username: String,
    /// With which key: OpenSSH PEM.
    pub(crate) private_key: String,
}

/// Starts one, with its files in `folder`, which must be private to this user.
pub(crate) fn start(folder: &Path) -> Result<Demo> {
    provide(&[&SSHD, &SSH])?;
    for key in ["host_key", "client_key"] {
        let options = ["-q", "-t", "ed25519", "-N", "", "-C", "fanlight-demo", "-f"];
        output_of(Command::new("ssh-keygen").args(options).arg(folder.join(key)))?;
    }
    fs::copy(folder.join("client_key.pub"), folder.join("authorized_keys"))?;
    // sshd run by root insists on this folder and keeps nothing in it.
    let _ = fs::create_dir("/run/sshd");
    let port = free_port()?;
    let config = folder.join("sshd_config");
    fs::write(&config, sshd_config(folder, port))?;
    let log = fs::File::create(folder.join("sshd.log"))?;
    let mut sshd = Command::new(path_of(&SSHD)?);
    sshd.args(["-D", "-e", "-f"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let mut server = Server::start(&mut sshd)?;
    wait_for_port(&mut server, port).with_context(|| {
        let log = fs::read_to_string(folder.join("sshd.log")).unwrap_or_default();
        format!("the demonstration target does not start:\n{log}")
    })?;
    let username = output_of(Command::new("id").arg("-un"))?.trim().to_owned();
    let private_key = fs::read_to_string(folder.join("client_key"))?;
    Ok(Demo { server, port, username, private_key })
}

fn sshd_config(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "ListenAddress 127.0.0.1:{port}\n\
         HostKey {folder}/host_key\n\
         AuthorizedKeysFile {folder}/authorized_keys\n\
         PidFile none\n\
         StrictModes no\n\
         UsePAM no\n\
         PasswordAuthentication no\n\
         PermitRootLogin prohibit-password\n\
         PrintMotd no\n\
         SetEnv LANG=C.UTF-8\n\
         Subsystem sftp internal-sftp\n\
         PrintLastLog no\n"
    )
}
