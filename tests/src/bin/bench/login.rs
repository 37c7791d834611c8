use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fanlight_tests::{Sshd, TerminalReader};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use fanlight_tests::viewer::SHOWN_WITHIN;

use crate::report::{Row, Target, percentile};
use crate::scene::Scene;

const ROUNDS: usize = 15;

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let (embedded, guacd) = (Scene::embedded().await?, Scene::guacd().await?);
    let embedded_reader = embedded.sit_down().await?.reader;
    let guacd_reader = guacd.sit_down().await?.reader;
    let (mut plain, mut own, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(plain_login(&embedded.sshd).await?);
        own.push(create_to_prompt(&embedded, &embedded_reader).await?);
        theirs.push(create_to_prompt(&guacd, &guacd_reader).await?);
    }
    let median = |times: &[f64]| percentile(times, 0.5);
    let (plain, own, theirs) = (median(&plain), median(&own), median(&theirs));
    Ok(vec![
        Row::ratio("create to prompt, ms, against guacd".into(), own, theirs, Target::None),
        Row::ratio(
            "create to prompt, ms, against plain ssh".into(),
            own,
            plain,
            Target::AtMost(1.1),
        ),
    ])
}

/// Milliseconds from the request that creates a session to the frame with the prompt.
async fn create_to_prompt(scene: &Scene, reader: &TerminalReader) -> Result<f64> {
    let begin = Instant::now();
    let viewer = scene.attach().await?;
    let mut drawings = 0;
    loop {
        let progress = viewer.drawing_after(drawings).await?;
        drawings = progress.drawings;
        ensure!(!progress.closed, "the session ended: {:?}", viewer.error());
        let picture = viewer.picture()?;
        if reader.covers(&picture) && reader.read(&picture).iter().any(|row| row.starts_with('$')) {
            return Ok(progress.drawn_at.duration_since(begin).as_secs_f64() * 1000.0);
        }
    }
}

/// Milliseconds from the start of OpenSSH's client to the prompt.
async fn plain_login(sshd: &Sshd) -> Result<f64> {
    let begin = Instant::now();
    let mut ssh = Command::from(sshd.ssh()?);
    ssh.arg("-tt").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut ssh = ssh.spawn().context("start ssh")?;
    let mut output = ssh.stdout.take().context("no pipe")?;
    let mut printed = Vec::new();
    while !printed.ends_with(b"$ ") {
        let read = timeout(SHOWN_WITHIN, output.read_buf(&mut printed)).await??;
        ensure!(read > 0, "ssh ended");
    }
    Ok(begin.elapsed().as_secs_f64() * 1000.0)
}
