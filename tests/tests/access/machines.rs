//! The page on which admins enter machines.

use anyhow::{Result, ensure};
use fanlight_tests::{Browser, Engine, Gateway};
use reqwest::Method;
use serde_json::{Value, json};

use super::every_page::Looks;
use super::{admin_at, click, fill};

const ROW: &str = "[data-testid=machines] [data-index='0']";
const SUBMIT: &str = "[data-testid=sheet] form .primary";

async fn machines(gateway: &Gateway) -> Result<Value> {
    Ok(gateway.call(Method::GET, "/api/admin/vms", None).await?.1)
}

/// By its form, with a mistake first, which is told at its field.
async fn enter(looks: &mut Looks<'_>, admin: &Browser) -> Result<()> {
    click(admin, "main .button.primary").await?;
    fill(admin, "[name=name]", "Web server").await?;
    fill(admin, "[name=id]", "web-1").await?;
    fill(admin, "[name=addresses]", "192.168.1.100\n10.0.0.256").await?;
    fill(admin, "[name=groups]", "ops").await?;
    click(admin, SUBMIT).await?;
    admin.wait_for("[data-testid=sheet] [role=alert]").await?;
    looks.look("machine-refused").await?;
    fill(admin, "[name=addresses]", "192.168.1.100\n10.0.0.25").await?;
    click(admin, SUBMIT).await?;
    admin.wait_for(ROW).await?;
    looks.look("machines").await
}

async fn stop(looks: &mut Looks<'_>, admin: &Browser) -> Result<()> {
    click(admin, &format!("{ROW} >> text=Web server")).await?;
    admin.wait_for(SUBMIT).await?;
    looks.look("machine").await?;
    let chosen = json!({ "selector": "[name=state]", "value": "stopped" });
    admin.call("select", chosen).await?;
    click(admin, SUBMIT).await?;
    admin.wait_for(&format!("{ROW} >> text=stopped")).await
}

async fn remove(admin: &Browser) -> Result<()> {
    click(admin, &format!("{ROW} >> text=Web server")).await?;
    click(admin, "[data-testid=sheet] .remove").await?;
    click(admin, "[data-testid=confirm]").await?;
    admin.wait_for("main h2 >> text=No machines yet").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_entered_changed_and_removed_on_its_page() -> Result<()> {
    let gateway = Gateway::start(Engine::Embedded).await?;
    let admin = admin_at(&gateway).await?;
    let mut looks = Looks::at(&admin)?;
    let page = gateway.url() + "/settings/machines";
    looks.look_at("machines-none", &page, "main h2 >> text=No machines yet").await?;
    enter(&mut looks, &admin).await?;
    let entered = machines(&gateway).await?;
    ensure!(entered[0]["addresses"] == json!(["192.168.1.100", "10.0.0.25"]), "{entered}");
    ensure!(entered[0]["allowed_groups"] == json!(["ops"]), "{entered}");
    stop(&mut looks, &admin).await?;
    let stopped = machines(&gateway).await?;
    ensure!(stopped[0]["state"] == "stopped" && stopped[0]["id"] == "web-1", "{stopped}");
    remove(&admin).await?;
    ensure!(machines(&gateway).await? == json!([]));
    looks.nothing()?;
    admin.close().await
}
