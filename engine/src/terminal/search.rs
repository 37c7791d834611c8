use std::collections::VecDeque;
use std::ops::Range;

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::cell::Cell;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::history::{is_filler, is_right_half};
use super::state::{Effects, State};
use super::view::{Scroll, wraps};

/// Bytes that a compiled pattern may take.
const LARGEST_PATTERN: usize = 256 * 1024;
/// Matches that are kept; beyond them older ones are forgotten.
const MOST_MATCHES: usize = 50_000;

/// What a viewer asks for: see the protocol in [`live`](super::live).
#[derive(Debug, Deserialize)]
pub(super) struct Query {
    text: String,
    #[serde(default)]
    case: bool,
    #[serde(default)]
    regex: bool,
    #[serde(default)]
    go: Go,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Go {
    Next,
    Previous,
    #[default]
    Stay,
}

/// What viewers are told.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answer {
    count: usize,
    current: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Where a match is: cells of a line of output. Lines are numbered as in the history; the
/// screen's follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    line: u64,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A search that is on.
pub(super) struct Search {
    asked: (String, bool, bool),
    pattern: Result<Regex, String>,
    /// Matches in lines that do not change any more, up to `searched`.
    settled: VecDeque<Match>,
    searched: u64,
    /// Matches in those that the screen shows.
    live: Vec<Match>,
    current: Option<Match>,
}

impl Search {
    fn new(query: &Query) -> Self {
        let text = if query.regex { query.text.clone() } else { regex::escape(&query.text) };
        let pattern = RegexBuilder::new(&text)
            .case_insensitive(!query.case)
            .size_limit(LARGEST_PATTERN)
            .dfa_size_limit(LARGEST_PATTERN)
            .build()
            .map_err(|fault| reason(&fault));
        Self {
            asked: (query.text.clone(), query.case, query.regex),
            pattern,
            settled: VecDeque::new(),
            searched: 0,
            live: Vec::new(),
            current: None,
        }
    }

    fn all(&self) -> impl DoubleEndedIterator<Item = &Match> {
        self.settled.iter().chain(&self.live)
    }

    fn count(&self) -> usize {
        self.settled.len() + self.live.len()
    }

    /// The layout is another: what was on the screen may be above it, or the other way.
    pub(super) fn start_over(&mut self) {
        self.settled.clear();
        self.searched = 0;
    }
}

fn reason(fault: &regex::Error) -> String {
    match fault {
        regex::Error::CompiledTooBig(_) => "The pattern is too complex.".to_owned(),
        _ => "The pattern is not a valid regular expression.".to_owned(),
    }
}

impl State {
    /// Takes a viewer's query; what cannot be read changes nothing.
    pub(super) fn seek(&mut self, query: &str) -> Effects {
        let Ok(query) = serde_json::from_str::<Query>(query) else { return Effects::default() };
        if query.text.is_empty() {
            self.search = None;
            return Effects { changed: true, ..Effects::default() };
        }
        let asked = (&query.text, query.case, query.regex);
        let known = self.search.as_ref().map(|s| (&s.asked.0, s.asked.1, s.asked.2));
        if known != Some(asked) {
            self.search = Some(Search::new(&query));
        }
        self.refresh_search();
        self.go(query.go);
        Effects { changed: true, ..Effects::default() }
    }

    /// What viewers are told of the search.
    pub(super) fn search_answer(&self) -> Answer {
        let Some(search) = &self.search else { return Answer::default() };
        let place = search.current.and_then(|at| search.all().position(|found| *found == at));
        Answer {
            count: search.count(),
            current: place.map_or(0, |place| place + 1),
            error: search.pattern.as_ref().err().cloned(),
        }
    }

    /// Looks through what came since the last call.
    pub(super) fn refresh_search(&mut self) {
        let Some(mut search) = self.search.take() else { return };
        if let Ok(pattern) = &search.pattern {
            let closed = self.history.closed_lines();
            while search.settled.front().is_some_and(|found| found.line < closed.start) {
                search.settled.pop_front();
            }
            let mut cells = Vec::new();
            for line in closed.start.max(search.searched)..closed.end {
                cells.clear();
                self.history.read(line, &mut cells);
                search.settled.extend(matches(pattern, line, &cells));
            }
            search.searched = closed.end;
            let excess = search.settled.len().saturating_sub(MOST_MATCHES);
            search.settled.drain(..excess);
            search.live = self
                .screen_lines()
                .flat_map(|(line, cells)| matches(pattern, line, &cells))
                .collect();
        }
        let gone = |at: &Match| !search.all().any(|found| found == at);
        if search.current.as_ref().is_some_and(gone) {
            search.current = None;
        }
        self.search = Some(search);
    }

    /// The lines that the screen shows some of, with their numbers.
    fn screen_lines(&self) -> impl Iterator<Item = (u64, Vec<Cell>)> {
        let mut number = self.history.closed_lines().end;
        let mut rows = self.screen_rows();
        let mut begun = if self.is_alternate() { &[] } else { self.history.open_line() };
        std::iter::from_fn(move || {
            let mut cells = std::mem::take(&mut begun).to_vec();
            let row = rows.next()?;
            cells.extend_from_slice(&self.row(row));
            let mut last = row;
            while wraps(&self.row(last)) {
                let Some(row) = rows.next() else { break };
                cells.extend_from_slice(&self.row(row));
                last = row;
            }
            number += 1;
            Some((number - 1, cells))
        })
    }

