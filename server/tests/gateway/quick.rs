//! Quick connect: links that open machines.

use fanlight::access::Role;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::book::{PROD, web_server};
use crate::harness::Fixture;

const ENTRY: &str = "/api/connect?scope=shared&folder=production&entry=web-01";
const ASKING: &str = "/api/connect?scope=shared&folder=production&entry=asking";
const AD_HOC: &str = "/api/connect?hostname=192.0.2.7&protocol=ssh&width=800&height=600";

struct Reply {
    status: u16,
    location: String,
    text: String,
}

async fn read(reply: Response) -> Reply {
    let location = reply.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    Reply {
        status: reply.status().as_u16(),
        location: location.unwrap_or_default(),
        text: reply.text().await.unwrap(),
    }
}

impl Fixture {
    /// As a browser follows a link.
    async fn follow_link(&self, cookie: &str, path: &str, more: &[(&str, &str)]) -> Reply {
        let mut request = self.get(path).header("accept", "text/html,*/*;q=0.8");
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        read(request.send().await.unwrap()).await
    }

    /// As a browser sends the form that it was shown.
    async fn send_form(
        &self,
        cookie: &str,
        path: &str,
        origin: &str,
        form: &[(&str, &str)],
    ) -> Reply {
        let request = self.post(path).header("cookie", cookie).header("origin", origin);
        let kind = "application/x-www-form-urlencoded";
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = request.header("accept", "text/html").header("content-type", kind);
        read(request.body(body).send().await.unwrap()).await
    }

    async fn with_asking_entry(&self) {
        let mut asking = web_server();
        asking["name"] = json!("asking");
        asking["prompt_credentials"] = json!(true);
        self.book(&[web_server(), asking]).await;
    }
}

fn token_in(page: &str) -> String {
    let after = page.split("name=\"csrf_token\" value=\"").nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_opens_an_entry_or_a_target_for_those_who_may() {
    let fixture = Fixture::start().await;
    fixture.with_asking_entry().await;
    let operator = fixture.person("worker", Role::Operator).await.cookie;
    let poweruser = fixture.person("power", Role::Poweruser).await.cookie;
    let viewer = fixture.person("viewer", Role::Viewer).await.cookie;
    for (cookie, path, status) in [
        (&operator, ENTRY, 302),
        (&operator, AD_HOC, 403),
        (&poweruser, ENTRY, 302),
        (&poweruser, AD_HOC, 302),
        (&viewer, ENTRY, 403),
    ] {
        let reply = fixture.follow_link(cookie, path, &[("sec-fetch-dest", "document")]).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text);
        assert_eq!(status == 302, reply.location.starts_with("/client/"), "{}", reply.location);
    }
    let change = json!({ "allowed_groups": ["others"] });
    fixture.ask(Method::PUT, PROD, change).await;
    let refused = fixture.follow_link(&operator, ENTRY, &[]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("is for groups you are not in"), "{}", refused.text);
}

#[tokio::test]
async fn who_is_not_signed_in_does_that_first_and_comes_back() {
    let fixture = Fixture::start().await;
    let reply = fixture.follow_link("", ENTRY, &[]).await;
    assert_eq!(reply.status, 302);
    let next = "%2Fapi%2Fconnect%3Fscope%3Dshared%26folder%3Dproduction%26entry%3Dweb-01";
    assert_eq!(reply.location, format!("/login?next={next}"));
    let posted = fixture.send_form("fanlight=none", ENTRY, &fixture.url(""), &[]).await;
    assert_eq!((posted.status, posted.location), (303, format!("/login?next={next}")));
}

