//! What a page can follow and change of a terminal while it runs, through the Guacamole
//! protocol's own `argv` streams, as with guacd.
//!
//! # The protocol
//! The engine tells every viewer the value of each name below: all of them right with the
//! first picture, one again when it changes (never more often than pictures are sent):
//!
//! ```text
//! argv,<stream>,text/plain,<name>;  blob,<stream>,<base64 of UTF-8>;…  end,<stream>;
//! ```
//!
//! A viewer that may act (the owner, or a sharer with *interact*) sends the same
//! instructions to change a value. Each `argv` and `blob` is answered with an `ack`; a
//! viewer that may only look gets status `0x0303` and changes nothing. **A name that was
//! never told is not there**: a page shows a control only for names that it heard of.
//! guacd tells the first two alone.
//!
//! | name | engine → viewer | viewer → engine |
//! |---|---|---|
//! | `font-size` | size of the text in points, such as `12` or `10.5` | the same; 4 to 96, clamped |
//! | `color-scheme` | as the parameter: `gray-black`, `black-white`, `green-black`, `white-black`, or `name: value` pairs | the same |
//! | `scrollback` | `{"offset":0,"history":120,"rows":24}` | a number: the new offset |
//! | `search` | `{"count":12,"current":12}` | `{"text":"…","case":false,"regex":false,"go":"stay"}` |
//! | `open-link` | a URL to open, `http`, `https`, `mailto` or `ftp`; empty at first | nothing |
//! | `screen-text` | `on`, `off`, or JSON rows, see below | `on` or `off` |
//! | `bracketed-paste` | `true` while the remote program marks what is pasted, else `false` | nothing |
//! | `focus` | `on` while the remote program asks for it, else `off` | `in` or `out` |
//!
//! - `font-size`, `color-scheme`: the picture is laid out anew for everyone; the remote
//!   side hears of its new size. What cannot be read changes nothing and the value that
//!   still holds is told again.
//! - `scrollback`, in lines: `offset` from the bottom (0: the latest output shows),
//!   `history` the lines above the screen, `rows` those of the screen. A full-screen
//!   program has a `history` of 0.
//! - `search`: `current` counts from the top, from 1; 0 for none. `text` is matched within
//!   lines of output however they are wrapped, letter case counts if `case` is true,
//!   `regex` makes it a regular expression (an invalid one has `"count":0` and an `"error"`
//!   in words). `go` is `next` (down), `previous` (up) or `stay`; the view moves to the
//!   current match. Only `text` has to be given; an empty one ends the search. All matches
//!   are marked in the picture.
//! - `open-link` goes only to the viewer who clicked a link with Control held down, and to
//!   everyone once, empty, to say that the name is there.
//! - `screen-text` goes only to a viewer who said `on`: `{"rows":["…",…]}` with all
//!   visible rows first, then `{"changed":[[row,"…"],…]}` at most four times a second.
//!   Rows count from 0. Not there where `disable-copy` is set.
//! - `focus`: whether the page has the keyboard, for programs that follow it and for the
//!   cursor, which is hollow in a page that has not; so a page says it at each change,
//!   whatever the value told is.
//!
//! # Whose view it is
//! Scroll position, selection and search belong to the session, not to a viewer: those
//! who may act share them as they share the keyboard, so that two people can point things
//! out to one another, and those who may only look see what the others look at and change
//! nothing of it.

use std::fmt::Write as _;

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::TermMode;
use fanlight_core::{Canvas, ViewerId};

use super::colors::ColorScheme;
use super::options::font_points;
use super::state::{Effects, State};
use super::view::Scroll;

/// Size of the text, in points.
pub const FONT_SIZE: &str = "font-size";
/// Colours of the text.
pub const COLOR_SCHEME: &str = "color-scheme";
/// Where the view is.
pub const SCROLLBACK: &str = "scrollback";
/// Whether the page has the keyboard.
pub const FOCUS: &str = "focus";
/// What is searched for.
pub const SEARCH: &str = "search";
/// A link that the viewer clicked.
pub const OPEN_LINK: &str = "open-link";
/// The text of the screen, for screen readers.
pub const SCREEN_TEXT: &str = "screen-text";
/// Whether the remote program takes a paste as one.
pub const BRACKETED_PASTE: &str = "bracketed-paste";
/// Longest value that is taken from a viewer, in bytes.
const LONGEST_VALUE: usize = 4096;

