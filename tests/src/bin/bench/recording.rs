use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fanlight_core::Viewport;
use fanlight_tests::recordings::write_hour;
use fanlight_tests::{Browser, Engine, Gateway, Sshd, Viewer, first_prompt, ssh_session};
use reqwest::Method;
use serde_json::{Value, json};

use crate::processes::Usage;
use crate::report::{Row, Target, percentile};

const SESSIONS: usize = 100;
/// Logins and the beginning count nowhere.
const SETTLES_FOR: Duration = Duration::from_secs(5);
const MEASURED_FOR: Duration = Duration::from_secs(30);
/// What each session shows meanwhile: twenty coloured lines a second, as a build does. Waits
/// without a process of its own: two thousand of those a second would be what is measured.
const WORK: &str = "exec 9<> <(:); while :; do \
                    printf '\\e[3%dm%s\\e[0m building part %d of many\\n' \
                    $((RANDOM % 8)) ok $RANDOM; read -rt 0.05 -u 9; done\n";
const SEEKS: u64 = 20;
const MOST_SEEK_MS: f64 = 200.0;
const GATEWAY: &str = "[recordings]\nrecord = false\n[sessions]\nmax_per_user = 1000\n";

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let (sshd, mut gateway) =
        (Sshd::start().await?, Gateway::start_with(Engine::Embedded, GATEWAY).await?);
    let without = cpu_of(&mut gateway, &sshd, false).await?;
    let with = cpu_of(&mut gateway, &sshd, true).await?;
    let cpu = format!("CPU of {SESSIONS} sessions at work, recorded against not, s per minute");
    let seek = "seek in an hour's recording in Chromium, median, ms, against 200".to_owned();
    Ok(vec![
        Row::ratio(cpu, with, without, Target::AtMost(1.1)),
        Row::ratio(seek, median_seek().await?, MOST_SEEK_MS, Target::AtMost(1.0)),
    ])
}

/// Seconds of CPU that the gateway uses in a minute with sessions at work.
async fn cpu_of(gateway: &mut Gateway, sshd: &Sshd, recorded: bool) -> Result<f64> {
    let mut session = ssh_session(sshd)?;
    session["record"] = Value::from(recorded);
    let (mut ids, mut viewers) = (Vec::new(), Vec::new());
    for _ in 0..SESSIONS {
        let created = gateway.create(&session).await?;
        let id = created["session_id"].as_str().context("no session_id")?.to_owned();
        let viewer = Viewer::open(gateway, &id, Viewport::default()).await?;
        first_prompt(&viewer).await?;
        ids.push(id);
        viewers.push(viewer);
    }
    for viewer in &viewers {
        viewer.type_text(WORK).await?;
    }
    tokio::time::sleep(SETTLES_FOR).await;
    let process = gateway.process()?.id();
    let before = Usage::of([process])?.cpu;
    tokio::time::sleep(MEASURED_FOR).await;
    let used = Usage::of([process])?.cpu - before;
    ensure!(viewers.iter().all(|viewer| !viewer.progress().closed), "a session has ended");
    for id in ids {
        gateway.call(Method::DELETE, &format!("/api/sessions/{id}"), None).await?;
    }
    let (_, list) = gateway.call(Method::GET, "/api/recordings", None).await?;
    let made = list.as_array().map_or(0, Vec::len);
    ensure!(made == if recorded { SESSIONS } else { 0 }, "{made} recordings");
    Ok(used * 60.0 / MEASURED_FOR.as_secs_f64())
}

/// Milliseconds from a click on the timeline to the picture.
async fn median_seek() -> Result<f64> {
    let mut gateway = Gateway::start_with(Engine::Embedded, GATEWAY).await?;
    // The folder is there once a gateway has run.
    gateway.stop();
    write_hour(&gateway.recordings(), "hour")?;
    gateway.restart().await?;
    let browser = Browser::start().await?;
    browser.goto(&gateway.sign_in_link()?).await?;
    browser.goto(&format!("{}/recordings/hour", gateway.url())).await?;
    let shows = "document.querySelector('[data-testid=player]')?.dataset.seeking === 'false' && \
                 document.querySelector('[data-testid=player] canvas') !== null";
    browser.wait_until(shows).await?;
    browser.press("k").await?;
    let mut times = Vec::new();
    for turn in 0..SEEKS {
        // Never the same minute, and never the next one, which the player has fetched.
        times.push(seek(&browser, (turn * 17 % 60) * 60_000 + 30_500).await?);
    }
    browser.close().await?;
    Ok(percentile(&times, 0.5))
}

async fn seek(browser: &Browser, to: u64) -> Result<f64> {
    let go = format!(
        "(() => {{ const line = document.querySelector('[data-testid=player] input[type=range]');
          line.value = {to}; line.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
    );
    browser.evaluate(&go).await?;
    let there = format!(
        "(() => {{ const {{ at, seeking }} = document.querySelector('[data-testid=player]').dataset;
          return seeking === 'false' && Number(at) === {to} }})()"
    );
    browser.wait_until(&there).await?;
    let took = "Number(document.querySelector('[data-testid=player]').dataset.took)";
    let took = browser.evaluate(took).await?;
    took.as_f64().with_context(|| json!({ "took": took }).to_string())
}
