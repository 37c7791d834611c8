use std::time::Instant;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{logging, say};
use crate::config::Config;
use crate::serve::Gateway;

/// Runs the gateway until it is asked to stop. A second signal ends it at once.
pub(super) async fn serve(config: Config) -> anyhow::Result<()> {
    let begin = Instant::now();
    logging::start(&config.log);
    let mut signals = signals()?;
    let gateway = Gateway::start(config).await?;
    say(&format!("listening on {}, started in {} ms", gateway.url(), begin.elapsed().as_millis()))?;
    next(&mut signals).await;
    tracing::info!("stopping");
    tokio::select! {
        () = gateway.stop() => tracing::info!("stopped"),
        () = next(&mut signals) => tracing::warn!("stopped before all sessions had ended"),
    }
    Ok(())
}

/// What asks the process to stop.
pub(super) type Signals = (Signal, Signal);

pub(super) fn signals() -> std::io::Result<Signals> {
    Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
}

/// Waits until the process is asked to stop.
pub(super) async fn next((terminate, interrupt): &mut Signals) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
