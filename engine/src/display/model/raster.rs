use super::{ModelError, wrong};

const PIXEL: usize = 4;
const SRC: u8 = 0x0C;
const OVER: u8 = 0x0E;
const ATOP: u8 = 0x06;
const IN: u8 = 0x04;
const RIN: u8 = 0x01;
const ROUT: u8 = 0x02;

/// A rectangle of pixels: red, green, blue, alpha, not premultiplied.
#[derive(Default, Clone)]
pub(super) struct Raster {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Raster {
    pub(super) fn width(&self) -> u32 {
        self.width
    }

    pub(super) fn height(&self) -> u32 {
        self.height
    }

    pub(super) fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    fn transparent(width: u32, height: u32) -> Self {
        Self { width, height, rgba: vec![0; width as usize * height as usize * PIXEL] }
    }

    /// Changes the size; what still fits stays, what is new is transparent.
    pub(super) fn resize(&mut self, width: u32, height: u32) {
        if (width, height) != (self.width, self.height) {
            *self = self.cut((0, 0), (width, height));
        }
    }

    /// A part; what lies outside is transparent.
    pub(super) fn cut(&self, at: (i32, i32), size: (u32, u32)) -> Self {
        let mut part = Self::transparent(size.0, size.1);
        for y in 0..size.1 {
            for x in 0..size.0 {
                if let Some(from) = self.offset(at.0 + x as i32, at.1 + y as i32) {
                    let to = (y as usize * size.0 as usize + x as usize) * PIXEL;
                    part.rgba[to..to + PIXEL].copy_from_slice(&self.rgba[from..from + PIXEL]);
                }
            }
        }
        part
    }

    fn offset(&self, x: i32, y: i32) -> Option<usize> {
        let inside = x >= 0 && y >= 0 && (x as u32) < self.width && (y as u32) < self.height;
        inside.then(|| (y as usize * self.width as usize + x as usize) * PIXEL)
    }

    fn combine(
        &mut self,
        at: (i32, i32),
        size: (u32, u32),
        mut pixel: impl FnMut(u32, u32, &mut [u8]),
    ) {
        for y in 0..size.1 {
            for x in 0..size.0 {
                if let Some(to) = self.offset(at.0 + x as i32, at.1 + y as i32) {
                    pixel(x, y, &mut self.rgba[to..to + PIXEL]);
                }
            }
        }
    }

    pub(super) fn fill(
        &mut self,
        at: (i32, i32),
        size: (u32, u32),
        color: [u8; PIXEL],
        mask: u8,
    ) -> Result<(), ModelError> {
        let operator = operator(mask)?;
        self.combine(at, size, |_, _, below| operator(color, below));
        Ok(())
    }

    /// Draws `part` by a channel mask. With SRC a browser would also clear everything
    /// outside of the part: that is why no engine may use it on what people see.
    pub(super) fn draw(&mut self, part: &Self, at: (i32, i32), mask: u8) -> Result<(), ModelError> {
        let operator = operator(mask)?;
        self.combine(at, (part.width, part.height), |x, y, below| {
            operator(part.pixel(x, y), below)
        });
        Ok(())
    }

    /// Lays a whole layer over this one.
    pub(super) fn blend(&mut self, above: &Self, at: (i32, i32), opacity: u8) {
        self.combine(at, (above.width, above.height), |x, y, below| {
            let mut color = above.pixel(x, y);
            color[3] = (u16::from(color[3]) * u16::from(opacity) / 255) as u8;
            over(color, below);
        });
    }

