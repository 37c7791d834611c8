use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use fanlight_core::{FileSystem, Files, Host, HostKey, Screen, SessionError, Step};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::rules::Rules;
use crate::link::Services;

/// Longest text offered to viewers' clipboards, in bytes; a longer one is cut.
pub(super) const MAX_CLIPBOARD: usize = 256 * 1024;
/// Longest title shown, in characters.
const MAX_TITLE: usize = 256;

/// What a session's client and its viewers share. The client writes, viewers read;
/// each viewer remembers how much it has seen.
pub(super) struct Stage {
    pub(super) rules: Rules,
    services: Arc<dyn Services>,
    screen: Mutex<Option<Shown>>,
    generation: AtomicU64,
    /// Rung at every change of the picture; only viewers that are ready to draw listen.
    pub(super) changed: Notify,
    board: Mutex<Board>,
    /// Rung for everything but the picture.
    pub(super) news: Notify,
    end: OnceLock<Result<(), SessionError>>,
}

/// The screen that is shown, counted so that viewers notice a new one.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) number: u64,
    pub(super) screen: Arc<dyn Screen>,
}

/// The latest of each kind of notice, with a counter.
#[derive(Clone)]
pub(super) struct Board {
    pub(super) title: (u64, Arc<str>),
    pub(super) clipboard: (u64, Arc<str>),
    pub(super) bells: u64,
    pub(super) files: Offer,
}

/// The files beside the screen, counted: each time they are offered they are a new object.
#[derive(Clone)]
pub(super) struct Offer {
    pub(super) number: u64,
    pub(super) files: Files,
}

impl Offer {
    /// The object's number and the files, where there are any.
    pub(super) fn offered(&self) -> Option<(i64, Arc<dyn FileSystem>)> {
        match &self.files {
            Files::Offered(files) => Some((i64::try_from(self.number).ok()?, files.clone())),
            Files::Missing(_) => None,
        }
    }
}

impl Stage {
    pub(super) fn new(rules: Rules, title: &str, services: Arc<dyn Services>) -> Self {
        Self {
            rules,
            services,
            screen: Mutex::new(None),
            generation: AtomicU64::new(0),
            changed: Notify::new(),
            board: Mutex::new(Board {
                title: (1, title.into()),
                clipboard: (0, "".into()),
                bells: 0,
                files: Offer { number: 0, files: Files::Missing(String::new()) },
            }),
            news: Notify::new(),
            end: OnceLock::new(),
        }
    }

    pub(super) fn shown(&self) -> Option<Shown> {
        self.screen.lock().clone()
    }

    /// Grows with every change of the picture.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn board(&self) -> Board {
        self.board.lock().clone()
    }

    /// How the client's leg ended, once it has.
    pub(super) fn end(&self) -> Option<&Result<(), SessionError>> {
        self.end.get()
    }

    /// Ends the session; the first reason given counts.
    pub(super) fn finish(&self, result: Result<(), SessionError>) {
        // A second reason only repeats the first: nothing is lost by ignoring it.
        let _ = self.end.set(result);
        self.news.notify_waiters();
    }
}

#[async_trait]
impl Host for Stage {
    fn show(&self, screen: Arc<dyn Screen>) {
        let mut slot = self.screen.lock();
        let number = slot.as_ref().map_or(1, |shown| shown.number + 1);
        *slot = Some(Shown { number, screen });
        drop(slot);
        self.changed();
    }

    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    fn clipboard(&self, text: String) {
        if self.rules.disable_copy {
            return;
        }
        let text = &text[..text.floor_char_boundary(MAX_CLIPBOARD)];
        let mut board = self.board.lock();
        board.clipboard = (board.clipboard.0 + 1, text.into());
        drop(board);
        self.news.notify_waiters();
    }

    fn title(&self, title: String) {
        let title: String = title.chars().filter(|c| !c.is_control()).take(MAX_TITLE).collect();
        let mut board = self.board.lock();
        if *board.title.1 == *title {
            return;
        }
        board.title = (board.title.0 + 1, title.into());
        drop(board);
        self.news.notify_waiters();
    }

    fn bell(&self) {
        self.board.lock().bells += 1;
        self.news.notify_waiters();
    }

    fn files(&self, files: Files) {
        let mut board = self.board.lock();
        board.files = Offer { number: board.files.number + 1, files };
        drop(board);
        self.news.notify_waiters();
    }

    fn step(&self, step: Step) {
        self.services.step(step);
    }

    async fn verify_host_key(&self, key: HostKey) -> Result<(), SessionError> {
        self.services.verify_host_key(key).await
    }
}