#[tokio::test]
async fn a_secret_in_a_link_is_not_passed_on_to_the_sign_in() {
    let fixture = Fixture::start().await;
    let path = "/api/connect?hostname=a&password=canary";
    let followed = fixture.follow_link("", path, &[]).await;
    let posted = fixture.send_form("fanlight=none", path, &fixture.url(""), &[]).await;
    for reply in [followed, posted] {
        assert_eq!((reply.status, reply.location.as_str()), (400, ""), "{}", reply.text);
        assert!(!reply.text.contains("canary"), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_link_makes_no_session_for_those_who_only_look_at_it() {
    let fixture = Fixture::start().await;
    let cookie = fixture.person("power", Role::Poweruser).await.cookie;
    let head = fixture.call(&cookie, Method::HEAD, AD_HOC, None).await;
    assert_eq!(head.0, 400);
    let ahead = [("sec-fetch-dest", "document"), ("sec-purpose", "prefetch;prerender")];
    assert_eq!(fixture.follow_link(&cookie, AD_HOC, &ahead).await.status, 400);
    let (_, made) = fixture.call(&fixture.key, Method::GET, "/api/sessions", None).await;
    assert_eq!(made, json!([]));
}

#[tokio::test]
async fn bar_37_a_form_is_held_to_its_size_and_kind() {
    let fixture = Fixture::start().await;
    let cookie = fixture.person("power", Role::Poweruser).await.cookie;
    let long = "x".repeat(70_000);
    let form = [("username", long.as_str())];
    let large = fixture.send_form(&cookie, AD_HOC, &fixture.url(""), &form).await;
    assert_eq!(large.status, 413, "{}", large.text);
    let other = fixture.call(&cookie, Method::POST, AD_HOC, Some(json!({}))).await;
    assert_eq!((other.0.as_u16(), &other.1["code"]), (415, &json!("unsupported_media_type")));
}

#[tokio::test]
async fn what_is_wrong_with_a_link_is_told_and_secrets_are_refused_in_it() {
    let fixture = Fixture::start().await;
    fixture.with_asking_entry().await;
    let cookie = fixture.person("power", Role::Poweruser).await.cookie;
    for (query, field) in [
        ("hostname=a&password=canary", "password"),
        ("hostname=a&private_key=canary", "private_key"),
        ("hostname=a&pasword=canary", "pasword"),
        ("hostname=a&port=65536", "port"),
        ("hostname=a&port=x", "port"),
        ("hostname=a&hostname=b", "hostname"),
        ("hostname=a&protocol=gopher", "protocol"),
        ("hostname=a&width=1", "width"),
        ("", "hostname"),
        ("scope=shared&folder=production", "entry"),
        ("scope=shared&folder=..&entry=x", "folder"),
        ("scope=shared&folder=production&entry=web-01&hostname=a", "hostname"),
    ] {
        let path = format!("/api/connect?{query}");
        let reply = fixture.call(&cookie, Method::GET, &path, None).await;
        assert_eq!(reply.0, 400, "{query}: {}", reply.1);
        assert!(reply.1["fields"][field].is_string(), "{query}: {}", reply.1);
        assert!(!reply.1.to_string().contains("canary"), "{}", reply.1);
        let page = fixture.follow_link(&cookie, &path, &[]).await;
        assert!(page.status == 400 && page.text.contains("could not be opened"), "{}", page.text);
        assert!(!page.text.contains("canary"));
    }
}

#[tokio::test]
async fn an_entry_that_asks_for_credentials_gets_them_by_a_form() {
    let fixture = Fixture::start().await;
    fixture.with_asking_entry().await;
    let cookie = fixture.person("worker", Role::Operator).await.cookie;
    let page = fixture.follow_link(&cookie, ASKING, &[]).await;
    assert_eq!(page.status, 200);
    for part in ["name=\"username\"", "name=\"password\"", "name=\"private_key\"", "value=\"root\""]
    {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains("name=\"domain\"") && !page.text.contains("canary"));
    let token = token_in(&page.text);
    let own = fixture.url("");
    let with = |token: &str| {
        let form = [("username", "jdoe"), ("password", "canary-own"), ("csrf_token", token)];
        form.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let send = async |origin: &str, form: [(String, String); 3]| {
        let form: Vec<_> = form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        fixture.send_form(&cookie, ASKING, origin, &form).await
    };
    assert_eq!(send(&own, with("")).await.status, 403);
    assert_eq!(send(&own, with(&"0".repeat(64))).await.status, 403);
    assert_eq!(send("https://evil.example", with(&token)).await.status, 403);
    let empty = [("csrf_token", token.as_str())];
    let again = fixture.send_form(&cookie, ASKING, &own, &empty).await;
    assert!(again.status == 409 && again.text.contains("your own credentials"), "{}", again.text);
    let done = send(&own, with(&token)).await;
    assert!(done.status == 303 && done.location.starts_with("/client/"), "{}", done.text);
    assert_eq!(fixture.entry("asking").await["version"], 1);
}

#[tokio::test]
async fn no_page_loads_a_link_by_itself_and_a_person_can_be_asked_first() {
    let fixture = Fixture::with(&[("quick_connect.confirm", json!(true))]).await;
    fixture.with_asking_entry().await;
    let cookie = fixture.person("worker", Role::Operator).await.cookie;
    for dest in ["iframe", "image", "empty", "script"] {
        let reply = fixture.follow_link(&cookie, ENTRY, &[("sec-fetch-dest", dest)]).await;
        assert_eq!(reply.status, 403, "{dest}");
    }
    let foreign = [("sec-fetch-dest", "document"), ("sec-fetch-site", "cross-site")];
    let asked = fixture.follow_link(&cookie, ENTRY, &foreign).await;
    assert!(asked.status == 200 && asked.text.contains("shared/production/web-01"));
    let token = token_in(&asked.text);
    let form = [("csrf_token", token.as_str())];
    let done = fixture.send_form(&cookie, ENTRY, &fixture.url(""), &form).await;
    assert!(done.status == 303 && done.location.starts_with("/client/"), "{}", done.text);
    let own = [("sec-fetch-dest", "document"), ("sec-fetch-site", "same-origin")];
    assert_eq!(fixture.follow_link(&cookie, ENTRY, &own).await.status, 302);
    let sessions = fixture.ask(Method::GET, "/api/sessions", Value::Null).await.1;
    assert_eq!(sessions.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_entry_that_names_personal_credentials_gets_them_by_a_form() {
    const CORP: &str = "/api/connect?scope=shared&folder=production&entry=corp";
    let fixture = Fixture::start().await;
    fixture.book(&[crate::book_personal::corporate()]).await;
    let cookie = fixture.person("worker", Role::Operator).await.cookie;
    assert_eq!(fixture.set(&cookie, "corp_username", "jdoe").await, 204);
    let page = fixture.follow_link(&cookie, CORP, &[]).await;
    assert!(page.status == 200 && page.text.contains("not set: corp_password."), "{}", page.text);
    assert!(page.text.contains("name=\"personal.corp_password\""), "{}", page.text);
    assert!(!page.text.contains("name=\"password\""), "{}", page.text);
    let token = token_in(&page.text);
    let send = async |name: &str, value: &str| {
        let form = [("csrf_token", token.as_str()), (name, value), ("personal.corp_username", "")];
        fixture.send_form(&cookie, CORP, &fixture.url(""), &form).await
    };
    assert_eq!(send("personal.corp_password", "").await.status, 409);
    let wrong = send("pasword", "canary").await;
    assert!(wrong.status == 400 && !wrong.text.contains("canary"), "{}", wrong.text);
    let done = send("personal.corp_password", "canary").await;
    assert!(done.status == 303 && done.location.starts_with("/client/"), "{}", done.text);
}
