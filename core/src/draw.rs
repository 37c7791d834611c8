use std::time::Duration;

use crate::ViewerId;

/// The drawing vocabulary of the embedded engine: layers, rectangles and the few
/// operations that the Guacamole protocol offers. Lengths are pixels.
///
/// A client describes its picture as a [`Screen`]. Every viewer has its own
/// [`Painter`], which remembers what that viewer has and draws only the difference:
/// a viewer that joins, lags or returns is nothing special, and a slow one gets fewer
/// frames, never a longer queue.
pub trait Screen: Send + Sync {
    /// A painter for a viewer that has seen nothing yet.
    fn painter(&self, viewer: ViewerId) -> Box<dyn Painter>;
}

/// One viewer's memory of a [`Screen`].
pub trait Painter: Send {
    /// Draws everything that changed since this painter's last call. Returns whether
    /// anything was drawn; if not, no frame is sent.
    fn paint(&mut self, canvas: &mut dyn Canvas) -> bool;

    /// How long after a call of [`paint`](Self::paint) it wants the next one although the
    /// screen says nothing new: for what blinks, and for what was held back. `None`: not
    /// before the screen changes.
    fn again_in(&self) -> Option<Duration> {
        None
    }
}

/// Where a painter draws; every call becomes Guacamole instructions of one frame.
pub trait Canvas {
    /// Sets a layer's size (`size`).
    fn size(&mut self, layer: Layer, width: u32, height: u32);
    /// Fills a rectangle with one opaque colour (`rect`, `cfill`).
    fn fill(&mut self, layer: Layer, rect: Rect, color: Color);
    /// Gives all that a rectangle of a layer shows one colour, and leaves how opaque it is
    /// (`rect`, `cfill` with [`Composite::Atop`]).
    fn tint(&mut self, layer: Layer, rect: Rect, color: Color);
    /// Copies a rectangle between layers (`copy`); source and destination may overlap.
    fn copy(&mut self, from: Layer, rect: Rect, to: Layer, at: Point, composite: Composite);
    /// Draws pixels (`img`); the format is chosen by content.
    fn image(&mut self, layer: Layer, at: Point, image: Image<'_>);
    /// Sets the mouse cursor from part of a layer (`cursor`).
    fn cursor(&mut self, hotspot: Point, from: Layer, rect: Rect);
    /// Frees a layer (`dispose`).
    fn dispose(&mut self, layer: Layer);
    /// Tells this viewer the value of a live parameter (`argv`, `blob`, `end`). A canvas
    /// that only draws leaves it out.
    fn argument(&mut self, _name: &str, _value: &str) {}
}

/// A layer by its Guacamole index: 0 is the visible default, above are further visible
/// layers, below are off-screen buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layer(pub i32);

impl Layer {
    /// The layer that everyone sees.
    pub const DEFAULT: Self = Self(0);
}

/// A position, from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// Pixels to the right.
    pub x: i32,
    /// Pixels down.
    pub y: i32,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Width, above 0.
    pub width: u32,
    /// Height, above 0.
    pub height: u32,
}

/// An opaque sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Color {
    /// Red, 0 to 255.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

/// How copied pixels meet those below ("Compositing" in the Guacamole manual).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Composite {
    /// Source over destination.
    Over,
    /// Source where the destination is opaque.
    Atop,
}

impl Composite {
    /// The channel mask of the protocol.
    pub const fn mask(self) -> u8 {
        match self {
            Self::Over => 0x0E,
            Self::Atop => 0x06,
        }
    }
}

/// Pixels in rows from the top, borrowed for one call.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height * 4` bytes: red, green, blue, alpha (not premultiplied).
    pub rgba: &'a [u8],
}

/// A viewer's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewport {
    /// Width in pixels, 64 to 8192.
    pub width: u32,
    /// Height in pixels, 64 to 8192.
    pub height: u32,
    /// Dots per inch, 24 to 600; 96 is an ordinary screen.
    pub dpi: u32,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { width: 1024, height: 768, dpi: 96 }
    }
}
