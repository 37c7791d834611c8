use std::borrow::Cow;

use fanlight_core::Image;
use png::{BitDepth, ColorType, Compression, Filter};

const BYTES_PER_PIXEL: usize = 4;
const OPAQUE: u8 = 255;
const LARGEST_PALETTE: usize = 256;
/// Slots of the table that finds a colour's place in the palette; a power of two, thinly
/// filled.
const TABLE: usize = 2048;

/// Encodes pixels as PNG, in the smallest form that keeps them exact: a palette for few
/// colours, RGB for opaque pixels, RGBA otherwise. `None` for an image without pixels.
pub(super) fn encode_png(image: Image<'_>) -> Option<Vec<u8>> {
    let pixels = image.width as usize * image.height as usize;
    if pixels == 0 || image.rgba.len() != pixels * BYTES_PER_PIXEL {
        return None;
    }
    let opaque = image.rgba.iter().skip(3).step_by(BYTES_PER_PIXEL).all(|alpha| *alpha == OPAQUE);
    if !opaque {
        return write(image, ColorType::Rgba, BitDepth::Eight, None, image.rgba);
    }
    match Indexed::new(image) {
        Some(indexed) => {
            let depth = indexed.depth();
            let data = packed(&indexed.indexes, image.width as usize, depth);
            write(image, ColorType::Indexed, depth, Some(&indexed.palette), &data)
        }
        None => {
            let rgb: Vec<u8> =
                image.rgba.chunks_exact(BYTES_PER_PIXEL).flat_map(|p| [p[0], p[1], p[2]]).collect();
            write(image, ColorType::Rgb, BitDepth::Eight, None, &rgb)
        }
    }
}

fn write(
    image: Image<'_>,
    color: ColorType,
    depth: BitDepth,
    palette: Option<&[u8]>,
    data: &[u8],
) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(1024 + data.len() / 4);
    let mut encoder = png::Encoder::new(&mut out, image.width, image.height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
        encoder.set_compression(Compression::Fast);
        encoder.set_filter(Filter::NoFilter);
    } else {
        encoder.set_compression(Compression::Fastest);
    }
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(data).ok()?;
    writer.finish().ok()?;
    Some(out)
}

/// An image of at most 256 colours.
struct Indexed {
    palette: Vec<u8>,
    indexes: Vec<u8>,
}

impl Indexed {
    fn new(image: Image<'_>) -> Option<Self> {
        let mut table = [(0_u32, u8::MAX, false); TABLE];
        let mut palette = Vec::new();
        let mut indexes = Vec::with_capacity(image.rgba.len() / BYTES_PER_PIXEL);
        let (mut last, mut index) = (None, 0);
        for pixel in image.rgba.chunks_exact(BYTES_PER_PIXEL) {
            let color = u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0]);
            if last != Some(color) {
                index = place(&mut table, &mut palette, color)?;
                last = Some(color);
            }
            indexes.push(index);
        }
        Some(Self { palette, indexes })
    }

    fn depth(&self) -> BitDepth {
        match self.palette.len() / 3 {
            0..=2 => BitDepth::One,
            3..=4 => BitDepth::Two,
            5..=16 => BitDepth::Four,
            _ => BitDepth::Eight,
        }
    }
}

/// Rows of indexes, each filled up to a whole byte.
fn packed(indexes: &[u8], width: usize, depth: BitDepth) -> Cow<'_, [u8]> {
    let bits = depth as usize;
    let per_byte = 8 / bits;
    if per_byte == 1 {
        return Cow::Borrowed(indexes);
    }
    let mut out = Vec::with_capacity(indexes.len() / per_byte + indexes.len() / width);
    for row in indexes.chunks_exact(width) {
        for group in row.chunks(per_byte) {
            let byte = group.iter().fold(0, |byte, index| byte << bits | index);
            out.push(byte << (bits * (per_byte - group.len())));
        }
    }
    Cow::Owned(out)
}

/// The place of a colour in the palette, which grows where it is new.
fn place(table: &mut [(u32, u8, bool); TABLE], palette: &mut Vec<u8>, color: u32) -> Option<u8> {
    let mut slot = (color.wrapping_mul(0x9E37_79B1) >> 21) as usize;
    loop {
        let (known, index, used) = table[slot];
        if used && known == color {
            return Some(index);
        }
        if !used {
            let next = palette.len() / 3;
            if next == LARGEST_PALETTE {
                return None;
            }
            palette.extend_from_slice(&color.to_le_bytes()[..3]);
            table[slot] = (color, next as u8, true);
            return Some(next as u8);
        }
        slot = (slot + 1) % TABLE;
    }
}
