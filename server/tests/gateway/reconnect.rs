//! A session that ended is made again only by what entitled its creator to it.

use fanlight::access::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::book::{PROD, web_server};
use crate::harness::Fixture;
use crate::matrix::session_request;
use crate::portal::service;

impl Fixture {
    /// The answer to a reconnect of a session, which is ended first.
    async fn again(&self, who: &str, id: &Value) -> (StatusCode, Value) {
        let path = format!("/api/sessions/{}", id.as_str().unwrap());
        let (status, _) = self.call(who, Method::DELETE, &path, None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        self.call(who, Method::POST, &format!("{path}/reconnect"), None).await
    }

    async fn may_be_made_again(&self, who: &str, id: &Value) -> Value {
        let path = format!("/api/sessions/{}", id.as_str().unwrap());
        self.call(who, Method::GET, &path, None).await.1["can_reconnect"].clone()
    }
}

#[tokio::test]
async fn a_session_of_an_entry_is_made_again_while_its_folder_is_open() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let ada = fixture.person("ada", Role::Operator).await.cookie;
    let connect = format!("{PROD}/entries/web-01/connect");
    let (status, made) = fixture.call(&ada, Method::POST, &connect, None).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (status, made) = fixture.again(&ada, &made["session_id"]).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!(
        fixture.ask(Method::PUT, PROD, json!({ "allowed_groups": ["others"] })).await.0,
        200
    );
    let (status, refused) = fixture.again(&ada, &made["session_id"]).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{refused}");
}

#[tokio::test]
async fn a_target_of_ones_own_choice_is_opened_again_by_who_may_choose() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Poweruser).await;
    let body = Some(session_request());
    let (_, made) = fixture.call(&ada.cookie, Method::POST, "/api/sessions", body).await;
    let capped = fixture.token_of(&ada.user, Some(Role::Operator), None).await;
    let (status, refused) = fixture.again(&capped, &made["session_id"]).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{refused}");
    let path = format!("/api/sessions/{}/reconnect", made["session_id"].as_str().unwrap());
    let (status, made) = fixture.call(&ada.cookie, Method::POST, &path, None).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
}

#[tokio::test]
async fn credentials_that_were_given_for_one_session_are_used_for_no_other() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let ada = fixture.person("ada", Role::Operator).await.cookie;
    let connect = format!("{PROD}/entries/web-01/connect");
    let once = Some(json!({ "username": "ada", "password": "for once" }));
    let (_, made) = fixture.call(&ada, Method::POST, &connect, once).await;
    let (status, refused) = fixture.again(&ada, &made["session_id"]).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("given_once")));
    assert_eq!(fixture.may_be_made_again(&ada, &made["session_id"]).await, false);
}

#[tokio::test]
async fn a_session_of_the_portal_does_not_outlive_its_time_by_a_reconnect() {
    let fixture = Fixture::start().await;
    let (_listener, address) = service();
    fixture.enter(json!({ "id": "60d", "addresses": [address.ip()] })).await;
    let body = json!({ "vm_id": "60d", "port": address.port() });
    let (status, made) = fixture.portal(&fixture.key, "ssh", body).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let (_, list) = fixture.call(&fixture.key, Method::GET, "/api/sessions", None).await;
    let id = &list[0]["session_id"];
    let (status, refused) = fixture.again(&fixture.key, id).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("portal_session")));
    assert_eq!(fixture.may_be_made_again(&fixture.key, id).await, false);
}
