use std::time::Instant;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{logging, say};
use crate::config::Config;
use crate::serve::Gateway;

/// Runs the gateway until it is asked to stop. A second signal ends it at once.
pub(super) async fn serve(config: Config) -> anyhow::Result<()> {
    let begin = Instant::now();
    logging::start(&config.log);
    let mut signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
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

async fn next((terminate, interrupt): &mut (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
