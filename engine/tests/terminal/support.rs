//! A terminal and those who look at it, for the tests of the terminal.

use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{Input, Painter, Screen, ViewerId, Viewport};
use fanlight_engine::display::WireCanvas;
use fanlight_engine::display::model::{Applied, CanvasModel};
use fanlight_engine::terminal::{Effects, Terminal, TerminalOptions};

/// A cell at 12 points and 96 dots per inch, in pixels.
pub(crate) const CELL: (u32, u32) = (10, 19);

/// The one who has the mouse.
pub(crate) const VIEWER: ViewerId = ViewerId(1);

pub(crate) fn viewport(columns: u32, rows: u32) -> Viewport {
    Viewport { width: columns * CELL.0, height: rows * CELL.1, dpi: 96 }
}

pub(crate) fn terminal(columns: u32, rows: u32) -> Arc<Terminal> {
    Terminal::new(TerminalOptions::default(), viewport(columns, rows))
}

/// Someone with a browser.
pub(crate) struct Viewer {
    painter: Box<dyn Painter>,
    canvas: WireCanvas,
    pub(crate) model: CanvasModel,
}

impl Viewer {
    pub(crate) fn of(terminal: &Terminal) -> Self {
        Self::numbered(terminal, VIEWER)
    }

    pub(crate) fn numbered(terminal: &Terminal, viewer: ViewerId) -> Self {
        Self {
            painter: terminal.painter(viewer),
            canvas: WireCanvas::new(),
            model: CanvasModel::new(),
        }
    }

    /// Receives a frame: how many bytes it had, and what was in it.
    pub(crate) fn look(&mut self) -> (usize, Applied) {
        let frame = self.paint();
        (frame.len(), self.show(&frame))
    }

    /// A frame that is on its way to it.
    pub(crate) fn paint(&mut self) -> Vec<u8> {
        let drawn = self.painter.paint(&mut self.canvas);
        let frame = self.canvas.take_frame();
        assert_eq!(drawn, !frame.is_empty(), "paint tells whether it drew");
        frame.to_vec()
    }

    /// Takes a frame that has arrived.
    pub(crate) fn show(&mut self, frame: &[u8]) -> Applied {
        self.model.apply(frame).unwrap()
    }

    /// Receives a frame, if there is one, and says when to look again.
    pub(crate) fn next_look(&mut self) -> Option<Duration> {
        self.look();
        self.again_in()
    }

    /// When to look again although nothing is printed.
    pub(crate) fn again_in(&self) -> Option<Duration> {
        self.painter.again_in()
    }

    /// The colour of a pixel.
    pub(crate) fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y * self.model.width() + x) as usize * 4;
        self.model.pixels()[at..at + 3].try_into().unwrap()
    }

    /// The pixels of some cells, for comparison.
    pub(crate) fn cells(&self, column: u32, row: u32, columns: u32) -> Vec<[u8; 3]> {
        let (left, top) = (column * CELL.0, row * CELL.1);
        let xs = move |y| (left..left + columns * CELL.0).map(move |x| (x, y));
        (top..top + CELL.1).flat_map(xs).map(|(x, y)| self.pixel(x, y)).collect()
    }
}

/// What a viewer who comes now sees.
pub(crate) fn picture(terminal: &Terminal) -> Viewer {
    let mut viewer = Viewer::of(terminal);
    viewer.look();
    viewer
}

pub(crate) fn press(terminal: &Terminal, keysym: u32) -> Effects {
    let effects = terminal.input(&Input::Key { keysym, pressed: true });
    terminal.input(&Input::Key { keysym, pressed: false });
    effects
}

/// Presses a key while others are held.
pub(crate) fn chord(terminal: &Terminal, held: &[u32], keysym: u32) -> Effects {
    for key in held {
        terminal.input(&Input::Key { keysym: *key, pressed: true });
    }
    let effects = press(terminal, keysym);
    for key in held.iter().rev() {
        terminal.input(&Input::Key { keysym: *key, pressed: false });
    }
    effects
}

/// Moves the mouse to the middle of a cell.
pub(crate) fn mouse(terminal: &Terminal, column: u32, row: u32, buttons: u8) -> Effects {
    let (x, y) = (column * CELL.0 + CELL.0 / 2, row * CELL.1 + CELL.1 / 2);
    terminal.input(&Input::Mouse { viewer: VIEWER, x: x as i32, y: y as i32, buttons })
}
