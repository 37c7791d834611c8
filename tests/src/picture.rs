use std::fs::File;
use std::io::{BufWriter, Cursor};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use png::{BitDepth, ColorType, Decoder, Encoder, Transformations};

/// An opaque picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue of each pixel, in rows from the top.
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// A picture from red, green, blue, alpha bytes; transparent pixels are black.
    ///
    /// # Errors
    /// When the bytes are not `width * height * 4`.
    pub fn from_rgba(width: usize, height: usize, rgba: &[u8]) -> Result<Self> {
        ensure!(rgba.len() == width * height * 4, "wrong number of bytes");
        let over_black = |value: u8, alpha: u8| (u16::from(value) * u16::from(alpha) / 255) as u8;
        let pixels = rgba.chunks_exact(4).map(|p| [0, 1, 2].map(|i| over_black(p[i], p[3])));
        Ok(Self { width, height, pixels: pixels.collect() })
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
        Self::from_rgba(info.width as usize, info.height as usize, &data[..info.buffer_size()])
    }

    /// Saves it as PNG.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let out = BufWriter::new(File::create(file)?);
        let mut encoder =
            Encoder::new(out, u32::try_from(self.width)?, u32::try_from(self.height)?);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.write_header()?.write_image_data(self.pixels.as_flattened())?;
        Ok(())
    }

    /// The pixel at `x`, `y`, which must be inside.
    pub fn at(&self, x: usize, y: usize) -> [u8; 3] {
        self.pixels[y * self.width + x]
    }

    /// The pixels of a rectangle, which must be inside.
    pub fn part(&self, x: usize, y: usize, width: usize, height: usize) -> Vec<[u8; 3]> {
        let row = |y: usize| &self.pixels[y * self.width + x..][..width];
        (y..y + height).flat_map(row).copied().collect()
    }

    /// How many pixels differ, where both have pixels, and whether the sizes are alike.
    pub fn differing(&self, other: &Self) -> (usize, bool) {
        let same_size = (self.width, self.height) == (other.width, other.height);
        let pairs = self.pixels.iter().zip(&other.pixels);
        (pairs.filter(|(one, two)| one != two).count(), same_size)
    }
}
