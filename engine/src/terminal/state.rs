use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use alacritty_terminal::event::{Event, WindowSize};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::Parser;
use alacritty_terminal::vte::ansi::{CursorShape, CursorStyle, Rgb};
use fanlight_core::{Input, Painter, Screen, ViewerId, Viewport};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::TerminalOptions;
use super::caret::Caret;
use super::dispatch::Dispatch;
use super::events::Outbox;
use super::fonts::{CellMetrics, FontSize};
use super::guard::Guard;
use super::history::History;
use super::keyboard::Modifiers;
use super::links::Links;
use super::modes::Modes;
use super::mouse::Mouse;
use super::search::Search;
use super::selection::Selection;
use super::view::Scroll;
use super::watch::Watch;
use super::watcher::Watcher;

const MOST_COLUMNS: u32 = 1000;
const MOST_ROWS: u32 = 500;
/// Rows that the emulator may hold above its screen. Only those of a full-screen program's
/// hidden other screen stay there, all others are packed at once.
const EMULATOR_HISTORY: usize = 100_000;

/// A terminal: it takes the remote side's output and the viewers' input, and is a
/// [`Screen`] that any number of viewers can watch. Cheap to call from any thread; no
/// call blocks for longer than parsing its own argument takes.
pub struct Terminal {
    pub(super) state: Arc<Mutex<State>>,
    fed: Notify,
}

/// Quiet for so long, a terminal gives back what it only needs while it prints.
const QUIET: Duration = Duration::from_secs(1);

/// What a call did beyond changing the picture.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Effects {
    /// Bytes to send to the remote side: typed keys, answers to its questions.
    pub to_remote: Vec<u8>,
    /// Text for the viewers' clipboards.
    pub clipboard: Option<String>,
    /// A new title.
    pub title: Option<String>,
    /// The bell rang.
    pub bell: bool,
    /// The terminal has a new size; tell the remote side.
    pub resized: Option<TerminalSize>,
    /// The picture may have changed; tell the viewers.
    pub changed: bool,
}

/// A terminal's size, as a remote pseudo-terminal wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    /// Characters in a row.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
    /// Width of all columns in pixels; the picture itself fills the viewer's window.
    pub width_px: u32,
    /// Height of all rows in pixels.
    pub height_px: u32,
}

/// Everything behind the lock.
pub(super) struct State {
    pub(super) term: Term<Outbox>,
    /// Absent at rest: it keeps as much memory as the longest command took.
    parser: Option<Parser>,
    pub(super) modes: Modes,
    outbox: Outbox,
    watch: Watch,
    saved_titles: u8,
    pub(super) history: History,
    pub(super) selection: Option<Selection>,
    pub(super) search: Option<Search>,
    pub(super) links: Links,
    /// Viewers who are told the text of the screen.
    pub(super) readers: BTreeSet<ViewerId>,
    pub(super) options: TerminalOptions,
    pub(super) viewport: Viewport,
    pub(super) metrics: CellMetrics,
    pub(super) modifiers: Modifiers,
    pub(super) mouse: Mouse,
    pub(super) clipboard: String,
    pub(super) caret: Caret,
    /// Counts what viewers asked to change, so that they are told what became of it.
    pub(super) wishes: u64,
    /// Counts changes, so that a painter knows whether there is something to compare.
    pub(super) version: u64,
}

/// Columns and rows, as the emulator asks for them.
struct Grid {
    columns: usize,
    rows: usize,
}

impl Dimensions for Grid {
    fn total_lines(&self) -> usize {
        self.rows
    }
    fn screen_lines(&self) -> usize {
        self.rows
    }
    fn columns(&self) -> usize {
        self.columns
    }
}

fn fit(viewport: Viewport, metrics: CellMetrics) -> Grid {
    Grid {
        columns: (viewport.width / metrics.width).clamp(2, MOST_COLUMNS) as usize,
        rows: (viewport.height / metrics.height).clamp(1, MOST_ROWS) as usize,
    }
}

