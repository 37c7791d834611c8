//! The audit log: what is told, who may read it, and that nobody changes it.

use fanlight::access::{AuthType, Credential, Identity, Role};
use fanlight::audit::{Action, Event};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::Executor as _;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::database;
use crate::harness::{Fixture, client};

impl Fixture {
    async fn audit(&self, query: &str) -> Value {
        let reply = self.get(&format!("/api/admin/audit?{query}")).bearer_auth(&self.key).send();
        let reply = reply.await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK, "{query}");
        reply.json().await.unwrap()
    }

    async fn audited(&self, query: &str) -> Vec<Value> {
        self.audit(query).await["items"].as_array().unwrap().clone()
    }

    async fn tell(&self, event: Event) {
        self.gateway.app.audit.record(event).await.unwrap();
    }
}

fn person(email: &str) -> Identity {
    Identity {
        subject: format!("user:{email}"),
        name: email.split('@').next().unwrap().to_owned(),
        email: Some(email.to_owned()),
        role: Role::Poweruser,
        groups: Vec::new(),
        auth_type: AuthType::ApiKey,
        credential: Credential::ApiKey(Uuid::nil()),
    }
}

#[tokio::test]
async fn sign_ins_and_sign_outs_are_told_with_who_and_from_where() {
    let fixture = Fixture::start().await;
    let cookie = fixture.sign_in(&fixture.key).await;
    fixture.get("/auth/logout").header("cookie", cookie).send().await.unwrap();
    let told = fixture.audited("").await;
    let actions: Vec<_> = told.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["sign_out", "sign_in"]);
    for event in &told {
        assert_eq!(event["actor_name"], "unlimited");
        assert_eq!(event["auth_type"], "api_key");
        assert_eq!(event["ip_addr"], "127.0.0.1");
        assert_eq!(event["outcome"], "ok");
    }
}

#[tokio::test]
async fn bar_17_a_refused_credential_is_told_and_a_flood_of_them_is_one_row() {
    let fixture = Fixture::start().await;
    for _ in 0..15 {
        let bad = fixture.get("/api/me").bearer_auth("garbage").send().await.unwrap();
        assert_eq!(bad.status(), StatusCode::UNAUTHORIZED);
    }
    let told = fixture.audited("action=sign_in_refused").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["outcome"], "refused");
    assert_eq!(told[0]["subject_name"], "GET /api/me");
    assert_eq!(told[0]["ip_addr"], "127.0.0.1");
    // The rest is told when its minute is over, or the gateway stops.
    fixture.gateway.app.audit.close().await;
    let told = fixture.audited("action=sign_in_refused").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["details"]["repeated"], "14");
}

#[tokio::test]
async fn a_browser_that_has_not_signed_in_is_no_refusal() {
    let fixture = Fixture::start().await;
    let none = fixture.get("/api/me").send().await.unwrap();
    assert_eq!(none.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(fixture.audited("").await.len(), 0);
}

#[tokio::test]
async fn a_key_from_the_wrong_network_a_bad_link_and_a_foreign_page_are_told() {
    let fixture = Fixture::start().await;
    let elsewhere = fixture.add_key("elsewhere", &["192.0.2.0/24"]).await;
    let reply = fixture.get("/api/me").bearer_auth(&elsewhere).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::FORBIDDEN);
    client(None).get(fixture.url("/sign-in/none")).send().await.unwrap();
    let sign_in = fixture.post("/api/auth/sign-in").header("origin", "https://evil.example");
    let reply = sign_in.json(&json!({ "api_key": fixture.key })).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::FORBIDDEN);
    // Each after the one before it has its answer: the newest first.
    let told = fixture.audited("outcome=refused").await;
    let told: Vec<_> = told.iter().map(|event| &event["action"]).collect();
    // The two refusals of access from one address are one kind.
    assert_eq!(told, ["sign_in_refused", "access_refused"]);
}

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let fixture = Fixture::start().await;
    for number in 0..25 {
        let event = Event::new(Action::UserRole).by(&person("ada@example.com"));
        fixture.tell(event.about("user", number, &format!("user {number}"))).await;
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = fixture.audit(&format!("limit=10{next}")).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 10);
        seen.extend(items.iter().map(|item| item["subject_id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(id) => next = format!("&before={id}"),
            None => break,
        }
    }
    let expected: Vec<_> = (0..25).rev().map(|number: u32| number.to_string()).collect();
    assert_eq!(seen, expected);
    assert_eq!(fixture.audit("limit=25").await["next"], Value::Null);
}

#[tokio::test]
async fn filters_find_what_they_name_and_nothing_else() {
    let fixture = Fixture::start().await;
    let (ada, bob) = (person("ada@example.com"), person("bob@example.com"));
    let role = |who| Event::new(Action::UserRole).by(who).from([192, 0, 2, 1].into());
    fixture.tell(role(&ada).about("user", 1, "100%_sure!").detail("role", "Admin")).await;
    fixture.tell(role(&bob).about("user", 2, "1000 sure").failed()).await;
    fixture.tell(Event::new(Action::MappingCreate).by(&bob).about("mapping", 7, "staff")).await;
    let count = async |query: &str| fixture.audited(query).await.len();
    assert_eq!(count("action=user_role").await, 2);
    assert_eq!(count("actor=BOB@example.com").await, 2);
    assert_eq!(count("actor=ada").await, 1);
    assert_eq!(count("outcome=error").await, 1);
    assert_eq!(count("action=user_role&actor=bob").await, 1);
    for (text, expected) in [
        ("admin", 1),
        ("192.0.2.1", 2),
        ("STAFF", 1),
        ("100%25_sure", 1),
        ("sure!", 1),
        ("nobody", 0),
        ("", 3),
    ] {
        assert_eq!(count(&format!("q={text}")).await, expected, "{text}");
    }
    let now = OffsetDateTime::now_utc();
    let format = &time::format_description::well_known::Rfc3339;
    let (before, after) = (now - Duration::hours(1), now + Duration::hours(1));
    let (before, after) = (before.format(format).unwrap(), after.format(format).unwrap());
    assert_eq!(count(&format!("from={before}&to={after}")).await, 3);
    assert_eq!(count(&format!("from={after}")).await, 0);
    assert_eq!(count(&format!("to={before}")).await, 0);
}

