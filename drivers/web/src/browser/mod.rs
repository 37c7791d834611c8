//! A session's browser process: its turn, its launch in the fence, and its end.

mod launch;
mod queue;

pub(crate) use launch::{Browser, Launcher};
