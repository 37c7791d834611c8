//! Sessions from the request to the picture, on both engines, without a browser.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_core::Viewport;
use fanlight_tests::viewer::SHOWN_WITHIN;
use fanlight_tests::{
    Door, Engine, Gateway, Guacd, Sshd, TerminalReader, Viewer, family, ssh_session,
};
use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::Value;

/// A gateway, what its sessions run in, and a machine to log in to.
struct World {
    sshd: Sshd,
    gateway: Gateway,
    guacd: Option<Guacd>,
    /// Our own in guacd's place.
    door: Option<Door>,
}

impl World {
    async fn embedded() -> Result<Self> {
        let gateway = Gateway::start(Engine::Embedded).await?;
        Ok(Self { sshd: Sshd::start().await?, gateway, guacd: None, door: None })
    }

    async fn guacd() -> Result<Self> {
        let guacd = Guacd::start().await?;
        let gateway = Gateway::start(Engine::Guacd(guacd.port())).await?;
        Ok(Self { sshd: Sshd::start().await?, gateway, guacd: Some(guacd), door: None })
    }

    /// A gateway that takes a `fanlight guacd` for guacd.
    async fn circle() -> Result<Self> {
        let door = Door::start(&[]).await?;
        let gateway = Gateway::start(Engine::Guacd(door.port())).await?;
        Ok(Self { sshd: Sshd::start().await?, gateway, guacd: None, door: Some(door) })
    }

    async fn open(&self, session: &Value) -> Result<(String, Viewer)> {
        let created = self.gateway.create(session).await?;
        let id = created["session_id"].as_str().context("no session_id")?.to_owned();
        let viewer = Viewer::open(&self.gateway, &id, Viewport::default()).await?;
        Ok((id, viewer))
    }

    /// A session at its prompt.
    async fn log_in(&self) -> Result<(String, Viewer, TerminalReader)> {
        let (id, viewer) = self.open(&ssh_session(&self.sshd)?).await?;
        let reader = TerminalReader::learn(&viewer, &self.sshd)
            .await
            .with_context(|| format!("{:?} {:?}", viewer.error(), viewer.steps()))?;
        Ok((id, viewer, reader))
    }

    async fn status(&self, id: &str) -> Result<String> {
        Ok(self.gateway.session(id).await?["status"].as_str().unwrap_or_default().to_owned())
    }

