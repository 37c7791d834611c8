//! The pages for access in a real browser, with a real OpenID provider behind them: what a
//! person and an admin do there is what the API then grants, refuses and records.

#![allow(clippy::unwrap_used)]

#[path = "access/book.rs"]
mod book;
#[path = "access/every_page.rs"]
mod every_page;
#[path = "access/everywhere.rs"]
mod everywhere;
#[path = "access/machines.rs"]
mod machines;

use anyhow::{Context, Result, ensure};
use fanlight_tests::{Browser, Engine, Gateway, OidcProvider, screenshots};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// A gateway with a provider that signs in Ada, of the group `ops`.
async fn start() -> Result<(OidcProvider, Gateway)> {
    start_with("").await
}

/// As [`start`], with further lines of `[oidc]` and tables behind them.
async fn start_with(more: &str) -> Result<(OidcProvider, Gateway)> {
    let provider = OidcProvider::start().await?;
    let ada = json!({
        "email": "ada@example.com", "email_verified": true, "name": "Ada", "groups": ["ops"],
    });
    provider.set(json!({ "account": "ada", "users": { "ada": ada } })).await?;
    let gateway = Gateway::start_with(Engine::Embedded, &provider.tables(more)).await?;
    Ok((provider, gateway))
}

/// A browser in which an admin is signed in, by a link of the API key.
async fn admin_at(gateway: &Gateway) -> Result<Browser> {
    let admin = Browser::start().await?;
    ensure!(admin.goto(&gateway.sign_in_link()?).await? == 200, "the sign-in link is refused");
    Ok(admin)
}

async fn click(browser: &Browser, selector: &str) -> Result<()> {
    browser.call("click", json!({ "selector": selector })).await.map(drop)
}

async fn fill(browser: &Browser, selector: &str, text: &str) -> Result<()> {
    browser.call("fill", json!({ "selector": selector, "text": text })).await.map(drop)
}

async fn map_group(admin: &Browser, gateway: &Gateway) -> Result<()> {
    admin.goto(&(gateway.url() + "/settings/groups")).await?;
    click(admin, "main .button.primary").await?;
    fill(admin, "[data-testid=sheet] input", "ops").await?;
    let chosen = json!({ "selector": "[data-testid=sheet] select", "value": "poweruser" });
    admin.call("select", chosen).await?;
    click(admin, "[data-testid=sheet] form .primary").await?;
    admin.wait_for("[data-testid=groups] [data-index='0']").await
}

/// Signs in at the provider on the way to one's own tokens, and makes one.
async fn make_token(person: &Browser, gateway: &Gateway) -> Result<String> {
    person.goto(&(gateway.url() + "/settings/tokens")).await?;
    click(person, "[data-testid=oidc]").await?;
    click(person, "[data-testid=new]").await.context("not led back to the tokens")?;
    fill(person, "[name=name]", "backup job").await?;
    click(person, "[data-testid=make-token]").await?;
    person.wait_for("[data-testid=new-token]").await?;
    person.text("[data-testid=new-token]").await
}

async fn whoami(gateway: &Gateway, token: &str) -> Result<(StatusCode, Value)> {
    let request = Client::new().get(gateway.url() + "/api/me").bearer_auth(token);
    let reply = request.send().await?;
    Ok((reply.status(), reply.json().await?))
}

async fn disable_ada(admin: &Browser, gateway: &Gateway) -> Result<()> {
    admin.goto(&(gateway.url() + "/settings/users")).await?;
    click(admin, "[data-testid=users] [role=gridcell] >> text=ada@example.com").await?;
    click(admin, "[data-testid=disable]").await?;
    admin.wait_for("[data-testid=enable]").await
}

/// The audit log shows both deeds, and so does its table for spreadsheets.
async fn log_shows_both(admin: &Browser, gateway: &Gateway) -> Result<()> {
    admin.goto(&(gateway.url() + "/activity")).await?;
    admin.wait_for("[data-testid=audit] >> text=Made a token").await?;
    admin.wait_for("[data-testid=audit] >> text=Disabled a user").await?;
    admin.screenshot(&screenshots()?.join("activity.png")).await?;
    let selector = json!({ "selector": "[data-testid=csv]" });
    let table = admin.call("download_text", selector).await?;
    let table = table.as_str().context("no text")?;
    ensure!(table.contains("token_create") && table.contains("user_disable"), "{table}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_the_page_works_until_an_admin_disables_its_user_there() {
    let (_provider, gateway) = start().await.unwrap();
    let admin = admin_at(&gateway).await.unwrap();
    map_group(&admin, &gateway).await.unwrap();
    let person = Browser::start().await.unwrap();
    let token = make_token(&person, &gateway).await.unwrap();
    let (status, me) = whoami(&gateway, &token).await.unwrap();
    assert_eq!((status, &me["email"]), (StatusCode::OK, &json!("ada@example.com")), "{me}");
    disable_ada(&admin, &gateway).await.unwrap();
    assert_eq!(whoami(&gateway, &token).await.unwrap().0, StatusCode::UNAUTHORIZED);
    // The person's page asks by itself, and finds that it is no longer signed in.
    person.wait_until("location.pathname === '/login'").await.unwrap();
    log_shows_both(&admin, &gateway).await.unwrap();
    person.close().await.unwrap();
    admin.close().await.unwrap();
}