    /// Combines colours bit by bit; the function's number is its truth table
    /// ("transfer" in the protocol reference).
    pub(super) fn transfer(
        &mut self,
        part: &Self,
        at: (i32, i32),
        function: i32,
    ) -> Result<(), ModelError> {
        let apply: fn(u8, u8) -> u8 = match function {
            0x0 => |_, _| 0,
            0x3 => |s, _| s,
            0x5 => |_, d| d,
            0x6 => |s, d| s ^ d,
            0x1 => |s, d| s & d,
            0x7 => |s, d| s | d,
            0xA => |_, d| !d,
            0xC => |s, _| !s,
            0xF => |_, _| 255,
            other => return Err(wrong(format!("transfer function {other}"))),
        };
        self.combine(at, (part.width, part.height), |x, y, below| {
            let above = part.pixel(x, y);
            for channel in 0..3 {
                below[channel] = apply(above[channel], below[channel]);
            }
            below[3] = if function == 0x3 { above[3] } else { 255 };
        });
        Ok(())
    }

    fn pixel(&self, x: u32, y: u32) -> [u8; PIXEL] {
        let at = (y as usize * self.width as usize + x as usize) * PIXEL;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2], self.rgba[at + 3]]
    }

    /// Decodes a PNG of any colour type to 8-bit RGBA.
    pub(super) fn from_png(data: &[u8]) -> Result<Self, ModelError> {
        let bad = |error: png::DecodingError| wrong(format!("a PNG: {error}"));
        let mut decoder = png::Decoder::new(std::io::Cursor::new(data));
        decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info().map_err(bad)?;
        let size = reader.output_buffer_size().ok_or_else(|| wrong("a PNG that is too large"))?;
        let mut buffer = vec![0; size];
        let info = reader.next_frame(&mut buffer).map_err(bad)?;
        let rgba = match info.color_type {
            png::ColorType::Rgba => buffer,
            png::ColorType::GrayscaleAlpha => {
                buffer.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
            }
            other => return Err(wrong(format!("a PNG of colour type {other:?}"))),
        };
        Ok(Self { width: info.width, height: info.height, rgba })
    }

    /// Decodes a WebP, lossy or not, to 8-bit RGBA. guacd sends them for busy pictures.
    pub(super) fn from_webp(data: &[u8]) -> Result<Self, ModelError> {
        let bad = |error: image_webp::DecodingError| wrong(format!("a WebP: {error}"));
        let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(data)).map_err(bad)?;
        let (width, height) = decoder.dimensions();
        let size = decoder.output_buffer_size().ok_or_else(|| wrong("a WebP that is too large"))?;
        let mut buffer = vec![0; size];
        decoder.read_image(&mut buffer).map_err(bad)?;
        let rgba = if decoder.has_alpha() {
            buffer
        } else {
            buffer.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect()
        };
        Ok(Self { width, height, rgba })
    }
}

type Operator = fn([u8; PIXEL], &mut [u8]);

fn operator(mask: u8) -> Result<Operator, ModelError> {
    match mask {
        OVER => Ok(over),
        SRC => Ok(|above, below| below.copy_from_slice(&above)),
        ATOP => Ok(|above, below| {
            let alpha = below[3];
            over(above, below);
            below[3] = alpha;
        }),
        IN => Ok(|above, below| {
            let alpha = (u16::from(above[3]) * u16::from(below[3]) / 255) as u8;
            below.copy_from_slice(&[above[0], above[1], above[2], alpha]);
        }),
        RIN => {
            Ok(|above, below| below[3] = (u16::from(above[3]) * u16::from(below[3]) / 255) as u8)
        }
        ROUT => Ok(|above, below| {
            below[3] = (u16::from(255 - above[3]) * u16::from(below[3]) / 255) as u8;
        }),
        other => Err(wrong(format!("channel mask {other}"))),
    }
}

fn over(above: [u8; PIXEL], below: &mut [u8]) {
    let (a, b) = (u32::from(above[3]), u32::from(below[3]));
    match (a, b) {
        (0, _) => {}
        (255, _) | (_, 0) => below.copy_from_slice(&above),
        _ => {
            let alpha = a + b * (255 - a) / 255;
            for channel in 0..3 {
                let (top, bottom) = (u32::from(above[channel]), u32::from(below[channel]));
                let mixed = top * a + bottom * b * (255 - a) / 255;
                below[channel] = ((mixed + alpha / 2) / alpha) as u8;
            }
            below[3] = alpha as u8;
        }
    }
}
