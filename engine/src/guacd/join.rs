use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use fanlight_core::{Parameters, SessionError, Viewport};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::handshake::Hello;
use super::peer::Peer;
use super::viewer::{Reader, Sender, viewer_leg};
use super::{GuacdConfig, words};
use crate::link::{LinkWriter as _, Viewer, ViewerAccess};
use crate::wire::Writer;

/// What a session keeps of its opening.
pub(super) struct Terms {
    pub(super) config: Arc<GuacdConfig>,
    /// The guacd that runs it: whoever joins must join there.
    pub(super) peer: Arc<Peer>,
    /// The plan's parameters that concern viewers.
    pub(super) parameters: Parameters,
    pub(super) timezone: Option<String>,
}

/// Where viewers join a session that runs.
pub(super) struct Entrance {
    /// guacd's name for the session.
    pub(super) id: String,
    pub(super) terms: Terms,
    pub(super) legs: TaskTracker,
    /// Ends the legs.
    pub(super) cancel: CancellationToken,
}

impl Entrance {
    /// Both ends of a new leg, on which guacd sends the whole picture first.
    ///
    /// # Errors
    /// When guacd does not let the viewer in, or not in time.
    pub(super) async fn join(&self, viewer: &Viewer) -> Result<(Reader, Sender), SessionError> {
        let Terms { config, peer, parameters, timezone } = &self.terms;
        let deadline = Instant::now() + config.handshake_timeout;
        let greeted = peer.greet(&self.id, config.connect_timeout, deadline).await?;
        let read_only = viewer.access == ViewerAccess::View;
        let values = greeted.listing.joining(parameters, read_only);
        let hello = Hello { viewport: viewer.viewport, timezone: timezone.as_deref() };
        let ready = timeout_at(deadline, greeted.connect(&hello, values)).await;
        let ready = ready.map_err(|_| words::too_slow(&peer.name, config.handshake_timeout))??;
        let (leg, reader, mut writer) = viewer_leg(ready, viewer.access, &peer.name, config);
        // Owned by the session, which cancels the token when it is dropped.
        self.legs.spawn(leg.run(self.cancel.clone()));
        if viewer.access == ViewerAccess::Own {
            writer.send(size(viewer.viewport)).await?;
        }
        Ok((reader, writer))
    }
}

/// guacd hears of the owner's window also from an owner who joins.
fn size(viewport: Viewport) -> Bytes {
    let mut out = BytesMut::new();
    Writer::new(&mut out, "size").int(viewport.width.into()).int(viewport.height.into());
    out.freeze()
}
