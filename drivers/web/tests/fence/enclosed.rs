//! Programs in an enclosure: started as the gateway starts a browser.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fanlight_core::Outside;
use fanlight_driver_web::fence::{Account, Enclosure, Limits, Proxy, Rules};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::world::{Fenced, World};

/// Debian's `nobody`.
const NOBODY: Account = Account { uid: 65534, gid: 65534 };
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that the program's user may use, with the helper's binary in it: the one that
/// was built may lie where only its builder may look.
pub(crate) struct Home {
    folder: TempDir,
    account: Option<Account>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("fanlight-web").tempdir().unwrap();
        let home = Self { account: is_root().then_some(NOBODY), folder };
        fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
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
        self.path().join("web-helper")
    }

    /// Starts `program` in an enclosure, with a proxy for it; or without one.
    pub(crate) async fn start(
        &self,
        program: &str,
        arguments: &[&str],
        fenced: bool,
        serve: impl FnOnce(TcpListener) -> Fenced,
    ) -> (Child, Fenced) {
        let helper = self.helper();
        let enclosure = Enclosure { gateway: &helper, account: self.account };
        let arguments = arguments.iter().map(OsString::from);
        let (command, gate) = match fenced {
            true => enclosure.command(Path::new(program), arguments).unwrap(),
            false => enclosure.unfenced_command(Path::new(program), arguments).unwrap(),
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

/// What a shell script says in an enclosure whose proxy lets it at `app.test`.
async fn script(world: &Arc<World>, script: &str, arguments: &[&str]) -> Output {
    let home = Home::new();
    let rules = Rules::only(vec!["app.test".parse().unwrap()]);
    let arguments = [&["-c", script, "bash"], arguments].concat();
    let serve = serving(Arc::clone(world), rules);
    let (child, _fenced) = home.start("bash", &arguments, true, serve).await;
    timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap()
}

#[tokio::test]
async fn bar_42_the_proxy_is_the_only_way_out() {
    let world = Arc::<World>::default();
    let site =
        crate::world::Site::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
    world.add("app.test", site.address);
    let SocketAddr::V4(address) = site.address else { panic!() };
    let said = script(
        &world,
        r#"
        direct() { exec 3<>"/dev/tcp/$1/$2" && echo "reached $1"; }
        for host in 127.0.0.1 ::1 10.0.0.1 192.0.2.1 localhost; do direct $host "$1"; done
        exec 3<>"/dev/tcp/${2%:*}/${2#*:}" || exit 1
        printf 'GET http://app.test/ HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n' >&3
        cat <&3
        "#,
        &[&address.port().to_string(), "{proxy}"],
    )
    .await;
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("hi"), "{said:?}");
    assert_eq!(site.heard.lock().len(), 1);
}

#[tokio::test]
async fn what_runs_inside_is_unprivileged_and_sees_one_network_card() {
    let looks = "id -u; grep -E '^(Cap(Eff|Prm|Amb|Inh)|NoNewPrivs)' /proc/self/status; \
                 tail -n +3 /proc/net/dev | wc -l";
    let said = script(&Arc::default(), looks, &[]).await;
    let text = String::from_utf8_lossy(&said.stdout).replace('\t', " ");
    let nothing = "0000000000000000";
    let uid = if is_root() { NOBODY.uid } else { rustix::process::geteuid().as_raw() };
    let expected = format!(
        "{uid}\nCapInh: {nothing}\nCapPrm: {nothing}\nCapEff: {nothing}\nCapAmb: {nothing}\n\
         NoNewPrivs: 1\n1\n"
    );
    assert_eq!(text, expected, "{said:?}");
}

#[tokio::test]
async fn bar_68_all_that_was_started_inside_ends_with_the_command() {
    let home = Home::new();
    let name = format!("{}", 86_400 + std::process::id());
    let rules = Rules::only(Vec::new());
    let script = format!("(setsid sleep {name} &) ; sleep {name}");
    let serve = serving(Arc::default(), rules);
    let (mut child, _fenced) = home.start("bash", &["-c", &script], true, serve).await;
    let running = || {
        let all = fs::read_dir("/proc").unwrap().flatten();
        let lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        lines.filter(|line| *line == format!("sleep\0{name}\0").into_bytes()).count()
    };
    let wait_for = async |count: usize| {
        while running() != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait_for(2)).await.unwrap();
    child.kill().await.unwrap();
    timeout(Duration::from_secs(2), wait_for(0)).await.unwrap();
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_noticed() {
    let helper = Path::new("/nonexistent/fanlight");
    let enclosure = Enclosure { gateway: helper, account: is_root().then_some(NOBODY) };
    let (command, gate) = enclosure.command(Path::new("true"), []).unwrap();
    let mut command = Command::from(command);
    let child = command.stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    drop(command);
    assert!(timeout(PATIENCE, gate.listener()).await.unwrap().is_err());
    drop(child);
}
