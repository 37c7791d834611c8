use std::time::Duration;

use fanlight_core::Secret;
use fanlight_driver_web::signin::{Autofill, Credentials, Seed, fill_forms};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::site::{Sent, Sites};
use crate::browser::Browser;

const PATIENCE: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// One entry for each host, all of which send.
fn entries(hosts: &[&str]) -> Value {
    let entry = |host: &&str| {
        json!({
            "url": format!("http://{host}/any/path"),
            "username": if *host == "login.test" { r"CORP\$USERNAME" } else { "$USERNAME" },
            "password": "$PASSWORD",
            "totp": "$TOTP",
            "submit": true,
        })
    };
    hosts.iter().map(entry).collect()
}

fn sign_in(browser: &Browser, entries: &Value) -> JoinHandle<()> {
    let secret = |text: &str| Some(Secret::new(text.to_owned()));
    let autofill = Autofill::read(&entries.to_string()).unwrap();
    let seed = Some(Seed::read("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap());
    let credentials = Credentials { username: secret("ann"), password: secret("p&ss wörd"), seed };
    let filling = fill_forms(browser.connection.clone(), autofill, credentials);
    tokio::spawn(async move {
        // Until the browser is gone.
        let _ = filling.await;
    })
}

/// Waits until as many forms were sent.
async fn sent(sites: &Sites, count: usize) -> Vec<(String, String)> {
    let arrived = async {
        while sites.sent().len() < count {
            sleep(BETWEEN_LOOKS).await;
        }
    };
    let waited = timeout(PATIENCE, arrived).await;
    let all = sites.sent();
    assert!(waited.is_ok(), "{all:?}");
    all.into_iter().map(|Sent { host, body }| (host, body)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_log_in_is_signed_in() {
    let sites = Sites::start().await;
    let browser = Browser::start(&sites.world()).await;
    let opened =
        ["simple.test", "tracked.test", "two.test", "shadow.test", "sso.test", "framed.test"];
    let filling =
        sign_in(&browser, &entries(&[&opened[..], &["login.test", "inner.test"]].concat()));
    for host in opened {
        browser.open(&format!("http://{host}/")).await;
    }
    let password = "pass=p%26ss+w%C3%B6rd";
    let expected = [
        ("inner.test", format!("username=ann&{password}")),
        ("login.test", format!("username=CORP%5Cann&{password}")),
        ("shadow.test", format!("who=ann&{password}")),
        ("simple.test", format!("q=&who=ann&{password}")),
        ("sso.test", format!("username=ann&{password}")),
        ("tracked.test", format!("who=ann&{password}")),
        ("two.test", password.to_owned()),
        ("two.test", "who=ann".to_owned()),
    ]
    .map(|(host, body)| (host.to_owned(), body));
    assert_eq!(sent(&sites, expected.len()).await, expected);
    let addresses = browser.tabs().await.join(" ");
    assert!(
        ["ann", "ss+w", "p&ss", "%26"].iter().all(|part| !addresses.contains(part)),
        "{addresses}"
    );
    filling.abort();
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_time_codes_are_filled_in_and_a_wrong_password_is_sent_once() {
    let sites = Sites::start().await;
    let browser = Browser::start(&sites.world()).await;
    let filling = sign_in(&browser, &entries(&["code.test", "wrong.test"]));
    browser.open("http://code.test/").await;
    let codes = sent(&sites, 1).await;
    let code = codes[0].1.strip_prefix("code=").unwrap();
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    browser.open("http://wrong.test/").await;
    sent(&sites, 2).await;
    // The log-in page is back: it is filled in again for the person to see, and not sent.
    let filled = "new Promise((yes) => setInterval(() => { \
                  const input = document.querySelector('[type=password]'); \
                  if (input?.value) yes(input.value); }, 50))";
    assert_eq!(browser.evaluate("http://wrong.test/done", filled).await, "p&ss wörd");
    assert_eq!(sites.sent().len(), 2);
    filling.abort();
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_filled_in_elsewhere() {
    let sites = Sites::start().await;
    let browser = Browser::start(&sites.world()).await;
    let entries =
        json!([{"url": "http://simple.test", "username": "$USERNAME", "password": "$PASSWORD"}]);
    let filling = sign_in(&browser, &entries);
    let elsewhere =
        ["http://sub.simple.test/", "http://simple.test:8080/", "http://simple.test/register"];
    for url in elsewhere {
        browser.open(url).await;
    }
    // Where it may be, it is, and is not sent, since that is not asked for. The page looks
    // into its own fields, and finds nothing of the world that filled them.
    browser.open("http://simple.test/").await;
    let values = "[...document.querySelectorAll('input')].map((input) => input.value).join()";
    let filled = format!(
        "new Promise((yes) => setInterval(() => {{ if ({values}.length > 3) yes({values}); }}, 50))"
    );
    assert_eq!(browser.evaluate("http://simple.test/", &filled).await, ",ann,p&ss wörd");
    let traces = "Object.keys(globalThis).filter((key) => key.startsWith('fanlight')).length";
    assert_eq!(browser.evaluate("http://simple.test/", traces).await, 0);
    for url in elsewhere {
        let value = browser.evaluate(url, values).await;
        assert!(value.as_str().unwrap().chars().all(|c| c == ','), "{url}: {value}");
    }
    assert!(sites.sent().is_empty());
    filling.abort();
    browser.end().await;
}
