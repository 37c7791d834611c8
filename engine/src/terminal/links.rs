use std::ops::Range;
use std::sync::LazyLock;

use alacritty_terminal::term::cell::{Cell, Hyperlink};
use fanlight_core::ViewerId;
use regex::Regex;

use super::history::is_filler;
use super::search::{Match, matches};
use super::state::{Effects, State};

/// Links that wait for their viewers; more clicks than that are forgotten.
const MOST_WAITING: usize = 16;
const SCHEMES: [&str; 4] = ["http://", "https://", "ftp://", "mailto:"];
/// What follows a link in a sentence, and is no part of it.
const PUNCTUATION: [char; 8] = ['.', ',', ';', ':', '!', '?', '\'', '*'];

/// Text that looks like a link.
static PLAIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:https?://|ftp://|mailto:)[^\s<>"`{}|\\^\x00-\x1f]+"#).ok()
});

/// What viewers do with links.
#[derive(Default)]
pub(super) struct Links {
    /// The link under the mouse.
    pointed: Option<Hyperlink>,
    /// Links to be opened, and by whom.
    waiting: Vec<(ViewerId, String)>,
}

impl Links {
    /// The links that a viewer clicked since the last call.
    pub(super) fn take(&mut self, viewer: ViewerId) -> Vec<String> {
        let mine = self.waiting.extract_if(.., |(who, _)| *who == viewer);
        mine.map(|(_, link)| link).collect()
    }
}

impl State {
    /// Notes what the mouse is on; a link that a program marked is underlined then.
    pub(super) fn point_at(&mut self, row: usize, column: usize) -> Effects {
        let link = self.row(row).get(column).and_then(Cell::hyperlink);
        let changed = self.links.pointed != link;
        self.links.pointed = link;
        Effects { changed, ..Effects::default() }
    }

    /// Columns of a row that belong to the link under the mouse.
    pub(super) fn pointed_columns(&self, row: usize) -> Vec<Range<usize>> {
        let Some(pointed) = &self.links.pointed else { return Vec::new() };
        let row = self.row(row);
        let mut found: Vec<Range<usize>> = Vec::new();
        for (column, cell) in row.iter().enumerate() {
            if cell.extra.is_none() || cell.hyperlink().as_ref() != Some(pointed) {
                continue;
            }
            match found.last_mut().filter(|range| range.end == column) {
                Some(range) => range.end += 1,
                None => found.push(column..column + 1),
            }
        }
        found
    }

    /// The link at a cell: one that a program marked, or text that is one.
    pub(super) fn link_at(&self, row: usize, column: usize) -> Option<String> {
        let marked = self.row(row).get(column)?.hyperlink();
        let link = match marked {
            Some(link) => link.uri().to_owned(),
            None => self.plain_link(row, column)?,
        };
        let lower = link.to_ascii_lowercase();
        SCHEMES.iter().any(|scheme| lower.starts_with(scheme)).then_some(link)
    }

    fn plain_link(&self, row: usize, column: usize) -> Option<String> {
        let rows = self.line_rows(row);
        let mut cells: Vec<Cell> = Vec::new();
        let mut place = 0;
        for number in rows {
            if number == row {
                place = cells.len() + column;
            }
            let row = self.row(number);
            cells.extend(row.iter().filter(|cell| !is_filler(cell)).cloned());
        }
        let found = matches(PLAIN.as_ref()?, 0, &cells);
        let Match { start, end, .. } =
            found.into_iter().find(|found| (found.start..found.end).contains(&place))?;
        let text: String = cells[start..end].iter().map(|cell| cell.c).collect();
        let text = without_sentence(&text);
        (place - start < text.chars().count()).then(|| text.to_owned())
    }

    /// Has a link opened by the viewer who clicked it.
    pub(super) fn open_link(&mut self, viewer: ViewerId, link: String) -> Effects {
        if self.links.waiting.len() < MOST_WAITING {
            self.links.waiting.push((viewer, link));
        }
        Effects { changed: true, ..Effects::default() }
    }
}

/// A link without what belongs to the sentence around it: punctuation, and a parenthesis
/// that was opened before it.
fn without_sentence(mut link: &str) -> &str {
    loop {
        let shorter = link.trim_end_matches(PUNCTUATION);
        let shorter = match shorter.strip_suffix([')', ']']) {
            Some(rest) if rest.matches(['(', '[']).count() <= rest.matches([')', ']']).count() => {
                rest
            }
            _ => shorter,
        };
        if shorter.len() == link.len() {
            return link;
        }
        link = shorter;
    }
}
