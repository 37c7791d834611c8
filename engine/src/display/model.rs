//! What a viewer would see: a canvas that carries out instructions, for tests and
//! benchmarks. It reads the protocol on its own, so that a mistake in [`wire`](crate::wire)
//! shows, and knows what guacd sends as well as what [`WireCanvas`](super::WireCanvas)
//! does.
//!
//! Composition follows guacamole-common-js: buffers grow to what is drawn on them,
//! `copy` and `img` composite by the channel mask, layers above 0 lie over layer 0 in
//! their stacking order.

mod instruction;
mod raster;

use std::collections::BTreeMap;
use std::fmt;

use instruction::{Instruction, Instructions};
use raster::Raster;

/// Largest side of a layer, in pixels; more is taken for an error.
const LARGEST_SIDE: u32 = 16_384;

/// Why instructions could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError(String);

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ModelError {}

pub(crate) fn wrong(what: impl Into<String>) -> ModelError {
    ModelError(what.into())
}

/// What a call of [`CanvasModel::apply`] met besides drawing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Timestamps of `sync` instructions, in milliseconds, in order.
    pub syncs: Vec<i64>,
    /// Number of instructions, by opcode.
    pub opcodes: BTreeMap<String, usize>,
    /// Whether the mouse cursor was set.
    pub cursor: bool,
    /// Status code and message of an `error`.
    pub error: Option<(i64, String)>,
    /// Whether the engine said `disconnect`.
    pub disconnected: bool,
    /// Titles set by `name`.
    pub names: Vec<String>,
    /// Live parameters that were told (`argv`): name and value, in order.
    pub arguments: Vec<(String, String)>,
}

struct LayerState {
    raster: Raster,
    parent: i32,
    x: i32,
    y: i32,
    z: i32,
    opacity: u8,
    /// Rectangles of the open path.
    path: Vec<(i32, i32, u32, u32)>,
}

impl LayerState {
    fn new() -> Self {
        Self {
            raster: Raster::default(),
            parent: 0,
            x: 0,
            y: 0,
            z: 0,
            opacity: 255,
            path: Vec::new(),
        }
    }
}

struct ImageStream {
    mask: u8,
    layer: i32,
    mimetype: String,
    x: i32,
    y: i32,
    base64: String,
}

/// The layers of one viewer.
#[derive(Default)]
pub struct CanvasModel {
    layers: BTreeMap<i32, LayerState>,
    images: BTreeMap<i64, ImageStream>,
    /// Name and base64 of each parameter whose stream is open.
    arguments: BTreeMap<i64, (String, String)>,
}

impl CanvasModel {
    /// A viewer that was sent nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out instructions. Those that do not draw are counted and otherwise ignored.
    ///
    /// # Errors
    /// Malformed instructions, images that cannot be decoded, sizes beyond reason.
    pub fn apply(&mut self, instructions: &[u8]) -> Result<Applied, ModelError> {
        let mut applied = Applied::default();
        for instruction in Instructions::new(instructions) {
            let instruction = instruction?;
            *applied.opcodes.entry(instruction.opcode().to_owned()).or_default() += 1;
            self.follow_argument(&instruction, &mut applied)?;
            if !self.draw(&instruction)? {
                note(&instruction, &mut applied)?;
            }
        }
        Ok(applied)
    }

