use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_tests::{Viewer, first_prompt, ssh_session};

use crate::output::printable_file;
use crate::report::{Row, Target};
use crate::scene::Scene;

const QUIET: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(120);
/// How long each of the others takes over a message, milliseconds.
const SLOW: [u64; 3] = [50, 250, 1000];

/// What three slow viewers cost a fast one.
pub(crate) async fn measure() -> Result<Vec<Row>> {
    let scene = Scene::embedded().await?;
    fs::write(scene.sshd.home().join("big"), printable_file())?;
    let (alone, beside) = (seconds(&scene, &[]).await?, seconds(&scene, &SLOW).await?);
    let name = "cat of 20 MB beside three slow viewers: seconds, against alone".to_owned();
    Ok(vec![Row::ratio(name, beside, alone, Target::AtMost(1.25))])
}

/// Seconds until a fast viewer has seen all of the output.
async fn seconds(scene: &Scene, slow: &[u64]) -> Result<f64> {
    let created = scene.gateway.create(&ssh_session(&scene.sshd)?).await?;
    let id = created["session_id"].as_str().context("no session_id")?;
    let viewer = Viewer::open(&scene.gateway, id, fanlight_core::Viewport::default()).await?;
    first_prompt(&viewer).await?;
    let (_, key) =
        created["share_url"].as_str().and_then(|url| url.split_once("key=")).context("no share")?;
    let mut others = Vec::new();
    for milliseconds in slow {
        let other = Viewer::connect(&scene.gateway, &format!("/ws/{id}?key={key}")).await?;
        first_prompt(&other).await?;
        other.slow_down(Duration::from_millis(*milliseconds));
        others.push(other);
    }
    let begin = Instant::now();
    viewer.type_text("cat big\n").await?;
    viewer.settled(QUIET, LIMIT).await?;
    ensure!(others.iter().all(|other| !other.progress().closed), "a slow viewer was dropped");
    Ok(viewer.progress().drawn_at.duration_since(begin).as_secs_f64())
}
