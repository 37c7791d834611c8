//! Shares, presence, hand-over and watching, as owners, guests and admins meet them.

use std::time::{Duration, Instant};

use fanlight::access::Role;
use fanlight::config::{AdminWatch, ViewerLimits};
use fanlight::sessions::Window;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::harness::{Fixture, Made, Viewer, eventually};
use crate::people::{Person, person, token_of};

const SECOND: Duration = Duration::from_secs(1);

struct Scene {
    fixture: Fixture,
    made: Made,
    owner: Viewer,
}

async fn scene() -> Scene {
    scene_with(|_| {}).await
}

async fn scene_with(change: impl FnOnce(&mut fanlight::config::Config)) -> Scene {
    let fixture = Fixture::with(change).await;
    let made = fixture.scripted(json!({})).await;
    let mut owner = fixture.own(&made).await;
    owner.until("ready").await;
    Scene { fixture, made, owner }
}

impl Scene {
    fn path(&self, rest: &str) -> String {
        format!("/api/sessions/{}{rest}", self.made.id())
    }

    /// A new share, and the path of its WebSocket.
    async fn share(&self, request: Value) -> (Value, String) {
        let reply = self.fixture.post(&self.path("/shares"), request).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        let token = reply.body["share_url"].as_str().unwrap().split_once("&key=").unwrap().1;
        let path = format!("{}?key={token}", self.made.ws_url());
        (reply.body, path)
    }

    async fn guest(&self, path: &str) -> Viewer {
        let mut guest = self.fixture.dial(path, &[]).await.expect("the share is good");
        guest.until("ready").await;
        guest
    }

    /// Who is there, as the owner reads it.
    async fn viewers(&self) -> Vec<Value> {
        let seen = self.fixture.get(&self.path("")).await.body;
        seen["viewers"].as_array().unwrap().clone()
    }

    fn received(&self) -> String {
        self.fixture.script.last().received.lock().concat()
    }
}

/// Reads until the viewer is told that so many people are there.
async fn told_of(viewer: &mut Viewer, count: usize) -> Vec<Value> {
    loop {
        let told = viewer.until("people").await;
        let people: Vec<Value> = serde_json::from_str(&told[2]).unwrap();
        if people.len() == count {
            return people;
        }
    }
}

#[tokio::test]
async fn bar_18a_a_share_is_hashed_revocable_and_tied_to_its_session() {
    let mut scene = scene().await;
    let (share, path) = scene.share(json!({ "label": "for Bob" })).await;
    assert_eq!((&share["mode"], &share["label"]), (&json!("view"), &json!("for Bob")));
    let listed = scene.fixture.get(&scene.path("/shares")).await.body;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "with the one it began with");
    assert!(!listed.to_string().contains("key"), "no token is shown twice");

    let mut guest = scene.fixture.dial(&path, &[]).await.expect("the share is good");
    let people = told_of(&mut scene.owner, 2).await;
    assert_eq!((&people[1]["name"], &people[1]["mode"]), (&json!("for Bob"), &json!("view")));
    let mine = told_of(&mut guest, 2).await;
    assert_eq!(mine, people, "guests see who else is there");

    let revoke = scene.path(&format!("/shares/{}", share["share_id"].as_str().unwrap()));
    assert_eq!(scene.fixture.delete(&revoke).await.status, StatusCode::NO_CONTENT);
    let begun = Instant::now();
    let (message, _) = guest.until_error().await;
    assert!(message.contains("withdrawn"), "{message}");
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    assert_eq!(scene.fixture.dial(&path, &[]).await.err(), Some(403));
    assert_eq!(scene.fixture.delete(&revoke).await.status, StatusCode::NOT_FOUND);
    told_of(&mut scene.owner, 1).await;

    let first = listed[0]["share_id"].as_str().unwrap();
    scene.fixture.delete(&scene.path(&format!("/shares/{first}"))).await;
    let seen = scene.fixture.get(&scene.path("")).await.body;
    assert!(seen["share_url"].is_null(), "a link that is not good is not shown");
}

#[tokio::test]
async fn bar_18a_a_share_expires_and_takes_its_guests_along() {
    let scene = scene().await;
    let (share, path) = scene.share(json!({ "expires_in": 60 })).await;
    let end = OffsetDateTime::parse(share["expires_at"].as_str().unwrap(), &Rfc3339).unwrap();
    let left = end - OffsetDateTime::now_utc();
    assert!((time::Duration::seconds(50)..=time::Duration::seconds(60)).contains(&left), "{left}");
    // A minute is long for a test: the row is what counts, so let it end sooner.
    let store = &scene.fixture.app.store;
    let id = share["share_id"].as_str().unwrap().parse().unwrap();
    let mut row = store.shares(scene.made.id()).await.unwrap().pop().unwrap();
    store.drop_share(scene.made.id(), id).await.unwrap();
    row.expires_at = OffsetDateTime::now_utc() + time::Duration::milliseconds(800);
    let token = path.split_once("key=").unwrap().1;
    store.add_share(&row, &fanlight::access::hash_token(token)).await.unwrap();
    let mut guest = scene.guest(&path).await;
    let (message, _) = guest.until_error().await;
    assert!(message.contains("expired"), "{message}");
    assert_eq!(scene.fixture.dial(&path, &[]).await.err(), Some(403));
}

