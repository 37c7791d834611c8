use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use fanlight_tests::{Sshd, UNKNOWN};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::report::{Row, Target, percentile};
use crate::scene::{Place, Scene};

const ROUNDS: usize = 5;
const COMPARED_LINES: usize = 1000;
/// Of their 70,000 characters.
const MOST_UNKNOWN: usize = 20;
/// So long must nothing be drawn before the output counts as shown in full. It is not
/// part of the time that is reported.
const QUIET: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(120);

struct Figures {
    cpu: f64,
    seconds: f64,
}

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let file = printable_file();
    let numbers = numbers(300_000);
    let mut rows = Vec::new();
    let mut cat = None;
    for (name, command, expected) in
        [("cat of 20 MB", "cat big", &file), ("seq 1 300000", "seq 1 300000", &numbers)]
    {
        let embedded = shown(Scene::embedded().await?, command, expected).await;
        let embedded = embedded.context("on the embedded engine")?;
        let guacd = shown(Scene::guacd().await?, command, expected).await;
        let guacd = guacd.context("on guacd")?;
        rows.push(Row::ratio(
            format!("{name}: CPU seconds"),
            embedded.cpu,
            guacd.cpu,
            Target::AtMost(1.0 / 5.0),
        ));
        rows.push(Row::ratio(
            format!("{name}: seconds until the screen is done"),
            embedded.seconds,
            guacd.seconds,
            Target::AtMost(1.0 / 4.0),
        ));
        cat.get_or_insert(embedded.seconds);
    }
    let cat = cat.context("nothing was measured")?;
    for (how, terminal, target) in [
        ("ssh -tt into a file", true, Target::AtMost(1.5)),
        ("ssh into a file, without a terminal", false, Target::None),
    ] {
        let name = format!("cat of 20 MB: seconds, against {how}");
        rows.push(Row::ratio(name, cat, into_a_file(&file, terminal).await?, target));
    }
    Ok(rows)
}

/// Seconds that OpenSSH's client takes for the same output, from its first byte on, so that
/// the login counts nowhere. The median of some rounds. A terminal ends lines with two bytes.
async fn into_a_file(file: &str, terminal: bool) -> Result<f64> {
    let sshd = Sshd::start().await?;
    fs::write(sshd.home().join("big"), file)?;
    let bytes = if terminal { file.len() + file.lines().count() } else { file.len() };
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut ssh = Command::from(sshd.ssh()?);
        ssh.args(terminal.then_some("-tt"))
            .arg("cat big")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut client = ssh.spawn()?;
        let mut output = client.stdout.take().context("no pipe")?;
        let first = output.read_u8().await?;
        let begin = Instant::now();
        let mut copy = tokio::fs::File::create(sshd.home().join("copy")).await?;
        let rest = timeout(LIMIT, tokio::io::copy(&mut output, &mut copy)).await??;
        times.push(begin.elapsed().as_secs_f64());
        ensure!(first == file.as_bytes()[0] && rest + 1 == bytes as u64, "{rest} bytes came");
    }
    Ok(percentile(&times, 0.5))
}

/// Runs a command whose output is `expected`. The figures count only if the last lines
/// that are shown are the last lines of it.
async fn shown(mut scene: Scene, command: &str, expected: &str) -> Result<Figures> {
    fs::write(scene.sshd.home().join("big"), expected)?;
    let Place { viewer, reader } = scene.sit_down().await?;
    viewer.type_text("clear\n").await?;
    viewer.settled(Duration::from_millis(300), LIMIT).await?;
    let before = scene.usage()?.cpu;
    let begin = Instant::now();
    viewer.type_text(&format!("{command}\n")).await?;
    viewer.settled(QUIET, LIMIT).await?;
    let seconds = viewer.progress().drawn_at.duration_since(begin).as_secs_f64();
    let cpu = scene.usage()?.cpu - before;
    let lines = reader.last_lines(&viewer, COMPARED_LINES).await?;
    compare(&lines, expected, viewer.progress().lossy > 0).with_context(|| {
        let foot = lines[lines.len().saturating_sub(3)..].join("\n");
        format!("{command} is not shown as it was printed; the last lines are:\n{foot}")
    })?;
    Ok(Figures { cpu, seconds })
}

/// The lines above the prompt must be the last ones of `expected`, but for a few characters
/// that guacd drew too roughly to be told apart.
fn compare(shown: &[String], expected: &str, lossy: bool) -> Result<()> {
    let prompt = shown.iter().rposition(|line| line.starts_with('$')).context("no prompt")?;
    let expected: Vec<&str> = expected.lines().collect();
    ensure!(prompt >= COMPARED_LINES, "only {prompt} lines were kept");
    let shown = &shown[prompt - COMPARED_LINES..prompt];
    let expected = &expected[expected.len() - COMPARED_LINES..];
    let wrong = shown.iter().zip(expected).find(|(shown, expected)| !alike(shown, expected));
    ensure!(wrong.is_none(), "shown and expected: {wrong:?}");
    let unknown = shown.iter().flat_map(|line| line.chars()).filter(|c| *c == UNKNOWN).count();
    ensure!(unknown <= if lossy { MOST_UNKNOWN } else { 0 }, "{unknown} characters are unreadable");
    Ok(())
}

/// Whether two lines are the same where the shown one can be read.
fn alike(shown: &str, expected: &str) -> bool {
    let same = |(shown, expected)| shown == expected || shown == UNKNOWN;
    shown.chars().count() == expected.chars().count()
        && shown.chars().zip(expected.chars()).all(same)
}

fn numbers(last: u32) -> String {
    (1..=last).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{number}");
        text
    })
}

/// Words of a log, for lines that look like what people look at.
const WORDS: [&str; 16] = [
    "accepted",
    "connection",
    "from",
    "closed",
    "session",
    "opened",
    "for",
    "user",
    "root",
    "daemon",
    "started",
    "in",
    "warning:",
    "retry",
    "after",
    "timeout",
];

/// 20 MB of numbered lines of words, at most 79 characters, the same at each run.
pub(crate) fn printable_file() -> String {
    lines_of_words(20_000_000)
}

/// The beginning of the same, of about so many bytes.
pub(crate) fn lines_of_words(size: usize) -> String {
    let mut text = String::with_capacity(size + 100);
    let mut state = 1_u32;
    let mut number = 0;
    while text.len() < size {
        number += 1;
        let start = text.len();
        let _ = write!(text, "{number:07}");
        while text.len() - start < 65 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push(' ');
            text.push_str(WORDS[(state >> 28) as usize]);
        }
        text.push('\n');
    }
    text
}
