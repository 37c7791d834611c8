use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use fanlight_engine::door::{Door, acceptor};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::serving::{next, signals};
use super::{logging, say};
use crate::config::Config;
use crate::door::{Offers, limits};
use crate::policy::SystemResolver;

/// Where guacd listens.
const USUAL_ADDRESS: &str = "127.0.0.1:4822";

/// Nobody is asked for credentials at this door, as with guacd: leave it on the loopback
/// interface, or let only those machines reach it that may open anything.
#[derive(Args)]
pub(super) struct GuacdOptions {
    /// PEM file with the certificate chain, to speak TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// PEM file with its private key.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

/// Serves foreign clients until it is asked to stop.
pub(super) async fn serve(
    options: GuacdOptions,
    listen: Option<String>,
    config: Config,
) -> anyhow::Result<()> {
    logging::start(&config.log);
    let mut signals = signals()?;
    let tls = match (&options.tls_certificate, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(acceptor(certificate, key)?),
        _ => None,
    };
    let address = listen.as_deref().unwrap_or(USUAL_ADDRESS);
    let cannot = || format!("cannot listen on {address}");
    let listener = TcpListener::bind(address).await.with_context(cannot)?;
    let offers = Offers::start(&config, Arc::new(SystemResolver)).await?;
    let bound = listener.local_addr().with_context(cannot)?;
    if !bound.ip().is_loopback() {
        tracing::warn!("whoever reaches {bound} can open sessions: nobody is asked who they are");
    }
    let stop = CancellationToken::new();
    let door = Door::new(Arc::new(offers), limits(&config));
    let serving = tokio::spawn(door.run(listener, tls, stop.clone()));
    say(&format!("guacd's protocol on {bound}"))?;
    next(&mut signals).await;
    tracing::info!("stopping");
    stop.cancel();
    tokio::select! {
        served = serving => served?,
        _ = next(&mut signals) => tracing::warn!("stopped before all sessions had ended"),
    }
    Ok(())
}