#[tokio::test]
async fn bar_18a_a_share_that_is_revoked_while_somebody_comes_lets_nobody_in() {
    let scene = scene().await;
    let (share, path) = scene.share(json!({})).await;
    let (sessions, id) = (&scene.fixture.app.sessions, scene.made.id());
    let token = path.split_once("key=").unwrap().1;
    // The look at the share, its end, and only then the step through the door.
    let entrance = sessions.share_entrance(token, id, None).await.unwrap().expect("it is good");
    let revoke = scene.path(&format!("/shares/{}", share["share_id"].as_str().unwrap()));
    assert_eq!(scene.fixture.delete(&revoke).await.status, StatusCode::NO_CONTENT);
    let live = sessions.find(id).unwrap();
    let window = Window { viewport: live.viewport(), timezone: None };
    let refused = sessions.attach(&live, entrance, window).await.err().unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(scene.viewers().await.len(), 1, "the owner alone is there");
}

#[tokio::test]
async fn one_share_link_opens_so_many_sockets_and_shuts_nobody_else_out() {
    let limits = ViewerLimits { per_session: 3, per_share: 2 };
    let scene = scene_with(|config| config.sessions.viewers = limits).await;
    let (_, path) = scene.share(json!({})).await;
    let (first, _second) = (scene.guest(&path).await, scene.guest(&path).await);
    assert_eq!(scene.fixture.dial(&path, &[]).await.err(), Some(429));
    let (_, other) = scene.share(json!({})).await;
    let _third = scene.guest(&other).await;
    assert_eq!(scene.fixture.dial(&other, &[]).await.err(), Some(429), "the session is full");
    scene.fixture.own(&scene.made).await.until("ready").await;
    drop(first);
    let live = scene.fixture.app.sessions.find(scene.made.id()).unwrap();
    eventually("the place is free", 10 * SECOND, || {
        live.presence.view(true).iter().filter(|person| person.mode != "own").count() == 2
    })
    .await;
    scene.guest(&path).await;
}

#[tokio::test]
async fn control_is_handed_over_and_taken_back_by_the_owner() {
    let mut scene = scene().await;
    let (_, path) = scene.share(json!({ "label": "Bob" })).await;
    let mut guest = scene.guest(&path).await;
    guest.send("3.key,2.97,1.1;").await;
    let bob = scene.viewers().await[1]["viewer_id"].as_str().unwrap().to_owned();
    let control = scene.path(&format!("/viewers/{bob}"));
    let set = async |mode: &str| {
        let body = Some(json!({ "mode": mode }));
        scene.fixture.call(&scene.fixture.key, Method::PUT, &control, body).await
    };
    let reply = set("interact").await;
    assert_eq!((reply.status, &reply.body["mode"]), (StatusCode::OK, &json!("interact")));
    // A new link to the engine, with other rights.
    guest.until("ready").await;
    guest.send("3.key,2.98,1.1;").await;
    eventually("the guest types", SECOND, || scene.received().contains("2.98")).await;
    assert!(!scene.received().contains("2.97"), "what was typed before is dropped");

    set("view").await;
    guest.until("ready").await;
    guest.send("3.key,2.99,1.1;4.sync,1.5;").await;
    eventually("the sync arrives", SECOND, || scene.received().contains("4.sync,1.5;")).await;
    assert!(!scene.received().contains("2.99"));

    let ada = scene.viewers().await[0]["viewer_id"].as_str().unwrap().to_owned();
    let own = scene.path(&format!("/viewers/{ada}"));
    let body = Some(json!({ "mode": "view" }));
    let refused = scene.fixture.call(&scene.fixture.key, Method::PUT, &own, body).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "an owner stays one");

    assert_eq!(scene.fixture.delete(&control).await.status, StatusCode::NO_CONTENT);
    let (message, _) = guest.until_error().await;
    assert!(message.contains("asked you to leave"), "{message}");
    scene.owner.send("3.key,2.65,1.1;").await;
    eventually("the owner types on", SECOND, || scene.received().contains("2.65")).await;
}

