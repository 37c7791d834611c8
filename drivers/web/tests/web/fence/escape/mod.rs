//! A page that tries every way out, in a real Chromium.

mod capture;
mod places;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use fanlight_driver_web::fence::{CHROMIUM_ARGUMENTS, Rules};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::home::{Home, is_root, serving};
use crate::world::World;
use capture::Capture;
use places::{Canary, Origin};

const PATIENCE: Duration = Duration::from_secs(120);
const PAGE: &str = "http://app.test/";
/// Waits for the word to go, so that the capture has begun by then.
const WAIT_AND_GO: &str = r#"while [ ! -e "$HOME/go" ]; do sleep 0.02; done; exec "$@""#;

/// Those of a test, which has no business but one page: no sandbox flag among them.
fn arguments(home: &Home) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--disable-popup-blocking",
        "--unsafely-treat-insecure-origin-as-secure=http://app.test",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--user-data-dir={}", home.path().join("profile").display()));
    arguments
}

/// Ends the browser, and waits until nothing of it writes into its profile any more.
async fn end(mut browser: Child, home: &Home) {
    browser.kill().await.unwrap();
    let emptied = async {
        let profile = home.path().join("profile");
        while profile.exists() && fs::remove_dir_all(&profile).is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, emptied).await.unwrap();
}

/// What the page found, by the name of the attempt.
async fn report(origin: &mut Origin) -> BTreeMap<String, String> {
    let text = timeout(PATIENCE, origin.reports.recv()).await.expect("the page reports");
    let map: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text.unwrap()).unwrap();
    map.into_iter().map(|(name, found)| (name, found.as_str().unwrap().to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bar_42_not_one_packet_goes_but_to_the_proxy() {
    let canary = Canary::start().await;
    let mut origin = Origin::start(&canary).await;
    let (home, world) = (Home::new(), Arc::<World>::default());
    world.add("app.test", origin.address);
    let rules = Rules::only(vec!["app.test".parse().unwrap()]);
    let mut all = arguments(&home);
    all.extend(CHROMIUM_ARGUMENTS.map(str::to_owned));
    let mut command = vec!["-c", WAIT_AND_GO, "bash", "chromium"];
    command.extend(all.iter().map(String::as_str));
    command.push(PAGE);
    let serve = serving(Arc::clone(&world), rules);
    let (browser, fenced) = home.start("bash", &command, true, serve).await;
    let file = home.path().join("packets");
    let capture = Capture::inside(browser.id().unwrap(), file).await;
    fs::write(home.path().join("go"), "").unwrap();
    let found = report(&mut origin).await;
    let proxy = fenced.address().port();
    let (to_proxy, others) = (format!("tcp port {proxy}"), format!("not tcp port {proxy}"));
    let packets = capture.finish(&[&to_proxy, &others]).await;
    end(browser, &home).await;

    let reached: Vec<_> = found.iter().filter(|(_, how)| *how != "blocked").collect();
    assert!(found.len() > 60 && reached.is_empty(), "{} tried: {reached:?}", found.len());
    assert!(packets[0].len() > 100, "{}", packets[0].len());
    assert!(packets[1].is_empty(), "{:#?}", packets[1]);
    assert!(canary.heard().is_empty(), "{:?}", canary.heard());
    let dialled = world.reached();
    assert!(dialled.iter().all(|place| place == "app.test:80"), "{dialled:?}");
    let visits = world.visits.lock().clone();
    for blocked in ["evil.test", "127.0.0.1", "::1", "localhost"] {
        assert!(visits.contains(&(blocked.to_owned(), false)), "{blocked}: {visits:?}");
    }
}

/// That the page's attempts are real: the same browser without a fence makes them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_fence_the_page_escapes() {
    let canary = Canary::start().await;
    let mut origin = Origin::start(&canary).await;
    let home = Home::new();
    let browser = unfenced(&home, &origin, &canary);
    let found = report(&mut origin).await;
    end(browser, &home).await;
    let heard = canary.heard();
    for way in [
        "name-fetch",
        "name-no-cors",
        "name-image",
        "name-script",
        "name-frame",
        "name-websocket",
        "name-beacon",
        "name-event-source",
        "address-fetch",
        "address-websocket",
        "six-fetch",
        "localhost-fetch",
        "decimal-fetch",
        "prefetch",
        "preload",
        "stylesheet",
        "css-import",
        "css-url",
        "font",
        "redirect",
        "redirect-to-address",
        "form",
        "meta-refresh",
        "object",
        "embed",
        "video",
        "keepalive",
        "popup",
        "worker",
        "data-frame",
        "service-worker",
    ] {
        assert!(heard.contains(&format!("/{way}")), "{way} is no attempt: {heard:?}");
    }
    assert!(heard.contains(&"udp".to_owned()), "{heard:?}");
    assert_eq!(found["name-fetch"], "reached");
}

fn unfenced(home: &Home, origin: &Origin, canary: &Canary) -> Child {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    let (site, evil) = (origin.address, canary.tcp.ip());
    let names = format!("MAP app.test:80 {site}, MAP *.evil.test {evil}, MAP evil.test {evil}");
    command
        .args(["--no-new-privs", "--", "chromium"])
        .args(arguments(home))
        .arg(format!("--host-resolver-rules={names}"))
        .arg(PAGE)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", home.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}