    async fn wait_for_status(&self, id: &str, wanted: &str) -> Result<()> {
        let begin = Instant::now();
        loop {
            let status = self.status(id).await?;
            if status == wanted {
                return Ok(());
            }
            ensure!(begin.elapsed() < SHOWN_WITHIN, "{status}, not {wanted}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn shows_what_is_typed(world: &World) -> Result<()> {
    let (id, viewer, reader) = world.log_in().await?;
    viewer.type_text("echo $((6*7))\n").await?;
    reader.wait_for(&viewer, |row| row == "42").await?;
    ensure!(world.status(&id).await? == "active");
    let steps = viewer.steps();
    ensure!(steps.last().is_some_and(|(state, _)| state == "done"), "still climbing: {steps:?}");
    // A shell that ends without a word, as guacd overlooks it unless it is woken.
    viewer.type_text("exec true\n").await?;
    viewer.closed().await?;
    world.wait_for_status(&id, "completed").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_engine_shows_what_is_typed() {
    shows_what_is_typed(&World::embedded().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn guacd_shows_what_is_typed() {
    shows_what_is_typed(&World::guacd().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_guacd_shows_what_is_typed() {
    shows_what_is_typed(&World::circle().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_guacd_keeps_a_thousand_lines() {
    keeps_a_thousand_lines(&World::circle().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_50_a_lost_viewer_takes_up_its_shell_in_our_own_guacd() {
    takes_the_same_shell_up_again(&World::circle().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_65_our_own_guacd_killed_ends_the_session_with_a_reason() {
    let mut world = World::circle().await.unwrap();
    let (id, viewer, _) = world.log_in().await.unwrap();
    world.door = None;
    viewer.closed().await.unwrap();
    assert!(viewer.error().is_some());
    world.wait_for_status(&id, "error").await.unwrap();
}

async fn keeps_a_thousand_lines(world: &World) -> Result<()> {
    let mut session = ssh_session(&world.sshd)?;
    session["scrollback"] = Value::from(2000);
    let (_, viewer) = world.open(&session).await?;
    let reader = TerminalReader::learn(&viewer, &world.sshd).await?;
    viewer.type_text("seq 1 5000\n").await?;
    reader.wait_for(&viewer, |row| row == "5000").await?;
    let lines = reader.last_lines(&viewer, 1000).await?;
    let prompt = lines.iter().rposition(|line| line.starts_with('$')).context("no prompt")?;
    let numbers: Vec<_> = (4001..=5000).map(|number| number.to_string()).collect();
    let shown = &lines[prompt.saturating_sub(1000)..prompt];
    ensure!(shown == numbers, "not the last thousand lines: {shown:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_engine_keeps_a_thousand_lines() {
    keeps_a_thousand_lines(&World::embedded().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn guacd_keeps_a_thousand_lines() {
    keeps_a_thousand_lines(&World::guacd().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_follows_the_window() {
    let world = World::embedded().await.unwrap();
    let (_, viewer, reader) = world.log_in().await.unwrap();
    viewer.send("size", &["640", "400"]).await.unwrap();
    let file = world.sshd.home().join("after");
    let begin = Instant::now();
    let columns = loop {
        viewer.type_text("stty size > after\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let size = fs::read_to_string(&file).unwrap_or_default();
        let columns = size.split_whitespace().nth(1).and_then(|columns| columns.parse().ok());
        if columns.is_some_and(|columns: usize| columns < reader.columns) {
            break columns.unwrap();
        }
        assert!(begin.elapsed() < SHOWN_WITHIN, "still {size}");
    };
    assert!((50..=100).contains(&columns), "{columns} columns at 640 pixels");
    let picture = viewer.picture().unwrap();
    assert_eq!((picture.width, picture.height), (640, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clipboard_is_pasted() {
    let world = World::embedded().await.unwrap();
    let (_, viewer, reader) = world.log_in().await.unwrap();
    viewer.copy("echo pasted-$((40+2))").await.unwrap();
    viewer.chord(fanlight_tests::viewer::SHIFT, 0xff63).await.unwrap();
    viewer.type_text("\n").await.unwrap();
    reader.wait_for(&viewer, |row| row == "pasted-42").await.unwrap();
}

async fn takes_the_same_shell_up_again(world: &World) -> Result<()> {
    let (id, viewer, reader) = world.log_in().await?;
    viewer.type_text("mark=still-here; clear\n").await?;
    viewer.type_text("echo first\n").await?;
    reader.wait_for(&viewer, |row| row == "first").await?;
    drop(viewer);
    let viewer = Viewer::open(&world.gateway, &id, Viewport::default()).await?;
    reader.wait_for(&viewer, |row| row == "first").await?;
    viewer.type_text("echo $mark\n").await?;
    reader.wait_for(&viewer, |row| row == "still-here").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_50_a_lost_viewer_takes_the_same_shell_up_again() {
    takes_the_same_shell_up_again(&World::embedded().await.unwrap()).await.unwrap();
}

/// A shell that shows signs of life.
async fn beating(world: &World) -> Result<(String, Viewer)> {
    let (id, viewer, _) = world.log_in().await?;
    viewer.type_text("(sleep 0.1; while sleep 0.1; do date +%N > beat; done)\n").await?;
    let (beat, begin) = (world.sshd.home().join("beat"), Instant::now());
    while !beat.exists() {
        ensure!(begin.elapsed() < SHOWN_WITHIN, "the shell does nothing");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok((id, viewer))
}

/// Nothing is left of the session at the target: no process of sshd's for it, no shell.
async fn nothing_beats(world: &World, since: Instant) -> Result<()> {
    while family(world.sshd.process_id()?).len() > 1 {
        ensure!(since.elapsed() < Duration::from_millis(1500), "sshd still serves it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let beat = || fs::read(world.sshd.home().join("beat"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let last = beat()?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(beat()? == last, "the shell goes on");
    Ok(())
}

async fn delete_ends_the_shell(world: &World) -> Result<()> {
    let (id, viewer) = beating(world).await?;
    let begin = Instant::now();
    let (status, _) =
        world.gateway.call(Method::DELETE, &format!("/api/sessions/{id}"), None).await?;
    ensure!(status == StatusCode::NO_CONTENT, "{status}");
    viewer.closed().await?;
    ensure!(begin.elapsed() < Duration::from_millis(1500), "{:?}", begin.elapsed());
    nothing_beats(world, begin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_51_delete_ends_the_shell_within_a_second() {
    delete_ends_the_shell(&World::embedded().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_51_delete_ends_the_shell_behind_guacd_within_a_second() {
    delete_ends_the_shell(&World::guacd().await.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_51_the_longest_duration_ends_the_shell_within_a_second() {
    let table = "[sessions]\nmax_duration = \"8s\"\n";
    let gateway = Gateway::start_with(Engine::Embedded, table).await.unwrap();
    let sshd = Sshd::start().await.unwrap();
    let world = World { sshd, gateway, guacd: None, door: None };
    let (_, viewer) = beating(&world).await.unwrap();
    viewer.closed().await.unwrap();
    let told = viewer.error().unwrap();
    assert!(told.0.contains("longest duration"), "{told:?}");
    nothing_beats(&world, Instant::now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_72_a_changed_host_key_is_refused_after_a_restart() {
    let mut world = World::embedded().await.unwrap();
    let known = world.sshd.fingerprint().unwrap();
    drop(world.log_in().await.unwrap());
    world.sshd.restart_with_new_host_keys().await.unwrap();
    world.gateway.restart().await.unwrap();
    let (id, viewer) = world.open(&ssh_session(&world.sshd).unwrap()).await.unwrap();
    viewer.closed().await.unwrap();
    let (message, _) = viewer.error().unwrap();
    for fingerprint in [known, world.sshd.fingerprint().unwrap()] {
        assert!(message.contains(&fingerprint), "{message} lacks {fingerprint}");
    }
    world.wait_for_status(&id, "error").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_72_a_real_guacd_holds_the_target_to_the_pinned_key() {
    let mut world = World::guacd().await.unwrap();
    let mut session = ssh_session(&world.sshd).unwrap();
    session["host_key"] = Value::from(world.sshd.rsa_host_key().unwrap());
    let (_, viewer) = world.open(&session).await.unwrap();
    TerminalReader::learn(&viewer, &world.sshd).await.unwrap();
    world.sshd.restart_with_new_host_keys().await.unwrap();
    let (id, viewer) = world.open(&session).await.unwrap();
    viewer.closed().await.unwrap();
    world.wait_for_status(&id, "error").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_refused_with_a_reason() {
    let world = World::embedded().await.unwrap();
    let mut session = ssh_session(&world.sshd).unwrap();
    session["private_key"] = Value::from(world.sshd.other_private_key().unwrap());
    let (id, viewer) = world.open(&session).await.unwrap();
    viewer.closed().await.unwrap();
    let (message, _) = viewer.error().unwrap();
    assert!(message.contains("key"), "{message}");
    world.wait_for_status(&id, "error").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_up_ends_the_session_with_a_reason() {
    let mut world = World::embedded().await.unwrap();
    let (id, viewer, _) = world.log_in().await.unwrap();
    world.sshd.stop();
    viewer.closed().await.unwrap();
    assert!(viewer.error().is_some());
    world.wait_for_status(&id, "error").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_65_a_killed_guacd_ends_the_session_with_a_reason() {
    let mut world = World::guacd().await.unwrap();
    let (id, viewer, _) = world.log_in().await.unwrap();
    world.guacd = None;
    viewer.closed().await.unwrap();
    assert!(viewer.error().is_some());
    world.wait_for_status(&id, "error").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_78_sigterm_tells_viewers_and_ends() {
    let mut world = World::embedded().await.unwrap();
    let (_, viewer, _) = world.log_in().await.unwrap();
    world.gateway.process().unwrap().signal(Signal::TERM).unwrap();
    viewer.closed().await.unwrap();
    assert!(viewer.error().is_some(), "the viewer was not told");
    let status = world.gateway.process().unwrap().wait_for_end(Duration::from_secs(30)).unwrap();
    assert!(status.success(), "{status}");
}

/// Longest time without a frame while there is output.
const STALL: Duration = Duration::from_secs(5);

/// 50 MB of noise, in which the terminal is asked and switched in every way it has.
async fn takes_noise_as_text(world: &World) -> Result<()> {
    let (_, viewer, reader) = world.log_in().await?;
    let done = world.sshd.home().join("done");
    // The terminal's answers must not be a line that the shell would edit, letter by letter.
    let line = "stty raw -echo; head -c 50000000 /dev/urandom; : > done; \
                timeout --foreground 1 cat > answers; stty sane\n";
    viewer.type_text(line).await?;
    while !done.exists() {
        let still = viewer.progress().drawn_at.elapsed();
        ensure!(still < STALL, "nothing was drawn for {still:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    viewer.settled(Duration::from_millis(1500), SHOWN_WITHIN).await?;
    viewer.type_text("printf '\\033c'; echo $((6*7))\n").await?;
    reader.wait_for(&viewer, |row| row == "42").await
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_megabytes_of_noise_do_not_stall_a_session() {
    takes_noise_as_text(&World::embedded().await.unwrap()).await.unwrap();
}
