//! Box drawing, block elements and Braille, drawn to the pixel so that neighbours join
//! (Unicode charts U+2500, U+2580 and U+2800).

use crate::terminal::fonts::CellMetrics;

const OPAQUE: u8 = 255;
const NONE: u8 = 0;
const LIGHT: u8 = 1;
const HEAVY: u8 = 2;
const DOUBLE: u8 = 3;

/// The arms of U+2500 to U+257F: left, up, right and down, a hexadecimal digit each:
/// nothing, light, heavy or double. Zero: drawn in another way.
#[rustfmt::skip]
const ARMS: [u16; 128] = [
    0x1010, 0x2020, 0x0101, 0x0202, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0011, 0x0021, 0x0012, 0x0022,
    0x1001, 0x2001, 0x1002, 0x2002, 0x0110, 0x0120, 0x0210, 0x0220,
    0x1100, 0x2100, 0x1200, 0x2200, 0x0111, 0x0121, 0x0211, 0x0112,
    0x0212, 0x0221, 0x0122, 0x0222, 0x1101, 0x2101, 0x1201, 0x1102,
    0x1202, 0x2201, 0x2102, 0x2202, 0x1011, 0x2011, 0x1021, 0x2021,
    0x1012, 0x2012, 0x1022, 0x2022, 0x1110, 0x2110, 0x1120, 0x2120,
    0x1210, 0x2210, 0x1220, 0x2220, 0x1111, 0x2111, 0x1121, 0x2121,
    0x1211, 0x1112, 0x1212, 0x2211, 0x1221, 0x2112, 0x1122, 0x2221,
    0x2122, 0x2212, 0x1222, 0x2222, 0x0000, 0x0000, 0x0000, 0x0000,
    0x3030, 0x0303, 0x0031, 0x0013, 0x0033, 0x3001, 0x1003, 0x3003,
    0x0130, 0x0310, 0x0330, 0x3100, 0x1300, 0x3300, 0x0131, 0x0313,
    0x0333, 0x3101, 0x1303, 0x3303, 0x3031, 0x1013, 0x3033, 0x3130,
    0x1310, 0x3330, 0x3131, 0x1313, 0x3333, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x1000, 0x0100, 0x0010, 0x0001,
    0x2000, 0x0200, 0x0020, 0x0002, 0x1020, 0x0102, 0x2010, 0x0201,
];

/// Draws `c` where it is one of these characters; else `false`.
pub(super) fn draw(c: char, metrics: CellMetrics, width: u32, alpha: &mut [u8]) -> bool {
    let mut sheet = Sheet::new(metrics, width, alpha);
    match c as u32 {
        code @ 0x2500..=0x257F => sheet.lines(code),
        code @ 0x2580..=0x259F => sheet.block(code),
        code @ 0x2800..=0x28FF => sheet.braille(code - 0x2800),
        _ => return false,
    }
    true
}

/// A hollow box: a character that no face has.
pub(super) fn hollow(metrics: CellMetrics, width: u32, alpha: &mut [u8]) {
    let mut sheet = Sheet::new(metrics, width, alpha);
    let (left, right) = (sheet.stroke, sheet.width - sheet.stroke);
    let (top, bottom) = (sheet.height / 5, metrics.baseline as i32);
    for (x0, y0, x1, y1) in [
        (left, top, right, top + sheet.stroke),
        (left, bottom - sheet.stroke, right, bottom),
        (left, top, left + sheet.stroke, bottom),
        (right - sheet.stroke, top, right, bottom),
    ] {
        sheet.fill(x0, y0, x1, y1, OPAQUE);
    }
}

