//! Banners, and dry runs: what happens before a session, and instead of one.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Fixture, Made, add_key, eventually, merge};
use crate::kettle::RELEASED;

const TEXT: &str = "Mind the steam.\nAuthorised cups only.";

async fn with_banner(fixture: &Fixture) -> Made {
    fixture.make(merge(fixture.kettle_request(), json!({ "banner": TEXT, "name": "Tea" }))).await
}

fn path(made: &Made, query: &str) -> String {
    format!("/api/sessions/{}/banner{query}", made.id())
}

#[tokio::test]
async fn a_banner_is_shown_to_the_owner_and_to_the_bearer_of_the_share_token() {
    let fixture = Fixture::start().await;
    let made = with_banner(&fixture).await;
    assert_eq!(made.text("banner_text"), TEXT);
    let shown = fixture.get(&path(&made, "")).await.body;
    assert_eq!(shown, json!({ "banner": TEXT, "text": TEXT, "name": "Tea", "waits": true }));
    let by_share = path(&made, &format!("?token={}", made.share_token()));
    let shared = fixture.call("", Method::GET, &by_share, None).await;
    assert_eq!((shared.status, &shared.body["banner"]), (StatusCode::OK, &json!(TEXT)));
    let listed = fixture.get(&format!("/api/sessions/{}", made.id())).await.body;
    assert_eq!(listed["banner"], TEXT);
    let _owner = fixture.own(&made).await;
    fixture.wait_for_status(&made, "active").await;
    assert_eq!(fixture.get(&path(&made, "")).await.body["waits"], false);
}

#[tokio::test]
async fn a_banner_is_for_no_one_else() {
    let fixture = Fixture::start().await;
    let (made, other) = (with_banner(&fixture).await, with_banner(&fixture).await);
    let nobody = fixture.call("", Method::GET, &path(&made, ""), None).await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
    for token in ["garbage", other.share_token()] {
        let query = path(&made, &format!("?token={token}"));
        let refused = fixture.call("", Method::GET, &query, None).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let admin = add_key(&fixture.app, "another-admin").await;
    let seen = fixture.call(&admin, Method::GET, &path(&made, ""), None).await;
    assert_eq!(seen.status, StatusCode::OK, "an API key is an admin");
}

#[tokio::test]
async fn a_browser_with_an_opening_link_is_shown_the_banner_too() {
    let fixture = Fixture::start().await;
    let made = with_banner(&fixture).await;
    let opened = fixture.call("", Method::GET, made.text("open_url"), None).await;
    let cookies = opened.headers.get_all("set-cookie").iter();
    let cookies: Vec<_> = cookies.map(|cookie| cookie.to_str().unwrap()).collect();
    let at = format!("Path=/api/sessions/{}/banner;", made.id());
    let cookie = cookies.iter().find(|cookie| cookie.contains(&at)).unwrap();
    let pair = cookie.split(';').next().unwrap();
    let url = format!("http://{}{}", fixture.address, path(&made, ""));
    let shown = reqwest::Client::new().get(url).header("cookie", pair).send().await.unwrap();
    assert_eq!(shown.json::<Value>().await.unwrap()["banner"], TEXT);
}

#[tokio::test]
async fn a_session_with_a_banner_waits_for_its_reader_and_dials_nothing() {
    let fixture = Fixture::with(|config| {
        config.sessions.pending_timeout = Duration::from_millis(50);
        config.sessions.keypair_timeout = Duration::from_secs(900);
    })
    .await;
    let made = with_banner(&fixture).await;
    let plain = fixture.make(fixture.kettle_request()).await;
    fixture.wait_for_status(&plain, "expired").await;
    let view = fixture.get(&format!("/api/sessions/{}", made.id())).await.body;
    assert_eq!(view["status"], "pending");
    assert_eq!(fixture.kettle.connections(), 0);
    let deleted = fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "Cancel ends it");
    assert_eq!(fixture.kettle.connections(), 0);
}

#[tokio::test]
async fn a_dry_run_climbs_the_ladder_and_leaves_nothing() {
    let fixture = Fixture::start().await;
    let before = RELEASED.lock().len();
    let reply = fixture.post("/api/sessions?dry_run=true", fixture.kettle_request()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    assert_eq!(reply.body["reached"], true, "{}", reply.body);
    let steps = reply.body["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names[..2], ["Check the network rules", "Heat the water"]);
    assert!(steps.iter().all(|step| step["state"] == "done" && step["milliseconds"].is_u64()));
    assert!(RELEASED.lock().len() >= before + 2, "what the driver kept was released");
    eventually("the target is left", Duration::from_secs(5), || fixture.kettle.connections() == 0)
        .await;
    assert_eq!(fixture.get("/api/sessions").await.body, json!([]), "no session was made");
}

#[tokio::test]
async fn a_dry_run_that_fails_says_where_why_and_what_to_do() {
    let fixture = Fixture::start().await;
    let cold = merge(fixture.kettle_request(), json!({ "mishap": "fails" }));
    let reply = fixture.post("/api/sessions?dry_run=true", cold).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.body["reached"], false);
    assert_eq!(reply.body["error"], "The tea is cold.");
    let nobody = json!({
        "session_type": "kettle", "spout": fixture.kettle.path.with_file_name("nobody"),
        "brew": { "leaf": "assam", "chest_code": "canary-7" },
    });
    let reply = fixture.post("/api/sessions?dry_run=true", nobody).await;
    let steps = reply.body["steps"].as_array().unwrap();
    let last = steps.last().unwrap();
    assert_eq!((&last["name"], &last["state"]), (&json!("Heat the water"), &json!("failed")));
    assert_eq!(last["cause"], "refused");
    assert!(last["message"].is_string() && last["advice"].is_string(), "{last}");
    assert!(!reply.body.to_string().contains("canary"));
    let invalid = fixture.post("/api/sessions?dry_run=true", json!({})).await;
    assert_eq!(invalid.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn bar_69_a_dry_run_that_panics_or_is_left_releases_all() {
    let fixture = Fixture::start().await;
    let broken = merge(fixture.kettle_request(), json!({ "mishap": "panics" }));
    let before = RELEASED.lock().len();
    let reply = fixture.post("/api/sessions?dry_run=true", broken).await;
    assert_eq!((reply.status, &reply.body["reached"]), (StatusCode::OK, &json!(false)));
    assert!(RELEASED.lock().len() >= before + 2);
}
