use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bytes::BytesMut;
use fanlight_engine::wire::{Writer, parse_all};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Typed keys that wait to be recorded, bytes; further ones are lost.
const MOST_KEYS: usize = 16 * 1024;

/// What viewers do, on its way into the recording: where the pointer is and, where that is
/// configured, which keys they press. Never waits.
#[derive(Default)]
pub struct Tap {
    include_keys: bool,
    acted: AtomicBool,
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Default)]
struct Waiting {
    pointer: Option<Pointer>,
    keys: Vec<Key>,
}

#[derive(Clone, Copy)]
struct Pointer {
    x: i32,
    y: i32,
    buttons: i32,
}

struct Key {
    keysym: i64,
    pressed: bool,
    stamp: i64,
}

impl Tap {
    pub(super) fn new(include_keys: bool) -> Self {
        Self { include_keys, ..Self::default() }
    }

    /// Looks at what goes to the engine: whole instructions that the viewer may send.
    /// `stamp` is the time in milliseconds since 1970-01-01 UTC.
    pub fn look(&self, instructions: &[u8], stamp: i64) {
        for found in parse_all(instructions).flatten() {
            if matches!(found.opcode, "mouse" | "key") {
                self.acted.store(true, Relaxed);
            }
            match found.opcode {
                "mouse" => {
                    let (Some(x), Some(y)) = (found.number(0), found.number(1)) else { continue };
                    let buttons = found.number(2).unwrap_or_default();
                    self.waiting.lock().pointer = Some(Pointer { x, y, buttons });
                }
                "key" if self.include_keys => {
                    let Some(keysym) = found.number(0) else { continue };
                    let mut waiting = self.waiting.lock();
                    if waiting.keys.len() < MOST_KEYS / size_of::<Key>() {
                        let pressed = found.text(1) == "1";
                        waiting.keys.push(Key { keysym, pressed, stamp });
                    }
                }
                _ => continue,
            }
            self.news.notify_one();
        }
    }

    /// Whether somebody typed or pointed since this was last asked.
    pub(super) fn somebody_acted(&self) -> bool {
        self.acted.swap(false, Relaxed)
    }

    /// Waits until there is something to record. Cancel safe.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// What is to be recorded at `stamp`, as instructions.
    pub(super) fn drain(&self, stamp: i64) -> BytesMut {
        let Waiting { pointer, keys } = std::mem::take(&mut *self.waiting.lock());
        let mut out = BytesMut::new();
        for Key { keysym, pressed, stamp } in keys {
            Writer::new(&mut out, "key").int(keysym).int(pressed.into()).int(stamp);
        }
        if let Some(Pointer { x, y, buttons }) = pointer {
            let writer = Writer::new(&mut out, "mouse").int(x.into()).int(y.into());
            drop(writer.int(buttons.into()).int(stamp));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPED: &[u8] = b"3.key,2.65,1.1;5.mouse,1.1,1.2,1.0;5.mouse,1.3,1.4,1.1;4.sync,1.1;";

    #[test]
    fn keys_are_recorded_only_where_that_is_configured() {
        let tap = Tap::new(false);
        tap.look(TYPED, 5);
        assert_eq!(&tap.drain(9)[..], b"5.mouse,1.3,1.4,1.1,1.9;");
        let tap = Tap::new(true);
        tap.look(TYPED, 5);
        assert_eq!(&tap.drain(9)[..], b"3.key,2.65,1.1,1.5;5.mouse,1.3,1.4,1.1,1.9;");
        assert!(tap.drain(10).is_empty());
    }
}