impl State {
    /// Takes a value that a viewer sent.
    pub(super) fn argument(&mut self, viewer: ViewerId, name: &str, value: &str) -> Effects {
        if value.len() > LONGEST_VALUE {
            return Effects::default();
        }
        // The page is told the value that holds now, whatever became of its wish.
        if ![FOCUS, SCREEN_TEXT].contains(&name) {
            self.wishes += 1;
        }
        let effects = match name {
            FONT_SIZE => font_points(value).map(|points| {
                self.options.font_points = points;
                self.lay_out()
            }),
            COLOR_SCHEME => {
                self.options.colors = ColorScheme::parse(value);
                None
            }
            SCROLLBACK => value.trim().parse().ok().map(|offset| self.scroll(Scroll::To(offset))),
            SEARCH => Some(self.seek(value)),
            SCREEN_TEXT => {
                self.set_reading(viewer, value);
                None
            }
            FOCUS => Some(self.take_focus(viewer, value)),
            _ => None,
        };
        Effects { changed: true, ..effects.unwrap_or_default() }
    }
}

impl State {
    /// Notes whether a viewer has the keyboard, and tells a program that follows it.
    fn take_focus(&mut self, viewer: ViewerId, value: &str) -> Effects {
        self.caret.note_focus(viewer, value);
        let report = match value {
            "in" => b"\x1b[I",
            "out" => b"\x1b[O",
            _ => return Effects::default(),
        };
        let asked = self.term.mode().contains(TermMode::FOCUS_IN_OUT);
        let to_remote = if asked { report.to_vec() } else { Vec::new() };
        Effects { to_remote, ..Effects::default() }
    }
}

/// What one viewer has been told.
#[derive(Default)]
pub(super) struct Told {
    wishes: u64,
    values: Vec<(&'static str, String)>,
    begun: Vec<&'static str>,
}

impl Told {
    /// Tells what is news to this viewer. Whether anything was.
    pub(super) fn tell(&mut self, state: &State, canvas: &mut dyn Canvas) -> bool {
        if self.wishes != state.wishes {
            self.wishes = state.wishes;
            self.values.clear();
        }
        let (offset, history) = (state.offset(), state.history_rows());
        let rows = state.term.screen_lines();
        let bracketed = state.term.mode().contains(TermMode::BRACKETED_PASTE);
        let follows_focus = state.term.mode().contains(TermMode::FOCUS_IN_OUT);
        let mut scrollback = String::new();
        // Writing to a string cannot fail.
        let _ = write!(scrollback, r#"{{"offset":{offset},"history":{history},"rows":{rows}}}"#);
        let search = serde_json::to_string(&state.search_answer()).unwrap_or_default();
        let news = [
            self.say(FONT_SIZE, &state.options.font_points.to_string(), canvas),
            self.say(COLOR_SCHEME, state.options.colors.text(), canvas),
            self.say(SCROLLBACK, &scrollback, canvas),
            self.say(SEARCH, &search, canvas),
            self.say(BRACKETED_PASTE, &bracketed.to_string(), canvas),
            self.say(FOCUS, if follows_focus { "on" } else { "off" }, canvas),
            self.begin(OPEN_LINK, "", canvas),
            !state.options.disable_copy && self.begin(SCREEN_TEXT, "off", canvas),
        ];
        news.contains(&true)
    }

    /// Says that a name is there. Its values are told elsewhere.
    fn begin(&mut self, name: &'static str, value: &str, canvas: &mut dyn Canvas) -> bool {
        let new = !self.begun.contains(&name);
        if new {
            self.begun.push(name);
            canvas.argument(name, value);
        }
        new
    }

    fn say(&mut self, name: &'static str, value: &str, canvas: &mut dyn Canvas) -> bool {
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, told)) if told == value => return false,
            Some((_, told)) => value.clone_into(told),
            None => self.values.push((name, value.to_owned())),
        }
        canvas.argument(name, value);
        true
    }
}
