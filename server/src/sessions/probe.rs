use std::io::ErrorKind;
use std::time::Duration;

use fanlight_core::Endpoint;

use super::Sessions;

/// Why a port does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeError {
    /// Nothing came back in time.
    TimedOut,
    /// It refuses, cannot be reached, or the network rules do not allow to ask.
    Failed(String),
}

impl Sessions {
    /// Whether something takes connections at `endpoint`: one is made, as a session of `driver`
    /// would make it, and closed.
    ///
    /// # Errors
    /// Why not.
    pub async fn probe(
        &self,
        driver: &str,
        endpoint: &Endpoint,
        limit: Duration,
    ) -> Result<(), ProbeError> {
        let dialled = async {
            let route = self.shared.policy.route(driver, endpoint, &|_| {}).await;
            let route = route.map_err(|error| {
                ProbeError::Failed(error.message.trim_end_matches('.').to_owned())
            })?;
            route.dialer.dial().await.map(drop).map_err(|error| match error.kind() {
                ErrorKind::TimedOut => ProbeError::TimedOut,
                ErrorKind::ConnectionRefused => ProbeError::Failed("connection refused".to_owned()),
                ErrorKind::HostUnreachable => ProbeError::Failed("host unreachable".to_owned()),
                ErrorKind::NetworkUnreachable => {
                    ProbeError::Failed("network unreachable".to_owned())
                }
                _ => ProbeError::Failed(error.to_string()),
            })
        };
        tokio::time::timeout(limit, dialled).await.unwrap_or(Err(ProbeError::TimedOut))
    }
}
