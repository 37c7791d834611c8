use std::borrow::Cow;

use fanlight_core::Image;
use png::{BitDepth, ColorType, Compression, DeflateCompression, Filter};

const BYTES_PER_PIXEL: usize = 4;
const OPAQUE: u8 = 255;
/// Deflate level for few colours. A screen of text comes to a quarter of what the fastest
/// setting makes of it, for a millisecond more; higher levels gain little.
const TEXT_LEVEL: u8 = 3;
/// Pixels that are compared at once, as most are like those before.
const GROUP: usize = 16;
const LARGEST_PALETTE: usize = 256;
/// Slots of the table that finds a colour's place in the palette; a power of two, thinly
/// filled.
const TABLE: usize = 2048;

/// Encodes pixels as PNG, in the smallest form that keeps them exact: a palette for few
/// colours, transparent ones among them, RGB for opaque pixels, RGBA otherwise. `None` for an image without pixels.
pub(super) fn encode_png(image: Image<'_>) -> Option<Vec<u8>> {
    let pixels = image.width as usize * image.height as usize;
    if pixels == 0 || image.rgba.len() != pixels * BYTES_PER_PIXEL {
        return None;
    }
    match Indexed::find(image) {
        Some(indexed) => {
            let depth = indexed.depth();
            let data = packed(&indexed.indexes, image.width as usize, depth);
            write(image, ColorType::Indexed, depth, Some(&indexed.palette), &data)
        }
        None if is_opaque(image) => {
            let rgb: Vec<u8> =
                image.rgba.chunks_exact(BYTES_PER_PIXEL).flat_map(|p| [p[0], p[1], p[2]]).collect();
            write(image, ColorType::Rgb, BitDepth::Eight, None, &rgb)
        }
        None => write(image, ColorType::Rgba, BitDepth::Eight, None, image.rgba),
    }
}

fn is_opaque(image: Image<'_>) -> bool {
    image.rgba.chunks_exact(BYTES_PER_PIXEL).all(|pixel| pixel[3] == OPAQUE)
}

fn write(
    image: Image<'_>,
    color: ColorType,
    depth: BitDepth,
    palette: Option<&[[u8; BYTES_PER_PIXEL]]>,
    data: &[u8],
) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(1024 + data.len() / 4);
    let mut encoder = png::Encoder::new(&mut out, image.width, image.height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if let Some(palette) = palette {
        encoder
            .set_palette(palette.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect::<Vec<_>>());
        if palette.iter().any(|color| color[3] != OPAQUE) {
            encoder.set_trns(palette.iter().map(|color| color[3]).collect::<Vec<_>>());
        }
        encoder.set_deflate_compression(DeflateCompression::Level(TEXT_LEVEL));
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
    palette: Vec<[u8; BYTES_PER_PIXEL]>,
    indexes: Vec<u8>,
}

impl Indexed {
    /// `None` when there are more.
    fn find(image: Image<'_>) -> Option<Self> {
        let mut palette = Palette::default();
        let mut indexes = Vec::with_capacity(image.rgba.len() / BYTES_PER_PIXEL);
        let mut last = *image.rgba.first_chunk()?;
        let mut index = palette.place(last)?;
        let mut plain = last.repeat(GROUP);
        for group in image.rgba.chunks(GROUP * BYTES_PER_PIXEL) {
            if *group == plain[..] {
                indexes.extend_from_slice(&[index; GROUP]);
                continue;
            }
            for pixel in group.chunks_exact(BYTES_PER_PIXEL) {
                if *pixel != last {
                    last.copy_from_slice(pixel);
                    index = palette.place(last)?;
                }
                indexes.push(index);
            }
            plain.chunks_exact_mut(BYTES_PER_PIXEL).for_each(|pixel| pixel.copy_from_slice(&last));
        }
        Some(Self { palette: palette.colors, indexes })
    }

    fn depth(&self) -> BitDepth {
        match self.palette.len() {
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

/// Colours in the order of their first use, found by a table with open addresses.
struct Palette {
    colors: Vec<[u8; BYTES_PER_PIXEL]>,
    /// Places, from 1; zero where free.
    table: [u16; TABLE],
}

impl Default for Palette {
    fn default() -> Self {
        Self { colors: Vec::new(), table: [0; TABLE] }
    }
}

impl Palette {
    /// The place of a colour; `None` when there are too many.
    fn place(&mut self, color: [u8; BYTES_PER_PIXEL]) -> Option<u8> {
        let mut slot = (u32::from_le_bytes(color).wrapping_mul(0x9E37_79B1) >> 21) as usize;
        loop {
            let Some(place) = usize::from(self.table[slot]).checked_sub(1) else {
                let next = self.colors.len();
                if next == LARGEST_PALETTE {
                    return None;
                }
                self.colors.push(color);
                self.table[slot] = next as u16 + 1;
                return Some(next as u8);
            };
            if self.colors[place] == color {
                return Some(place as u8);
            }
            slot = (slot + 1) % TABLE;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn decoded(width: u32, height: u32, rgba: &[u8]) -> (ColorType, BitDepth, Vec<u8>) {
        let png = encode_png(Image { width, height, rgba }).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&png));
        let (color, depth) =
            decoder.read_header_info().map(|i| (i.color_type, i.bit_depth)).unwrap();
        decoder.set_transformations(png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut out = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut out).unwrap();
        (color, depth, out)
    }

    /// `colors` opaque colours, over a width that is no multiple of anything.
    fn picture(colors: u32) -> Vec<u8> {
        let color = |i: u32| [(i % 251) as u8, (i / 251) as u8, 7, OPAQUE];
        (0..13 * 40).flat_map(|i| color(i % colors)).collect()
    }

    #[test]
    fn pictures_come_back_exactly_in_their_smallest_form() {
        for (colors, form) in [
            (1, (ColorType::Indexed, BitDepth::One)),
            (2, (ColorType::Indexed, BitDepth::One)),
            (4, (ColorType::Indexed, BitDepth::Two)),
            (16, (ColorType::Indexed, BitDepth::Four)),
            (17, (ColorType::Indexed, BitDepth::Eight)),
            (256, (ColorType::Indexed, BitDepth::Eight)),
            (257, (ColorType::Rgb, BitDepth::Eight)),
        ] {
            let rgba = picture(colors);
            let (color, depth, pixels) = decoded(13, 40, &rgba);
            assert_eq!((color, depth), form, "{colors} colours");
            assert!(pixels == rgba, "{colors} colours");
        }
    }

    #[test]
    fn transparency_is_kept() {
        for (colors, form) in [(3, ColorType::Indexed), (257, ColorType::Rgba)] {
            for at in [0, 100] {
                let mut rgba = picture(colors);
                rgba[at * BYTES_PER_PIXEL..][..BYTES_PER_PIXEL].fill(0);
                rgba[7 * BYTES_PER_PIXEL + 3] = 17;
                let (color, _, pixels) = decoded(13, 40, &rgba);
                assert_eq!(color, form);
                assert!(pixels == rgba);
            }
        }
        let clear = vec![0; 13 * 40 * BYTES_PER_PIXEL];
        assert!(decoded(13, 40, &clear).2 == clear);
    }

    #[test]
    fn an_image_without_pixels_or_of_a_wrong_length_is_none() {
        assert!(encode_png(Image { width: 0, height: 5, rgba: &[] }).is_none());
        assert!(encode_png(Image { width: 2, height: 2, rgba: &[0; 15] }).is_none());
    }
}
