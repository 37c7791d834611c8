//! What callers can do to the gateway that they should not: hang up in the middle, make
//! it hold what nobody needs, stay on when their access is gone.

use std::time::{Duration, Instant};

use fanlight::sessions::SessionStatus;
use reqwest::{Method, StatusCode};
use sqlx::{AnyConnection, Executor as _};

use crate::database;
use crate::harness::{Fixture, Made, Viewer, eventually};

const SECOND: Duration = Duration::from_secs(1);

/// Locks the database against writers until it commits or is dropped.
async fn lock(fixture: &Fixture) -> AnyConnection {
    database::lock(&fixture.app.config.database.place).await
}

#[tokio::test]
async fn bar_69_a_request_whose_caller_hangs_up_leaves_no_session_behind() {
    let fixture = Fixture::with(|config| {
        config.sessions.max_per_user = 1;
        config.sessions.pending_timeout = Duration::from_millis(100);
    })
    .await;
    let mut lock = lock(&fixture).await;
    let asking = fixture.post("/api/sessions", fixture.kettle_request());
    assert!(tokio::time::timeout(Duration::from_millis(300), asking).await.is_err());
    lock.execute("COMMIT").await.unwrap();
    let begun = Instant::now();
    loop {
        let reply = fixture.post("/api/sessions", fixture.kettle_request()).await;
        if reply.status == StatusCode::CREATED {
            break;
        }
        assert!(begun.elapsed() < 5 * SECOND, "its place is never given back: {}", reply.body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_session_that_could_not_be_recorded_takes_no_place() {
    let fixture = Fixture::with(|config| {
        config.sessions.max_per_user = 1;
        config.database.busy_timeout = Duration::from_millis(100);
    })
    .await;
    let lock = lock(&fixture).await;
    let refused = fixture.post("/api/sessions", fixture.kettle_request()).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refused.body);
    drop(lock);
    fixture.make(fixture.kettle_request()).await;
}

#[tokio::test]
async fn what_one_creator_makes_the_gateway_remember_is_bounded() {
    let fixture = Fixture::with(|config| config.sessions.max_per_user = 2).await;
    let mut made = Vec::new();
    for _ in 0..4 {
        let session = fixture.make(fixture.kettle_request()).await;
        fixture.delete(&format!("/api/sessions/{}", session.id())).await;
        made.push(session);
    }
    let held = |session: &Made| fixture.app.sessions.find(session.id()).is_some();
    let held: Vec<_> = made.iter().map(held).collect();
    assert_eq!(held, [false, false, true, true], "the latest ones can be made again");
}

async fn by_link(fixture: &Fixture, made: &Made) -> Viewer {
    let opened = fixture.call("", Method::GET, made.text("open_url"), None).await;
    let cookie = opened.headers["set-cookie"].to_str().unwrap();
    let shown = cookie.split(';').next().unwrap();
    fixture.dial(&made.ws_url(), &[("cookie", shown)]).await.unwrap()
}

#[tokio::test]
async fn bar_10_sessions_of_a_revoked_key_end_also_for_who_came_by_a_link() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let mut viewer = by_link(&fixture, &made).await;
    viewer.until("cfill").await;
    for key in fixture.app.store.api_keys().await.unwrap() {
        fixture.app.store.revoke_api_key(&key.name).await.unwrap();
    }
    let begun = Instant::now();
    let (message, _) = viewer.until_error().await;
    assert!(message.contains("access"), "{message}");
    eventually("the target leg is closed", SECOND, || fixture.kettle.connections() == 0).await;
    assert!(begun.elapsed() < 5 * SECOND);
}

#[tokio::test]
async fn the_start_of_a_session_that_has_ended_is_not_recorded_any_more() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    fixture.app.store.start_session(made.id()).await.unwrap();
    let row = fixture.app.store.session(made.id()).await.unwrap().unwrap();
    assert_eq!(row.status, SessionStatus::Completed);
}
