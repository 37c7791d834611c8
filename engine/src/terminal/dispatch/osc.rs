use alacritty_terminal::vte::ansi::{CursorShape, Handler, Hyperlink, NamedColor, Rgb};

use super::Dispatch;
use crate::terminal::colors;

const COLORS: usize = 256;

impl Dispatch<'_> {
    /// Operating system commands. `terminator` ends the answer as it ended the question.
    pub(super) fn osc(&mut self, params: &[&[u8]], terminator: &str) {
        let Some((code, rest)) = params.split_first() else { return };
        match (*code, rest) {
            (b"0" | b"2", [_, ..]) => {
                let title = joined(rest).trim().to_owned();
                self.guard.set_title(Some(title));
            }
            (b"4", pairs) => self.palette(pairs, terminator),
            (b"8", [options, uri @ ..]) => self.link(options, &joined(uri)),
            (b"10" | b"11" | b"12", values) => {
                let first = usize::from(code[1] - b'0') + NamedColor::Foreground as usize;
                for (index, value) in (first..=NamedColor::Cursor as usize).zip(values) {
                    let name = (index - NamedColor::Foreground as usize + 10).to_string();
                    self.color(index, value, name, terminator);
                }
            }
            (b"50", [shape]) => self.konsole_shape(shape),
            // The clipboard of a viewer is never told to the remote side.
            (b"52", [_, b"?", ..]) => {}
            (b"52", [target, base64, ..]) => {
                self.guard.clipboard_store(target.first().copied().unwrap_or(b'c'), base64);
            }
            (b"104", [] | [b""]) => (0..COLORS).for_each(|index| self.guard.reset_color(index)),
            (b"104", indices) => {
                for index in indices.iter().filter_map(|text| index(text)) {
                    self.guard.reset_color(index);
                }
            }
            (b"110", _) => self.guard.reset_color(NamedColor::Foreground as usize),
            (b"111", _) => self.guard.reset_color(NamedColor::Background as usize),
            (b"112", _) => self.guard.reset_color(NamedColor::Cursor as usize),
            _ => {}
        }
    }

    fn palette(&mut self, pairs: &[&[u8]], terminator: &str) {
        for pair in pairs.chunks_exact(2) {
            if let Some(index) = index(pair[0]) {
                self.color(index, pair[1], format!("4;{index}"), terminator);
            }
        }
    }

    /// Sets a colour, or tells it.
    fn color(&mut self, index: usize, value: &[u8], name: String, terminator: &str) {
        if value == b"?" {
            self.guard.dynamic_color_sequence(name, index, terminator);
        } else if let Some(color) = std::str::from_utf8(value).ok().and_then(colors::parse) {
            self.guard.set_color(index, Rgb { r: color.r, g: color.g, b: color.b });
        }
    }

    fn link(&mut self, options: &[u8], uri: &str) {
        if uri.is_empty() {
            self.guard.set_hyperlink(None);
            return;
        }
        let id = options.split(|byte| *byte == b':').find_map(|option| option.strip_prefix(b"id="));
        let id = id.map(|id| String::from_utf8_lossy(id).into_owned());
        self.guard.set_hyperlink(Some(Hyperlink { id, uri: uri.to_owned() }));
    }

    /// Konsole's way to set the cursor's shape.
    fn konsole_shape(&mut self, text: &[u8]) {
        let shape = match text.strip_prefix(b"CursorShape=") {
            Some(b"0") => CursorShape::Block,
            Some(b"1") => CursorShape::Beam,
            Some(b"2") => CursorShape::Underline,
            _ => return,
        };
        self.guard.set_cursor_shape(shape);
    }
}

/// A text that may hold semicolons.
fn joined(parts: &[&[u8]]) -> String {
    String::from_utf8_lossy(&parts.join(&b';')).into_owned()
}

fn index(text: &[u8]) -> Option<usize> {
    let index = std::str::from_utf8(text).ok()?.parse().ok()?;
    (index < COLORS).then_some(index)
}