#[tokio::test]
async fn bar_46_who_only_looks_gets_no_files_and_nothing_that_is_copied() {
    let said = "10.filesystem,1.0,4.Home;9.clipboard,1.1,10.text/plain;4.blob,1.1,4.YWJj;\
        3.end,1.1;4.size,1.0,2.64,2.64;4.sync,1.7;";
    for allowed in [false, true] {
        let mut scene = scene_with(|c| c.sessions.view_only_clipboard = allowed).await;
        let (_, path) = scene.share(json!({})).await;
        let mut guest = scene.guest(&path).await;
        scene.fixture.script.last().say(said);
        let mut seen = Vec::new();
        while seen.last().is_none_or(|last| last != "sync") {
            seen.push(guest.next().await.unwrap()[0].clone());
        }
        assert!(!seen.contains(&"filesystem".to_owned()), "{seen:?}");
        assert_eq!(seen.contains(&"blob".to_owned()), allowed, "{seen:?}");
        assert!(seen.contains(&"size".to_owned()));
        scene.owner.until("filesystem").await;
        scene.owner.until("blob").await;
    }
}

async fn admin(fixture: &Fixture) -> Person {
    person(fixture, "boss", Role::Admin).await
}

async fn watch(scene: &Scene, admin: &Person) -> Result<Viewer, u16> {
    let path = format!("{}?watch=true", scene.made.ws_url());
    scene.fixture.dial(&path, &[("cookie", &admin.cookie)]).await
}

#[tokio::test]
async fn an_admin_who_watches_is_audited_shown_and_types_nothing() {
    let mut scene = scene().await;
    let boss = admin(&scene.fixture).await;
    let mut watcher = watch(&scene, &boss).await.unwrap();
    watcher.until("ready").await;
    let people = told_of(&mut scene.owner, 2).await;
    assert_eq!((&people[1]["name"], &people[1]["via"]), (&json!("boss"), &json!("watch")));
    watcher.send("3.key,2.97,1.1;4.sync,1.3;").await;
    eventually("the sync arrives", SECOND, || scene.received().contains("sync")).await;
    assert!(!scene.received().contains("key"));
    let log = scene.fixture.get("/api/admin/audit?action=session_watch").await.body;
    assert_eq!(log["items"][0]["actor_name"], "boss");

    let ann = person(&scene.fixture, "ann", Role::Poweruser).await;
    assert_eq!(watch(&scene, &ann).await.err(), Some(403));
}

#[tokio::test]
async fn a_hidden_watcher_is_seen_by_admins_only_and_watching_can_be_off() {
    let fixture = Fixture::with(|c| c.sessions.admin_watch = AdminWatch::Hidden).await;
    let ann = person(&fixture, "ann", Role::Poweruser).await;
    let (_, token) = token_of(&fixture, &ann.user).await;
    let mut body = fixture.kettle_request();
    body["engine"] = json!("guacd");
    let made = fixture.call(&token, Method::POST, "/api/sessions", Some(body)).await;
    let made = Made(made.body);
    let bearer = format!("Bearer {token}");
    let mut owner = fixture.dial(&made.ws_url(), &[("authorization", &bearer)]).await.unwrap();
    owner.until("ready").await;
    let scene = Scene { fixture, made, owner };
    let boss = admin(&scene.fixture).await;
    let mut watcher = watch(&scene, &boss).await.unwrap();
    told_of(&mut watcher, 2).await;
    let by_ann = scene.fixture.call(&token, Method::GET, &scene.path(""), None).await.body;
    assert_eq!(by_ann["viewers"].as_array().map(Vec::len), Some(1), "{by_ann}");
    assert_eq!(by_ann["active_connections"], 1);
    assert_eq!(scene.viewers().await.len(), 2, "the API key is an admin's");

    let scene = scene_with(|c| c.sessions.admin_watch = AdminWatch::Off).await;
    let boss = admin(&scene.fixture).await;
    assert_eq!(watch(&scene, &boss).await.err(), Some(403));
}

#[tokio::test]
async fn only_owners_and_admins_manage_shares_and_see_who_is_there() {
    let scene = scene().await;
    let ann = person(&scene.fixture, "ann", Role::Poweruser).await;
    let (_, token) = token_of(&scene.fixture, &ann.user).await;
    let ask = async |method, path: &str, body| {
        scene.fixture.call(&token, method, path, body).await.status
    };
    let shares = scene.path("/shares");
    assert_eq!(ask(Method::GET, &shares, None).await, StatusCode::FORBIDDEN);
    assert_eq!(ask(Method::POST, &shares, Some(json!({}))).await, StatusCode::FORBIDDEN);
    let seen = scene.fixture.call(&token, Method::GET, &scene.path(""), None).await.body;
    assert!(seen["viewers"].is_null() && seen["share_url"].is_null());
    for (bad, field) in [
        (json!({ "expires_in": 59 }), "expires_in"),
        (json!({ "label": "" }), "label"),
        (json!({ "label": "a\nb" }), "label"),
    ] {
        let reply = scene.fixture.post(&shares, bad).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert!(reply.body["fields"][field].is_string(), "{}", reply.body);
    }
    scene.fixture.delete(&scene.path("")).await;
    let ended = scene.fixture.get(&shares).await;
    assert_eq!(
        (ended.status, &ended.body["code"]),
        (StatusCode::CONFLICT, &json!("session_ended"))
    );
}
