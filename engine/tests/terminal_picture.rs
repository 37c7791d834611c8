//! What viewers see of a terminal, down to the pixel.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use fanlight_core::{Painter, Screen, Viewport};
use fanlight_engine::display::WireCanvas;
use fanlight_engine::display::model::CanvasModel;
use fanlight_engine::terminal::{Terminal, TerminalOptions};

struct Viewer {
    painter: Box<dyn Painter>,
    canvas: WireCanvas,
    model: CanvasModel,
}

impl Viewer {
    fn of(terminal: &Terminal) -> Self {
        Self { painter: terminal.painter(), canvas: WireCanvas::new(), model: CanvasModel::new() }
    }

    /// Bytes of the frame, 0 when nothing was drawn.
    fn look(&mut self) -> usize {
        let drawn = self.painter.paint(&mut self.canvas);
        let frame = self.canvas.take_frame();
        assert_eq!(drawn, !frame.is_empty(), "paint tells whether it drew");
        self.model.apply(&frame).unwrap();
        frame.len()
    }

    fn save(&self, path: &std::path::Path) {
        let file = std::fs::File::create(path).unwrap();
        let mut encoder = png::Encoder::new(file, self.model.width(), self.model.height());
        encoder.set_color(png::ColorType::Rgba);
        encoder.write_header().unwrap().write_image_data(self.model.pixels()).unwrap();
    }
}

fn terminal(width: u32, height: u32) -> Arc<Terminal> {
    Terminal::new(TerminalOptions::default(), Viewport { width, height, dpi: 96 })
}

#[test]
fn sample() {
    let terminal = terminal(820, 560);
    let mut viewer = Viewer::of(&terminal);
    let mut text = String::from(
        "\x1b]0;t\x07The quick brown fox jumps over the lazy dog. 0O1lI|{}[]()<>!@#$%^&*\r\n",
    );
    text += "\x1b[1mBold text\x1b[0m \x1b[2mdim text\x1b[0m \x1b[3mitalic text\x1b[0m \x1b[4munderlined gjpqy\x1b[0m \x1b[9mstruck out\x1b[0m \x1b[7minverse\x1b[0m \x1b[8mhidden\x1b[0m|\r\n";
    text += "\x1b[1;3mbold italic\x1b[0m \x1b[21mdouble\x1b[0m \x1b[4:3mcurly underline\x1b[0m \x1b[1;4;33mbold yellow underlined\x1b[0m\r\n";
    for base in [30, 40, 90, 100] {
        for i in 0..8 {
            text += &format!("\x1b[{}m {:3} \x1b[0m", base + i, base + i);
        }
        text += "\r\n";
    }
    for i in 0..72 {
        text += &format!("\x1b[48;5;{}m \x1b[0m", 16 + i * 3);
    }
    text += "\r\n";
    for i in 0..72 {
        text += &format!("\x1b[48;2;{};{};128m \x1b[0m", i * 3, 255 - i * 3);
    }
    text += "\r\n┌──────┬──────┐ ╔══════╦══════╗ ┏━━━━━━┳━━━━━━┓ ╭──────────╮ ┍━┑┎─┒ ╒═╕╓─╖\r\n";
    text += "│ one  │ two  │ ║ one  ║ two  ║ ┃ one  ┃ two  ┃ │ rounded  │ │ │┃ ┃ │ │║ ║\r\n";
    text += "├──────┼──────┤ ╠══════╬══════╣ ┣━━━━━━╋━━━━━━┫ ├┄┄┄┄┄┄┄┄┄┄┤ ├─┤┠─┨ ╞═╡╟─╢\r\n";
    text += "└──────┴──────┘ ╚══════╩══════╝ ┗━━━━━━┻━━━━━━┛ ╰──────────╯ ┕━┙┖─┚ ╘═╛╙─╜\r\n";
    text += "░░░▒▒▒▓▓▓███ ▁▂▃▄▅▆▇█ ▏▎▍▌▋▊▉█ ▖▗▘▙▚▛▜▝▞▟ ╱╲╳ ⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ╪╫┿╂ ╼╾╽╿\r\n";
    text += "中文字符 日本語テキスト 한국어 ｆｕｌｌ \x1b[1m粗体\x1b[0m \x1b[3m斜体\x1b[0m|\r\n";
    text += "äöüß éèê ñ çÇ Ελληνικά Кириллица עברית ☺☻♥♦♣♠ ✓✗ → ← ↑ ↓ ⇒ ∀∃∑√∞ ﬁ\r\n";
    text += "combining: e\u{301} a\u{308} o\u{302} n\u{303} u\u{30a} z\u{30c}  x\u{336}y\u{336} missing: \u{1F600} \u{E123} \u{10FFFD}|\r\n";
    text += "$ ls -la /home/user\r\ntotal 42\r\ndrwxr-xr-x 2 user user 4096 Jan  1 12:00 \x1b[1;34mDocuments\x1b[0m\r\n\x1b[1;32muser@host\x1b[0m:\x1b[1;34m~\x1b[0m$ vi";
    terminal.feed(text.as_bytes());
    let bytes = viewer.look();
    eprintln!("first frame {bytes} bytes, {:?}", terminal.size());
    viewer.save(&std::env::temp_dir().join("t-sample.png"));
}
