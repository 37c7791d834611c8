//! The drive of an RDP session: files both ways, and a folder that goes with the session.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fanlight_tests::{Engine, Files, Gateway, Guacd, XorgDesktop, output_of};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::Value;
use tokio::time::timeout;

use super::rdp::has_begun;
use super::{SEEN_WITHIN, World, rdp_session};

const OCTETS: &str = "application/octet-stream";
/// guacd 1.3.0 calls every drive so towards the desktop.
const NAME_IN_SESSION: &str = "GUACFS";
/// How often a session is opened before its files are offered.
const ATTEMPTS: usize = 10;

async fn world_with_drives() -> Result<World> {
    let guacd = Guacd::start().await?;
    let (here, there) = guacd.shared_folder()?;
    let (here, there) = (here.display(), there.display());
    let tables = format!("[drivers.rdp]\ndrive_dir = \"{here}\"\nguacd_drive_dir = \"{there}\"\n");
    let gateway = Gateway::start_with(Engine::Guacd(guacd.port()), &tables).await?;
    Ok(World { gateway, guacd })
}

async fn gone(folder: &Path) -> Result<()> {
    let begin = Instant::now();
    while folder.exists() {
        ensure!(begin.elapsed() < SEEN_WITHIN, "{} is still there", folder.display());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// What a shell command prints that the person gives on a path of the drive, once it works:
/// xrdp mounts the drive some time after the login.
async fn in_the_session(desktop: &XorgDesktop, command: &str, name: &str) -> Result<String> {
    let path = desktop.drives().join(NAME_IN_SESSION).join(name);
    let script = format!("{command} \"$0\"");
    let begin = Instant::now();
    loop {
        let mut command = desktop.command_of_user("sh");
        match output_of(command.args(["-c", &script]).arg(&path)) {
            Ok(printed) => return Ok(printed),
            Err(error) if begin.elapsed() > SEEN_WITHIN => {
                return Err(error).with_context(|| desktop.log());
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

/// Opens the session until guacd offers its files: 1.3.0 offers them once, and if it does not
/// count the owner among the viewers by then, to nobody.
async fn opened_with_files(world: &World, session: &Value) -> Result<(String, Files)> {
    for _ in 0..ATTEMPTS {
        let (id, viewer) = world.open(session).await?;
        viewer.drawing_after(0).await?;
        if let Ok(files) = timeout(Duration::from_secs(1), Files::offered(viewer)).await {
            return Ok((id, files?));
        }
        world.gateway.call(Method::DELETE, &format!("/api/sessions/{id}"), None).await?;
    }
    bail!("no files are offered: {}", world.guacd.log())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_both_ways_and_the_folder_goes_with_the_session() {
    let world = world_with_drives().await.unwrap();
    let desktop = XorgDesktop::start().await.unwrap();
    let mut session = rdp_session(desktop.port(), XorgDesktop::PASSWORD, "tls");
    session["enable_drive"] = true.into();
    let (id, files) = opened_with_files(&world, &session).await.unwrap();
    has_begun(&desktop).await.unwrap();
    let folder = world.guacd.shared_folder().unwrap().0.join(&id);
    let mode = fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o2770, "{mode:o}");

    let text = "up from the browser\n";
    let head = [&files.object, "3", OCTETS, "/up.txt"];
    let put = files.put("put", &head, text.as_bytes()).await.unwrap();
    assert_eq!(put, ["0", "0", "0"]);
    assert_eq!(fs::read_to_string(folder.join("up.txt")).unwrap(), text);
    assert_eq!(in_the_session(&desktop, "cat", "up.txt").await.unwrap(), text);

    in_the_session(&desktop, "mkdir", "made there").await.unwrap();
    let file = "made there/down.txt";
    in_the_session(&desktop, "echo down to the browser >", file).await.unwrap();
    let index = files.json("/").await.unwrap();
    assert!(index["/made there"].is_string() && index["/up.txt"].is_string(), "{index}");
    let (_, down) = files.get("/made there/down.txt").await.unwrap();
    assert_eq!(down, b"down to the browser\n");

    let path = format!("/api/sessions/{id}");
    world.gateway.call(Method::DELETE, &path, None).await.unwrap();
    gone(&folder).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_go_when_the_target_refuses_and_when_the_gateway_was_killed() {
    let mut world = world_with_drives().await.unwrap();
    let parent = world.guacd.shared_folder().unwrap().0.to_owned();
    let mut session =
        rdp_session(fanlight_tests::free_port().unwrap(), XorgDesktop::PASSWORD, "tls");
    session["enable_drive"] = true.into();
    let (id, viewer) = world.open(&session).await.unwrap();
    assert_eq!(world.told(&id, &viewer).await.unwrap().0, "error");
    gone(&parent.join(id)).await.unwrap();

    let desktop = XorgDesktop::start().await.unwrap();
    session["port"] = desktop.port().into();
    let (id, _viewer) = world.open(&session).await.unwrap();
    has_begun(&desktop).await.unwrap();
    assert!(parent.join(&id).exists());
    world.gateway.process().unwrap().signal(Signal::KILL).unwrap();
    world.gateway.restart().await.unwrap();
    gone(&parent.join(id)).await.unwrap();
}
