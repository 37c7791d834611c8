//! One person in two browsers, whom an admin in a third signs out everywhere.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fanlight_tests::{Browser, Gateway, Sshd, screenshots};
use serde_json::Value;

use super::{admin_at, click, start_with};

/// How long anything goes on after its credential was revoked, at most.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);
const CONNECTED: &str =
    "document.querySelector('[data-testid=session-page]')?.dataset.state === 'connected'";
const ENDED: &str = "document.querySelector('[data-testid=ended]') !== null";

/// A terminal to `sshd` for whoever may open one, which everybody may who signs in.
fn terminal_for_all(sshd: &Sshd) -> Result<String> {
    Ok(format!(
        "default_role = \"poweruser\"\n\
         [[presets]]\nid = \"demo\"\nname = \"This machine\"\nsession_type = \"ssh\"\n\
         [presets.settings]\nhostname = \"127.0.0.1\"\nport = {}\nusername = \"{}\"\n\
         private_key = '''\n{}'''\n",
        sshd.port(),
        sshd.username()?,
        sshd.private_key()?
    ))
}

/// Signs in at the provider, in a browser of its own, and opens a terminal.
async fn at_a_terminal(gateway: &Gateway) -> Result<Browser> {
    let person = Browser::start().await?;
    person.goto(&gateway.url()).await?;
    click(&person, "[data-testid=oidc]").await?;
    click(&person, "[data-testid=preset]").await.context("not led in")?;
    person.wait_until(CONNECTED).await?;
    Ok(person)
}

/// By the page for users, as an admin would; when the gateway was told.
async fn sign_out_everywhere(admin: &Browser, gateway: &Gateway) -> Result<Instant> {
    admin.goto(&(gateway.url() + "/settings/users")).await?;
    click(admin, "[data-testid=users] [role=gridcell] >> text=ada@example.com").await?;
    click(admin, "[data-testid=everywhere]").await?;
    admin.wait_for("[data-testid=confirm]").await?;
    let told = Instant::now();
    click(admin, "[data-testid=confirm]").await?;
    Ok(told)
}

/// Says so in words, and leads to the sign-in page when it is loaded again.
async fn is_out(person: &Browser, name: &str) -> Result<()> {
    let cause = person.text("[data-testid=cause]").await?;
    ensure!(cause.contains("no longer signed in"), "{name}: {cause}");
    person.screenshot(&screenshots()?.join(format!("everywhere-{name}.png"))).await?;
    person.call("reload", Value::Null).await?;
    person.wait_until("location.pathname === '/login'").await?;
    person.wait_for("[data-testid=oidc]").await
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_out_everywhere_two_browsers_say_so_within_5_s_and_the_admin_stays() {
    let sshd = Sshd::start().await.unwrap();
    let (_provider, gateway) = start_with(&terminal_for_all(&sshd).unwrap()).await.unwrap();
    let first = at_a_terminal(&gateway).await.unwrap();
    let second = at_a_terminal(&gateway).await.unwrap();
    let admin = admin_at(&gateway).await.unwrap();
    let told = sign_out_everywhere(&admin, &gateway).await.unwrap();
    let (one, other) = tokio::join!(first.wait_until(ENDED), second.wait_until(ENDED));
    let took = told.elapsed();
    one.and(other).unwrap();
    assert!(took <= REVOKED_WITHIN, "{took:?}");
    is_out(&first, "first").await.unwrap();
    is_out(&second, "second").await.unwrap();
    admin.call("reload", Value::Null).await.unwrap();
    admin.wait_for("[data-testid=everywhere]").await.unwrap();
    for browser in [first, second, admin] {
        browser.close().await.unwrap();
    }
}
