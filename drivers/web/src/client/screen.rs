//! The page's picture, and what each viewer has of it.

use std::io::Cursor;
use std::sync::Arc;

use fanlight_core::{Canvas, Image, Layer, Painter, Point, Screen, ViewerId};
use parking_lot::Mutex;

/// Side of the squares whose changes are told apart, in pixels.
const TILE: usize = 64;
const PIXEL: usize = 4;
/// Most pixels of a picture: what the largest window may have.
const MOST_PIXELS: usize = 8192 * 8192;

/// What the browser shows, exactly.
#[derive(Default)]
pub(super) struct PageScreen(Mutex<Arc<Frame>>);

/// One picture.
#[derive(Default)]
pub(super) struct Frame {
    width: usize,
    height: usize,
    rgba: Vec<u8>,
    /// Counts the pictures of a session.
    number: u64,
    /// The picture that each tile changed in last, row by row.
    changed: Vec<u64>,
}

impl PageScreen {
    /// Shows a picture (PNG) from now on. Takes milliseconds, so let it be done where that
    /// holds up nobody. Returns whether it shows anything new.
    pub(super) fn show(&self, picture: &[u8]) -> bool {
        let Some((width, height, rgba)) = decode(picture) else { return false };
        let before = self.now();
        let after = before.followed_by(width, height, rgba);
        let is_new = after.changed.contains(&after.number);
        *self.0.lock() = Arc::new(after);
        is_new
    }

    fn now(&self) -> Arc<Frame> {
        Arc::clone(&self.0.lock())
    }
}

impl Frame {
    fn followed_by(&self, width: usize, height: usize, rgba: Vec<u8>) -> Self {
        let (columns, rows) = (width.div_ceil(TILE), height.div_ceil(TILE));
        let number = self.number + 1;
        let mut after = Self { width, height, rgba, number, changed: vec![number; columns * rows] };
        if (self.width, self.height) == (width, height) {
            for place in 0..after.changed.len() {
                if self.tile(place).eq(after.tile(place)) {
                    after.changed[place] = self.changed[place];
                }
            }
        }
        after
    }

    fn columns(&self) -> usize {
        self.width.div_ceil(TILE)
    }

    /// The rows of pixels of one tile.
    fn tile(&self, place: usize) -> impl Iterator<Item = &[u8]> {
        let (x, y) = (place % self.columns() * TILE, place / self.columns() * TILE);
        self.rows(x, y, TILE)
    }

    /// The rows of pixels of tiles side by side, `width` pixels together at most.
    fn rows(&self, x: usize, y: usize, width: usize) -> impl Iterator<Item = &[u8]> {
        let right = (x + width).min(self.width);
        let below = (y + TILE).min(self.height);
        (y..below).map(move |y| &self.rgba[(y * self.width + x) * PIXEL..][..(right - x) * PIXEL])
    }

    /// What changed after the picture `seen`: neighbours in a row of tiles together, as the
    /// first one's place and their number.
    fn news(&self, seen: u64) -> Vec<(usize, usize)> {
        let mut news: Vec<(usize, usize)> = Vec::new();
        for (place, _) in self.changed.iter().enumerate().filter(|(_, number)| **number > seen) {
            match news.last_mut() {
                Some((first, length))
                    if *first + *length == place && place % self.columns() != 0 =>
                {
                    *length += 1;
                }
                _ => news.push((place, 1)),
            }
        }
        news
    }
}

/// The screen of a session, for its viewers.
pub(super) struct Shown(pub(super) Arc<PageScreen>);

impl Screen for Shown {
    fn painter(&self, _: ViewerId) -> Box<dyn Painter> {
        Box::new(PagePainter { screen: Arc::clone(&self.0), seen: 0, size: (0, 0) })
    }
}

struct PagePainter {
    screen: Arc<PageScreen>,
    seen: u64,
    size: (usize, usize),
}

impl Painter for PagePainter {
    fn paint(&mut self, canvas: &mut dyn Canvas) -> bool {
        let frame = self.screen.now();
        if frame.number == self.seen {
            return false;
        }
        let is_resized = self.size != (frame.width, frame.height);
        if is_resized {
            self.size = (frame.width, frame.height);
            canvas.size(Layer::DEFAULT, frame.width as u32, frame.height as u32);
        }
        let news = frame.news(self.seen);
        self.seen = frame.number;
        for (place, length) in &news {
            draw(&frame, *place, *length, canvas);
        }
        is_resized || !news.is_empty()
    }
}

fn draw(frame: &Frame, place: usize, length: usize, canvas: &mut dyn Canvas) {
    let (x, y) = (place % frame.columns() * TILE, place / frame.columns() * TILE);
    let width = (length * TILE).min(frame.width - x);
    let rgba: Vec<u8> = frame.rows(x, y, width).flatten().copied().collect();
    let height = rgba.len() / (width * PIXEL);
    let at = Point { x: x as i32, y: y as i32 };
    let image = Image { width: width as u32, height: height as u32, rgba: &rgba };
    canvas.image(Layer::DEFAULT, at, image);
}

/// Width, height and opaque pixels of a PNG.
fn decode(picture: &[u8]) -> Option<(usize, usize, Vec<u8>)> {
    let mut decoder = png::Decoder::new(Cursor::new(picture));
    decoder.set_transformations(
        png::Transformations::normalize_to_color8() | png::Transformations::ALPHA,
    );
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if width * height > MOST_PIXELS {
        return None;
    }
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let shape = reader.next_frame(&mut pixels).ok()?;
    (shape.color_type == png::ColorType::Rgba).then_some((width, height, pixels))
}
