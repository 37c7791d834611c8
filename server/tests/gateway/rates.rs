use std::net::IpAddr;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Fixture, client};

const BURST: usize = 5;

/// One request a second in the long run: a busy machine gives no second one back in time.
async fn strict(more: &[(&str, Value)]) -> Fixture {
    let limits = [("rate_limit.per_second", json!(1)), ("rate_limit.burst", json!(BURST))];
    Fixture::with(&[&limits, more].concat()).await
}

async fn statuses(fixture: &Fixture, forwarded: impl Fn(usize) -> String) -> Vec<StatusCode> {
    let mut found = Vec::new();
    for number in 0..BURST * 4 {
        let request = fixture.get("/api/health").header("x-forwarded-for", forwarded(number));
        found.push(request.send().await.unwrap().status());
    }
    found
}

fn refused(statuses: &[StatusCode]) -> usize {
    statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count()
}

#[tokio::test]
async fn bar_04_an_address_that_asks_too_often_is_told_to_wait_and_others_are_not() {
    let fixture = strict(&[]).await;
    let found = statuses(&fixture, |_| String::new()).await;
    assert!(found[..BURST].iter().all(|status| *status == StatusCode::OK), "{found:?}");
    assert!(refused(&found) > 0, "{found:?}");
    // Empty it: whatever came back meanwhile is used up.
    let reply = loop {
        let reply = fixture.get("/api/me").bearer_auth("garbage").send().await.unwrap();
        if reply.status() == StatusCode::TOO_MANY_REQUESTS {
            break reply;
        }
    };
    let wait: u64 = reply.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    assert!(reply.headers().contains_key("content-security-policy"));
    let body: Value = reply.json().await.unwrap();
    assert_eq!(body["code"], "too_many_requests");
    let elsewhere = client(Some(IpAddr::from([127, 0, 0, 2])));
    let reply = elsewhere.get(fixture.url("/api/health")).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(wait)).await;
    let after = fixture.get("/api/health").send().await.unwrap();
    assert_eq!(after.status(), StatusCode::OK, "the wait that was told is enough");
}

#[tokio::test]
async fn bar_04_rotating_the_forwarded_address_does_not_help_a_stranger() {
    let fixture = strict(&[]).await;
    let found = statuses(&fixture, |number| format!("192.0.2.{number}")).await;
    assert!(refused(&found) > 0, "{found:?}");
}

#[tokio::test]
async fn bar_04_behind_a_proxy_each_client_has_its_own_count_and_forging_does_not_help() {
    let fixture = strict(&[("server.trusted_proxies", json!(["127.0.0.1"]))]).await;
    let found = statuses(&fixture, |number| format!("192.0.2.{number}")).await;
    assert_eq!(refused(&found), 0, "{found:?}");
    // What a client writes stands to the left of what the proxy adds.
    let found = statuses(&fixture, |number| format!("10.9.8.{number}, 198.51.100.7")).await;
    assert!(refused(&found) > 0, "{found:?}");
    let found = statuses(&fixture, |number| format!("2001:db8:1:2::{number}")).await;
    assert!(refused(&found) > 0, "one IPv6 network is one client: {found:?}");
}

#[tokio::test]
async fn a_page_with_all_its_parts_and_a_burst_of_requests_fit_the_usual_limits() {
    let fixture = Fixture::start().await;
    let ask = |_| fixture.get("/api/health").send();
    let replies = futures_util::future::join_all((0..600).map(ask)).await;
    assert!(replies.into_iter().all(|reply| reply.unwrap().status() == StatusCode::OK));
}
