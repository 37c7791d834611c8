//! The history of sessions: whose one sees, filters, pages, and the table.

use std::collections::BTreeSet;

use fanlight::access::Role;
use fanlight::sessions::SessionStatus;
use fanlight::store::{EndedSession, SessionRow};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::harness::Fixture;

fn row(creator: &str, name: &str, status: SessionStatus) -> SessionRow {
    SessionRow {
        id: Uuid::now_v7(),
        session_type: "ssh".to_owned(),
        name: Some(name.to_owned()),
        creator_id: creator.to_owned(),
        creator_name: creator.to_owned(),
        hostname: Some("db.example.com".to_owned()),
        url: None,
        username: Some("root".to_owned()),
        engine: "embedded".to_owned(),
        node: "local".to_owned(),
        status,
        ended_because: None,
        created_at: OffsetDateTime::now_utc(),
        started_at: None,
        ended_at: None,
        bytes_in: 0,
        bytes_out: 0,
    }
}

impl Fixture {
    async fn past(&self, creator: &str, name: &str, status: SessionStatus, because: &str) {
        let row = row(creator, name, SessionStatus::Pending);
        let store = &self.gateway.app.store;
        store.add_session(&row).await.unwrap();
        store.start_session(row.id).await.unwrap();
        let ended = EndedSession { status, because, bytes_in: 12, bytes_out: 3_000_000_000 };
        store.end_session(row.id, ended).await.unwrap();
    }

    async fn history(&self, credential: &str, query: &str) -> Value {
        let path = format!("/api/sessions/history?{query}");
        let (status, page) = self.call(credential, Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{query}: {page}");
        page
    }

    async fn names(&self, query: &str) -> BTreeSet<String> {
        let page = self.history(&self.key, query).await;
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn operators_see_their_own_history_and_admins_all() {
    let fixture = Fixture::start().await;
    let ann = fixture.person("ann", Role::Operator).await;
    let id = format!("user:{}", ann.user.id);
    fixture.past(&id, "hers", SessionStatus::Completed, "She left.").await;
    fixture.past("user:somebody", "his", SessionStatus::Completed, "He left.").await;
    let hers = fixture.history(&ann.cookie, "").await;
    assert_eq!(hers["items"].as_array().unwrap().len(), 1);
    assert_eq!(hers["items"][0]["name"], "hers");
    assert_eq!(hers["items"][0]["bytes_out"], 3_000_000_000_u64);
    assert_eq!(fixture.names("").await.len(), 2);
    let none = fixture.history(&ann.cookie, "who=user:somebody").await;
    assert_eq!(none["items"].as_array().unwrap().len(), 0, "a filter widens nothing");
    let path = "/api/sessions/history.csv";
    let (_, table) = fixture.call(&ann.cookie, Method::GET, path, None).await;
    assert_eq!(table.as_str().unwrap().lines().count(), 2, "{table}");
}

#[tokio::test]
async fn the_history_is_narrowed_by_what_one_names() {
    let fixture = Fixture::start().await;
    fixture.past("ada", "100%_sure!", SessionStatus::Completed, "Ada left.").await;
    fixture.past("bob", "1000 sure", SessionStatus::Error, "It broke.").await;
    let one = |name: &str| BTreeSet::from([name.to_owned()]);
    assert_eq!(fixture.names("status=error").await, one("1000 sure"));
    assert_eq!(fixture.names("who=ADA").await, one("100%_sure!"));
    assert_eq!(fixture.names("q=broke").await, one("1000 sure"));
    assert_eq!(fixture.names("q=100%25_").await, one("100%_sure!"));
    assert_eq!(fixture.names("session_type=ssh&q=DB.example").await.len(), 2);
    assert!(fixture.names("session_type=rdp").await.is_empty());
    let hour = Duration::hours(1);
    let format = &time::format_description::well_known::Rfc3339;
    let at = |time: OffsetDateTime| time.format(format).unwrap().replace('+', "%2B");
    let (before, after) = (OffsetDateTime::now_utc() - hour, OffsetDateTime::now_utc() + hour);
    assert_eq!(fixture.names(&format!("from={}&to={}", at(before), at(after))).await.len(), 2);
    assert!(fixture.names(&format!("from={}", at(after))).await.is_empty());
    assert!(fixture.names(&format!("to={}", at(before))).await.is_empty());

    let bad = "/api/sessions/history?status=good&before=x&from=now&limit=0&q=%00";
    let (status, reply) = fixture.call(&fixture.key, Method::GET, bad, None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let named: Vec<_> = reply["fields"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(named, ["before", "from", "limit", "q", "status"]);
}

#[tokio::test]
async fn pages_of_the_history_follow_one_another_and_the_table_holds_no_formula() {
    let fixture = Fixture::start().await;
    for number in 0..25 {
        let name = format!("=session {number}");
        fixture.past("ada", &name, SessionStatus::Expired, "Time was up.").await;
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = fixture.history(&fixture.key, &format!("limit=10{next}")).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 10);
        seen.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(id) => next = format!("&before={id}"),
            None => break,
        }
    }
    let expected: Vec<_> = (0..25).rev().map(|number| format!("=session {number}")).collect();
    assert_eq!(seen, expected);
    assert_eq!(fixture.history(&fixture.key, "limit=25").await["next"], Value::Null);

    let ask = fixture.get("/api/sessions/history.csv").bearer_auth(&fixture.key);
    let reply = ask.send().await.unwrap();
    let disposition = reply.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
    let text = reply.text().await.unwrap();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 26);
    assert!(lines[0].starts_with("session_id,session_type,name,status,"));
    assert!(lines[1].contains("\"'=session 24\",\"expired\",\"ada\""), "{}", lines[1]);
    assert!(lines[1].ends_with("\"12\",\"3000000000\",\"Time was up.\""), "{}", lines[1]);
}
