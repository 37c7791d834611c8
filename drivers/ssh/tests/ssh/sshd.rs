//! A private OpenSSH server on a free loopback port, ended when dropped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PROGRAM: &str = "/usr/sbin/sshd";
/// The shell of every login: no start-up files.
const SHELL: &str = r#"#!/bin/bash
[ -n "$SSH_ORIGINAL_COMMAND" ] && exec bash -c "$SSH_ORIGINAL_COMMAND"
HISTFILE= exec bash --norc --noprofile -i
"#;
const START_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Sshd {
    pub(crate) port: u16,
    folder: TempDir,
    child: Child,
}

impl Sshd {
    /// A server that lets its own user in by the keys of [`make_key`](Self::make_key).
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// The same with further lines of configuration.
    pub(crate) fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        // Where sshd runs as root it wants this, also outside of any service manager.
        let _ = fs::create_dir_all("/run/sshd");
        make_host_keys(root);
        let port = free_port();
        fs::write(root.join("config"), config(root, port, more)).unwrap();
        fs::write(root.join("authorized_keys"), "").unwrap();
        fs::write(root.join("shell"), SHELL).unwrap();
        fs::set_permissions(root.join("shell"), fs::Permissions::from_mode(0o755)).unwrap();
        let child = launch(root);
        let server = Self { port, folder, child };
        server.wait_until_up();
        server
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a key pair that the server accepts; returns the private key's PEM.
    pub(crate) fn make_key(&self, name: &str, options: &[&str]) -> String {
        let path = self.path(name);
        keygen(&path, options);
        self.authorize(&fs::read_to_string(path.with_extension("pub")).unwrap());
        fs::read_to_string(path).unwrap()
    }

    pub(crate) fn authorize(&self, public_key: &str) {
        let path = self.path("authorized_keys");
        let known = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{known}{}\n", public_key.trim())).unwrap();
    }

    /// An OpenSSH public key line of the server itself.
    pub(crate) fn host_key(&self, kind: &str) -> String {
        fs::read_to_string(self.path(&format!("host_{kind}.pub"))).unwrap()
    }

    /// The account that runs the test, which is the one to log in as.
    pub(crate) fn user() -> String {
        let output = Command::new("id").arg("-un").output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Gives the server other host keys under the same address.
    pub(crate) fn change_host_keys(&mut self) {
        self.stop();
        make_host_keys(self.folder.path());
        self.child = launch(self.folder.path());
        self.wait_until_up();
    }

    /// Ends the server and every connection that it serves.
    pub(crate) fn stop(&mut self) {
        let pid = self.child.id().to_string();
        // Its children serve the connections.
        let _ = Command::new("pkill").args(["-KILL", "-P", &pid]).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn wait_until_up(&self) {
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "sshd does not start: {log}");
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

pub(crate) fn keygen(path: &Path, options: &[&str]) {
    let mut command = Command::new("ssh-keygen");
    command.args(options).args(["-q", "-C", "fixture", "-f"]).arg(path);
    assert!(command.stdin(Stdio::null()).status().unwrap().success(), "ssh-keygen failed");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn make_host_keys(root: &Path) {
    for (kind, bits) in [("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256")] {
        let path = root.join(format!("host_{kind}"));
        // A key that is there is to be replaced; that none is there is no fault.
        let _ = fs::remove_file(&path);
        keygen(&path, &["-t", kind, "-b", bits, "-N", ""]);
    }
}

/// A bash that sshd starts reads the user's `.profile` or `.bashrc`, which may do anything,
/// and be broken off in the midst of it: hence a shell of our own, which takes itself for a
/// shell within a shell.
fn config(root: &Path, port: u16, more: &str) -> String {
    let root = root.display();
    format!(
        "Port {port}\nListenAddress 127.0.0.1\nPidFile none\nStrictModes no\nUsePAM no\n\
         HostKey {root}/host_ed25519\nHostKey {root}/host_rsa\nHostKey {root}/host_ecdsa\n\
         AuthorizedKeysFile {root}/authorized_keys\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nPermitRootLogin yes\nAcceptEnv LANG\n\
         SetEnv SHLVL=2\nForceCommand {root}/shell\n\
         PrintMotd no\nPrintLastLog no\nMaxAuthTries 4\n{more}\n"
    )
}

fn launch(root: &Path) -> Child {
    Command::new(PROGRAM)
        .args(["-D", "-E"])
        .arg(root.join("log"))
        .arg("-f")
        .arg(root.join("config"))
        .stdin(Stdio::null())
        .spawn()
        .expect("OpenSSH's server is needed: apt-get install openssh-server")
}
