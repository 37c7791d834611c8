use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::ports::free_port;
use crate::process::{Process, output_of};

/// The shell of every login: no start-up files, a plain prompt, its own home.
const SHELL: &str = r#"#!/bin/bash
cd "${0%/*}/home" || exit 1
export HOME="$PWD" HISTFILE= PS1='$ ' LC_ALL=C.UTF-8
[ -n "$SSH_ORIGINAL_COMMAND" ] && exec bash -c "$SSH_ORIGINAL_COMMAND"
exec bash --norc --noprofile -i
"#;

/// A private OpenSSH server on a loopback port, with host keys and a client key of its
/// own. Logins are of the user who runs the test.
pub struct Sshd {
    folder: TempDir,
    port: u16,
    process: Option<Process>,
}

impl Sshd {
    /// Starts one.
    ///
    /// # Errors
    /// When OpenSSH's server is not installed or does not start.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-sshd").tempdir()?;
        let mut sshd = Self { folder, port: free_port()?, process: None };
        sshd.write_files()?;
        sshd.run().await?;
        Ok(sshd)
    }

    /// Ends the server and starts it again on the same port.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn restart(&mut self) -> Result<()> {
        self.process = None;
        self.run().await
    }

    /// As [`restart`](Self::restart), with new host keys.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn restart_with_new_host_keys(&mut self) -> Result<()> {
        self.process = None;
        self.make_host_keys()?;
        self.run().await
    }

    /// Ends the server and every login.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Its process; those that serve logins are its children.
    ///
    /// # Errors
    /// When it is not running.
    pub fn process_id(&self) -> Result<u32> {
        Ok(self.process.as_ref().context("sshd does not run")?.id())
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whom it lets in.
    ///
    /// # Errors
    /// When the current user has no name.
    pub fn username(&self) -> Result<String> {
        Ok(output_of(Command::new("id").arg("-un"))?.trim().to_owned())
    }

    /// The private key that it lets in: RSA in PEM, which guacd 1.3.0 can read as well.
    ///
    /// # Errors
    /// When the file is gone.
    pub fn private_key(&self) -> Result<String> {
        Ok(fs::read_to_string(self.client_key())?)
    }

    /// Lets in whoever has the private key of this public one, a line for `authorized_keys`.
    ///
    /// # Errors
    /// When the file is gone.
    pub fn authorize(&self, public_key: &str) -> Result<()> {
        let file = self.path("authorized_keys");
        let known = fs::read_to_string(&file)?;
        Ok(fs::write(file, format!("{}\n{public_key}\n", known.trim_end()))?)
    }

    /// A private key that it does not let in.
    ///
    /// # Errors
    /// When `ssh-keygen` fails.
    pub fn other_private_key(&self) -> Result<String> {
        let file = self.path("other_key");
        make_key(&file, &["-t", "rsa", "-b", "2048", "-m", "PEM"])?;
        Ok(fs::read_to_string(file)?)
    }

    /// `SHA256:` fingerprint of the Ed25519 host key.
    ///
    /// # Errors
    /// When `ssh-keygen` fails.
    pub fn fingerprint(&self) -> Result<String> {
        let printed =
            output_of(Command::new("ssh-keygen").arg("-lf").arg(self.path("host_ed25519")))?;
        Ok(printed.split_whitespace().nth(1).context("no fingerprint")?.to_owned())
    }

    /// The line of its RSA host key, the kind that guacd 1.3.0 asks for.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn rsa_host_key(&self) -> Result<String> {
        Ok(fs::read_to_string(self.path("host_rsa.pub"))?.trim().to_owned())
    }

    /// The home folder of its logins, for files that tests exchange with the shell.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// An OpenSSH client command that logs in here without questions.
    ///
    /// # Errors
    /// When the current user has no name.
    pub fn ssh(&self) -> Result<Command> {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"])
            .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"])
            .args(["-o", "IdentitiesOnly=yes", "-i"])
            .arg(self.client_key())
            .args(["-p", &self.port.to_string()])
            .arg(format!("{}@127.0.0.1", self.username()?));
        Ok(ssh)
    }

    async fn run(&mut self) -> Result<()> {
        let log = self.path("log");
        let mut command = Command::new("/usr/sbin/sshd");
        command.arg("-D").arg("-e").arg("-f").arg(self.path("sshd_config"));
        let mut process = Process::start(&mut command, &log)
            .context("OpenSSH's server is needed (Debian: openssh-server)")?;
        let ready = process.listens_on(self.port).await;
        self.process = Some(process);
        ready.with_context(|| crate::process::tail(&log))
    }

    fn write_files(&self) -> Result<()> {
        make_privilege_separation_folder();
        fs::create_dir(self.home())?;
        self.make_host_keys()?;
        make_key(&self.client_key(), &["-t", "rsa", "-b", "2048", "-m", "PEM"])?;
        fs::copy(self.path("client_key.pub"), self.path("authorized_keys"))?;
        fs::write(self.path("shell"), SHELL)?;
        output_of(Command::new("chmod").arg("755").arg(self.path("shell")))?;
        Ok(fs::write(self.path("sshd_config"), self.config())?)
    }

    fn make_host_keys(&self) -> Result<()> {
        make_key(&self.path("host_ed25519"), &["-t", "ed25519"])?;
        make_key(&self.path("host_rsa"), &["-t", "rsa", "-b", "2048"])
    }

    /// RSA with SHA-1 is for guacd 1.3.0, whose libssh2 knows nothing newer. A bash that
    /// sshd starts reads the user's `.bashrc`, which may do anything, unless it takes
    /// itself for a shell within a shell: hence `SHLVL`.
    fn config(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "ListenAddress 127.0.0.1:{port}\n\
             HostKey {folder}/host_ed25519\n\
             HostKey {folder}/host_rsa\n\
             HostKeyAlgorithms +ssh-rsa\n\
             PubkeyAcceptedAlgorithms +ssh-rsa\n\
             AuthorizedKeysFile {folder}/authorized_keys\n\
             ForceCommand {folder}/shell\n\
             SetEnv SHLVL=2\n\
             Subsystem sftp /usr/lib/openssh/sftp-server\n\
             PidFile none\n\
             StrictModes no\n\
             UsePAM no\n\
             PermitRootLogin yes\n\
             PasswordAuthentication no\n\
             MaxStartups 200:30:400\n\
             UseDNS no\n\
             PrintMotd no\n\
             PrintLastLog no\n",
            port = self.port
        )
    }

    fn client_key(&self) -> PathBuf {
        self.path("client_key")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// sshd insists on it when root runs it; nothing is kept there.
fn make_privilege_separation_folder() {
    let _ = fs::create_dir("/run/sshd");
}

fn make_key(file: &Path, options: &[&str]) -> Result<()> {
    let _ = fs::remove_file(file);
    let _ = fs::remove_file(file.with_extension("pub"));
    output_of(
        Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-C", "test"])
            .args(options)
            .arg("-f")
            .arg(file),
    )?;
    Ok(())
}
