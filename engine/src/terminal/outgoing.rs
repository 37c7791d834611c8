use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Most bytes that wait for a remote side that reads nothing. What is typed then is lost,
/// as in a full terminal line.
const MAX_WAITING: usize = 1024 * 1024;
/// Bytes handed out at once.
const CHUNK: usize = 32 * 1024;

/// What waits to be sent to the remote side, so that nobody who types or prints has to wait
/// for it.
#[derive(Default)]
pub struct Outgoing {
    waiting: Mutex<VecDeque<u8>>,
    pushed: Notify,
}

impl Outgoing {
    /// Queues keystrokes, pasted text or a terminal's answers. Never waits. What goes beyond
    /// a mebibyte is dropped, each call's bytes as a whole.
    pub fn push(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut waiting = self.waiting.lock();
        if waiting.len() + bytes.len() <= MAX_WAITING {
            waiting.extend(bytes);
            self.pushed.notify_one();
        }
    }

    /// Waits for the next bytes to send: at least one, at most 32 KiB. For one caller at a
    /// time. Dropping the future loses nothing.
    pub async fn next(&self) -> Vec<u8> {
        loop {
            let chunk = self.take();
            if !chunk.is_empty() {
                return chunk;
            }
            self.pushed.notified().await;
        }
    }

    fn take(&self) -> Vec<u8> {
        let mut waiting = self.waiting.lock();
        let length = waiting.len().min(CHUNK);
        let chunk = waiting.drain(..length).collect();
        if waiting.is_empty() {
            // A paste must not leave its buffer behind for the rest of the session.
            *waiting = VecDeque::new();
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bar_32_bytes_come_in_order_and_too_many_are_dropped() {
        let outgoing = Outgoing::default();
        outgoing.push(b"ab");
        outgoing.push(b"c");
        assert_eq!(outgoing.next().await, b"abc");
        for _ in 0..1000 {
            outgoing.push(&[0; CHUNK]);
        }
        let mut taken = 0;
        while taken < MAX_WAITING {
            taken += outgoing.next().await.len();
        }
        assert!(outgoing.take().is_empty());
    }
}