    fn follow_argument(
        &mut self,
        i: &Instruction<'_>,
        applied: &mut Applied,
    ) -> Result<(), ModelError> {
        match i.opcode() {
            "argv" => {
                let named = (i.text(2)?.to_owned(), String::new());
                self.arguments.insert(i.long(0)?, named);
            }
            "blob" => {
                if let Some((_, base64)) = self.arguments.get_mut(&i.long(0)?) {
                    base64.push_str(i.text(1)?);
                }
            }
            "end" => {
                if let Some((name, base64)) = self.arguments.remove(&i.long(0)?) {
                    let value = String::from_utf8(decode_blobs(&base64)?)
                        .map_err(|_| wrong("a parameter that is no text"))?;
                    applied.arguments.push((name, value));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Width of the default layer in pixels.
    pub fn width(&self) -> u32 {
        self.layers.get(&0).map_or(0, |layer| layer.raster.width())
    }

    /// Height of the default layer in pixels.
    pub fn height(&self) -> u32 {
        self.layers.get(&0).map_or(0, |layer| layer.raster.height())
    }

    /// The default layer alone, in rows from the top: red, green, blue, alpha.
    pub fn pixels(&self) -> &[u8] {
        self.layers.get(&0).map_or(&[], |layer| layer.raster.rgba())
    }

    /// The default layer with the visible layers above it, in the same form.
    pub fn composited(&self) -> Vec<u8> {
        let Some(bottom) = self.layers.get(&0) else { return Vec::new() };
        let mut picture = bottom.raster.clone();
        self.composite_children(0, (0, 0), &mut picture);
        picture.rgba().to_vec()
    }

    fn composite_children(&self, parent: i32, origin: (i32, i32), picture: &mut Raster) {
        let mut children: Vec<_> =
            self.layers.iter().filter(|(i, l)| **i > 0 && l.parent == parent).collect();
        children.sort_by_key(|(_, layer)| layer.z);
        for (index, layer) in children {
            let (x, y) = (origin.0 + layer.x, origin.1 + layer.y);
            picture.blend(&layer.raster, (x, y), layer.opacity);
            self.composite_children(*index, (x, y), picture);
        }
    }

    /// Carries out a drawing instruction; `false` for any other.
    fn draw(&mut self, i: &Instruction<'_>) -> Result<bool, ModelError> {
        match i.opcode() {
            "size" => self.size(i)?,
            "rect" => {
                let path = (i.number(1)?, i.number(2)?, i.length(3)?, i.length(4)?);
                self.layer(i.number(0)?).path.push(path);
            }
            "cfill" => self.cfill(i)?,
            "copy" => self.copy(i)?,
            "transfer" => self.transfer(i)?,
            "img" => self.begin_image(i)?,
            "blob" => {
                if let Some(stream) = self.images.get_mut(&i.long(0)?) {
                    stream.base64.push_str(i.text(1)?);
                }
            }
            "end" => {
                if let Some(stream) = self.images.remove(&i.long(0)?) {
                    self.finish_image(&stream)?;
                }
            }
            "png" => {
                let (x, y) = (i.number(2)?, i.number(3)?);
                self.put_png(i.number(1)?, i.mask(0)?, (x, y), i.text(4)?)?;
            }
            "dispose" => {
                self.layers.remove(&i.number(0)?);
            }
            "move" => {
                let layer = self.layer(i.number(0)?);
                layer.parent = i.number(1)?;
                (layer.x, layer.y, layer.z) = (i.number(2)?, i.number(3)?, i.number(4)?);
            }
            "shade" => {
                let opacity = i.number(1)?.clamp(0, 255) as u8;
                self.layer(i.number(0)?).opacity = opacity;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn layer(&mut self, index: i32) -> &mut LayerState {
        self.layers.entry(index).or_insert_with(LayerState::new)
    }

    fn size(&mut self, i: &Instruction<'_>) -> Result<(), ModelError> {
        let (width, height) = (i.length(1)?, i.length(2)?);
        if width > LARGEST_SIDE || height > LARGEST_SIDE {
            return Err(wrong("a layer of unreasonable size"));
        }
        self.layer(i.number(0)?).raster.resize(width, height);
        Ok(())
    }

    fn cfill(&mut self, i: &Instruction<'_>) -> Result<(), ModelError> {
        let mask = i.mask(0)?;
        let channel = |at| i.number(at).map(|value| value.clamp(0, 255) as u8);
        let color = [channel(2)?, channel(3)?, channel(4)?, channel(5)?];
        let index = i.number(1)?;
        let layer = self.layer(index);
        for (x, y, width, height) in std::mem::take(&mut layer.path) {
            grow_buffer(index, layer, (x, y), (width, height));
            layer.raster.fill((x, y), (width, height), color, mask)?;
        }
        Ok(())
    }

    fn cut(&self, index: i32, i: &Instruction<'_>, at: usize) -> Result<Raster, ModelError> {
        let (x, y) = (i.number(at)?, i.number(at + 1)?);
        let (width, height) = (i.length(at + 2)?, i.length(at + 3)?);
        if width > LARGEST_SIDE || height > LARGEST_SIDE {
            return Err(wrong("a copy of unreasonable size"));
        }
        let none = Raster::default();
        let source = self.layers.get(&index).map_or(&none, |layer| &layer.raster);
        Ok(source.cut((x, y), (width, height)))
    }

    fn copy(&mut self, i: &Instruction<'_>) -> Result<(), ModelError> {
        let part = self.cut(i.number(0)?, i, 1)?;
        self.put(i.number(6)?, i.mask(5)?, (i.number(7)?, i.number(8)?), &part)
    }

    /// Of the raster functions only those that guacd uses for cursors and text.
    fn transfer(&mut self, i: &Instruction<'_>) -> Result<(), ModelError> {
        let part = self.cut(i.number(0)?, i, 1)?;
        let (function, to) = (i.number(5)?, i.number(6)?);
        let at = (i.number(7)?, i.number(8)?);
        let layer = self.layer(to);
        grow_buffer(to, layer, at, (part.width(), part.height()));
        layer.raster.transfer(&part, at, function)
    }

    fn begin_image(&mut self, i: &Instruction<'_>) -> Result<(), ModelError> {
        let stream = ImageStream {
            mask: i.mask(1)?,
            layer: i.number(2)?,
            mimetype: i.text(3)?.to_owned(),
            x: i.number(4)?,
            y: i.number(5)?,
            base64: String::new(),
        };
        self.images.insert(i.long(0)?, stream);
        Ok(())
    }

    fn finish_image(&mut self, stream: &ImageStream) -> Result<(), ModelError> {
        let data = decode_blobs(&stream.base64)?;
        let image = match stream.mimetype.as_str() {
            "image/png" => Raster::from_png(&data)?,
            "image/webp" => Raster::from_webp(&data)?,
            other => return Err(wrong(format!("an image of type {other}"))),
        };
        self.put(stream.layer, stream.mask, (stream.x, stream.y), &image)
    }

    fn put_png(
        &mut self,
        layer: i32,
        mask: u8,
        at: (i32, i32),
        base64: &str,
    ) -> Result<(), ModelError> {
        let image = Raster::from_png(&decode_blobs(base64)?)?;
        self.put(layer, mask, at, &image)
    }

    fn put(
        &mut self,
        index: i32,
        mask: u8,
        at: (i32, i32),
        part: &Raster,
    ) -> Result<(), ModelError> {
        let layer = self.layer(index);
        grow_buffer(index, layer, at, (part.width(), part.height()));
        layer.raster.draw(part, at, mask)
    }
}

/// Buffers have no size of their own: they are as large as what was drawn on them.
fn grow_buffer(index: i32, layer: &mut LayerState, at: (i32, i32), size: (u32, u32)) {
    if index >= 0 {
        return;
    }
    let reach = |at: i32, length: u32| (at.max(0) as u32).saturating_add(length).min(LARGEST_SIDE);
    let width = layer.raster.width().max(reach(at.0, size.0));
    let height = layer.raster.height().max(reach(at.1, size.1));
    layer.raster.resize(width, height);
}

/// Each `blob` is base64 of its own; only the last of a stream may be padded, but guacd's
/// clients accept any, so each padded group ends a part here too.
fn decode_blobs(base64: &str) -> Result<Vec<u8>, ModelError> {
    let mut out = Vec::with_capacity(base64.len() / 4 * 3);
    for part in base64.split_inclusive("==").flat_map(|part| part.split_inclusive('=')) {
        let clean = part.trim_end_matches('=');
        if !clean.is_empty() {
            let bytes = base64_simd::STANDARD_NO_PAD
                .decode_to_vec(clean)
                .map_err(|_| wrong("a blob that is no base64"))?;
            out.extend_from_slice(&bytes);
        }
    }
    Ok(out)
}

fn note(i: &Instruction<'_>, applied: &mut Applied) -> Result<(), ModelError> {
    match i.opcode() {
        "sync" => applied.syncs.push(i.long(0)?),
        "cursor" => applied.cursor = true,
        "error" => applied.error = Some((i.long(1)?, i.text(0)?.to_owned())),
        "disconnect" => applied.disconnected = true,
        "name" => applied.names.push(i.text(0)?.to_owned()),
        _ => {}
    }
    Ok(())
}
