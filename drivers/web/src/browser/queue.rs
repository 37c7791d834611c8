//! Whose turn it is when there are as many browsers as there may be.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

/// Places for browsers, and those who wait for one, in the order they came.
pub(super) struct Queue(Arc<watch::Sender<State>>);

struct State {
    free: usize,
    next: u64,
    waiting: VecDeque<u64>,
}

/// A browser's place, until it is dropped.
pub(crate) struct Place(Arc<watch::Sender<State>>);

impl Queue {
    pub(super) fn new(places: usize) -> Self {
        let state = State { free: places, next: 0, waiting: VecDeque::new() };
        Self(Arc::new(watch::Sender::new(state)))
    }

    /// Waits for a place. `tell` hears how many are to come first, and again whenever these
    /// are fewer; it hears nothing where a place is free at once.
    pub(super) async fn place(&self, mut tell: impl FnMut(usize)) -> Place {
        let mut number = 0;
        self.0.send_modify(|state| {
            number = state.next;
            state.next += 1;
            state.waiting.push_back(number);
        });
        let waiting = Waiting { number, queue: &self.0 };
        let mut changes = self.0.subscribe();
        let mut told = None;
        loop {
            let before = changes.borrow_and_update().before(number);
            if before == 0 && waiting.take() {
                return Place(Arc::clone(&self.0));
            }
            if told != Some(before) {
                told = Some(before);
                tell(before);
            }
            // Cannot fail: the sender is here.
            let _ = changes.changed().await;
        }
    }
}

impl State {
    fn before(&self, number: u64) -> usize {
        self.waiting.iter().take_while(|other| **other != number).count()
    }
}

/// Leaves the queue when it is dropped: with a place or without.
struct Waiting<'a> {
    number: u64,
    queue: &'a watch::Sender<State>,
}

impl Waiting<'_> {
    fn take(&self) -> bool {
        self.queue.send_if_modified(|state| {
            let takes = state.free > 0;
            state.free -= usize::from(takes);
            takes
        })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.send_modify(|state| state.waiting.retain(|number| *number != self.number));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.free += 1);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const AT_ONCE: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn who_waits_hears_its_place_and_who_leaves_holds_up_nobody() {
        let queue = Queue::new(1);
        let first = queue.place(|_| panic!("there is a place")).await;
        let mut heard = Vec::new();
        let gone = Box::pin(queue.place(|before| assert_eq!(before, 0)));
        let mut gone = Box::pin(timeout(AT_ONCE, gone));
        let mut waits = Box::pin(queue.place(|before| heard.push(before)));
        tokio::select! {
            biased;
            left = &mut gone => assert!(left.is_err()),
            _ = &mut waits => panic!("there is no place"),
        }
        drop(gone);
        drop(first);
        let _place = timeout(AT_ONCE, &mut waits).await.unwrap();
        drop(waits);
        assert_eq!(heard.first(), Some(&1));
    }
}
