use bytes::BytesMut;
use fanlight_core::{Canvas, Color, Composite, Image, Layer, Point, Rect};

use super::encode::encode_png;
use crate::wire::Writer;

/// Raw bytes of an image sent whole.
const WHOLE_BLOB: usize = 8 * 1024;
/// Raw bytes per `blob` otherwise: guacd's choice, and a multiple of 3.
const BLOB: usize = 6048;
/// Every image is begun and ended within its frame, so that one stream index serves all.
/// The engine's other streams must use others.
const IMAGE_STREAM: i64 = 0;
/// The same for parameters; 1 is the clipboard's.
const ARGUMENT_STREAM: i64 = 2;

/// Collects a frame as instructions ("Drawing instructions" in the Guacamole protocol
/// reference).
#[derive(Default)]
pub struct WireCanvas {
    frame: BytesMut,
    path: Option<(Layer, Composite, Color)>,
}

impl WireCanvas {
    /// A canvas with an empty frame.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing was drawn since the last frame.
    pub fn is_empty(&self) -> bool {
        self.frame.is_empty()
    }

    /// The instructions of this frame, to be closed with a `sync`; the next one starts
    /// empty.
    pub fn take_frame(&mut self) -> BytesMut {
        self.fill_path();
        std::mem::take(&mut self.frame)
    }

    /// Fills of one colour share a path, which is filled when something else follows.
    fn fill_path(&mut self) {
        if let Some((layer, composite, Color { r, g, b })) = self.path.take() {
            self.put("cfill")
                .int(composite.mask().into())
                .int(layer.0.into())
                .int(r.into())
                .int(g.into())
                .int(b.into())
                .int(255);
        }
    }

    fn add_to_path(&mut self, path: (Layer, Composite, Color), rect: Rect) {
        if self.path != Some(path) {
            self.fill_path();
            self.path = Some(path);
        }
        self.put("rect")
            .int(path.0.0.into())
            .int(rect.x.into())
            .int(rect.y.into())
            .int(rect.width.into())
            .int(rect.height.into());
    }

    fn put(&mut self, opcode: &str) -> Writer<'_> {
        Writer::new(&mut self.frame, opcode)
    }

    fn instruction(&mut self, opcode: &str) -> Writer<'_> {
        self.fill_path();
        self.put(opcode)
    }
}

impl Canvas for WireCanvas {
    fn size(&mut self, layer: Layer, width: u32, height: u32) {
        self.instruction("size").int(layer.0.into()).int(width.into()).int(height.into());
    }

    fn fill(&mut self, layer: Layer, rect: Rect, color: Color) {
        self.add_to_path((layer, Composite::Over, color), rect);
    }

    fn tint(&mut self, layer: Layer, rect: Rect, color: Color) {
        self.add_to_path((layer, Composite::Atop, color), rect);
    }

    fn copy(&mut self, from: Layer, rect: Rect, to: Layer, at: Point, composite: Composite) {
        self.instruction("copy")
            .int(from.0.into())
            .int(rect.x.into())
            .int(rect.y.into())
            .int(rect.width.into())
            .int(rect.height.into())
            .int(composite.mask().into())
            .int(to.0.into())
            .int(at.x.into())
            .int(at.y.into());
    }

    fn image(&mut self, layer: Layer, at: Point, image: Image<'_>) {
        let Some(png) = encode_png(image) else { return };
        self.instruction("img")
            .int(IMAGE_STREAM)
            .int(Composite::Over.mask().into())
            .int(layer.0.into())
            .str("image/png")
            .int(at.x.into())
            .int(at.y.into());
        let chunk = if png.len() <= WHOLE_BLOB { WHOLE_BLOB } else { BLOB };
        for part in png.chunks(chunk) {
            let base64 = base64_simd::STANDARD.encode_to_string(part);
            self.put("blob").int(IMAGE_STREAM).str(&base64);
        }
        self.put("end").int(IMAGE_STREAM);
    }

    fn cursor(&mut self, hotspot: Point, from: Layer, rect: Rect) {
        self.instruction("cursor")
            .int(hotspot.x.into())
            .int(hotspot.y.into())
            .int(from.0.into())
            .int(rect.x.into())
            .int(rect.y.into())
            .int(rect.width.into())
            .int(rect.height.into());
    }

    fn dispose(&mut self, layer: Layer) {
        self.instruction("dispose").int(layer.0.into());
    }

    fn argument(&mut self, name: &str, value: &str) {
        self.instruction("argv").int(ARGUMENT_STREAM).str("text/plain").str(name);
        for part in value.as_bytes().chunks(BLOB) {
            let base64 = base64_simd::STANDARD.encode_to_string(part);
            self.put("blob").int(ARGUMENT_STREAM).str(&base64);
        }
        self.put("end").int(ARGUMENT_STREAM);
    }
}
