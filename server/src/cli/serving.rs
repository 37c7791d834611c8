use std::time::Instant;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{logging, say};
use crate::config::Config;
use crate::serve::Gateway;

/// Runs the gateway until it is asked to stop: by SIGTERM sessions may go on for the drain
/// time. A second signal ends it at once.
pub(super) async fn serve(config: Config) -> anyhow::Result<()> {
    let begin = Instant::now();
    logging::start(&config.log);
    if !config.server.core_dumps {
        // It holds for dumps that go to a program, too, where a limit of 0 bytes does not.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    let mut signals = signals()?;
    let gateway = Gateway::start(config).await?;
    say(&format!("listening on {}, started in {} ms", gateway.url(), begin.elapsed().as_millis()))?;
    let signal = next(&mut signals).await;
    tracing::info!("stopping");
    let stop = async {
        // At a terminal somebody waits for it.
        if signal == SignalKind::terminate() {
            gateway.drain().await;
        }
        gateway.stop().await;
    };
    tokio::select! {
        () = stop => tracing::info!("stopped"),
        _ = next(&mut signals) => tracing::warn!("stopped before all sessions had ended"),
    }
    Ok(())
}

/// What asks the process to stop.
pub(super) type Signals = (Signal, Signal);

pub(super) fn signals() -> std::io::Result<Signals> {
    Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
}

/// Waits until the process is asked to stop; tells by what.
pub(super) async fn next((terminate, interrupt): &mut Signals) -> SignalKind {
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate(),
        _ = interrupt.recv() => SignalKind::interrupt(),
    }
}
