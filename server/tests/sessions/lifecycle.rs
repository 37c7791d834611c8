use std::time::{Duration, Instant};

use fanlight::access::{AuthType, Credential, Identity, Role};
use fanlight_core::{Cause, Endpoint, HostKey, SessionError};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Fixture, add_key, eventually, merge};
use crate::kettle::released;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_foreign_driver_works_end_to_end() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let mut viewer = fixture.own(&made).await;
    let uuid = viewer.next().await.unwrap();
    assert_eq!((uuid[0].as_str(), uuid[1].len()), ("", 36));
    viewer.until("cfill").await;
    fixture.wait_for_status(&made, "active").await;
    assert_eq!(fixture.kettle.heard(), "canary-7\n", "the nested secret reached the target");

    for character in "tea".chars() {
        viewer.key(character).await;
    }
    // Nine bytes of secret and three keys came back: that is the colour of the screen.
    while viewer.until("cfill").await[3] != "12" {}
    assert_eq!(fixture.kettle.heard(), "canary-7\ntea");

    let steps = fixture.get(&format!("/api/sessions/{}/steps", made.id())).await.body;
    let names: Vec<_> =
        steps.as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Check the network rules", "Start the engine", "Heat the water", "Pour"]);
    assert!(!fixture.get("/api/sessions").await.body.to_string().contains("canary"));
}

#[tokio::test]
async fn bar_32_credentials_beyond_ascii_reach_the_target_unharmed() {
    let fixture = Fixture::start().await;
    let brew = json!({ "brew": { "leaf": "keemun", "chest_code": "pä\u{df}wörd 茶 🫖" } });
    let made = fixture.make(merge(fixture.kettle_request(), brew)).await;
    fixture.own(&made).await.until("cfill").await;
    assert_eq!(fixture.kettle.heard(), "pä\u{df}wörd 茶 🫖\n");
}

#[tokio::test]
async fn steps_are_told_to_the_viewer_as_they_are_climbed() {
    let fixture = Fixture::start().await;
    fixture.names.set("kitchen.example", &[&["10.0.0.1"]]);
    let made = fixture
        .scripted(json!({ "spout": null, "kitchen": "kitchen.example", "script": "refuses" }))
        .await;
    let mut viewer = fixture.own(&made).await;
    let all = viewer.until_closed().await;
    let steps: Vec<_> = all.iter().filter(|i| i[0] == "step").collect();
    let last: Vec<_> = steps.iter().rev().take(1).map(|s| (s[1].as_str(), s[2].as_str())).collect();
    assert_eq!(last, [("2", "failed")], "{steps:?}");
    for name in ["Look up kitchen.example", "Check the network rules", "Start the engine"] {
        assert!(steps.iter().any(|step| step[4] == name), "{name}: {steps:?}");
    }
    let error = all.last().unwrap();
    assert_eq!(error[..2], ["error", "The engine is down."]);
    let seen = fixture.wait_for_status(&made, "error").await;
    assert_eq!(seen["ended_because"], "The engine is down.");
    assert_eq!(released(made.id()), ["saucer", "cup"]);
}

#[tokio::test]
async fn resources_are_released_in_reverse_order_whatever_prepare_does() {
    let fixture = Fixture::start().await;
    for (mishap, message) in
        [("fails", "The tea is cold."), ("panics", "Something went wrong in the gateway.")]
    {
        let body = merge(fixture.kettle_request(), json!({ "mishap": mishap }));
        let made = fixture.make(body).await;
        let (said, _) = fixture.own(&made).await.until_error().await;
        assert_eq!(said, message);
        fixture.wait_for_status(&made, "error").await;
        assert_eq!(released(made.id()), ["saucer", "cup"], "{mishap}");
    }
    let body = merge(fixture.kettle_request(), json!({ "mishap": "hangs" }));
    let made = fixture.make(body).await;
    let mut viewer = fixture.own(&made).await;
    viewer.next().await;
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    assert_eq!(released(made.id()), ["saucer", "cup"], "hangs");
}

#[tokio::test]
async fn bar_51_delete_closes_socket_and_target_within_a_second() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("cfill").await;
    assert_eq!(fixture.kettle.connections(), 1);
    let begun = Instant::now();
    let gone = fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    eventually("the target leg is closed", SECOND, || fixture.kettle.connections() == 0).await;
    let heard = fixture.kettle.heard();
    let (message, code) = viewer.until_error().await;
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    assert!(message.contains("ended the session"), "{message}");
    assert_eq!(code, 0x20B.to_string());
    assert_eq!(fixture.kettle.heard(), heard, "no key passes after the 204");
    let seen = fixture.wait_for_status(&made, "completed").await;
    assert!(seen["ended_at"].is_string() && seen["share_url"].is_null());
    assert_eq!(released(made.id()), ["saucer", "cup"]);
}

