//! What ends a session by itself, and how those in it are warned.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fanlight::access::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Fixture, Made, Viewer, eventually};
use crate::people::{person, token_of};

const SECOND: Duration = Duration::from_secs(1);

/// A scripted session and its owner's viewer.
async fn running(fixture: &Fixture) -> (Made, Viewer) {
    let made = fixture.scripted(json!({})).await;
    let mut owner = fixture.own(&made).await;
    owner.until("ready").await;
    (made, owner)
}

#[tokio::test]
async fn an_idle_session_warns_ends_and_says_why() {
    let fixture = Fixture::with(|config| {
        config.sessions.idle_timeout = Some(Duration::from_millis(1500));
        config.sessions.idle_warning = Duration::from_millis(700);
    })
    .await;
    let (made, mut owner) = running(&fixture).await;
    let begun = Instant::now();
    let warned = owner.until("ends").await;
    assert_eq!(warned[1..], ["idle", "1"]);
    let (message, code) = owner.until_error().await;
    assert!(begun.elapsed() >= Duration::from_millis(1300), "{:?}", begun.elapsed());
    assert!(message.contains("Nobody typed"), "{message}");
    assert_eq!(code, 0x20A.to_string());
    let seen = fixture.wait_for_status(&made, "expired").await;
    assert!(seen["ended_because"].as_str().unwrap().contains("Nobody typed"));
}

#[tokio::test]
async fn any_input_of_who_may_act_keeps_a_session_awake_and_a_guests_look_does_not() {
    let fixture = Fixture::with(|config| {
        config.sessions.idle_timeout = Some(Duration::from_secs(3));
        config.sessions.idle_warning = Duration::from_secs(2);
    })
    .await;
    let (made, mut owner) = running(&fixture).await;
    let path = format!("{}?key={}", made.ws_url(), made.share_token());
    let mut guest = fixture.dial(&path, &[]).await.unwrap();
    guest.until("ready").await;
    for act in ["3.key,2.65,1.1;", "5.mouse,1.1,1.1,1.0;", "4.stay;"] {
        assert_eq!(owner.until("ends").await[1], "idle");
        owner.send(act).await;
        assert_eq!(owner.until("ends").await[1], "", "{act} takes the warning back");
    }
    assert_eq!(owner.until("ends").await[1], "idle");
    guest.send("3.key,2.65,1.1;4.stay;").await;
    let (message, _) = owner.until_error().await;
    assert!(message.contains("Nobody typed"), "{message}");
}

#[tokio::test]
async fn the_longest_duration_is_warned_of_and_told_by_the_api() {
    let fixture = Fixture::with(|config| config.sessions.max_duration = 2 * SECOND).await;
    let (made, mut owner) = running(&fixture).await;
    let seen = fixture.get(&format!("/api/sessions/{}", made.id())).await.body;
    assert!(seen["expires_at"].as_str() > seen["created_at"].as_str(), "{seen}");
    assert_eq!(owner.until("ends").await[1], "duration");
    let (message, _) = owner.until_error().await;
    assert!(message.contains("longest duration"), "{message}");
}

