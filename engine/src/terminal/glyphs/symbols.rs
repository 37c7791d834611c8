//! The symbols of status lines (Powerline's private use characters U+E0A0 to U+E0BF) and the
//! sextants of U+1FB00, drawn so that they join what stands beside them.

use super::boxes::Sheet;
use crate::terminal::fonts::CellMetrics;

/// A line between two points, in parts of the cell from its top left corner.
type Line = [(f32, f32); 2];

const BRANCH: &[Line] = &[
    [(0.28, 0.20), (0.28, 0.84)],
    [(0.74, 0.20), (0.74, 0.40)],
    [(0.74, 0.40), (0.28, 0.64)],
    [(0.60, 0.30), (0.74, 0.18)],
    [(0.88, 0.30), (0.74, 0.18)],
];
/// `L` above `N`.
const LINE_NUMBER: &[Line] = &[
    [(0.15, 0.12), (0.15, 0.44)],
    [(0.15, 0.44), (0.55, 0.44)],
    [(0.35, 0.88), (0.35, 0.56)],
    [(0.35, 0.56), (0.85, 0.88)],
    [(0.85, 0.88), (0.85, 0.56)],
];
/// `C` above `N`.
const COLUMN_NUMBER: &[Line] = &[
    [(0.60, 0.12), (0.15, 0.12)],
    [(0.15, 0.12), (0.15, 0.44)],
    [(0.15, 0.44), (0.60, 0.44)],
    [(0.35, 0.88), (0.35, 0.56)],
    [(0.35, 0.56), (0.85, 0.88)],
    [(0.85, 0.88), (0.85, 0.56)],
];
const SHACKLE: &[Line] = &[
    [(0.28, 0.50), (0.28, 0.32)],
    [(0.28, 0.32), (0.50, 0.22)],
    [(0.50, 0.22), (0.72, 0.32)],
    [(0.72, 0.32), (0.72, 0.50)],
];

/// Draws `c` where it is one of these characters; else `false`.
pub(super) fn draw(c: char, metrics: CellMetrics, width: u32, alpha: &mut [u8]) -> bool {
    let mut sheet = Sheet::new(metrics, width, alpha);
    match c as u32 {
        0xE0A0 => strokes(&mut sheet, BRANCH),
        0xE0A1 => strokes(&mut sheet, LINE_NUMBER),
        0xE0A2 => padlock(&mut sheet),
        0xE0A3 => strokes(&mut sheet, COLUMN_NUMBER),
        code @ 0xE0B0..=0xE0BF => separator(&mut sheet, code - 0xE0B0),
        code @ 0x1FB00..=0x1FB3B => sextants(&mut sheet, code - 0x1FB00),
        _ => return false,
    }
    true
}

/// Covers each pixel as far as `covered` says for its middle, given in pixels.
fn shade(sheet: &mut Sheet<'_>, covered: impl Fn(f32, f32) -> f32) {
    for y in 0..sheet.height {
        for x in 0..sheet.width {
            sheet.lighten(x, y, covered(x as f32 + 0.5, y as f32 + 0.5).clamp(0.0, 1.0));
        }
    }
}

fn strokes(sheet: &mut Sheet<'_>, lines: &[Line]) {
    let (width, height) = (sheet.width as f32, sheet.height as f32);
    let half = sheet.stroke as f32 / 2.0;
    for line in lines {
        let [a, b] = line.map(|(x, y)| (x * width, y * height));
        shade(sheet, |x, y| half + 0.5 - distance((x, y), a, b));
    }
}

/// From a point to the line from `a` to `b`.
fn distance(point: (f32, f32), a: (f32, f32), b: (f32, f32)) -> f32 {
    let (along, across) = ((b.0 - a.0), (b.1 - a.1));
    let square = (along * along + across * across).max(f32::EPSILON);
    let part = ((point.0 - a.0) * along + (point.1 - a.1) * across) / square;
    let part = part.clamp(0.0, 1.0);
    (point.0 - a.0 - part * along).hypot(point.1 - a.1 - part * across)
}

fn padlock(sheet: &mut Sheet<'_>) {
    strokes(sheet, SHACKLE);
    let (width, height) = (sheet.width, sheet.height);
    let (top, bottom) = (height / 2, height * 8 / 10);
    sheet.fill(width / 8, top, width - width / 8, bottom, u8::MAX);
}

/// The sixteen separators, by their distance from U+E0B0: triangles and half circles that
/// point right, then left, and triangles in the corners; behind each its outline.
fn separator(sheet: &mut Sheet<'_>, number: u32) {
    let (width, height) = (sheet.width as f32, sheet.height as f32);
    let half = sheet.stroke as f32 / 2.0;
    let outline = number % 2 == 1;
    let leftwards = matches!(number / 2, 1 | 3 | 5 | 7);
    let slope = height / width.hypot(height);
    let edge = move |x: f32, y: f32| {
        let x = if leftwards { width - x } else { x };
        match number / 2 {
            0 | 1 => triangle(x, y, width, height),
            2 | 3 => bulge(x, y, width, height),
            4 | 5 => (width * y / height - x) * slope,
            _ => (width - width * y / height - x) * slope,
        }
    };
    shade(sheet, |x, y| {
        let inside = edge(x, y);
        if outline { half + 0.5 - inside.abs() } else { inside + 0.5 }
    });
}

