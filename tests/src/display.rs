//! An X display, and what is seen on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::picture::Picture;
use crate::process::{Process, output_of};

const READY_WITHIN: Duration = Duration::from_secs(20);
/// As timeout(1) has it.
const ANSWERS_WITHIN: &str = "3s";
/// Side of the pattern's tile, in pixels.
const TILE: u32 = 64;

/// An X display that tests may draw on.
pub struct Display {
    name: String,
    /// The X server's cookies, where it wants one.
    authority: Option<PathBuf>,
    /// For files of the test.
    folder: PathBuf,
}

impl Display {
    /// The display of that number. Ports double as numbers: both are free together.
    pub(crate) fn new(number: u16, folder: &Path) -> Self {
        Self { name: format!(":{number}"), authority: None, folder: folder.to_owned() }
    }

    /// The same display, whose server wants a cookie out of this file.
    pub(crate) fn with_authority(self, file: PathBuf) -> Self {
        Self { authority: Some(file), ..self }
    }

    /// Its name, as in `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that works on it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.choose(&mut command);
        command
    }

    /// A program that works on it until it is dropped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, command: &mut Command) -> Result<Process> {
        self.choose(command);
        Process::start(command, &self.path("programs"))
    }

    fn choose(&self, command: &mut Command) {
        command.env("DISPLAY", &self.name);
        if let Some(file) = &self.authority {
            command.env("XAUTHORITY", file);
        }
    }

    /// Covers it with a pattern that `seed` decides, in two colours.
    ///
    /// # Errors
    /// When `xsetroot` fails (Debian: x11-xserver-utils).
    pub fn paint(&self, seed: u32) -> Result<()> {
        let bitmap = self.path("pattern.xbm");
        fs::write(&bitmap, pattern(seed))?;
        let colours = ["-fg", "#103060", "-bg", "#f0c020"];
        let mut command = self.command("xsetroot");
        output_of(command.args(colours).arg("-bitmap").arg(&bitmap)).map(drop)
    }

    /// Gives it another size in pixels, one of those that its server knows.
    ///
    /// # Errors
    /// When `xrandr` fails (Debian: x11-xserver-utils).
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = format!("{width}x{height}");
        output_of(self.command("xrandr").args(["--size", &size])).map(drop)
    }

    /// The display as the server itself has it, without the mouse pointer.
    ///
    /// # Errors
    /// When `xwd` fails (Debian: x11-apps).
    pub fn screenshot(&self) -> Result<Picture> {
        let output = self.command("xwd").args(["-root", "-silent"]).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        from_xwd(&output.stdout)
    }

    /// Puts text on its clipboard, as a program there does.
    ///
    /// # Errors
    /// When `xclip` fails (Debian: xclip).
    pub fn copy(&self, text: &str) -> Result<()> {
        let file = self.path("copied");
        fs::write(&file, text)?;
        let mut command = self.command("xclip");
        // The owner of a clipboard stays; it must not hold our pipes.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.args(["-selection", "clipboard", "-i"]).arg(&file).status()?;
        ensure!(status.success(), "xclip failed");
        Ok(())
    }

    /// Waits until its clipboard holds this text.
    ///
    /// # Errors
    /// When `wanted` is not there within 20 s (Debian: xclip).
    pub async fn clipboard(&self, wanted: &str) -> Result<()> {
        let begin = Instant::now();
        loop {
            // Who owns a clipboard may never answer.
            let mut command = self.command("timeout");
            command.args([ANSWERS_WITHIN, "xclip", "-o", "-selection", "clipboard"]);
            let output = command.output()?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            if text == wanted {
                return Ok(());
            }
            if begin.elapsed() > READY_WITHIN {
                bail!("the clipboard holds {text:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A path for files of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// An X bitmap file of pseudo-random squares: large enough for guacd to take them for
/// drawings, which it sends without loss, and not for a photograph.
fn pattern(seed: u32) -> String {
    let mut state = seed | 1;
    let mut squares = || -> Vec<&str> {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (0..TILE / 8).map(|column| if state >> column & 1 == 1 { "0xff" } else { "0x00" }).collect()
    };
    let rows = (0..TILE / 8).map(|_| squares()).flat_map(|row| std::iter::repeat_n(row, 8));
    let bytes = rows.flatten().collect::<Vec<_>>().join(",\n");
    format!(
        "#define p_width {TILE}\n#define p_height {TILE}\n\
         static unsigned char p_bits[] = {{\n{bytes} }};\n"
    )
}

/// A picture from an X window dump of 32 bits a pixel (XWDFile.h).
fn from_xwd(bytes: &[u8]) -> Result<Picture> {
    let number = |index: usize| -> Result<usize> {
        let field = bytes.get(index * 4..index * 4 + 4).context("the dump is cut off")?;
        Ok(u32::from_be_bytes(field.try_into()?) as usize)
    };
    let (header, width, height) = (number(0)?, number(4)?, number(5)?);
    let (little_endian, bits, line, colours) =
        (number(7)? == 0, number(11)?, number(12)?, number(19)?);
    ensure!(bits == 32 && little_endian, "a dump of another kind");
    let pixels = bytes.get(header + colours * 12..).context("the dump is cut off")?;
    let rows = pixels.chunks_exact(line).take(height);
    let rgba = rows
        .flat_map(|row| row[..width * 4].chunks_exact(4))
        .flat_map(|pixel| [pixel[2], pixel[1], pixel[0], 0xff])
        .collect();
    Picture::from_rgba(width, height, rgba)
}
