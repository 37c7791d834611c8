use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;
use fanlight_tests::viewer::CONTROL;

use crate::report::{Row, Target, percentile};
use crate::scene::{Place, Scene};

const KEYS: usize = 200;
/// Shorter than the shell's line, so that it never wraps.
const KEYS_PER_LINE: usize = 40;
/// Not a divisor of common frame times, so that keys meet every moment of a frame.
const PAUSE: Duration = Duration::from_millis(57);

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let embedded = keys_to_drawings(&Scene::embedded().await?).await?;
    let guacd = keys_to_drawings(&Scene::guacd().await?).await?;
    let row = |name: &str, part: f64| {
        let name = format!("key to drawing, {name}, ms");
        Row::ratio(name, percentile(&embedded, part), percentile(&guacd, part), Target::AtMost(1.0))
    };
    let quiet = [row("p50", 0.50), row("p95", 0.95)];
    let embedded = keys_beside_a_flood(&Scene::embedded().await?).await?;
    let guacd = keys_beside_a_flood(&Scene::guacd().await?).await?;
    let name = "key to drawing while another session floods, p95, ms".to_owned();
    let (own, theirs) = (percentile(&embedded, 0.95), percentile(&guacd, 0.95));
    Ok(quiet.into_iter().chain([Row::ratio(name, own, theirs, Target::AtMost(1.0))]).collect())
}

/// The same while another session of the same gateway prints without end.
async fn keys_beside_a_flood(scene: &Scene) -> Result<Vec<f64>> {
    fs::write(
        scene.sshd.home().join("flood"),
        "some words of a log that never ends\n".repeat(20_000),
    )?;
    let flood = scene.sit_down().await?.viewer;
    flood.type_text("while :; do cat flood; done\n").await?;
    let times = keys_to_drawings(scene).await?;
    flood.chord(CONTROL, u32::from(b'c')).await?;
    Ok(times)
}

/// Milliseconds from each key to the first frame that draws something.
async fn keys_to_drawings(scene: &Scene) -> Result<Vec<f64>> {
    let Place { viewer, .. } = scene.sit_down().await?;
    let mut times = Vec::new();
    for number in 0..KEYS {
        if number % KEYS_PER_LINE == 0 {
            viewer.type_text("\n").await?;
            viewer.settled(Duration::from_millis(300), Duration::from_secs(10)).await?;
        }
        tokio::time::sleep(PAUSE).await;
        let drawings = viewer.progress().drawings;
        let begin = Instant::now();
        viewer.key(u32::from(b'a' + (number % 26) as u8)).await?;
        let drawn = viewer.drawing_after(drawings).await?.drawn_at;
        times.push(drawn.duration_since(begin).as_secs_f64() * 1000.0);
    }
    Ok(times)
}
