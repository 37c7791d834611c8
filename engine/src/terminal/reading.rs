use std::time::Duration;

use alacritty_terminal::term::cell::{Cell, Flags};
use fanlight_core::{Canvas, ViewerId};
use serde::Serialize;
use tokio::time::Instant;

use super::history::is_right_half;
use super::live::SCREEN_TEXT;
use super::state::State;

/// Changes of the text are told this far apart, or a screen reader would never finish.
const APART: Duration = Duration::from_millis(250);

/// The text that one viewer's screen reader has.
#[derive(Default)]
pub(super) struct Reading {
    told: Option<Vec<String>>,
    at: Option<Instant>,
    version: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum News<'a> {
    Rows(&'a [String]),
    Changed(Vec<(usize, &'a str)>),
}

impl State {
    /// The rows that viewers see, as text.
    pub(super) fn visible_text(&self) -> Vec<String> {
        self.window_rows().map(|number| as_seen(&self.row(number))).collect()
    }

    /// Takes a viewer's wish to be told the text of the screen.
    pub(super) fn set_reading(&mut self, viewer: ViewerId, wish: &str) {
        match wish {
            "on" if !self.options.disable_copy => drop(self.readers.insert(viewer)),
            "off" => drop(self.readers.remove(&viewer)),
            _ => {}
        }
    }
}

/// The text of a row, each character where it is seen: what a tab left is blank.
fn as_seen(row: &[Cell]) -> String {
    let mut text = String::with_capacity(row.len());
    for cell in row.iter().filter(|cell| !is_right_half(cell)) {
        let hidden = cell.c == '\t' || cell.flags.contains(Flags::HIDDEN);
        text.push(if hidden { ' ' } else { cell.c });
        text.extend(cell.zerowidth().into_iter().flatten());
    }
    text.truncate(text.trim_end_matches(' ').len());
    text
}

impl Reading {
    /// Tells what changed, to a viewer who wants to know. Whether anything was told.
    pub(super) fn tell(
        &mut self,
        state: &State,
        viewer: ViewerId,
        canvas: &mut dyn Canvas,
    ) -> bool {
        if !state.readers.contains(&viewer) {
            let told = self.told.is_some();
            *self = Self::default();
            if told {
                canvas.argument(SCREEN_TEXT, "off");
            }
            return told;
        }
        if self.told.is_some() && self.is_early(state) {
            return false;
        }
        let text = state.visible_text();
        let value = self.news(&text);
        (self.at, self.version) = (Some(Instant::now()), state.version);
        self.told = Some(text);
        if let Some(value) = &value {
            canvas.argument(SCREEN_TEXT, value);
        }
        value.is_some()
    }

    fn is_early(&self, state: &State) -> bool {
        self.version == state.version || self.at.is_some_and(|at| at.elapsed() < APART)
    }

    fn news(&self, text: &[String]) -> Option<String> {
        let news = match self.told.as_ref().filter(|told| told.len() == text.len()) {
            None => News::Rows(text),
            Some(told) => {
                let pairs = told.iter().zip(text).enumerate();
                let changed: Vec<_> = pairs
                    .filter(|(_, (old, new))| old != new)
                    .map(|(row, (_, new))| (row, new.as_str()))
                    .collect();
                if changed.is_empty() {
                    return None;
                }
                News::Changed(changed)
            }
        };
        serde_json::to_string(&news).ok()
    }

    /// How long until there is more to tell.
    pub(super) fn again_in(&self, state: &State) -> Option<Duration> {
        let at = self.at.filter(|_| self.version != state.version)?;
        Some(APART.saturating_sub(at.elapsed()))
    }
}
