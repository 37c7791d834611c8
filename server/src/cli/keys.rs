use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use ipnet::IpNet;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::say;
use crate::access::NewToken;
use crate::audit::{Action, Event};
use crate::config::Config;
use crate::store::{ApiKey, NewApiKey, Store, StoreError};

/// What an API key begins with, so that people and secret scanners know it.
const KEY_PREFIX: &str = "fanlight_";
/// The key that one-time links act as, unless another is named. Nobody knows its secret.
const CONSOLE_KEY: &str = "console";
const LONGEST_NAME: usize = 100;

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key and print it: the only time it is shown.
    Add(NewKey),
    /// List all keys, without their secrets.
    List,
    /// Revoke a key, and sign out the browsers that signed in by it.
    Revoke {
        /// Name of the key.
        name: String,
    },
}

#[derive(Args)]
pub(super) struct NewKey {
    /// Name of the key, for lists.
    #[arg(long)]
    name: String,
    /// Network from which it may be used (repeatable). Without it: from everywhere.
    #[arg(long = "network", value_name = "CIDR", value_parser = network)]
    networks: Vec<IpNet>,
    /// When it ends: 2027-01-01T00:00:00Z. Without it: never.
    #[arg(long, value_name = "TIME", value_parser = future)]
    expires: Option<OffsetDateTime>,
}

#[derive(Args)]
pub(super) struct LinkOptions {
    /// Name of the key that the browser acts as. Without it: a key of its own, `console`.
    #[arg(long)]
    key: Option<String>,
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse().map(|address: std::net::IpAddr| address.into());
    text.parse().or_else(|_| address()).map_err(|_| "must be like 10.0.0.0/8".to_owned())
}

fn future(text: &str) -> Result<OffsetDateTime, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "must be like 2027-01-01T00:00:00Z".to_owned())?;
    if time <= OffsetDateTime::now_utc() {
        return Err("must be in the future".to_owned());
    }
    Ok(time)
}

pub(super) async fn manage(command: KeyCommand, config: &Config) -> anyhow::Result<()> {
    let store = Store::open(config).await?;
    match command {
        KeyCommand::Add(new) => add(new, &store).await?,
        KeyCommand::List => list(&store).await?,
        KeyCommand::Revoke { name } => {
            if !store.revoke_api_key(&name).await? {
                bail!("there is no live key with the name {name}");
            }
            tell(&store, Action::KeyRevoke, &name).await?;
            say(&format!("revoked {name}"))?;
        }
    }
    store.close().await;
    Ok(())
}

async fn add(new: NewKey, store: &Store) -> anyhow::Result<()> {
    let length = new.name.chars().count();
    if !(1..=LONGEST_NAME).contains(&length) || new.name.chars().any(char::is_control) {
        bail!("--name must be 1 to {LONGEST_NAME} characters long");
    }
    let token = NewToken::generate(KEY_PREFIX)?;
    add_key(store, &new.name, token.hash, new.networks, new.expires).await?;
    say(token.secret.expose())
}

async fn add_key(
    store: &Store,
    name: &str,
    secret_hash: String,
    allowed_networks: Vec<IpNet>,
    expires_at: Option<OffsetDateTime>,
) -> anyhow::Result<ApiKey> {
    let name = name.to_owned();
    let new = NewApiKey { name: name.clone(), secret_hash, allowed_networks, expires_at };
    let key = store.add_api_key(new).await.map_err(|error| match error {
        StoreError::Conflict => anyhow::anyhow!("there is a key with the name {name} already"),
        other => other.into(),
    })?;
    tell(store, Action::KeyCreate, &name).await?;
    Ok(key)
}

/// Puts into the audit log what was done to the key of that name.
async fn tell(store: &Store, action: Action, name: &str) -> anyhow::Result<()> {
    let id = store.api_key_by_name(name).await?.map(|key| key.id.to_string());
    let event = Event::new(action).by_command_line();
    let event = event.about("api_key", id.unwrap_or_default(), name);
    Ok(store.add_audit(&event.into_row()).await?)
}

async fn list(store: &Store) -> anyhow::Result<()> {
    let now = OffsetDateTime::now_utc();
    for key in store.api_keys().await? {
        let state = match (key.revoked_at, key.is_live(now)) {
            (Some(_), _) => "revoked",
            (None, true) => "live",
            (None, false) => "expired",
        };
        let networks: Vec<_> = key.allowed_networks.iter().map(ToString::to_string).collect();
        let from = if networks.is_empty() { "everywhere".into() } else { networks.join(",") };
        let expires =
            key.expires_at.map_or(Ok("never".to_owned()), |time| time.format(&Rfc3339))?;
        let created = key.created_at.format(&Rfc3339)?;
        say(&format!("{}\t{state}\tcreated {created}\texpires {expires}\tfrom {from}", key.name))?;
    }
    Ok(())
}

/// Prints a link to the gateway that uses the same database.
pub(super) async fn sign_in_link(options: &LinkOptions, config: &Config) -> anyhow::Result<()> {
    let store = Store::open(config).await?;
    let name = options.key.as_deref().unwrap_or(CONSOLE_KEY);
    let key = match store.api_key_by_name(name).await? {
        Some(key) if key.is_live(OffsetDateTime::now_utc()) => key,
        Some(_) => bail!("the key {name} is revoked or expired"),
        None if options.key.is_some() => bail!("there is no key with the name {name}"),
        None => {
            let nobody_knows = NewToken::generate(KEY_PREFIX)?;
            add_key(&store, name, nobody_knows.hash, Vec::new(), None).await?
        }
    };
    let token = NewToken::generate("")?;
    let expires_at = OffsetDateTime::now_utc() + config.access.link_lifetime;
    store.add_sign_in_link(&token.hash, key.id, expires_at).await?;
    tell(&store, Action::LinkCreate, name).await?;
    store.close().await;
    say(&format!("{}/sign-in/{}", base_url(config)?, token.secret.expose()))
}

/// Where a browser finds the gateway.
fn base_url(config: &Config) -> anyhow::Result<String> {
    if let Some(url) = &config.server.public_url {
        return Ok(url.as_str().trim_end_matches('/').to_owned());
    }
    let mut address = config.server.listen;
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            [0, 0, 0, 0, 0, 0, 0, 1_u16].into()
        };
        address.set_ip(loopback);
    }
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    (address.port() != 0)
        .then(|| format!("{scheme}://{address}"))
        .context("with port 0 the gateway's address is not known: set server.public_url")
}
