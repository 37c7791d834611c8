//! The kit for clients whose screen is a terminal: a [`Terminal`] takes what the remote
//! side prints and what viewers do, and paints itself as cached glyphs.

mod caret;
mod colors;
mod dispatch;
mod events;
mod fonts;
mod glyphs;
mod guard;
mod history;
mod keyboard;
mod keys;
mod keysyms;
mod links;
pub mod live;
mod modes;
mod mouse;
mod options;
mod outgoing;
mod painter;
mod paste;
pub mod prompt;
mod reading;
mod report;
mod search;
mod selection;
mod state;
mod view;
mod watch;
mod watcher;

pub use colors::ColorScheme;
pub use options::TerminalOptions;
pub use outgoing::Outgoing;
pub use state::{Effects, Terminal, TerminalSize};
