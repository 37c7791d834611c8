use alacritty_terminal::term::cell::{Cell, Flags};

use crate::terminal::glyphs::emoji::{JOINER, is_modifier, is_one, is_regional};

/// Characters of a sequence at most: the longest is a family of four.
const MOST_PARTS: usize = 8;

/// Neighbouring characters of a row that are one pictogram: a flag, a skin tone, people
/// joined. The remote side counts cells for each of them.
pub(super) struct Sequence {
    pub(super) text: String,
    /// Cells that they take together.
    pub(super) cells: usize,
}

/// The sequence that begins at a column, if one does.
pub(super) fn sequence(row: &[Cell], column: usize) -> Option<Sequence> {
    let first = &row[column];
    if first.c.is_ascii() || first.flags.contains(Flags::HIDDEN) {
        return None;
    }
    let mut text = String::new();
    let mut end = column;
    let mut parts = 0;
    while end < row.len() && parts < MOST_PARTS {
        let cell = &row[end];
        if parts > 0 && !continues(&text, cell.c, parts) {
            break;
        }
        if parts == 1 {
            text.reserve(32);
        }
        text.push(cell.c);
        text.extend(cell.zerowidth().unwrap_or_default());
        end += if cell.flags.contains(Flags::WIDE_CHAR) { 2 } else { 1 };
        parts += 1;
    }
    let cells = end.min(row.len()) - column;
    (parts > 1 && is_one(&text)).then_some(Sequence { text, cells })
}

fn continues(text: &str, next: char, parts: usize) -> bool {
    let flag = parts == 1 && is_regional(next) && text.starts_with(is_regional);
    flag || is_modifier(next) || text.ends_with(JOINER)
}
