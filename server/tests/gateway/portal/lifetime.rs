use std::io::Read as _;
use std::net::TcpListener;
use std::time::Duration;

use fanlight::sessions::SessionStatus;
use futures_util::StreamExt as _;
use reqwest::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use uuid::Uuid;

use super::service;
use crate::harness::{Fixture, cookie_of};

/// Long enough to open it on a slow machine.
const LIFETIME: Duration = Duration::from_secs(8);

impl Fixture {
    async fn connected_to(&self, listener: &TcpListener) -> Value {
        let address = listener.local_addr().unwrap();
        self.enter(json!({ "id": "60d", "addresses": [address.ip()] })).await;
        let body = json!({ "vm_id": "60d", "port": address.port(), "username": "root" });
        let (status, made) = self.portal(&self.key, "ssh", body).await;
        assert_eq!(status, StatusCode::OK, "{made}");
        made["data"].clone()
    }

    /// Follows the link: the session behind it, and the cookie for it.
    async fn follow_direct(&self, url: &Value) -> (Uuid, String) {
        let reply = self.http.get(url.as_str().unwrap()).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::SEE_OTHER);
        let page = reply.headers()["location"].to_str().unwrap();
        (page.trim_start_matches("/client/").parse().unwrap(), cookie_of(&reply))
    }
}

#[tokio::test]
async fn the_link_opens_the_session_once_and_both_wait_for_five_minutes() {
    let fixture = Fixture::start().await;
    let (listener, _) = service();
    let made = fixture.connected_to(&listener).await;
    let (session, _) = fixture.follow_direct(&made["direct_url"]).await;
    let live = fixture.gateway.app.sessions.find(session).unwrap();
    assert_eq!(live.expires_at() - live.created_at, Duration::from_secs(300));
    let again = fixture.http.get(made["direct_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_link_that_nobody_follows_is_worth_nothing_after_its_time() {
    let fixture = Fixture::with(&[("machines.link_lifetime", json!("1s"))]).await;
    let (listener, _) = service();
    let made = fixture.connected_to(&listener).await;
    let id = fixture.call(&fixture.key, reqwest::Method::GET, "/api/sessions", None).await.1[0]
        ["session_id"]
        .clone();
    let live = fixture.gateway.app.sessions.find(id.as_str().unwrap().parse().unwrap()).unwrap();
    live.finished().await;
    assert_eq!(live.status(), SessionStatus::Expired);
    let late = fixture.http.get(made["direct_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn at_expires_at_the_target_sees_the_end() {
    let lifetime = format!("{}s", LIFETIME.as_secs());
    let fixture = Fixture::with(&[("machines.connection_lifetime", json!(lifetime))]).await;
    let (listener, _) = service();
    let made = fixture.connected_to(&listener).await;
    // The first connection was the probe.
    drop(listener.accept().unwrap());
    let (session, cookie) = fixture.follow_direct(&made["direct_url"]).await;
    let address = fixture.gateway.address();
    let mut request = format!("ws://{address}/ws/{session}").into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("cookie", cookie.parse().unwrap());
    headers.insert("origin", format!("http://{address}").parse().unwrap());
    headers.insert("sec-websocket-protocol", "guacamole".parse().unwrap());
    let (mut viewer, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let target = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LIFETIME * 4)).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        (heard, OffsetDateTime::now_utc())
    });
    let mut told = String::new();
    while let Some(Ok(message)) = viewer.next().await {
        told += message.to_text().unwrap_or_default();
    }
    assert!(told.contains("longest duration"), "{told}");
    let (heard, ended) = target.await.unwrap();
    assert!(heard.starts_with(b"SSH-2.0-"), "{}", String::from_utf8_lossy(&heard));
    let expires = OffsetDateTime::parse(made["expires_at"].as_str().unwrap(), &Rfc3339).unwrap();
    let late = ended - expires;
    assert!(late > time::Duration::milliseconds(-10) && late < LIFETIME, "{late}");
}