#[tokio::test]
async fn too_many_sessions_are_refused_in_clear_words() {
    let fixture = Fixture::with(|config| {
        config.sessions.max_per_user = 2;
        config.sessions.max_total = 3;
    })
    .await;
    let ann = person(&fixture, "ann", Role::Poweruser).await;
    let (_, token) = token_of(&fixture, &ann.user).await;
    let post = async |key: &str| {
        let body = Some(fixture.kettle_request());
        fixture.call(key, Method::POST, "/api/sessions", body).await
    };
    let first = Made(post(&fixture.key).await.body);
    assert_eq!(post(&fixture.key).await.status, StatusCode::CREATED);
    let full = post(&fixture.key).await;
    assert_eq!(full.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(full.body["error"].as_str().unwrap().contains("You have too many"), "{}", full.body);
    assert!(full.headers.contains_key("retry-after"));
    assert_eq!(post(&token).await.status, StatusCode::CREATED);
    let full = post(&token).await;
    assert!(full.body["error"].as_str().unwrap().contains("This gateway"), "{}", full.body);
    fixture.delete(&format!("/api/sessions/{}", first.id())).await;
    assert_eq!(post(&token).await.status, StatusCode::CREATED, "a place is free again");
}

/// Somebody's session on each engine, with their viewers.
async fn sessions_of(fixture: &Fixture, token: &str) -> Vec<Viewer> {
    let mut viewers = Vec::new();
    for engine in ["embedded", "guacd"] {
        let mut body = fixture.kettle_request();
        body["engine"] = json!(engine);
        let made = fixture.call(token, Method::POST, "/api/sessions", Some(body)).await.body;
        let bearer = format!("Bearer {token}");
        let ws = made["ws_url"].as_str().unwrap();
        let mut viewer = fixture.dial(ws, &[("authorization", &bearer)]).await.unwrap();
        viewer.until(if engine == "embedded" { "cfill" } else { "ready" }).await;
        viewers.push(viewer);
    }
    viewers
}

#[tokio::test]
async fn bar_51_disabling_somebody_cuts_their_sessions_within_a_second_on_both_engines() {
    let fixture = Fixture::start().await;
    let ann = person(&fixture, "ann", Role::Poweruser).await;
    let (_, token) = token_of(&fixture, &ann.user).await;
    let viewers = sessions_of(&fixture, &token).await;
    assert_eq!(fixture.kettle.connections(), 1);
    let begun = Instant::now();
    let path = format!("/api/users/{}/disable", ann.user.id);
    let disabled = fixture.call(&fixture.key, Method::POST, &path, None).await;
    assert_eq!(disabled.status, StatusCode::OK, "{}", disabled.body);
    eventually("the target's leg is closed", SECOND, || fixture.kettle.connections() == 0).await;
    let script = fixture.script.last();
    eventually("and the engine's", SECOND, || script.has_ended()).await;
    for mut viewer in viewers {
        viewer.until_error().await;
    }
    assert!(begun.elapsed() < 2 * SECOND, "{:?}", begun.elapsed());
    eventually("nobody looks", SECOND, || script.viewers.load(Ordering::Relaxed) == 0).await;
}

#[tokio::test]
async fn bar_78_a_gateway_that_stops_lets_sessions_end_in_peace_and_shows_how_long() {
    let fixture = Fixture::with(|config| config.server.drain = Duration::from_secs(3)).await;
    let (made, mut owner) = running(&fixture).await;
    let app = fixture.app.clone();
    let sessions = app.sessions.clone();
    let draining = tokio::spawn(async move { sessions.drain(Duration::from_secs(3)).await });
    let warned = owner.until("ends").await;
    assert_eq!(warned[1..], ["shutdown", "3"]);
    let refused = fixture.post("/api/sessions", fixture.kettle_request()).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.body);
    owner.send("3.key,2.65,1.1;").await;
    let script = fixture.script.last();
    let typed = || script.received.lock().concat().contains("key");
    eventually("the owner may go on", SECOND, typed).await;
    let begun = Instant::now();
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    draining.await.unwrap();
    assert!(begun.elapsed() < 2 * SECOND, "nobody is left to be waited for");
    let seen: Value = fixture.get(&format!("/api/sessions/{}", made.id())).await.body;
    assert_eq!(seen["status"], "completed");
}

#[tokio::test]
async fn the_history_keeps_who_where_how_long_how_much_and_why() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let mut owner = fixture.own(&made).await;
    owner.until("cfill").await;
    owner.key('a').await;
    eventually("the key arrives", SECOND, || fixture.kettle.heard().ends_with('a')).await;
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    let page = fixture.get("/api/sessions/history?q=ended the session").await.body;
    let row = &page["items"][0];
    assert_eq!(row["session_id"], made.text("session_id"), "{page}");
    for name in ["started_at", "ended_at", "created_by", "hostname", "engine", "ended_because"] {
        assert!(row[name].is_string(), "{name}: {row}");
    }
    assert!(row["bytes_in"].as_u64() > Some(10) && row["bytes_out"].as_u64() > Some(10), "{row}");
    // What is told while it can be made again is what is kept.
    let kept = fixture.app.store.session(made.id()).await.unwrap().unwrap();
    assert_eq!(json!(kept.bytes_in), row["bytes_in"]);
}
