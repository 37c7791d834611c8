//! The client against a real telnetd, GNU inetutils', with a login of the test's own behind
//! it.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_conformance::{TestCx, find};
use fanlight_core::{
    BoxedStream, ClientSession, Dial, EngineKind, Files, Host, HostKey, Input, Screen,
    SessionError, Step, Viewport,
};
use fanlight_driver_telnet as _;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);
/// Asks as login does, and says what the terminal is like.
const LOGIN: &str = r#"#!/bin/sh
printf 'test login: '; read name
stty -echo; printf 'Password: '; read password; stty echo
printf '\nname=%s password-ok=%s term=%s size=%s user=%s\n' "$name" \
    "$([ "$password" = 'grün' ] && echo yes)" "$TERM" "$(stty size)" "$USER"
printf '\033]0;%s/%s/%s\007' "$name" "$([ "$password" = 'grün' ] && echo yes)" "$TERM $(stty size)"
read line
printf '\033]0;typed %s\007' "$line"
read last
"#;

/// Its program: an installed one, else out of Debian's package, unpacked and not installed,
/// since installing starts a service for everyone.
fn program() -> PathBuf {
    let installed = Path::new("/usr/sbin/telnetd");
    if installed.exists() {
        return installed.to_owned();
    }
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    let base = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), Into::into);
    let cache = base.join("fanlight");
    fs::create_dir_all(&cache).unwrap();
    let lock = File::create(cache.join("telnetd.lock")).unwrap();
    lock.lock().unwrap();
    let unpacked = cache.join("telnetd");
    if !unpacked.join("usr/sbin/telnetd").exists() {
        let script = "apt-get download -q inetutils-telnetd && dpkg-deb -x *.deb unpacked";
        let folder = tempfile::tempdir_in(&cache).unwrap();
        let done = Command::new("sh").args(["-c", script]).current_dir(&folder).status().unwrap();
        assert!(done.success(), "inetutils-telnetd is needed: Debian's package of that name");
        fs::rename(folder.path().join("unpacked"), &unpacked).unwrap();
    }
    unpacked.join("usr/sbin/telnetd")
}

/// Serves one connection.
struct Telnetd {
    port: u16,
    serving: Option<std::thread::JoinHandle<Child>>,
    _folder: tempfile::TempDir,
}

impl Telnetd {
    fn start() -> Self {
        let (program, folder) = (program(), tempfile::tempdir().unwrap());
        let login = folder.path().join("login");
        fs::write(&login, LOGIN).unwrap();
        fs::set_permissions(&login, fs::Permissions::from_mode(0o755)).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || {
            let socket = OwnedFd::from(listener.accept().unwrap().0);
            let mut command = Command::new(program);
            command.arg("-h").arg("-E").arg(login);
            command.stdout(Stdio::from(socket.try_clone().unwrap()));
            command.stdin(Stdio::from(socket)).spawn().unwrap()
        });
        Self { port, serving: Some(serving), _folder: folder }
    }
}

impl Drop for Telnetd {
    fn drop(&mut self) {
        // One that was never connected to would wait for ever.
        let _ = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let mut child = self.serving.take().unwrap().join().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

struct Tcp(SocketAddr);

#[async_trait]
impl Dial for Tcp {
    async fn dial(&self) -> std::io::Result<BoxedStream> {
        Ok(Box::new(TcpStream::connect(self.0).await?))
    }
}

/// Hears titles.
struct Audience(Mutex<mpsc::UnboundedSender<String>>);

#[async_trait]
impl Host for Audience {
    fn show(&self, _: Arc<dyn Screen>) {}
    fn changed(&self) {}
    fn clipboard(&self, _: String) {}
    fn title(&self, title: String) {
        let _ = self.0.lock().send(title);
    }
    fn bell(&self) {}
    fn files(&self, _: Files) {}
    fn step(&self, _: Step) {}
    async fn verify_host_key(&self, _: HostKey) -> Result<(), SessionError> {
        Ok(())
    }
}

#[tokio::test]
async fn the_login_is_answered_and_the_terminal_s_type_and_size_are_known_there() {
    let server = Telnetd::start();
    let driver = find("telnet", Value::Null).unwrap();
    let fields = json!({
        "hostname": "localhost", "port": server.port, "username": "jürgen", "password": "grün",
        "terminal_type": "vt220"
    });
    let settings = driver.check(fields.as_object().unwrap().clone());
    let settings = settings.unwrap_or_else(|errors| panic!("{errors:?}"));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let cx = TestCx::new(EngineKind::Embedded).dialled_by(Arc::new(Tcp(address)));
    let plan = driver.prepare(&settings, &cx).await.unwrap();
    let (titles, mut told) = mpsc::unbounded_channel();
    let (keyboard, input) = mpsc::channel(64);
    let client = driver.client().unwrap();
    let running = tokio::spawn(async move {
        let viewport = Viewport { width: 800, height: 600, dpi: 96 };
        let host = Arc::new(Audience(Mutex::new(titles)));
        let (parameters, target) = (plan.parameters, plan.target);
        client.run(ClientSession { parameters, target, viewport, input, host }).await
    });
    let title = timeout(LIMIT, told.recv()).await.unwrap().unwrap();
    assert!(title.starts_with("jürgen/yes/vt220 "), "{title}");
    assert!(!title.ends_with(" 0 0"), "{title}");
    for c in ['h', 'é', '\r'] {
        let keysym = if c == '\r' { 0xFF0D } else { u32::from(c) };
        keyboard.send(Input::Key { keysym, pressed: true }).await.unwrap();
        keyboard.send(Input::Key { keysym, pressed: false }).await.unwrap();
    }
    assert_eq!(timeout(LIMIT, told.recv()).await.unwrap().unwrap(), "typed hé");
    keyboard.send(Input::Key { keysym: 0xFF0D, pressed: true }).await.unwrap();
    timeout(LIMIT, running).await.unwrap().unwrap().unwrap();
}