#[tokio::test]
async fn wrong_parameters_are_named_all_at_once() {
    let fixture = Fixture::start().await;
    let query = "limit=1001&before=x&from=yesterday&to=1&action=nothing&outcome=good&q=%00";
    let ask = fixture.get(&format!("/api/admin/audit?{query}")).bearer_auth(&fixture.key);
    let reply = ask.send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::BAD_REQUEST);
    let body: Value = reply.json().await.unwrap();
    let named: Vec<_> = body["fields"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(named, ["action", "before", "from", "limit", "outcome", "q", "to"]);
    for path in ["/api/admin/audit?limit=0", "/api/admin/token-audit?limit=1001"] {
        let reply = fixture.get(path).bearer_auth(&fixture.key).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn the_table_holds_everything_and_no_formula() {
    let fixture = Fixture::start().await;
    let ada = person("ada@example.com");
    for number in 0..1200 {
        let event = Event::new(Action::UserRole).by(&ada);
        fixture.tell(event.about("user", number, "=cmd|' /C calc'!A0")).await;
    }
    let ask = fixture.get("/api/admin/audit.csv?actor=ada").bearer_auth(&fixture.key);
    let reply = ask.send().await.unwrap();
    let disposition = reply.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
    assert!(reply.headers()["content-type"].to_str().unwrap().starts_with("text/csv"));
    let text = reply.text().await.unwrap();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1201);
    assert!(lines[0].starts_with("id,created_at,action,outcome,"));
    assert!(lines[1].contains(",\"1199\",\"'=cmd|' /C calc'!A0\","), "{}", lines[1]);
    assert!(!text.contains("\"=cmd"));
}

#[tokio::test]
async fn the_token_log_is_a_view_of_it() {
    let fixture = Fixture::start().await;
    let (ada, admin) = (person("ada@example.com"), person("admin@example.com"));
    let made = Event::new(Action::TokenCreate).by(&ada).from([192, 0, 2, 1].into());
    fixture.tell(made.about("token", 1, "ci").detail("max_role", "operator")).await;
    let revoked = Event::new(Action::TokenRevoke).by(&admin).concerning(Some("ada@example.com"));
    fixture.tell(revoked.about("token", 1, "ci")).await;
    let refused = Event::new(Action::TokenRefused).concerning(Some("bob@example.com"));
    fixture.gateway.app.audit.refused(refused.about("token", 2, "old")).await;
    fixture.tell(Event::new(Action::UserRole).by(&admin)).await;
    let read = async |query: &str| {
        let path = format!("/api/admin/token-audit{query}");
        let reply = fixture.get(&path).bearer_auth(&fixture.key).send().await.unwrap();
        reply.json::<Vec<Value>>().await.unwrap()
    };
    let all = read("").await;
    let actions: Vec<_> = all.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["refused", "revoked", "created"]);
    let of_ada = read("?email=ADA@example.com").await;
    assert_eq!(of_ada.len(), 2);
    assert_eq!(of_ada[1]["token_name"], "ci");
    assert_eq!(of_ada[1]["details"], "max_role: operator");
    assert_eq!(of_ada[1]["ip_addr"], "192.0.2.1");
    assert_eq!(read("?limit=1").await.len(), 1);
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_delete_what_was_told() {
    let fixture = Fixture::start().await;
    fixture.tell(Event::new(Action::UserRole).by(&person("ada@example.com"))).await;
    let mut other = database::connect(&fixture.gateway.app.config.database.place).await;
    for sql in ["UPDATE audit SET outcome = 'ok'", "DELETE FROM audit"] {
        let error = other.execute(sql).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(fixture.audited("").await.len(), 1);
}

#[tokio::test]
async fn events_beyond_the_retention_can_be_deleted_and_only_those() {
    let fixture = Fixture::start().await;
    let store = &fixture.gateway.app.store;
    let old = OffsetDateTime::now_utc() - Duration::days(60);
    let millis = u128::try_from(old.unix_timestamp_nanos() / 1_000_000).unwrap();
    let mut row = Event::new(Action::UserRole).about("user", 1, "old").into_row();
    (row.created_at, row.id) = (old, Uuid::from_u128(millis << 80));
    store.add_audit(&row).await.unwrap();
    fixture.tell(Event::new(Action::UserRole).about("user", 2, "new")).await;
    let end = OffsetDateTime::now_utc() - Duration::days(30);
    assert_eq!(store.delete_audit_before(end, 100).await.unwrap(), 1);
    let left = fixture.audited("").await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["subject_name"], "new");
    assert!(store.delete_audit_before(OffsetDateTime::now_utc(), 100).await.is_err());
}
