use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use axum_server::Handle;
use tokio::task::JoinHandle;

use super::listen;
use crate::App;
use crate::api::metrics_page;
use crate::app::StartError;

/// A listener of its own for the figures, where one is configured: whoever reaches it may
/// read them.
pub(super) struct MetricsListener {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    server: JoinHandle<std::io::Result<()>>,
}

impl MetricsListener {
    /// Starts to answer.
    ///
    /// # Errors
    /// An address that cannot be listened on.
    pub(super) fn start(address: SocketAddr, app: &Arc<App>) -> Result<Self, StartError> {
        let listener = listen(address)?;
        let failed = |error| StartError::Listen(format!("cannot listen on {address}"), error);
        let address = listener.local_addr().map_err(failed)?;
        let page = |State(app): State<Arc<App>>| async move { metrics_page(&app) };
        let router = Router::new().route("/metrics", get(page)).with_state(Arc::clone(app));
        let handle = Handle::new();
        let server = axum_server::from_tcp(listener).map_err(failed)?.handle(handle.clone());
        let server = tokio::spawn(server.serve(router.into_make_service()));
        Ok(Self { address, handle, server })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it at once: nobody waits for figures of a gateway that stops.
    pub(super) async fn stop(self) {
        self.handle.shutdown();
        if let Ok(Err(error)) = self.server.await {
            tracing::error!(%error, "the listener for metrics failed");
        }
    }
}
