//! The address book as people use it: with nothing in it, with a few entries, with thousands.

use anyhow::{Result, ensure};
use fanlight_tests::{Browser, Engine, Gateway, Sshd};
use reqwest::Method;
use serde_json::{Value, json};

use super::every_page::Looks;
use super::{admin_at, click, fill};

/// A key for the tests' book alone.
const BOOK: &str = "[book]\nkey = \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"\n";
const FOLDERS: &str = "/api/addressbook/folders";
const ENTRY: &str = "[data-testid=entries] [data-index='0']";
const CONNECTED: &str = "[data-active=true] [data-testid=session-page][data-state=connected]";
const MANY: usize = 5000;

async fn post(gateway: &Gateway, path: &str, body: Value) -> Result<()> {
    let (status, reply) = gateway.call(Method::POST, path, Some(&body)).await?;
    ensure!(status == 201, "{path}: {reply}");
    Ok(())
}

/// Three entries: one with an account of each person's own, one that refuses, one that asks.
async fn three_entries(gateway: &Gateway, sshd: &Sshd) -> Result<()> {
    post(gateway, FOLDERS, json!({ "scope": "shared", "name": "production" })).await?;
    let entries = format!("{FOLDERS}/shared/production/entries");
    let corp = json!({ "name": "corp", "display_name": "Corporate shell", "type": "ssh",
        "hostname": "127.0.0.1", "port": sshd.port(), "tags": ["web", "eu"],
        "username": "$corp_username", "private_key": sshd.private_key()? });
    let lost = json!({ "name": "lost", "type": "ssh", "hostname": "127.0.0.1", "port": 1,
        "username": "root", "password": "canary" });
    let asking = json!({ "name": "asking", "type": "rdp", "hostname": "127.0.0.1",
        "prompt_credentials": true });
    for entry in [corp, lost, asking] {
        post(gateway, &entries, entry).await?;
    }
    Ok(())
}

/// By keyboard alone: find the entry, answer what it asks, and be in the session.
async fn open_by_keyboard(looks: &mut Looks<'_>, browser: &Browser, sshd: &Sshd) -> Result<()> {
    browser.wait_until("document.activeElement?.dataset.testid === 'search'").await?;
    browser.type_text("corporate web").await?;
    browser
        .wait_until("document.querySelectorAll('[data-testid=entries] [data-index]').length === 1")
        .await?;
    browser.press("Enter").await?;
    browser.wait_for("dialog [data-testid=credentials]").await?;
    looks.look("book-own-asked").await?;
    browser.wait_until("document.activeElement?.name === 'own-corp_username'").await?;
    browser.type_text(&sshd.username()?).await?;
    browser.press("Enter").await?;
    browser.wait_for(CONNECTED).await
}

/// What was kept is set from now on, and the next click connects at once.
async fn open_by_one_click(looks: &mut Looks<'_>, browser: &Browser, home: &str) -> Result<()> {
    let page = format!("{home}/settings/credentials");
    looks
        .look_at("own-credentials-set", &page, "[data-testid=own-credentials] [data-index='0']")
        .await?;
    browser.goto(home).await?;
    fill(browser, "[data-testid=search]", "corporate").await?;
    click(browser, &format!("{ENTRY} .star")).await?;
    click(browser, &format!("{ENTRY} >> text=Corporate shell")).await?;
    browser.wait_for(CONNECTED).await
}

/// The editor tells how far an entry comes.
async fn test_in_the_editor(looks: &mut Looks<'_>, browser: &Browser, home: &str) -> Result<()> {
    for (search, state, name) in [
        ("corporate", "reached", "entry-reached"),
        ("lost", "failed", "entry-failed"),
        ("asking", "refused", "entry-asks"),
    ] {
        browser.goto(home).await?;
        fill(browser, "[data-testid=search]", search).await?;
        click(browser, &format!("{ENTRY} [data-testid=edit]")).await?;
        click(browser, "[data-testid=test-entry]").await?;
        browser.wait_for(&format!("[data-testid=entry-test][data-state={state}]")).await?;
        looks.look(name).await?;
    }
    Ok(())
}

async fn among_thousands(looks: &mut Looks<'_>, gateway: &Gateway, home: &str) -> Result<()> {
    let row =
        |n: usize| format!("host-{n:04},ssh,site-{:02},host-{n}.example.com,root,canary\n", n % 20);
    let head = "name,type,folder,hostname,username,password\n".to_owned();
    gateway.import(&(head + &(0..MANY).map(row).collect::<String>()))?;
    looks.look_at("book-5000", home, ENTRY).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_book_is_of_use_with_no_three_and_five_thousand_entries() -> Result<()> {
    let sshd = Sshd::start().await?;
    let gateway = Gateway::start_with(Engine::Embedded, BOOK).await?;
    let browser = admin_at(&gateway).await?;
    let mut looks = Looks::at(&browser)?;
    let home = gateway.url();
    looks.look_at("book-none", &home, "[data-testid=first-entry]").await?;
    three_entries(&gateway, &sshd).await?;
    looks.look_at("book-three", &home, ENTRY).await?;
    browser.goto(&home).await?;
    open_by_keyboard(&mut looks, &browser, &sshd).await?;
    open_by_one_click(&mut looks, &browser, &home).await?;
    test_in_the_editor(&mut looks, &browser, &home).await?;
    among_thousands(&mut looks, &gateway, &home).await?;
    fill(&browser, "[data-testid=search]", "host-4711 site-11").await?;
    browser.wait_for(&format!("{ENTRY} >> text=host-4711")).await?;
    looks.nothing()?;
    browser.close().await
}
