//! Sessions through jump hosts: three OpenSSH servers in network namespaces, one behind the
//! other, and the target behind the last.

#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_core::Viewport;
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{
    Engine, Gateway, Guacd, Maze, RdpShare, Sshd, TerminalReader, Viewer, VncDesktop, output_of,
    ssh_session,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The maze's addresses are 10.x: allowed for what goes through it.
const NETWORK: &str = "[network.jump_hosts]\nallow = [\"10.0.0.0/8\"]\n\
    [network.ssh]\nallow = [\"10.0.0.0/8\", \"127.0.0.0/8\"]\n\
    [network.vnc]\nallow = [\"10.0.0.0/8\", \"127.0.0.0/8\"]\n\
    [network.rdp]\nallow = [\"10.0.0.0/8\", \"127.0.0.0/8\"]\n";

/// A gateway, jump hosts, and an SSH server behind them.
struct World {
    maze: Maze,
    sshd: Sshd,
    gateway: Gateway,
    _guacd: Option<Guacd>,
    session: Value,
}

impl World {
    async fn embedded() -> Result<Self> {
        Self::of(Engine::Embedded, None).await
    }

    async fn guacd() -> Result<Self> {
        let guacd = Guacd::start().await?;
        Self::of(Engine::Guacd(guacd.port()), Some(guacd)).await
    }

    async fn of(engine: Engine, guacd: Option<Guacd>) -> Result<Self> {
        let (mut maze, sshd) = (Maze::dig().await?, Sshd::start().await?);
        let gateway = Gateway::start_with(engine, NETWORK).await?;
        let target = maze.expose(sshd.port()).await?;
        let mut session = ssh_session(&sshd)?;
        session["hostname"] = json!(target.ip());
        session["jump_hosts"] = maze.jump_hosts(3)?;
        Ok(Self { maze, sshd, gateway, _guacd: guacd, session })
    }

    async fn open(&self, session: &Value) -> Result<(String, Viewer)> {
        let created = self.gateway.create(session).await?;
        let id = created["session_id"].as_str().context("no session_id")?.to_owned();
        let viewer = Viewer::open(&self.gateway, &id, Viewport::default()).await?;
        Ok((id, viewer))
    }

    async fn log_in(&self) -> Result<(String, Viewer, TerminalReader)> {
        let (id, viewer) = self.open(&self.session).await?;
        let reader = TerminalReader::learn(&viewer, &self.sshd)
            .await
            .with_context(|| format!("{:?} {:?}", viewer.error(), viewer.steps()))?;
        Ok((id, viewer, reader))
    }

    async fn status(&self, id: &str) -> Result<String> {
        Ok(self.gateway.session(id).await?["status"].as_str().unwrap_or_default().to_owned())
    }

    /// What the viewer of a session that cannot start is told.
    async fn failure(&self, session: &Value) -> Result<String> {
        let (id, viewer) = self.open(session).await?;
        viewer.closed().await?;
        eventually(|| async { Ok(self.status(&id).await? == "error") }).await?;
        Ok(viewer.error().context("nothing was told")?.0)
    }
}

async fn eventually<F: Future<Output = Result<bool>>>(mut done: impl FnMut() -> F) -> Result<()> {
    let begin = Instant::now();
    while !done().await? {
        ensure!(begin.elapsed() < SHOWN_WITHIN, "it does not come to pass");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn shows_what_is_typed(world: &World) -> Result<()> {
    let (id, viewer, reader) = world.log_in().await?;
    viewer.type_text("echo $((6*7))\n").await?;
    reader.wait_for(&viewer, |row| row == "42").await?;
    let (_, steps) =
        world.gateway.call(Method::GET, &format!("/api/sessions/{id}/steps"), None).await?;
    let names = steps.to_string();
    for index in 0..3 {
        let host = world.maze.host(index);
        let connect = format!("Connect to jump host {}, {host}:22", index + 1);
        let check = format!("Check the host key of {host}:22");
        let login = format!("Log in to {host}:22 as {}", ["alice", "bob", "carol"][index]);
        for step in [connect, check, login] {
            ensure!(names.contains(&step), "no step {step} in {names}");
        }
    }
    viewer.type_text("exec true\n").await?;
    viewer.closed().await?;
    eventually(|| async { Ok(world.status(&id).await? == "completed") }).await?;
    // Nothing stays behind on the jump hosts: each has its server and no login.
    for index in 0..3 {
        eventually(|| async { Ok(world.maze.processes(index)? <= 1 + usize::from(index == 2)) })
            .await
            .with_context(|| format!("logins are left on jump host {}", index + 1))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_behind_three_jump_hosts_shows_what_is_typed() {
    shows_what_is_typed(&World::embedded().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_behind_three_jump_hosts_shows_what_is_typed_by_guacd() {
    shows_what_is_typed(&World::guacd().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_is_behind_the_jump_hosts_and_nowhere_else() {
    let world = World::embedded().await.unwrap();
    for count in [0, 1, 2] {
        let mut session = world.session.clone();
        session["jump_hosts"] = world.maze.jump_hosts(count).unwrap();
        session["username"] = json!("nobody");
        let (_, viewer) = world.open(&session).await.unwrap();
        viewer.closed().await.unwrap();
        assert!(viewer.error().is_some(), "{count} jump hosts suffice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_fields_lead_through_one_jump_host() {
    let world = World::embedded().await.unwrap();
    let mut session = world.session.clone();
    // The first jump host's own SSH server is the target: only its login fails.
    session["hostname"] = json!(world.maze.host(1));
    session["port"] = json!(22);
    session.as_object_mut().unwrap().remove("jump_hosts");
    session["jump_host"] = json!(world.maze.host(0));
    session["jump_username"] = json!("alice");
    session["jump_password"] = json!(world.maze.password(0));
    let message = world.failure(&session).await.unwrap();
    assert!(message.contains("did not let"), "{message}");
    assert!(message.starts_with(&world.maze.host(1).to_string()), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_71_a_failing_hop_is_named_and_its_secret_is_not() {
    let world = World::embedded().await.unwrap();
    let mut session = world.session.clone();
    session["jump_hosts"][2]["password"] = json!("canary-of-the-third");
    let message = world.failure(&session).await.unwrap();
    let third = format!("Jump host 3 ({}:22)", world.maze.host(2));
    assert!(message.contains(&third), "{message}");
    assert!(message.contains("password"), "what was tried: {message}");
    let mut session = world.session.clone();
    session["jump_hosts"][1]["port"] = json!(2222);
    let refused = world.failure(&session).await.unwrap();
    assert!(refused.contains(&format!("Jump host 2 ({}:2222)", world.maze.host(1))), "{refused}");
    for secret in ["canary-of-the-third", world.maze.password(0), "PRIVATE KEY"] {
        assert!(!message.contains(secret) && !refused.contains(secret));
        assert!(!world.gateway.log().contains(secret), "the log shows {secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_72_each_hop_has_its_own_key_and_a_changed_one_is_refused() {
    let mut world = World::embedded().await.unwrap();
    drop(world.log_in().await.unwrap());
    let list = || world.gateway.call(Method::GET, "/api/admin/host-keys", None);
    let (_, known) = list().await.unwrap();
    let [first, second, third] = [0, 1, 2].map(|index| format!("{}:22", world.maze.host(index)));
    let expected = [
        (first.clone(), 0),
        (format!("{second} via {first}"), 1),
        (format!("{third} via {first}, {second}"), 2),
    ];
    for (endpoint, index) in &expected {
        let key = known.as_array().unwrap().iter().find(|key| key["endpoint"] == *endpoint);
        let fingerprint = &key.unwrap_or_else(|| panic!("no {endpoint} in {known}"))["fingerprint"];
        assert_eq!(*fingerprint, world.maze.fingerprint(*index).unwrap());
    }
    let before = world.maze.fingerprint(1).unwrap();
    world.maze.change_host_key(1).await.unwrap();
    let message = world.failure(&world.session).await.unwrap();
    for part in ["Jump host 2", &before, &world.maze.fingerprint(1).unwrap()] {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    // An administrator removes the old one, by the name that the list shows.
    let path = format!("/api/admin/host-keys/{}", expected[1].0.replace(' ', "%20"));
    let (status, _) = world.gateway.call(Method::DELETE, &path, None).await.unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT);
    world.log_in().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_72_a_pinned_hop_shows_that_key_or_is_refused() {
    let world = World::embedded().await.unwrap();
    let mut session = world.session.clone();
    session["jump_hosts"][0]["host_key"] = json!(world.maze.fingerprint(0).unwrap());
    session["jump_hosts"][1]["host_key"] = json!(world.maze.fingerprint(0).unwrap());
    let message = world.failure(&session).await.unwrap();
    for index in [0, 1] {
        let fingerprint = world.maze.fingerprint(index).unwrap();
        assert!(message.contains(&fingerprint), "{message} lacks {fingerprint}");
    }
    assert!(message.contains("Jump host 2"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_73_a_middle_hop_that_crashes_ends_all_within_five_seconds() {
    let mut world = World::embedded().await.unwrap();
    let (id, viewer, _) = world.log_in().await.unwrap();
    let begin = Instant::now();
    world.maze.kill(1).unwrap();
    ends_in_time(&world, &id, &viewer, begin, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_73_a_middle_hop_that_falls_silent_ends_all_within_five_seconds() {
    let world = World::embedded().await.unwrap();
    let (id, viewer, _) = world.log_in().await.unwrap();
    let begin = Instant::now();
    world.maze.unplug(1).unwrap();
    ends_in_time(&world, &id, &viewer, begin, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_73_a_middle_hop_that_dies_ends_a_session_of_guacd_within_five_seconds() {
    let mut world = World::guacd().await.unwrap();
    let (id, viewer, _) = world.log_in().await.unwrap();
    let begin = Instant::now();
    world.maze.kill(1).unwrap();
    ends_in_time(&world, &id, &viewer, begin, 1).await.unwrap();
}

/// Five seconds, and one for a machine that has other things to do.
async fn ends_in_time(
    world: &World,
    id: &str,
    viewer: &Viewer,
    begin: Instant,
    lost: usize,
) -> Result<()> {
    viewer.closed().await?;
    ensure!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    let (message, _) = viewer.error().context("nothing was told")?;
    let named = world.maze.host(lost).to_string();
    ensure!(message.contains("Jump host 2 was lost") && message.contains(&named), "{message}");
    eventually(|| async { Ok(world.status(id).await? == "error") }).await?;
    eventually(|| async { Ok(world.maze.processes(0)? <= 1) }).await.context("the first one")?;
    Ok(())
}

/// What is said to a request that the network rules forbid.
async fn forbidden(gateway: &Gateway, session: &Value) -> Result<String> {
    let (status, reply) = gateway.call(Method::POST, "/api/sessions", Some(session)).await?;
    ensure!(status == StatusCode::FORBIDDEN, "{status}: {reply}");
    Ok(reply["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_41_hops_obey_the_network_rules() {
    let world = World::embedded().await.unwrap();
    for address in ["127.0.0.1", "169.254.169.254", "192.168.1.1", "0x7f.1"] {
        for index in 0..3 {
            let mut session = world.session.clone();
            session["jump_hosts"][index]["hostname"] = json!(address);
            let message = forbidden(&world.gateway, &session).await.unwrap();
            assert!(message.contains(address), "{message}");
        }
        let mut session = world.session.clone();
        session["hostname"] =
            json!(if address.starts_with('1') { "172.16.0.1" } else { "0xac.16.1" });
        forbidden(&world.gateway, &session).await.unwrap();
    }
    // What a name means on a jump host nobody can tell here: with such rules, none is taken.
    let mut session = world.session.clone();
    session["hostname"] = json!("metadata.internal");
    let message = forbidden(&world.gateway, &session).await.unwrap();
    assert!(message.contains("jump_hosts.remote_names"), "{message}");
}

/// Where the gateway listens for guacd: in the loopback network of tunnels.
async fn tunnel_of(world: &mut World) -> Result<String> {
    let process = format!("pid={},", world.gateway.process()?.id());
    let table = output_of(Command::new("ss").arg("-Hltnp"))?;
    let lines = table.lines().filter(|line| line.contains(&process));
    let mut places = lines.filter_map(|line| line.split_whitespace().nth(3));
    let is_tunnel = |place: &&str| {
        let octets: Vec<u8> = place.split(['.', ':']).map_while(|part| part.parse().ok()).collect();
        octets.first() == Some(&127) && octets.get(1).is_some_and(|second| second & 0xc0 == 0x40)
    };
    Ok(places.find(is_tunnel).with_context(|| format!("no tunnel in {table}"))?.to_owned())
}

/// What a program of this user reads there first.
fn greeting(place: &str, uid: &str) -> Result<String> {
    let (host, port) = place.split_once(':').context("no port")?;
    let read = format!("exec 3<>/dev/tcp/{host}/{port}; timeout 10 head -c 8 <&3");
    let mut command = Command::new("setpriv");
    command.args(["--reuid", uid, "--regid", uid, "--clear-groups", "bash", "-c", &read]);
    Ok(String::from_utf8_lossy(&command.output()?.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_43_no_other_user_and_no_other_session_enters_the_tunnel_of_a_session() {
    let mut world = World::guacd().await.unwrap();
    let (id, viewer, reader) = world.log_in().await.unwrap();
    let place = tunnel_of(&mut world).await.unwrap();
    assert_eq!(greeting(&place, "65534").unwrap(), "", "another user got through");
    // The test can tell: guacd runs as root here, and root gets through to the target.
    assert_eq!(greeting(&place, "0").unwrap(), "SSH-2.0-");
    let mut session = ssh_session(&world.sshd).unwrap();
    let (host, port) = place.split_once(':').unwrap();
    session["port"] = json!(port.parse::<u16>().unwrap());
    for spelling in [host.to_owned(), format!("::ffff:{host}")] {
        session["hostname"] = json!(spelling);
        forbidden(&world.gateway, &session).await.unwrap();
    }
    viewer.type_text("echo $((6*7))\n").await.unwrap();
    reader.wait_for(&viewer, |row| row == "42").await.unwrap();
    let path = format!("/api/sessions/{id}");
    world.gateway.call(Method::DELETE, &path, None).await.unwrap();
    assert!(tunnel_of(&mut world).await.is_err(), "the tunnel outlives its session");
}

/// Waits until the viewer sees exactly what is on the display; the mouse moves, as guacd may
/// hold the first frame of a still desktop back.
async fn sees(viewer: &Viewer, desktop: &VncDesktop) -> Result<()> {
    let begin = Instant::now();
    loop {
        let (seen, there) = (viewer.picture()?, desktop.screenshot()?);
        let same_size = (seen.width, seen.height) == (there.width, there.height);
        if same_size && seen.differing(&there) == 0 {
            return Ok(());
        }
        ensure!(begin.elapsed() < SHOWN_WITHIN * 2, "{:?} {:?}", viewer.error(), viewer.steps());
        let x = (begin.elapsed().as_millis() % 100).to_string();
        let told = || format!("{:?} {:?}", viewer.error(), viewer.steps());
        viewer.send("mouse", &[&x, "10", "0"]).await.with_context(told)?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

const WINDOW: Viewport = Viewport { width: 640, height: 480, dpi: 96 };

#[tokio::test(flavor = "multi_thread")]
async fn desktops_behind_three_jump_hosts_are_shown_by_guacd() {
    let mut world = World::guacd().await.unwrap();
    let desktop = VncDesktop::start(WINDOW.width, WINDOW.height).await.unwrap();
    desktop.paint(7).unwrap();
    let share = desktop.share_by_xrdp().await.unwrap();
    let hops = world.maze.jump_hosts(3).unwrap();
    let vnc = world.maze.expose(desktop.port()).await.unwrap();
    let rdp = world.maze.expose(share.port()).await.unwrap();
    for session in [
        json!({ "session_type": "vnc", "hostname": vnc.ip(), "port": vnc.port(),
            "engine": "guacd", "password": VncDesktop::PASSWORD, "jump_hosts": hops }),
        json!({ "session_type": "rdp", "hostname": rdp.ip(), "port": rdp.port(),
            "engine": "guacd", "username": RdpShare::USERNAME, "password": VncDesktop::PASSWORD,
            "security": "tls", "ignore_cert": true, "color_depth": 24, "jump_hosts": hops }),
    ] {
        let created = world.gateway.create(&session).await.unwrap();
        let id = created["session_id"].as_str().unwrap();
        let viewer = Viewer::open(&world.gateway, id, WINDOW).await.unwrap();
        viewer.drawing_after(0).await.unwrap();
        desktop.paint(8).unwrap();
        sees(&viewer, &desktop).await.with_context(|| session["session_type"].clone()).unwrap();
    }
}

async fn rehearse(gateway: &Gateway, session: &Value) -> Value {
    let path = "/api/sessions?dry_run=true";
    let (status, reply) = gateway.call(Method::POST, path, Some(session)).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{reply}");
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_climbs_to_the_login_behind_three_jump_hosts_and_leaves_nothing() {
    let world = World::embedded().await.unwrap();
    let mut session = world.session.clone();
    session["command"] = json!("touch was-here");
    let reply = rehearse(&world.gateway, &session).await;
    assert_eq!(reply["reached"], true, "{reply}");
    let steps = reply["steps"].as_array().unwrap();
    assert!(steps.len() >= 12 && steps.iter().all(|step| step["state"] == "done"), "{reply}");
    assert!(!world.sshd.home().join("was-here").exists(), "the command was run");
    session["private_key"] = json!(world.sshd.other_private_key().unwrap());
    let reply = rehearse(&world.gateway, &session).await;
    let last = reply["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&reply["reached"], &last["cause"]), (&json!(false), &json!("login_failed")));
    session.as_object_mut().unwrap().remove("username");
    let reply = rehearse(&world.gateway, &session).await;
    assert!(reply["error"].as_str().unwrap().contains("missing"), "{reply}");
    session["jump_hosts"][1]["username"] = json!("mallory");
    let reply = rehearse(&world.gateway, &session).await;
    let last = reply["steps"].as_array().unwrap().last().unwrap().clone();
    assert!(last["name"].as_str().unwrap().starts_with("Log in to"), "{last}");
    assert!(last["message"].as_str().unwrap().starts_with("Jump host 2"), "{last}");
    for index in 0..2 {
        eventually(|| async { Ok(world.maze.processes(index)? <= 1) }).await.unwrap();
    }
    for path in ["/api/sessions", "/api/admin/host-keys"] {
        let (_, left) = world.gateway.call(Method::GET, path, None).await.unwrap();
        assert_eq!(left, json!([]), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_made_for_a_session_lets_it_in_once_it_is_installed() {
    let sshd = Sshd::start().await.unwrap();
    let gateway = Gateway::start(Engine::Embedded).await.unwrap();
    let mut session = ssh_session(&sshd).unwrap();
    session.as_object_mut().unwrap().remove("private_key");
    session["generate_keypair"] = json!(true);
    session["banner"] = json!("Install the key first.");
    let created = gateway.create(&session).await.unwrap();
    let key = created["public_key"].as_str().unwrap();
    assert!(key.starts_with("ssh-ed25519 AAAA"), "{key}");
    assert_eq!(created["banner_text"], format!("Install the key first.\n\n{key}"));
    assert!(!created.to_string().contains("PRIVATE KEY"));
    sshd.authorize(key).unwrap();
    let id = created["session_id"].as_str().unwrap();
    let viewer = Viewer::open(&gateway, id, Viewport::default()).await.unwrap();
    TerminalReader::learn(&viewer, &sshd).await.unwrap();
    let another = gateway.create(&session).await.unwrap();
    assert_ne!(another["public_key"], created["public_key"]);
    session["private_key"] = json!(sshd.private_key().unwrap());
    let refused = gateway.create(&session).await.unwrap_err().to_string();
    assert!(refused.contains("generate_keypair"), "{refused}");
}