/// How far a point is inside the triangle that points right, in pixels.
fn triangle(x: f32, y: f32, width: f32, height: f32) -> f32 {
    let tip = width * (1.0 - (2.0 * y / height - 1.0).abs());
    (tip - x) * height / (2.0 * width).hypot(height)
}

/// How far a point is inside the half ellipse that bulges to the right, in pixels.
fn bulge(x: f32, y: f32, width: f32, height: f32) -> f32 {
    let reach = (x / width).hypot(2.0 * y / height - 1.0);
    (1.0 - reach) * width.min(height / 2.0)
}

/// Two columns and three rows of blocks; what the block elements have already is left out.
fn sextants(sheet: &mut Sheet<'_>, number: u32) {
    let mut set = number + 1;
    for half in [0b01_0101, 0b10_1010] {
        set += u32::from(set >= half);
    }
    let (width, height) = (sheet.width, sheet.height);
    let (columns, rows) =
        ([0, (width + 1) / 2, width], [0, (height + 1) / 3, (height * 2 + 1) / 3, height]);
    for bit in 0..6 {
        let (column, row) = (bit % 2, bit / 2);
        if set >> bit & 1 == 1 {
            sheet.fill(columns[column], rows[row], columns[column + 1], rows[row + 1], u8::MAX);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::terminal::fonts::FontSize;
    use fanlight_core::Viewport;

    fn metrics() -> CellMetrics {
        let viewport = Viewport { width: 800, height: 600, dpi: 96 };
        CellMetrics::new(FontSize::new(12.0, viewport))
    }

    /// Rows of alpha.
    fn drawn(c: char) -> Vec<Vec<u8>> {
        let metrics = metrics();
        let mut alpha = vec![0; (metrics.width * metrics.height) as usize];
        assert!(draw(c, metrics, metrics.width, &mut alpha), "{c:?}");
        alpha.chunks_exact(metrics.width as usize).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn an_arrow_fills_the_edge_it_comes_from_and_ends_in_a_point() {
        let rows = drawn('\u{e0b0}');
        let middle = rows.len() / 2;
        let inner = &rows[1..rows.len() - 1];
        assert!(inner.iter().all(|row| row[0] > 200), "{rows:?}");
        assert!(*rows[middle].last().unwrap() > 100, "{:?}", rows[middle]);
        assert_eq!(*rows[0].last().unwrap(), 0);
        assert_eq!(*rows[rows.len() - 1].last().unwrap(), 0);
    }

    #[test]
    fn what_points_left_mirrors_what_points_right() {
        for (right, left) in
            [('\u{e0b0}', '\u{e0b2}'), ('\u{e0b1}', '\u{e0b3}'), ('\u{e0b8}', '\u{e0ba}')]
        {
            let mirrored = drawn(right).into_iter().map(|row| row.into_iter().rev().collect());
            let near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= 1;
            for (one, other) in mirrored.collect::<Vec<Vec<u8>>>().iter().zip(drawn(left)) {
                assert!(one.iter().zip(&other).all(near), "{right:?}: {one:?} {other:?}");
            }
        }
    }

    #[test]
    fn no_symbol_of_a_status_line_is_the_hollow_box_or_another_one() {
        let codes = (0xE0A0..=0xE0A3).chain(0xE0B0..=0xE0BF).filter_map(char::from_u32);
        let pictures: Vec<_> = codes.map(|c| (c, drawn(c))).collect();
        let mut hollow = vec![0; pictures[0].1.concat().len()];
        super::super::boxes::hollow(metrics(), metrics().width, &mut hollow);
        for (index, (c, picture)) in pictures.iter().enumerate() {
            assert_ne!(picture.concat(), hollow, "{c:?}");
            assert!(picture.concat().iter().any(|alpha| *alpha > 128), "{c:?} is empty");
            let same = pictures[..index].iter().filter(|(_, other)| other == picture);
            let same: Vec<char> = same.map(|(c, _)| *c).collect();
            // Two diagonals each have two numbers.
            let twice =
                matches!((c, &same[..]), ('\u{e0bd}', ['\u{e0bb}']) | ('\u{e0bf}', ['\u{e0b9}']));
            assert!(same.is_empty() || twice, "{c:?} looks like {same:?}");
        }
    }

    #[test]
    fn a_sextant_and_its_opposite_fill_the_cell_without_overlap() {
        let all: Vec<Vec<u8>> =
            (0x1FB00..=0x1FB3B).filter_map(char::from_u32).map(|c| drawn(c).concat()).collect();
        for picture in &all {
            let opposite: Vec<u8> = picture.iter().map(|alpha| u8::MAX - alpha).collect();
            assert_eq!(all.iter().filter(|other| **other == opposite).count(), 1);
        }
    }

    #[test]
    fn other_characters_are_left_to_the_fonts() {
        for c in ['A', '\u{e09f}', '\u{e0c0}', '\u{1fb3c}'] {
            assert!(!draw(c, metrics(), metrics().width, &mut vec![0; 4096]), "{c:?}");
        }
    }
}