fn config() -> Config {
    Config {
        scrolling_history: EMULATOR_HISTORY,
        default_cursor_style: CursorStyle { shape: CursorShape::Block, blinking: false },
        ..Config::default()
    }
}

impl Terminal {
    /// An empty terminal that fills `viewport`.
    pub fn new(options: TerminalOptions, viewport: Viewport) -> Arc<Self> {
        let metrics = CellMetrics::new(FontSize::new(options.font_points, viewport));
        let outbox = Outbox::default();
        let grid = fit(viewport, metrics);
        let state = State {
            term: Term::new(config(), &grid, outbox.clone()),
            parser: None,
            modes: Modes::default(),
            outbox,
            watch: Watch::default(),
            saved_titles: 0,
            history: History::new(grid.columns, options.scrollback),
            selection: None,
            search: None,
            links: Links::default(),
            readers: BTreeSet::new(),
            options,
            viewport,
            metrics,
            modifiers: Modifiers::default(),
            mouse: Mouse::default(),
            clipboard: String::new(),
            caret: Caret::default(),
            wishes: 0,
            version: 0,
        };
        Arc::new(Self { state: Arc::new(Mutex::new(state)), fed: Notify::new() })
    }

    /// Takes what the remote side printed.
    pub fn feed(&self, output: &[u8]) -> Effects {
        let effects = self.state.lock().feed(output);
        self.fed.notify_one();
        effects
    }

    /// Takes what a viewer did.
    pub fn input(&self, input: &Input) -> Effects {
        self.state.lock().input(input)
    }

    /// Gives memory back whenever nothing was printed for a second: most of what an idle
    /// terminal would take. Run it beside the session; dropping it stops it.
    pub async fn rest_when_quiet(&self) -> Infallible {
        loop {
            self.fed.notified().await;
            while timeout(QUIET, self.fed.notified()).await.is_ok() {
                sleep(QUIET).await;
            }
            self.rest();
        }
    }

    /// Gives back the memory that is only needed while something is printed.
    pub fn rest(&self) {
        self.state.lock().rest();
    }

    /// The current size.
    pub fn size(&self) -> TerminalSize {
        self.state.lock().size()
    }
}

impl Screen for Terminal {
    fn painter(&self, viewer: ViewerId) -> Box<dyn Painter> {
        Box::new(Watcher::new(Arc::clone(&self.state), viewer))
    }
}

impl State {
    fn feed(&mut self, output: &[u8]) -> Effects {
        let selected = self.selection_mark();
        let parser = self.parser.get_or_insert_default();
        for piece in self.watch.pieces(output) {
            let guard = Guard {
                term: &mut self.term,
                titles: &mut self.saved_titles,
                history: &mut self.history,
            };
            let cell = (self.metrics.height, self.metrics.width);
            let outbox = &self.outbox;
            let mut dispatch = Dispatch { guard, modes: &mut self.modes, outbox, cell };
            parser.advance(&mut dispatch, piece);
        }
        self.history.take(&mut self.term);
        if self.is_alternate() {
            self.history.offset = 0;
        }
        self.check_selection(selected);
        self.caret.stir();
        self.version += 1;
        let mut effects = Effects { changed: true, ..Effects::default() };
        for event in self.outbox.take() {
            self.tell(event, &mut effects);
        }
        effects
    }

    fn rest(&mut self) {
        self.term.grid_mut().truncate();
        if self.watch.is_between_sequences() {
            self.parser = None;
        }
    }

    fn tell(&self, event: Event, effects: &mut Effects) {
        match event {
            Event::PtyWrite(text) => effects.to_remote.extend_from_slice(text.as_bytes()),
            Event::ColorRequest(index, answer) => {
                let color = self.options.colors.at(index, self.term.colors());
                let text = answer(Rgb { r: color.r, g: color.g, b: color.b });
                effects.to_remote.extend_from_slice(text.as_bytes());
            }
            Event::TextAreaSizeRequest(answer) => {
                effects.to_remote.extend_from_slice(answer(self.window_size()).as_bytes());
            }
            Event::ClipboardStore(_, text) => effects.clipboard = Some(text),
            Event::Title(title) => effects.title = Some(title),
            Event::ResetTitle => effects.title = Some(String::new()),
            Event::Bell => effects.bell = true,
            _ => {}
        }
    }

