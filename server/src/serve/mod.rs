//! The listener, and what happens to every request before and behind its handler.

mod connections;
mod headers;
mod layers;
mod metrics;
mod observe;
mod rates;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::app::{App, Engines, StartError};
use crate::config::{Config, TlsFiles};
use crate::policy::{Resolve, SystemResolver};
use crate::{api, pages};
use connections::Limited;
use metrics::MetricsListener;

/// A gateway that listens.
pub struct Gateway {
    /// What its handlers share.
    pub app: Arc<App>,
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    server: JoinHandle<std::io::Result<()>>,
    metrics: Option<MetricsListener>,
}

impl Gateway {
    /// Starts one; it answers requests when this returns.
    ///
    /// # Errors
    /// What [`App::start`] returns, a listener that cannot be made, TLS files that cannot
    /// be read.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let engines = Engines::of(&config)?;
        Self::start_with(config, engines, Arc::new(SystemResolver)).await
    }

    /// As [`start`](Self::start), with these engines and this resolver.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(
        mut config: Config,
        engines: Engines,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, StartError> {
        // The listener comes first: a second gateway that was started by mistake must not
        // touch the sessions of the one that runs.
        let listener = listen(config.server.listen)?;
        let address = listener.local_addr().map_err(|e| listen_error(config.server.listen, e))?;
        config.server.listen = address;
        let tls = match &config.server.tls {
            Some(files) => Some(read_tls(files).await?),
            None => None,
        };
        let app = App::start_with(config, engines, resolver).await?;
        let metrics = app.config.metrics.listen;
        let metrics = metrics.map(|address| MetricsListener::start(address, &app)).transpose()?;
        let handle = Handle::new();
        let server = tokio::spawn(run(listener, tls, Arc::clone(&app), handle.clone()));
        Ok(Self { app, address, handle, server, metrics })
    }

    /// Where it listens; the real port where the configuration said 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address for browsers on this machine.
    pub fn url(&self) -> String {
        let scheme = if self.app.config.server.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Where the figures for Prometheus are, if they have a listener of their own.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(MetricsListener::address)
    }

    /// Accepts nothing new, tells the viewers, and lets sessions go on for the drain time
    /// at most. Pages and sockets that are there go on, too.
    pub async fn drain(&self) {
        let drain = self.app.config.server.drain;
        self.handle.graceful_shutdown(Some(drain + self.app.config.server.shutdown_grace));
        self.app.sessions.drain(drain).await;
    }

    /// Accepts nothing new, tells the viewers, ends their sessions, and waits until all is
    /// given back or the grace time is over.
    pub async fn stop(self) {
        let grace = self.app.config.server.shutdown_grace;
        let end = Instant::now() + grace;
        self.handle.graceful_shutdown(Some(grace));
        if let Some(metrics) = self.metrics {
            metrics.stop().await;
        }
        let ((), server) = tokio::join!(self.app.sessions.shutdown(grace), self.server);
        if let Ok(Err(error)) = server {
            tracing::error!(%error, "the listener failed");
        }
        self.app.changes.close();
        if tokio::time::timeout_at(end, self.app.changes.wait()).await.is_err() {
            tracing::error!(left = self.app.changes.len(), "changes were not finished in time");
        }
        self.app.recordings.close().await;
        self.app.audit.close().await;
        self.app.token_uses.write().await;
        self.app.store.close().await;
    }
}

/// The whole service: pages, API, and what surrounds them.
pub fn router(app: &Arc<App>) -> Router {
    let router = Router::new().merge(api::router(app)).merge(pages::router());
    layers::around(router, app).with_state(Arc::clone(app))
}

async fn run(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    app: Arc<App>,
    handle: Handle<SocketAddr>,
) -> std::io::Result<()> {
    let service = router(&app).into_make_service_with_connect_info::<SocketAddr>();
    let limits = &app.config.server;
    let server = prepare(axum_server::from_tcp(listener)?, limits.header_timeout).handle(handle);
    let connections = limits.connection_limit;
    match tls {
        Some(tls) => {
            let tls = RustlsAcceptor::new(tls).handshake_timeout(limits.header_timeout);
            server.acceptor(Limited::new(connections, tls)).serve(service).await
        }
        None => server.map(|plain| Limited::new(connections, plain)).serve(service).await,
    }
}

fn prepare<A>(
    mut server: Server<SocketAddr, A>,
    header_timeout: Duration,
) -> Server<SocketAddr, A> {
    server.http_builder().http1().header_read_timeout(header_timeout);
    server.first_request_timeout(header_timeout).accept_error_handler(|peer, error| {
        tracing::debug!(?peer, %error, "a connection was not accepted");
    })
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).map_err(|error| listen_error(address, error))?;
    listener.set_nonblocking(true).map_err(|error| listen_error(address, error))?;
    Ok(listener)
}

fn listen_error(address: SocketAddr, error: std::io::Error) -> StartError {
    StartError::Listen(format!("cannot listen on {address}"), error)
}

async fn read_tls(files: &TlsFiles) -> Result<RustlsConfig, StartError> {
    // Another part of the process may have chosen the same provider before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    RustlsConfig::from_pem_chain_file(&files.certificate, &files.key).await.map_err(|error| {
        let TlsFiles { certificate, key } = files;
        let what = format!("cannot use {} with {}", certificate.display(), key.display());
        StartError::Listen(what, error)
    })
}
