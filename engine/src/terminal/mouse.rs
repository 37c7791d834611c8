use std::time::{Duration, Instant};

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::term::TermMode;
use fanlight_core::ViewerId;

use super::modes::MouseEncoding;
use super::selection::{Edge, Selection, Unit};
use super::state::{Effects, State};
use super::view::Scroll;

const LEFT: u8 = 1;
const MIDDLE: u8 = 2;
const RIGHT: u8 = 4;
const WHEEL_UP: u8 = 8;
const WHEEL_DOWN: u8 = 16;
const LINES_PER_NOTCH: usize = 3;
/// The view scrolls a row in this time while a selection is drawn beyond its edge.
pub(super) const DRAG_SCROLL: Duration = Duration::from_millis(50);
const MULTIPLE_CLICK: Duration = Duration::from_millis(500);

/// What is known of the mouse from one event to the next.
#[derive(Default)]
pub(super) struct Mouse {
    buttons: u8,
    cell: Cell,
    selecting: bool,
    last_click: Option<(Instant, Cell)>,
    clicks: u8,
    /// Where the mouse is while it selects, in pixels.
    x: i32,
    /// Rows that the view scrolls by while it selects beyond an edge.
    beyond: isize,
    /// When the mouse moved or the view scrolled along.
    dragged: Option<Instant>,
    /// A link that was pressed on, and where.
    link: Option<(Cell, String)>,
}

/// A position in the window, in cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cell {
    column: usize,
    row: usize,
}

/// What happened, in the words of the reporting protocols.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Press,
    Release,
    Move,
}

impl State {
    pub(super) fn pointer(&mut self, viewer: ViewerId, (x, y): (i32, i32), buttons: u8) -> Effects {
        let cell = self.cell_at(x, y);
        let before = std::mem::replace(&mut self.mouse.buttons, buttons);
        let moved = std::mem::replace(&mut self.mouse.cell, cell) != cell;
        let pointing = if moved { self.point_at_cell(cell) } else { false };
        let reporting = self.modes.x10_mouse || self.term.mode().intersects(TermMode::MOUSE_MODE);
        let mut effects = if reporting && !self.modifiers.shift && !self.mouse.selecting {
            self.report((x, y), before, buttons, moved)
        } else {
            self.act(viewer, (x, y), before, buttons)
        };
        effects.changed |= pointing;
        effects
    }

    fn point_at_cell(&mut self, cell: Cell) -> bool {
        self.point_at(self.window_rows().start + cell.row, cell.column).changed
    }

    /// What the mouse does when no program wants to know.
    fn act(&mut self, viewer: ViewerId, at: (i32, i32), before: u8, buttons: u8) -> Effects {
        let pressed = buttons & !before;
        if pressed & (WHEEL_UP | WHEEL_DOWN) != 0 {
            return self.wheel(pressed & WHEEL_UP != 0);
        }
        if pressed & MIDDLE != 0 {
            return self.paste();
        }
        self.select(viewer, at, buttons & LEFT != 0, before & LEFT != 0)
    }

    fn cell_at(&self, x: i32, y: i32) -> Cell {
        let column = x.max(0) as usize / self.metrics.width as usize;
        let row = y.max(0) as usize / self.metrics.height as usize;
        Cell {
            column: column.min(self.term.columns() - 1),
            row: row.min(self.term.screen_lines() - 1),
        }
    }

    /// Scrolls back, or moves the cursor in a full-screen program that wants that.
    fn wheel(&mut self, up: bool) -> Effects {
        let mode = *self.term.mode();
        if !mode.contains(TermMode::ALT_SCREEN) {
            let rows = LINES_PER_NOTCH as isize;
            return self.scroll(Scroll::By(if up { rows } else { -rows }));
        }
        if !mode.contains(TermMode::ALTERNATE_SCROLL) {
            return Effects::default();
        }
        let introducer = if mode.contains(TermMode::APP_CURSOR) { b'O' } else { b'[' };
        let arrow = [0x1B, introducer, if up { b'A' } else { b'B' }];
        self.send(arrow.repeat(LINES_PER_NOTCH))
    }

    fn select(
        &mut self,
        viewer: ViewerId,
        (x, y): (i32, i32),
        down: bool,
        was_down: bool,
    ) -> Effects {
        let cell = self.mouse.cell;
        match (was_down, down) {
            (false, true) => {
                let row = self.window_rows().start + cell.row;
                let link = self.modifiers.control.then(|| self.link_at(row, cell.column));
                self.mouse.link = link.flatten().map(|link| (cell, link));
                self.begin_selection(x, cell)
            }
            (true, true) if self.mouse.selecting => self.extend_selection(x, y),
            (true, false) if self.mouse.selecting => {
                self.mouse.selecting = false;
                match self.mouse.link.take() {
                    Some((place, link)) if place == cell => {
                        self.selection = None;
                        self.open_link(viewer, link)
                    }
                    _ => self.copy_selection(),
                }
            }
            _ => Effects::default(),
        }
    }

    fn begin_selection(&mut self, x: i32, cell: Cell) -> Effects {
        let now = Instant::now();
        let again = self.mouse.last_click.is_some_and(|(then, place)| {
            place == cell && now.duration_since(then) < MULTIPLE_CLICK
        });
        self.mouse.clicks = if again { self.mouse.clicks % 3 + 1 } else { 1 };
        self.mouse.last_click = Some((now, cell));
        self.mouse.selecting = true;
        self.mouse.beyond = 0;
        let head = self.edge(x, cell);
        let extended = self.selection.filter(|_| self.modifiers.shift && self.mouse.clicks == 1);
        self.selection = Some(match extended {
            Some(selection) => Selection { head, ..selection },
            None => Selection { unit: self.unit(), anchor: head, head },
        });
        Effects { changed: true, ..Effects::default() }
    }