    /// Moves to a match, and the view to it.
    fn go(&mut self, go: Go) {
        let bottom = self.window_rows().end;
        let at = self.search.as_ref().and_then(|search| search.current);
        let Some(search) = &self.search else { return };
        let current = match (at, go) {
            (Some(at), Go::Stay) => Some(at),
            (Some(at), Go::Next) => {
                search.all().find(|found| **found > at).or_else(|| search.all().next()).copied()
            }
            (Some(at), Go::Previous) => search
                .all()
                .rev()
                .find(|found| **found < at)
                .or_else(|| search.all().next_back())
                .copied(),
            // The newest that is in view or above it.
            (None, _) => search
                .all()
                .rev()
                .find(|found| self.row_of_match(**found).is_some_and(|row| row < bottom))
                .or_else(|| search.all().next())
                .copied(),
        };
        if let Some(search) = &mut self.search {
            search.current = current;
        }
        if let Some(row) = current.and_then(|found| self.row_of_match(found)) {
            self.bring_into_view(row);
        }
    }

    fn bring_into_view(&mut self, row: usize) {
        if self.window_rows().contains(&row) {
            return;
        }
        let middle = self.term.screen_lines() / 2;
        let bottom = self.screen_rows().start + middle;
        self.scroll(Scroll::To(bottom.saturating_sub(row)));
    }

    fn row_of_match(&self, found: Match) -> Option<usize> {
        if found.line < self.history.closed_lines().end {
            return self.history.row_of(found.line, found.start);
        }
        self.screen_spans()
            .find(|span| span.line == found.line && found.start < span.end)
            .map(|s| s.row)
    }

    /// Which part of which line each row of the screen shows, and of the line above it
    /// that goes on there.
    fn screen_spans(&self) -> impl Iterator<Item = RowSpan> {
        let open = if self.is_alternate() { 0 } else { self.history.open_line().len() };
        let (mut line, mut start) = (self.history.closed_lines().end, open);
        self.screen_rows().map(move |row| {
            let cells = self.row(row);
            let end = start + cells.len() - usize::from(cells.last().is_some_and(is_filler));
            let span = RowSpan { row, line, start, end };
            if wraps(&cells) {
                start = end;
            } else {
                (line, start) = (line + 1, 0);
            }
            span
        })
    }

    /// Columns of a row that were found, and among them the one that the search is at.
    pub(super) fn found_columns(&self, row: usize) -> (Vec<Range<usize>>, Range<usize>) {
        let Some(search) = self.search.as_ref().filter(|search| search.count() > 0) else {
            return (Vec::new(), 0..0);
        };
        let Some(span) = self.span_of(row) else { return (Vec::new(), 0..0) };
        let columns = |found: &Match| {
            let (from, to) = (found.start.max(span.start), found.end.min(span.end));
            from.saturating_sub(span.start)..to.saturating_sub(span.start)
        };
        let of_line = |list: &[Match]| -> Vec<Range<usize>> {
            let first = list.partition_point(|found| found.line < span.line);
            let in_line = list[first..].iter().take_while(|found| found.line == span.line);
            in_line.map(columns).filter(|columns| !columns.is_empty()).collect()
        };
        let (front, back) = search.settled.as_slices();
        let found = [front, back, &search.live].into_iter().flat_map(of_line).collect();
        let current = search.current.filter(|at| at.line == span.line);
        (found, current.map_or(0..0, |at| columns(&at)))
    }

    fn span_of(&self, row: usize) -> Option<RowSpan> {
        if self.screen_rows().contains(&row) {
            return self.screen_spans().find(|span| span.row == row);
        }
        let place = self.history.place(row)?;
        let start = self.history.offset_of(place);
        Some(RowSpan { row, line: place.line, start, end: start + self.term.columns() })
    }
}

#[derive(Debug, Clone, Copy)]
struct RowSpan {
    row: usize,
    line: u64,
    start: usize,
    end: usize,
}

/// The matches in a line, in cells. What fills the end of a row for a wide character does
/// not count as one.
pub(super) fn matches(pattern: &Regex, line: u64, cells: &[Cell]) -> Vec<Match> {
    let mut text = String::with_capacity(cells.len());
    // The cell that each byte of the text belongs to.
    let mut places = Vec::with_capacity(cells.len());
    let cells: Vec<&Cell> = cells.iter().filter(|cell| !is_filler(cell)).collect();
    for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| !is_right_half(cell)) {
        text.push(cell.c);
        text.extend(cell.zerowidth().into_iter().flatten());
        places.resize(text.len(), at);
    }
    let end = text.trim_end().len();
    pattern
        .find_iter(&text[..end])
        .filter(|found| !found.is_empty())
        .map(|found| {
            let (start, last) = (places[found.start()], places[found.end() - 1]);
            let wide = cells.get(last + 1).is_some_and(|cell| is_right_half(cell));
            Match { line, start, end: last + 1 + usize::from(wide) }
        })
        .collect()
}