/// A cell to draw on.
pub(super) struct Sheet<'a> {
    alpha: &'a mut [u8],
    pub(super) width: i32,
    pub(super) height: i32,
    /// Thickness of a light line.
    pub(super) stroke: i32,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(metrics: CellMetrics, width: u32, alpha: &'a mut [u8]) -> Self {
        let stroke = (metrics.width as i32 / 8).max(1);
        Self { alpha, width: width as i32, height: metrics.height as i32, stroke }
    }

    /// Fills from (x0, y0) up to, without, (x1, y1).
    pub(super) fn fill(&mut self, x0: i32, y0: i32, x1: i32, y1: i32, value: u8) {
        for y in y0.max(0)..y1.min(self.height) {
            for x in x0.max(0)..x1.min(self.width) {
                self.alpha[(y * self.width + x) as usize] = value;
            }
        }
    }

    fn thickness(&self, weight: u8) -> i32 {
        if weight == HEAVY { self.stroke * 2 + self.stroke % 2 } else { self.stroke }
    }

    /// A bar along one axis, centred on `at` of the other.
    fn bar(&mut self, horizontal: bool, from: i32, to: i32, at: i32, weight: u8) {
        let thickness = self.thickness(weight);
        let start = at - thickness / 2;
        if horizontal {
            self.fill(from, start, to, start + thickness, OPAQUE);
        } else {
            self.fill(start, from, start + thickness, to, OPAQUE);
        }
    }

    fn lines(&mut self, code: u32) {
        let arms = ARMS[(code - 0x2500) as usize];
        if arms != 0 {
            let [left, up, right, down] = [12, 8, 4, 0].map(|shift| (arms >> shift & 0xF) as u8);
            self.arm(true, false, left, [up, down], right);
            self.arm(true, true, right, [up, down], left);
            self.arm(false, false, up, [left, right], down);
            self.arm(false, true, down, [left, right], up);
            return;
        }
        match code {
            0x2504..=0x250B | 0x254C..=0x254F => self.dashes(code),
            0x256D..=0x2570 => self.arc(code),
            _ => {
                if code != 0x2572 {
                    self.diagonal(true);
                }
                if code != 0x2571 {
                    self.diagonal(false);
                }
            }
        }
    }

    /// One arm from the middle to an edge. `sides` are the arms across it: towards the
    /// top or left, then towards the bottom or right.
    fn arm(&mut self, horizontal: bool, forward: bool, weight: u8, sides: [u8; 2], opposite: u8) {
        if weight == NONE {
            return;
        }
        let (length, across) =
            if horizontal { (self.width, self.height) } else { (self.height, self.width) };
        let (middle, centre) = (length / 2, across / 2);
        let gap = self.gap();
        let tracks = if weight == DOUBLE { vec![(-gap, 0), (gap, 1)] } else { vec![(0, 2)] };
        for (offset, side) in tracks {
            let reach = self.reach(side, sides, opposite);
            let (from, to) = if forward { (middle - reach, length) } else { (0, middle + reach) };
            // The far edge of a bar that ends at a stroke's centre is the stroke's edge.
            let to = if forward { to } else { (to + self.stroke - self.stroke / 2).min(length) };
            let from = if forward { (from - self.stroke / 2).max(0) } else { from };
            self.bar(horizontal, from, to, centre + offset, weight);
        }
    }

    fn gap(&self) -> i32 {
        self.stroke.max((self.width.min(self.height) + 4) / 8)
    }

    /// How far beyond the middle a line goes (below 0: short of it). `track` 0 and 1 are
    /// the two lines of a double one, which meet the arm on their own side; 2 is a single.
    fn reach(&self, track: usize, sides: [u8; 2], opposite: u8) -> i32 {
        let gap = self.gap();
        if track < 2 {
            let (near, far) = (sides[track], sides[1 - track]);
            return match (near, far) {
                (DOUBLE, _) => -gap,
                (NONE, DOUBLE) if opposite == NONE => gap,
                _ => 0,
            };
        }
        let heavy = sides.contains(&HEAVY);
        match sides {
            [DOUBLE, DOUBLE] if opposite == NONE => -gap,
            [DOUBLE, _] | [_, DOUBLE] if opposite == NONE => gap,
            _ if heavy && opposite == NONE => self.thickness(HEAVY) / 2 - self.stroke / 2,
            _ => 0,
        }
    }

    fn dashes(&mut self, code: u32) {
        let (count, vertical, heavy) = match code {
            0x254C..=0x254F => (2, code >= 0x254E, code % 2 == 1),
            0x2504..=0x2507 => (3, code >= 0x2506, code % 2 == 1),
            _ => (4, code >= 0x250A, code % 2 == 1),
        };
        let weight = if heavy { HEAVY } else { LIGHT };
        let (length, across) =
            if vertical { (self.height, self.width) } else { (self.width, self.height) };
        for dash in 0..count {
            let (from, next) = (length * dash / count, length * (dash + 1) / count);
            let gap = ((next - from) / 3).max(1);
            self.bar(!vertical, from, next - gap, across / 2, weight);
        }
    }

    /// A quarter of a circle and the straight rest, thick as a light line.
    fn arc(&mut self, code: u32) {
        let (right, down) = (matches!(code, 0x256D | 0x2570), matches!(code, 0x256D | 0x256E));
        let half = self.stroke as f32 / 2.0;
        let line = |length: i32| (length / 2 - self.stroke / 2) as f32 + half;
        let (cx, cy) = (line(self.width), line(self.height));
        let (room_x, room_y) = (
            if right { self.width as f32 - cx } else { cx },
            if down { self.height as f32 - cy } else { cy },
        );
        let radius = room_x.min(room_y);
        for y in 0..self.height {
            for x in 0..self.width {
                let dx = (x as f32 + 0.5 - cx) * if right { 1.0 } else { -1.0 };
                let dy = (y as f32 + 0.5 - cy) * if down { 1.0 } else { -1.0 };
                let distance = if dx > radius {
                    dy.abs()
                } else if dy > radius {
                    dx.abs()
                } else {
                    ((dx - radius).hypot(dy - radius) - radius).abs()
                };
                let covered = (half + 0.5 - distance).clamp(0.0, 1.0);
                let outside = dx < -half && dy < -half;
                if !outside {
                    self.lighten(x, y, covered);
                }
            }
        }
    }

    fn diagonal(&mut self, rising: bool) {
        let (width, height) = (self.width as f32, self.height as f32);
        let half = self.stroke as f32 / 2.0 + 0.2;
        for y in 0..self.height {
            for x in 0..self.width {
                let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
                let py = if rising { height - py } else { py };
                let distance = (px * height - py * width).abs() / width.hypot(height);
                self.lighten(x, y, (half + 0.5 - distance).clamp(0.0, 1.0));
            }
        }
    }

    /// Makes a pixel at least as opaque as the part of it that is covered.
    pub(super) fn lighten(&mut self, x: i32, y: i32, covered: f32) {
        let pixel = &mut self.alpha[(y * self.width + x) as usize];
        *pixel = (*pixel).max((covered * f32::from(OPAQUE)) as u8);
    }

    fn block(&mut self, code: u32) {
        let (w, h) = (self.width, self.height);
        let eighth = |length: i32, parts: u32| (length * parts as i32 + 4) / 8;
        match code {
            0x2580 => self.fill(0, 0, w, eighth(h, 4), OPAQUE),
            0x2581..=0x2588 => self.fill(0, h - eighth(h, code - 0x2580), w, h, OPAQUE),
            0x2589..=0x258F => self.fill(0, 0, eighth(w, 0x2590 - code), h, OPAQUE),
            0x2590 => self.fill(eighth(w, 4), 0, w, h, OPAQUE),
            0x2591..=0x2593 => self.fill(0, 0, w, h, (code - 0x2590) as u8 * 64),
            0x2594 => self.fill(0, 0, w, eighth(h, 1), OPAQUE),
            0x2595 => self.fill(w - eighth(w, 1), 0, w, h, OPAQUE),
            _ => self.quadrants(code),
        }
    }

    fn quadrants(&mut self, code: u32) {
        /// Upper left 1, upper right 2, lower left 4, lower right 8.
        const QUADRANTS: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];
        let set = QUADRANTS[(code - 0x2596) as usize];
        let (w, h) = (self.width, self.height);
        let (x, y) = ((w + 1) / 2, (h * 4 + 4) / 8);
        for (bit, x0, y0, x1, y1) in
            [(1, 0, 0, x, y), (2, x, 0, w, y), (4, 0, y, x, h), (8, x, y, w, h)]
        {
            if set & bit != 0 {
                self.fill(x0, y0, x1, y1, OPAQUE);
            }
        }
    }

    fn braille(&mut self, dots: u32) {
        /// Column and row of each bit.
        const PLACES: [(i32, i32); 8] =
            [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
        let size = (self.width / 5).max(1);
        for (bit, (column, row)) in PLACES.into_iter().enumerate() {
            if dots >> bit & 1 == 1 {
                let x = self.width * (2 * column + 1) / 4 - size / 2;
                let y = self.height * (2 * row + 1) / 8 - size / 2;
                self.fill(x, y, x + size, y + size, OPAQUE);
            }
        }
    }
}