    fn window_size(&self) -> WindowSize {
        WindowSize {
            num_lines: self.term.screen_lines() as u16,
            num_cols: self.term.columns() as u16,
            cell_width: self.metrics.width as u16,
            cell_height: self.metrics.height as u16,
        }
    }

    pub(super) fn size(&self) -> TerminalSize {
        let (columns, rows) = (self.term.columns() as u16, self.term.screen_lines() as u16);
        TerminalSize {
            columns,
            rows,
            width_px: u32::from(columns) * self.metrics.width,
            height_px: u32::from(rows) * self.metrics.height,
        }
    }

    fn input(&mut self, input: &Input) -> Effects {
        self.caret.stir();
        let effects = match input {
            Input::Key { keysym, pressed } => self.key(*keysym, *pressed),
            Input::Mouse { viewer, x, y, buttons } => self.pointer(*viewer, (*x, *y), *buttons),
            Input::Clipboard(text) => {
                self.clipboard.clone_from(text);
                Effects::default()
            }
            Input::Resize(viewport) => self.resize(*viewport),
            Input::Argument { viewer, name, value } => self.argument(*viewer, name, value),
        };
        if effects.changed {
            self.version += 1;
        }
        effects
    }

    fn resize(&mut self, viewport: Viewport) -> Effects {
        if viewport == self.viewport {
            return Effects::default();
        }
        self.viewport = viewport;
        self.lay_out()
    }

    /// Fills the viewport with cells, whose size depends on it and on the font.
    pub(super) fn lay_out(&mut self) -> Effects {
        let before = self.size();
        self.metrics = CellMetrics::new(FontSize::new(self.options.font_points, self.viewport));
        let grid = fit(self.viewport, self.metrics);
        self.reflow(&grid);
        let after = self.size();
        Effects { resized: (after != before).then_some(after), changed: true, ..Effects::default() }
    }

    /// Gives the screen another size. The first row in view stays in view.
    fn reflow(&mut self, grid: &Grid) {
        if (grid.columns, grid.rows) == (self.term.columns(), self.term.screen_lines()) {
            return;
        }
        let top = (self.offset() > 0).then(|| self.history.place(self.window_rows().start));
        let top = top.flatten().map(|place| (place.line, self.history.offset_of(place)));
        self.selection = None;
        self.modes.margins = None;
        if let Some(search) = &mut self.search {
            search.start_over();
        }
        self.history.prepare_resize(&mut self.term, grid.columns, grid.rows);
        self.term.resize(Grid { columns: grid.columns, rows: grid.rows });
        self.history.take(&mut self.term);
        let end = self.history.numbers().end;
        let row = top.and_then(|(line, offset)| self.history.row_of(line, offset));
        self.history.offset = row.map_or(0, |row| end - row);
    }

    /// Sends something that a viewer typed: whoever types wants to see the prompt.
    pub(super) fn send(&mut self, bytes: Vec<u8>) -> Effects {
        let effects = self.scroll(Scroll::To(0));
        Effects { to_remote: bytes, ..effects }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanlight_core::Parameters;

    async fn is_resting_after(feeds: u32, apart: Duration) -> bool {
        let options = TerminalOptions::from_parameters(&Parameters::default());
        let terminal = Terminal::new(options, Viewport::default());
        let feeding = async {
            for _ in 0..feeds {
                terminal.feed(b"line\r\n");
                sleep(apart).await;
            }
        };
        tokio::select! {
            never = terminal.rest_when_quiet() => match never {},
            () = feeding => {}
        }
        terminal.state.lock().parser.is_none()
    }

    #[tokio::test(start_paused = true)]
    async fn a_terminal_rests_when_it_is_quiet_and_only_then() {
        assert!(is_resting_after(1, Duration::from_secs(3)).await);
        assert!(!is_resting_after(50, Duration::from_millis(300)).await);
    }
}
