use std::fs::File;
use std::io::{BufWriter, Cursor};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use png::{BitDepth, ColorType, Decoder, Encoder, Transformations};

const BYTES: usize = 4;

/// A picture, to be compared byte by byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue, alpha of each pixel, in rows from the top.
    rgba: Vec<u8>,
}

impl Picture {
    /// A picture from red, green, blue, alpha bytes.
    ///
    /// # Errors
    /// When the bytes are not `width * height * 4`.
    pub fn from_rgba(width: usize, height: usize, rgba: Vec<u8>) -> Result<Self> {
        ensure!(rgba.len() == width * height * BYTES, "wrong number of bytes");
        Ok(Self { width, height, rgba })
    }

    /// A picture from a PNG file's bytes.
    ///
    /// # Errors
    /// When they are not one.
    pub fn from_png(bytes: &[u8]) -> Result<Self> {
        let mut decoder = Decoder::new(Cursor::new(bytes));
        decoder
            .set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
        let mut reader = decoder.read_info()?;
        let mut data = vec![0; reader.output_buffer_size().context("too large")?];
        let info = reader.next_frame(&mut data)?;
        ensure!(info.color_type == ColorType::Rgba, "expected colours with alpha");
        data.truncate(info.buffer_size());
        Self::from_rgba(info.width as usize, info.height as usize, data)
    }

    /// Saves it as PNG.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let out = BufWriter::new(File::create(file)?);
        let mut encoder =
            Encoder::new(out, u32::try_from(self.width)?, u32::try_from(self.height)?);
        encoder.set_color(ColorType::Rgba);
        encoder.set_depth(BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.rgba)?;
        Ok(())
    }

    /// The bytes of the pixel at `x`, `y`, which must be inside.
    pub fn at(&self, x: usize, y: usize) -> &[u8] {
        self.row(x, y, 1)
    }

    /// The bytes of a rectangle, which must be inside.
    pub fn part(&self, x: usize, y: usize, width: usize, height: usize) -> Vec<u8> {
        let mut part = Vec::with_capacity(width * height * BYTES);
        for y in y..y + height {
            part.extend_from_slice(self.row(x, y, width));
        }
        part
    }

    /// How many pixels differ in pictures of one size.
    pub fn differing(&self, other: &Self) -> usize {
        let pairs = self.rgba.chunks_exact(BYTES).zip(other.rgba.chunks_exact(BYTES));
        pairs.filter(|(one, two)| one != two).count()
    }

    fn row(&self, x: usize, y: usize, width: usize) -> &[u8] {
        &self.rgba[(y * self.width + x) * BYTES..][..width * BYTES]
    }
}
