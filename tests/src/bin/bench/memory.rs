use std::time::Duration;

use anyhow::Result;
use fanlight_tests::{Viewer, first_prompt};

use crate::report::{Row, Target};
use crate::scene::Scene;

const SESSIONS: usize = 50;
/// 1.2 MB.
const MOST_MIB: f64 = 1_200_000.0 / 1024.0 / 1024.0;
const QUIET: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let embedded = per_session(Scene::embedded().await?).await?;
    let guacd = per_session(Scene::guacd().await?).await?;
    let name = format!("memory added per idle session at {SESSIONS}, MiB (PSS)");
    let limit = "the same, against the limit of 1.2 MB".to_owned();
    Ok(vec![
        Row::ratio(name, embedded, guacd, Target::AtMost(1.0 / 8.0)),
        Row::ratio(limit, embedded, MOST_MIB, Target::AtMost(1.0)),
    ])
}

/// MiB that each of 50 sessions adds, all with a viewer, standing at their prompts.
async fn per_session(mut scene: Scene) -> Result<f64> {
    let before = scene.usage()?.pss;
    let mut viewers: Vec<Viewer> = Vec::new();
    for _ in 0..SESSIONS {
        let viewer = scene.attach().await?;
        first_prompt(&viewer).await?;
        viewers.push(viewer);
    }
    for viewer in &viewers {
        viewer.type_text("echo ready\n").await?;
    }
    for viewer in &viewers {
        viewer.settled(QUIET, LIMIT).await?;
    }
    Ok((scene.usage()?.pss - before) / 1024.0 / SESSIONS as f64)
}
