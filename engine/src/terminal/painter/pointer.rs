use fanlight_core::{Canvas, Image, Layer, Point, Rect};

const BUFFER: Layer = Layer(-2);
const WIDTH: u32 = 7;
const HEIGHT: u32 = 16;
const HOTSPOT: Point = Point { x: 3, y: 8 };
const CLEAR: [u8; 4] = [0, 0, 0, 0];
const INK: [u8; 4] = [255, 255, 255, 255];
const OUTLINE: [u8; 4] = [0, 0, 0, 255];

/// Shows the text pointer: a light I with a dark outline, for any background.
pub(super) fn show(canvas: &mut dyn Canvas) {
    let rgba: Vec<u8> =
        (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| pixel(x, y))).collect();
    canvas.image(BUFFER, Point::default(), Image { width: WIDTH, height: HEIGHT, rgba: &rgba });
    let rect = Rect { x: 0, y: 0, width: WIDTH, height: HEIGHT };
    canvas.cursor(HOTSPOT, BUFFER, rect);
}

fn pixel(x: u32, y: u32) -> [u8; 4] {
    let from_end = y.min(HEIGHT - 1 - y);
    match (x, from_end) {
        (3, 1..) | (1..=5, 1) => INK,
        (_, 0..=2) | (2 | 4, _) => OUTLINE,
        _ => CLEAR,
    }
}