#[tokio::test]
async fn bar_51_the_longest_duration_ends_a_session_with_words() {
    let fixture =
        Fixture::with(|config| config.sessions.max_duration = Duration::from_millis(300)).await;
    let made = fixture.make(fixture.kettle_request()).await;
    let (message, code) = fixture.own(&made).await.until_error().await;
    assert!(message.contains("longest duration"), "{message}");
    assert_eq!(code, 0x20A.to_string());
    fixture.wait_for_status(&made, "expired").await;
    assert_eq!(fixture.kettle.connections(), 0);
}

#[tokio::test]
async fn bar_69_a_session_that_nobody_opens_leaves_nothing() {
    let fixture = Fixture::with(|config| {
        config.sessions.pending_timeout = Duration::from_millis(200);
        config.sessions.reconnect_grace = Duration::from_millis(50);
    })
    .await;
    let made = fixture.make(fixture.kettle_request()).await;
    fixture.wait_for_status(&made, "expired").await;
    let app = fixture.app.clone();
    eventually("it is forgotten", SECOND, || app.sessions.find(made.id()).is_none()).await;
    let shared = app.sessions.share_entrance(made.share_token(), made.id(), None).await.unwrap();
    assert!(shared.is_none(), "its share token is taken back");
    assert!(released(made.id()).is_empty(), "nothing was prepared");
    assert_eq!(fixture.kettle.connections(), 0);
}

#[tokio::test]
async fn bar_50_a_reload_takes_the_same_session_up_again() {
    let fixture =
        Fixture::with(|config| config.sessions.reattach_grace = Duration::from_millis(600)).await;
    let made = fixture.make(fixture.kettle_request()).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("cfill").await;
    viewer.key('a').await;
    while viewer.until("cfill").await[3] != "10" {}
    drop(viewer);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut again = fixture.own(&made).await;
    assert_eq!(again.until("cfill").await[3], "10", "the screen is there at once");
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(fixture.wait_for_status(&made, "active").await["active_connections"], 1);
    drop(again);
    let seen = fixture.wait_for_status(&made, "completed").await;
    assert_eq!(seen["ended_because"], "The owner left the session.");
    assert_eq!(fixture.kettle.connections(), 0);
}

#[tokio::test]
async fn the_remote_side_ends_a_session_in_order() {
    let fixture = Fixture::start().await;
    let made = fixture.scripted(json!({})).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("ready").await;
    fixture.script.last().end(Ok(()));
    assert_eq!(viewer.until_closed().await.last().unwrap()[0], "disconnect");
    fixture.wait_for_status(&made, "completed").await;
}

#[tokio::test]
async fn bar_65_an_engine_that_dies_is_told_to_the_viewer() {
    let fixture = Fixture::start().await;
    let made = fixture.scripted(json!({})).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("ready").await;
    fixture.script.last().end(Err(SessionError::new(Cause::Lost, "The engine broke.")));
    assert_eq!(viewer.until_error().await, ("The engine broke.".into(), 0x203.to_string()));
    fixture.wait_for_status(&made, "error").await;
}

#[tokio::test]
async fn a_session_that_ended_can_be_made_again_by_its_owner() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let path = format!("/api/sessions/{}/reconnect", made.id());
    assert_eq!(fixture.post(&path, json!({})).await.status, StatusCode::CONFLICT);
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    let other = add_key(&fixture.app, "other").await;
    let stranger = fixture.call(&other, Method::POST, &path, None).await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN);
    let again = fixture.call(&fixture.key, Method::POST, &path, None).await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.body);
    let again = crate::harness::Made(again.body);
    assert_ne!(again.id(), made.id());
    fixture.own(&again).await.until("cfill").await;
    assert_eq!(fixture.kettle.heard(), "canary-7\n");
}

#[tokio::test]
async fn settings_are_forgotten_after_the_grace_time() {
    let fixture =
        Fixture::with(|config| config.sessions.reconnect_grace = Duration::from_millis(50)).await;
    let made = fixture.make(fixture.kettle_request()).await;
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    let app = fixture.app.clone();
    eventually("it is forgotten", SECOND, || app.sessions.find(made.id()).is_none()).await;
    let reply = fixture.post(&format!("/api/sessions/{}/reconnect", made.id()), json!({})).await;
    assert_eq!(
        (reply.status, &reply.body["code"]),
        (StatusCode::CONFLICT, &json!("settings_forgotten"))
    );
}

