use std::panic::AssertUnwindSafe;
use std::time::Duration;

use fanlight_core::Resource;
use futures_util::FutureExt as _;
use parking_lot::Mutex;
use uuid::Uuid;

/// Longest time for one resource to be given back.
const RELEASE_LIMIT: Duration = Duration::from_secs(5);

/// What a session holds and has to give back.
#[derive(Default)]
pub(super) struct Resources(Mutex<Vec<Box<dyn Resource>>>);

impl Resources {
    pub(super) fn keep(&self, resource: Box<dyn Resource>) {
        self.0.lock().push(resource);
    }

    /// Gives everything back, the last kept first. One that hangs or panics does not
    /// stop the others.
    pub(super) async fn release(&self, session: Uuid) {
        loop {
            let next = self.0.lock().pop();
            let Some(resource) = next else { return };
            let name = resource.name();
            let released = AssertUnwindSafe(resource.release()).catch_unwind();
            match tokio::time::timeout(RELEASE_LIMIT, released).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => tracing::error!(%session, name, "releasing a resource panicked"),
                Err(_) => tracing::error!(%session, name, "a resource was not released in time"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;

    struct Noted(&'static str, Arc<Mutex<Vec<&'static str>>>);

    #[async_trait]
    impl Resource for Noted {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn release(self: Box<Self>) {
            match self.0 {
                "hangs" => std::future::pending().await,
                "panics" => std::panic::resume_unwind(Box::new(())),
                name => self.1.lock().push(name),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn releases_in_reverse_order_whatever_single_ones_do() {
        let notes = Arc::default();
        let resources = Resources::default();
        for name in ["first", "hangs", "second", "panics", "third"] {
            resources.keep(Box::new(Noted(name, Arc::clone(&notes))));
        }
        resources.release(Uuid::nil()).await;
        assert_eq!(*notes.lock(), ["third", "second", "first"]);
    }
}