    fn unit(&self) -> Unit {
        match self.mouse.clicks {
            1 if self.modifiers.alt || self.modifiers.control => Unit::Block,
            1 => Unit::Character,
            2 => Unit::Word,
            _ => Unit::Line,
        }
    }

    /// Follows the mouse; beyond an edge the view scrolls along.
    fn extend_selection(&mut self, x: i32, y: i32) -> Effects {
        let bottom = self.size().height_px as i32;
        // In a full-screen window nothing is beyond the outermost pixels: to rest there
        // counts as well.
        self.mouse.beyond = match y {
            _ if y <= 0 => 1,
            _ if y >= bottom - 1 => -1,
            _ => 0,
        };
        self.mouse.x = x;
        self.mouse.dragged = Some(Instant::now());
        if y < 0 || y >= bottom {
            self.scroll(Scroll::By(self.mouse.beyond));
        }
        self.select_to_mouse();
        Effects { changed: true, ..Effects::default() }
    }

    fn select_to_mouse(&mut self) {
        let head = self.edge(self.mouse.x, self.mouse.cell);
        if let Some(selection) = &mut self.selection {
            selection.head = head;
        }
    }

    /// Whether a selection is being drawn beyond an edge, where scrolling goes on although
    /// the mouse does not move.
    pub(super) fn drags_beyond(&self) -> bool {
        self.mouse.selecting && self.mouse.beyond != 0
    }

    /// Scrolls on if it is time. Every viewer's painter may call this.
    pub(super) fn drag_on(&mut self, now: Instant) {
        let due = self.mouse.dragged.is_none_or(|then| now.duration_since(then) >= DRAG_SCROLL);
        if self.drags_beyond() && due {
            self.mouse.dragged = Some(now);
            self.scroll(Scroll::By(self.mouse.beyond));
            self.select_to_mouse();
            self.version += 1;
        }
    }

    fn edge(&self, x: i32, cell: Cell) -> Edge {
        let width = self.metrics.width as i32;
        let within = x - cell.column as i32 * width;
        Edge {
            row: self.window_rows().start + cell.row,
            column: cell.column,
            right: within * 2 >= width,
        }
    }

    fn report(&mut self, at: (i32, i32), before: u8, buttons: u8, moved: bool) -> Effects {
        let mode = *self.term.mode();
        let pixels = self.modes.mouse_encoding == MouseEncoding::SgrPixels;
        let mut bytes = Vec::new();
        let mut say = |action, button| self.write_report(&mut bytes, at, action, button);
        for (bit, button) in [(LEFT, 0), (MIDDLE, 1), (RIGHT, 2), (WHEEL_UP, 64), (WHEEL_DOWN, 65)]
        {
            let (was, is) = (before & bit != 0, buttons & bit != 0);
            if is && !was {
                say(Action::Press, button);
            } else if was && !is && button < 64 && !self.modes.x10_mouse {
                say(Action::Release, button);
            }
        }
        let held = [LEFT, MIDDLE, RIGHT].iter().position(|bit| buttons & bit != 0);
        let follows = mode.contains(TermMode::MOUSE_MOTION)
            || (mode.contains(TermMode::MOUSE_DRAG) && held.is_some());
        if (moved || pixels) && before == buttons && follows {
            say(Action::Move, held.map_or(3, |button| button as u8));
        }
        if bytes.is_empty() { Effects::default() } else { self.send(bytes) }
    }

    /// Appends one report ("Mouse Tracking" in xterm's ctlseqs).
    fn write_report(&self, out: &mut Vec<u8>, at: (i32, i32), action: Action, button: u8) {
        let (mode, encoding) = (self.term.mode(), self.modes.mouse_encoding);
        let (column, row) = match encoding {
            MouseEncoding::SgrPixels => self.pixel_at(at),
            _ => (self.mouse.cell.column + 1, self.mouse.cell.row + 1),
        };
        let flags = if self.modes.x10_mouse { 0 } else { self.modifier_bits() }
            + 32 * u8::from(action == Action::Move);
        if encoding == MouseEncoding::SgrPixels || mode.contains(TermMode::SGR_MOUSE) {
            let last = if action == Action::Release { 'm' } else { 'M' };
            let code = button + flags;
            out.extend_from_slice(format!("\x1b[<{code};{column};{row}{last}").as_bytes());
            return;
        }
        let code = flags + if action == Action::Release { 3 } else { button };
        if encoding == MouseEncoding::Urxvt {
            let code = code + 32;
            out.extend_from_slice(format!("\x1b[{code};{column};{row}M").as_bytes());
            return;
        }
        write_bytes(out, mode.contains(TermMode::UTF8_MOUSE), [code.into(), column, row]);
    }

    fn modifier_bits(&self) -> u8 {
        let held = self.modifiers;
        4 * u8::from(held.shift) + 8 * u8::from(held.alt) + 16 * u8::from(held.control)
    }

    /// A position within the screen in pixels, from 1.
    fn pixel_at(&self, at: (i32, i32)) -> (usize, usize) {
        let size = self.size();
        let within = |at: i32, length: u32| at.clamp(0, length as i32 - 1) as usize + 1;
        (within(at.0, size.width_px), within(at.1, size.height_px))
    }
}

/// The older forms: a byte, or a character, for each number. What does not fit is not said.
fn write_bytes(out: &mut Vec<u8>, utf8: bool, values: [usize; 3]) {
    let mut report = b"\x1b[M".to_vec();
    for value in values {
        match char::from_u32(value as u32 + 32) {
            Some(c) if utf8 && value + 32 < 2048 => {
                report.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(_) if value + 32 < 256 => report.push((value + 32) as u8),
            _ => return,
        }
    }
    out.extend_from_slice(&report);
}
