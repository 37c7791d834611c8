//! A recording as somebody else would write it, from what the format's description says.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde_json::json;

/// Time between the key frames of [`write_hour`], milliseconds.
pub const SEGMENT_MS: u64 = 60_000;
/// Width and height of its screen, pixels.
pub const SIDE: u32 = 256;
const HOUR_MS: u64 = 3_600_000;
const STARTED_AT: u64 = 1_700_000_000_000;
/// Bytes of picture in each second beside the square.
const NOISE: usize = 8 * 1024;

/// The colour of the screen from second `second` on.
pub fn color_at(second: u64) -> [u8; 3] {
    let mixed = second.wrapping_mul(2_654_435_761) & 0xFF_FFFF;
    let [_, r, g, b] = u32::try_from(mixed).unwrap_or_default().to_be_bytes();
    [r, g, b]
}

/// An hour of a screen that takes another colour each second, some 30 MB of stream, as the
/// file of the recording `name` in `folder`; without an index.
///
/// # Errors
/// When it cannot be written.
pub fn write_hour(folder: &Path, name: &str) -> Result<()> {
    let head = json!({
        "session_id": uuid::Uuid::nil(), "session_type": "ssh", "label": "an hour",
        "hostname": "hour.example", "username": null, "creator_id": "api_key:1",
        "creator_name": "tests", "started_at": STARTED_AT,
    });
    let head = head.to_string();
    let mut file = b"FANLREC1".to_vec();
    file.extend_from_slice(&u32::try_from(head.len())?.to_le_bytes());
    file.extend_from_slice(head.as_bytes());
    for time_ms in (0..HOUR_MS).step_by(1000) {
        let key = time_ms % SEGMENT_MS == 0;
        let mut plain = String::new();
        if key {
            plain += &instruction("size", &["0", &SIDE.to_string(), &SIDE.to_string()]);
        }
        plain += &noise(time_ms);
        plain += &fill(color_at(time_ms / 1000));
        plain += &instruction("sync", &[&(STARTED_AT + time_ms).to_string()]);
        file.extend_from_slice(&chunk(key, time_ms, plain.as_bytes())?);
    }
    fs::write(folder.join(format!("{name}.flrec")), file).context("the recording is not written")
}

fn fill([r, g, b]: [u8; 3]) -> String {
    let side = SIDE.to_string();
    let [r, g, b] = [r, g, b].map(|part| part.to_string());
    instruction("rect", &["0", "0", "0", &side, &side])
        + &instruction("cfill", &["14", "0", &r, &g, &b, "255"])
}

/// Pictures that nobody sees, in a buffer.
fn noise(seed: u64) -> String {
    let mut rgba = Vec::with_capacity(NOISE);
    let mut state = seed;
    while rgba.len() < NOISE {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        rgba.extend_from_slice(&state.to_be_bytes()[..4]);
    }
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 64, u32::try_from(NOISE / 256).unwrap_or(1));
    encoder.set_color(png::ColorType::Rgba);
    if let Ok(mut writer) = encoder.write_header() {
        // Into memory: what could fail is the size, which is right.
        let _ = writer.write_image_data(&rgba);
    }
    let text = base64_simd::STANDARD.encode_to_string(&png);
    let mut out = instruction("img", &["0", "14", "-5", "image/png", "0", "0"]);
    for start in (0..text.len()).step_by(4096) {
        out += &instruction("blob", &["0", &text[start..text.len().min(start + 4096)]]);
    }
    out + &instruction("end", &["0"])
}

fn instruction(opcode: &str, arguments: &[&str]) -> String {
    let elements = std::iter::once(&opcode).chain(arguments);
    let written: Vec<_> = elements.map(|text| format!("{}.{text}", text.chars().count())).collect();
    written.join(",") + ";"
}

fn chunk(key: bool, time_ms: u64, plain: &[u8]) -> Result<Vec<u8>> {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(plain)?;
    let packed = packer.finish()?;
    let mut out = b"FLC".to_vec();
    out.push(u8::from(key));
    out.extend_from_slice(&time_ms.to_le_bytes());
    for number in [u32::try_from(plain.len())?, u32::try_from(packed.len())?, crc(&packed)] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&crc(&out).to_le_bytes());
    out.extend_from_slice(&packed);
    Ok(out)
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
