//! Where a browser is at home: started as the gateway starts one.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use command_fds::FdMapping;
use fanlight_core::Outside;
use fanlight_driver_web::fence::{Account, Enclosure, Limits, Proxy, Rules};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::world::{Fenced, World};

/// Debian's `nobody`.
pub(crate) const NOBODY: Account = Account { uid: 65534, gid: 65534 };
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder that the program's user may use, with the helper's binary where only the
/// gateway's user may look.
pub(crate) struct Home {
    folder: TempDir,
    pub(crate) account: Option<Account>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("fanlight-web").tempdir().unwrap();
        let home = Self { account: is_root().then_some(NOBODY), folder };
        fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(home.helper().parent().unwrap()).unwrap();
        let private = Permissions::from_mode(0o700);
        fs::set_permissions(home.helper().parent().unwrap(), private).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_web-helper"), home.helper()).unwrap();
        if let Some(Account { uid, gid }) = home.account {
            chown(home.path(), Some(uid), Some(gid)).unwrap();
        }
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn helper(&self) -> PathBuf {
        self.path().join("private").join("web-helper")
    }

    /// Starts `program` in an enclosure, with a proxy for it; or without one.
    pub(crate) async fn start(
        &self,
        program: &str,
        arguments: &[&str],
        fenced: bool,
        serve: impl FnOnce(TcpListener) -> Fenced,
    ) -> (Child, Fenced) {
        self.start_with(program, arguments, fenced, Vec::new(), serve).await
    }

    /// As [`start`](Self::start), with further descriptors for the program.
    pub(crate) async fn start_with(
        &self,
        program: &str,
        arguments: &[&str],
        fenced: bool,
        descriptors: Vec<FdMapping>,
        serve: impl FnOnce(TcpListener) -> Fenced,
    ) -> (Child, Fenced) {
        let helper = self.helper();
        let enclosure = Enclosure { gateway: &helper, account: self.account };
        let arguments = arguments.iter().map(OsString::from);
        let (command, gate) = match fenced {
            true => enclosure.command(Path::new(program), arguments, descriptors).unwrap(),
            false => {
                enclosure.unfenced_command(Path::new(program), arguments, descriptors).unwrap()
            }
        };
        let mut command = Command::from(command);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", self.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let child = command.spawn().unwrap();
        drop(command);
        let listener = timeout(PATIENCE, gate.listener()).await.unwrap().unwrap();
        (child, serve(listener))
    }
}

/// What is killed may write for a moment more.
impl Drop for Home {
    fn drop(&mut self) {
        for _ in 0..200 {
            if fs::remove_dir_all(self.path()).is_ok() || !self.path().exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

/// Serves `world` by `rules`.
pub(crate) fn serving(world: Arc<World>, rules: Rules) -> impl FnOnce(TcpListener) -> Fenced {
    move |listener| {
        let outside = Arc::clone(&world) as Arc<dyn Outside>;
        Fenced::serving(world, Proxy::new(rules, outside, Limits::default()), listener)
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