#[tokio::test]
async fn only_the_creator_and_admins_end_a_session() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let somebody = |role| Identity {
        subject: "user:1".into(),
        name: "Somebody".into(),
        email: None,
        role,
        groups: Vec::new(),
        auth_type: AuthType::ApiKey,
        credential: Credential::ApiKey(uuid::Uuid::nil()),
    };
    let sessions = &fixture.app.sessions;
    let refused = sessions.end(&somebody(Role::Poweruser), made.id()).await.unwrap_err();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    sessions.end(&somebody(Role::Admin), made.id()).await.unwrap();
    let refused = sessions.end(&somebody(Role::Operator), made.id()).await.unwrap_err();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn bar_78_shutdown_tells_viewers_and_gives_everything_back() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("cfill").await;
    let (app, id, open) = (fixture.app.clone(), made.id(), fixture.kettle.open.clone());
    let begun = Instant::now();
    let (folder, (message, _)) = tokio::join!(fixture.stop(), viewer.until_error());
    assert!(begun.elapsed() < 3 * SECOND, "{:?}", begun.elapsed());
    assert!(message.contains("shutting down"), "{message}");
    assert_eq!(released(id), ["saucer", "cup"]);
    assert_eq!(open.load(std::sync::atomic::Ordering::Relaxed), 0);
    drop(app);
    let next = Fixture::with_folder(folder, |_| {}).await;
    let seen = next.get(&format!("/api/sessions/{id}")).await.body;
    assert_eq!(seen["status"], "completed");
}

#[tokio::test]
async fn bar_78_what_a_crash_left_behind_is_closed_at_the_next_start() {
    let fixture = Fixture::start().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let row = fixture.app.store.session(made.id()).await.unwrap().unwrap();
    let folder = fixture.stop().await;
    {
        let first = Fixture::with_folder(folder.clone(), |_| {}).await;
        let mut left = row;
        left.id = uuid::Uuid::now_v7();
        first.app.store.add_session(&left).await.unwrap();
        let folder = first.stop().await;
        let second = Fixture::with_folder(folder, |_| {}).await;
        let seen = second.get(&format!("/api/sessions/{}", left.id)).await.body;
        assert_eq!(seen["status"], "error");
        assert_eq!(seen["ended_because"], "The gateway was restarted.");
    }
}

#[tokio::test]
async fn bar_79_sessions_that_ended_leave_no_task_and_no_connection() {
    let fixture =
        Fixture::with(|config| config.sessions.reconnect_grace = Duration::from_millis(1)).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let cycle = async |engine: &str, leave: bool| {
        let body = merge(fixture.kettle_request(), json!({ "engine": engine }));
        let made = fixture.make(body).await;
        let mut viewer = fixture.own(&made).await;
        viewer.until("step").await;
        if leave {
            drop(viewer);
        }
        fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    };
    cycle("embedded", false).await;
    tokio::time::sleep(SECOND).await;
    let before = tasks();
    for round in 0..20 {
        cycle(if round % 2 == 0 { "embedded" } else { "guacd" }, round % 3 == 0).await;
    }
    eventually("all tasks ended", 5 * SECOND, || tasks() <= before).await;
    assert_eq!(fixture.kettle.connections(), 0);
}

fn host_key(text: &str) -> HostKey {
    HostKey {
        endpoint: Endpoint::Tcp("DB.example.".parse().unwrap(), 22),
        public_key: format!("ssh-ed25519 {text}"),
        fingerprint: format!("SHA256:{text}"),
    }
}

#[tokio::test]
async fn bar_72_a_changed_host_key_is_refused_with_both_fingerprints_also_after_a_restart() {
    let fixture = Fixture::start().await;
    let made = fixture.scripted(json!({})).await;
    fixture.own(&made).await.until("ready").await;
    let session = fixture.script.last();
    let services = &session.opening.services;
    services.verify_host_key(host_key("first")).await.unwrap();
    services.verify_host_key(host_key("first")).await.unwrap();
    let folder = fixture.stop().await;

    let fixture = Fixture::with_folder(folder, |_| {}).await;
    let made = fixture.scripted(json!({})).await;
    fixture.own(&made).await.until("ready").await;
    let session = fixture.script.last();
    let refused = session.opening.services.verify_host_key(host_key("second")).await.unwrap_err();
    assert_eq!(refused.cause, Cause::Untrusted);
    for part in ["SHA256:first", "SHA256:second", "db.example:22"] {
        assert!(refused.message.contains(part), "{}", refused.message);
    }
    let forgotten = fixture.delete("/api/admin/host-keys/db.example:22").await;
    assert_eq!(forgotten.status, StatusCode::NO_CONTENT);
    session.opening.services.verify_host_key(host_key("second")).await.unwrap();
    let list = fixture.get("/api/admin/host-keys").await.body;
    assert_eq!(list[0]["fingerprint"], "SHA256:second");
}

#[tokio::test]
async fn bar_72_where_only_known_keys_count_an_unknown_one_is_refused() {
    let fixture =
        Fixture::with(|config| config.host_keys = fanlight::config::HostKeyPolicy::Known).await;
    let made = fixture.scripted(json!({})).await;
    fixture.own(&made).await.until("ready").await;
    let session = fixture.script.last();
    let shown = HostKey {
        public_key: "ssh-ed25519 \
            AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
            .into(),
        ..host_key("x")
    };
    let services = &session.opening.services;
    assert!(services.verify_host_key(shown.clone()).await.is_err());
    let entered = json!({
        "hostname": "db.example", "port": 22, "public_key": format!("{} me@home", shown.public_key),
    });
    let reply = fixture.post("/api/admin/host-keys", entered).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    services.verify_host_key(shown).await.unwrap();
}
