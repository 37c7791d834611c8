//! From the browser's pictures to the viewers' screen, one at a time.

use std::future::Future;
use std::sync::Arc;

use fanlight_core::{Host, Step};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::OPEN;
use super::screen::{PageScreen, Shown};
use crate::cdp::{Event, Visitor};

/// The browser sends no further picture before the last few were acknowledged.
const ROOM: usize = 16;

/// Takes pictures without waiting.
pub(super) struct Frames(mpsc::Sender<Arc<Event>>);

impl Frames {
    /// With the future that paints them.
    pub(super) fn new(
        visitor: Arc<Visitor>,
        host: Arc<dyn Host>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (frames, coming) = mpsc::channel(ROOM);
        (Self(frames), paint(visitor, host, coming))
    }

    /// Has the picture of a `Page.screencastFrame` shown.
    pub(super) async fn take(&self, event: Arc<Event>) {
        // Whoever paints lives as long as the session.
        let _ = self.0.send(event).await;
    }
}

async fn paint(visitor: Arc<Visitor>, host: Arc<dyn Host>, mut coming: mpsc::Receiver<Arc<Event>>) {
    let screen = Arc::new(PageScreen::default());
    let mut is_shown = false;
    while let Some(event) = coming.recv().await {
        let (painted, picture) = (Arc::clone(&screen), Arc::clone(&event));
        let painting = spawn_blocking(move || {
            let text = picture.text("/data").unwrap_or_default();
            base64_simd::STANDARD.decode_to_vec(text).is_ok_and(|png| painted.show(&png))
        });
        if painting.await.unwrap_or_default() {
            if !is_shown {
                host.step(Step::done(OPEN));
                host.show(Arc::new(Shown(Arc::clone(&screen))));
                is_shown = true;
            }
            host.changed();
        }
        acknowledge(&visitor, &event).await;
    }
}

async fn acknowledge(visitor: &Visitor, event: &Event) {
    let number: &Value = &event.params["sessionId"];
    if let Some(session) = &event.session {
        // A tab that is gone needs none.
        let _ =
            visitor.tell(session, "Page.screencastFrameAck", json!({"sessionId": number})).await;
    }
}
