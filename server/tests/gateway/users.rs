use fanlight::access::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::Fixture;
use crate::people::login;

impl Fixture {
    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.call(&self.key, method, path, body).await
    }
}

#[tokio::test]
async fn bar_10_a_demoted_or_disabled_user_is_refused_from_the_next_request_on() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Admin).await;
    let token = fixture.token_of(&ada.user, None, None).await;
    let list =
        async |credential: &str| fixture.call(credential, Method::GET, "/api/users", None).await.0;
    assert_eq!((list(&ada.cookie).await, list(&token).await), (StatusCode::OK, StatusCode::OK));
    let path = format!("/api/users/{}", ada.email());
    let body = Some(json!({ "role": "operator" }));
    let (status, user) = fixture.admin(Method::PUT, &format!("{path}/role"), body).await;
    assert_eq!(
        (status, &user["role"], &user["role_source"]),
        (StatusCode::OK, &json!("operator"), &json!("admin"))
    );
    for credential in [&ada.cookie, &token] {
        assert_eq!(list(credential).await, StatusCode::FORBIDDEN);
        assert_eq!(fixture.status_of(credential).await, StatusCode::OK);
    }
    let (status, user) = fixture.admin(Method::POST, &format!("{path}/disable"), None).await;
    assert_eq!((status, &user["disabled"]), (StatusCode::OK, &json!(true)));
    for credential in [&ada.cookie, &token] {
        assert_eq!(fixture.status_of(credential).await, StatusCode::UNAUTHORIZED);
    }
    let (status, user) = fixture.admin(Method::POST, &format!("{path}/enable"), None).await;
    assert_eq!((status, &user["disabled"]), (StatusCode::OK, &json!(false)));
    // The token is good again; browsers sign in anew.
    assert_eq!(fixture.status_of(&token).await, StatusCode::OK);
    assert_eq!(fixture.status_of(&ada.cookie).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_browser_and_no_token() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Operator).await;
    let other = fixture.browser_of(&ada.user).await;
    let token = fixture.token_of(&ada.user, None, None).await;
    let path = format!("/api/users/{}/sessions", ada.user.id);
    assert_eq!(fixture.admin(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    for cookie in [&ada.cookie, &other] {
        assert_eq!(fixture.status_of(cookie).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(fixture.status_of(&token).await, StatusCode::OK);
}

#[tokio::test]
async fn a_removed_user_is_gone_with_every_credential() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Operator).await;
    let token = fixture.token_of(&ada.user, None, None).await;
    let path = "/api/users/ADA@example.com";
    assert_eq!(fixture.admin(Method::DELETE, path, None).await.0, StatusCode::NO_CONTENT);
    for credential in [&ada.cookie, &token] {
        assert_eq!(fixture.status_of(credential).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(fixture.admin(Method::DELETE, path, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(fixture.admin(Method::GET, "/api/users", None).await.1, json!([]));
    // The same person comes back as somebody new.
    let again = fixture.person("ada", Role::Viewer).await;
    assert_ne!(again.user.id, ada.user.id);
    assert_eq!(fixture.status_of(&token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bar_25_an_address_that_two_people_have_names_neither() {
    let fixture = Fixture::start().await;
    let ada = fixture.person("ada", Role::Operator).await;
    let mut twin = login("twin", Role::Viewer);
    twin.email = Some("Ada@Example.com".to_owned());
    let twin = fixture.gateway.app.store.log_user_in(&twin).await.unwrap();
    assert_ne!(ada.user.id, twin.id);
    let path = "/api/users/ada@example.com/disable";
    let (status, refused) = fixture.admin(Method::POST, path, None).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("ambiguous")));
    let path = format!("/api/users/{}/disable", twin.id);
    assert_eq!(fixture.admin(Method::POST, &path, None).await.0, StatusCode::OK);
    assert_eq!(fixture.status_of(&ada.cookie).await, StatusCode::OK);
}

#[tokio::test]
async fn the_last_way_in_is_not_closed_unnoticed() {
    let fixture = Fixture::start().await;
    let (ada, bob) =
        (fixture.person("ada", Role::Admin).await, fixture.person("bob", Role::Admin).await);
    fixture.gateway.app.store.revoke_api_key("unlimited").await.unwrap();
    let demote = |who: &str| {
        (Method::PUT, format!("/api/users/{who}/role"), Some(json!({ "role": "viewer" })))
    };
    let (method, path, body) = demote(bob.email());
    assert_eq!(fixture.call(&ada.cookie, method, &path, body).await.0, StatusCode::OK);
    let disable = (Method::POST, format!("/api/users/{}/disable", ada.email()), None);
    let delete = (Method::DELETE, format!("/api/users/{}", ada.email()), None);
    for (method, path, body) in [demote(ada.email()), disable, delete] {
        let (status, refused) = fixture.call(&ada.cookie, method, &path, body).await;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::CONFLICT, &json!("last_admin")),
            "{path}"
        );
        assert!(refused["error"].as_str().unwrap().contains("fanlight key add"));
    }
    assert_eq!(fixture.status_of(&ada.cookie).await, StatusCode::OK);
}

#[tokio::test]
async fn of_two_admins_who_are_taken_away_at_once_one_stays() {
    let fixture = Fixture::start().await;
    let store = &fixture.gateway.app.store;
    let (ada, bob) =
        (fixture.person("ada", Role::Admin).await, fixture.person("bob", Role::Admin).await);
    store.revoke_api_key("unlimited").await.unwrap();
    let (ada, bob) = (ada.user.id, bob.user.id);
    for _ in 0..5 {
        let (one, other) =
            tokio::join!(store.set_user_disabled(ada, true), store.set_user_disabled(bob, true));
        assert!(one.unwrap().is_some() != other.unwrap().is_some(), "disabled");
        for id in [ada, bob] {
            assert!(store.set_user_disabled(id, false).await.unwrap().is_some());
        }
        let (one, other) = tokio::join!(
            store.set_user_role(ada, Role::Viewer),
            store.set_user_role(bob, Role::Viewer)
        );
        assert!(one.unwrap().is_some() != other.unwrap().is_some(), "demoted");
        for id in [ada, bob] {
            assert!(store.set_user_role(id, Role::Admin).await.unwrap().is_some());
        }
    }
    let (one, other) = tokio::join!(store.delete_user(ada), store.delete_user(bob));
    assert!(one.unwrap() != other.unwrap(), "removed");
}

#[tokio::test]
async fn bar_26_mappings_hold_at_the_next_sign_in_and_fall_back_to_the_role_set_by_hand() {
    let fixture = Fixture::start().await;
    let store = &fixture.gateway.app.store;
    let sign_in = async |mapped: Option<Role>| {
        let mut login = login("ada", Role::Viewer);
        login.mapped_role = mapped;
        let user = store.log_user_in(&login).await.unwrap();
        (user.id, user.role)
    };
    let (id, role) = sign_in(None).await;
    assert_eq!(role, Role::Viewer);
    assert_eq!(sign_in(Some(Role::Poweruser)).await, (id, Role::Poweruser));
    assert_eq!(sign_in(None).await, (id, Role::Viewer));
    store.set_user_role(id, Role::Operator).await.unwrap();
    assert_eq!(sign_in(None).await, (id, Role::Operator));
    assert_eq!(sign_in(Some(Role::Viewer)).await, (id, Role::Viewer));
    assert_eq!(sign_in(None).await, (id, Role::Operator));
}

#[tokio::test]
async fn group_mappings_are_made_changed_and_removed() {
    let fixture = Fixture::start().await;
    const PATH: &str = "/api/admin/group-mappings";
    let make = async |group: &str, role: &str| {
        let body = json!({ "oidc_group": group, "role": role });
        fixture.admin(Method::POST, PATH, Some(body)).await
    };
    let (status, made) = make("engineering", "poweruser").await;
    assert_eq!((status, &made["role"]), (StatusCode::CREATED, &json!("poweruser")));
    assert_eq!(make("engineering", "admin").await.0, StatusCode::CONFLICT);
    let (_, other) = make("ops", "operator").await;
    for (group, role, field) in [("", "admin", "oidc_group"), ("x", "root", "role")] {
        let (status, refused) = make(group, role).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(refused["fields"][field].is_string(), "{refused}");
    }
    let path = format!("{PATH}/{}", other["id"]);
    let put = async |group: &str| {
        let body = json!({ "oidc_group": group, "role": "admin" });
        fixture.admin(Method::PUT, &path, Some(body)).await
    };
    assert_eq!(put("engineering").await.0, StatusCode::CONFLICT);
    let (status, changed) = put("operations").await;
    assert_eq!((status, &changed["role"]), (StatusCode::OK, &json!("admin")));
    let (_, list) = fixture.admin(Method::GET, PATH, None).await;
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(fixture.admin(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(fixture.admin(Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(put("operations").await.0, StatusCode::NOT_FOUND);
    let (status, again) = make("operations", "viewer").await;
    assert_eq!(status, StatusCode::CREATED);
    assert_ne!(again["id"], other["id"], "ids are not used again");
}
