use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fanlight_core::{BoxedStream, Dial, Endpoint};

use super::Chain;

/// The way through jump hosts to one endpoint.
pub(crate) struct Way {
    pub(crate) chain: Arc<Chain>,
    pub(crate) endpoint: Endpoint,
    pub(crate) limit: Duration,
}

#[async_trait]
impl Dial for Way {
    async fn dial(&self) -> io::Result<BoxedStream> {
        self.chain.open(&self.endpoint, self.limit).await.map_err(io::Error::other)
    }
}
