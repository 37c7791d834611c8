use std::fs;
use std::time::Duration;

use anyhow::Result;

use crate::output::lines_of_words;
use crate::report::{Row, Target};
use crate::scene::{Place, Scene};

const QUIET: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(120);
const LINES: usize = 1200;

/// Bytes of instructions that a viewer gets for text that scrolls over the whole screen,
/// slowly enough that every step is seen.
pub(crate) async fn measure() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, lines) in [("three lines at a time", 3), ("a screen at a time", 40)] {
        let embedded = bytes(&Scene::embedded().await?, lines).await?;
        let guacd = bytes(&Scene::guacd().await?, lines).await?;
        let name = format!("bytes for 1,200 scrolling lines, {name}, kB");
        rows.push(Row::ratio(name, embedded, guacd, Target::AtMost(1.0)));
    }
    Ok(rows)
}

async fn bytes(scene: &Scene, lines: usize) -> Result<f64> {
    fs::write(scene.sshd.home().join("text"), lines_of_words(LINES * 90))?;
    let Place { viewer, .. } = scene.sit_down().await?;
    viewer.type_text("clear\n").await?;
    viewer.settled(Duration::from_millis(300), LIMIT).await?;
    let before = viewer.progress().bytes;
    let steps = format!(
        "awk '{{print}} NR%{lines}==0 {{fflush(); system(\"sleep 0.1\")}} NR=={LINES} {{exit}}' text\n"
    );
    viewer.type_text(&steps).await?;
    viewer.settled(QUIET, LIMIT).await?;
    Ok((viewer.progress().bytes - before) as f64 / 1000.0)
}
