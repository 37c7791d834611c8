//! Figures for Prometheus: who may read them, and what they hold.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::Fixture;

const TOKEN: &str = "a-token-for-prometheus";

async fn read(fixture: &Fixture, token: &str) -> (StatusCode, String) {
    let reply = fixture.get("/metrics").bearer_auth(token).send().await.unwrap();
    (reply.status(), reply.text().await.unwrap())
}

#[tokio::test]
async fn figures_are_off_until_somebody_may_read_them() {
    let fixture = Fixture::start().await;
    let key = fixture.key.clone();
    assert_eq!(read(&fixture, &key).await.0, StatusCode::NOT_FOUND);
    let fixture = Fixture::with(&[("metrics.token", json!(TOKEN))]).await;
    assert_eq!(read(&fixture, TOKEN).await.0, StatusCode::OK);
    for wrong in [&fixture.key, "", "a-token-for-prometheu"] {
        assert_eq!(read(&fixture, wrong).await.0, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    let fixture = Fixture::with(&[("metrics.listen", json!("127.0.0.1:0"))]).await;
    assert_eq!(read(&fixture, TOKEN).await.0, StatusCode::NOT_FOUND, "not on the open door");
    let address = fixture.gateway.metrics_address().unwrap();
    let reply = fixture.http.get(format!("http://{address}/metrics")).send().await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    let other = fixture.http.get(format!("http://{address}/api/health")).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::NOT_FOUND, "nothing else is there");
}

#[tokio::test]
async fn requests_sessions_and_refusals_are_counted_by_few_labels() {
    let fixture = Fixture::with(&[("metrics.token", json!(TOKEN))]).await;
    let body = json!({ "session_type": "ssh", "hostname": "192.0.2.1", "username": "somebody" });
    let path = "/api/sessions";
    let (_, made) = fixture.call(&fixture.key, Method::POST, path, Some(body)).await;
    let id = made["session_id"].as_str().unwrap();
    fixture.get("/api/me").bearer_auth("garbage").send().await.unwrap();
    let odd = Method::from_bytes(b"BREW").unwrap();
    fixture.http.request(odd, fixture.url("/api/health")).send().await.unwrap();
    fixture.call(&fixture.key, Method::GET, &format!("/api/sessions/{id}"), None).await;

    let (_, text) = read(&fixture, TOKEN).await;
    for line in [
        r#"fanlight_sessions{session_type="ssh",engine="embedded",status="pending"} 1"#,
        r#"fanlight_refusals_total{action="sign_in_refused"} 1"#,
        r#"fanlight_http_requests_total{method="POST",route="/api/sessions",status="201"} 1"#,
        r#"fanlight_http_requests_total{method="GET",route="/api/sessions/{id}",status="200"} 1"#,
        r#"fanlight_http_request_seconds_count{method="GET",route="/api/me"} 1"#,
        "fanlight_viewers 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert!(!text.contains(id) && !text.contains("BREW"), "{text}");

    fixture.call(&fixture.key, Method::DELETE, &format!("/api/sessions/{id}"), None).await;
    let (_, text) = read(&fixture, TOKEN).await;
    let ended = r#"fanlight_sessions_ended_total{session_type="ssh",engine="embedded",status="completed"} 1"#;
    assert!(text.contains(ended), "{text}");
    assert!(!text.contains("status=\"pending\""), "{text}");
}
