use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::Sshd;
use crate::picture::Picture;
use crate::viewer::{PAGE_DOWN, PAGE_UP, SHIFT, SHOWN_WITHIN, Viewer};

const QUIET: Duration = Duration::from_millis(300);
/// Shows one reversed cell, then every printable character, and says how large the
/// terminal is. The pause lets the screen be read before the prompt returns.
const SCRIPT: &str = r#"
stty size > size
printf '\033[0m\033[2J\033[H\033[7m \033[0m\033[2;1H'
printf "$(printf '\\%03o' {33..79})"
printf '\033[3;1H'
printf "$(printf '\\%03o' {80..126})"
printf '\033[6;1H'
: > calibrated
"#;
/// Between pages of a terminal that was ever drawn with loss: guacd takes more than three
/// changes of a place in a second for a film, and what it then draws roughly stays so until
/// it changes.
const PAGE_PAUSE: Duration = Duration::from_millis(900);
/// How often a page that cannot be read is drawn again.
const REDRAWINGS: usize = 3;
/// Pixels; less than two characters' width and a line's height.
const CORNER: usize = 16;
/// Stands for a cell whose picture is none of the known characters: one drawn with loss.
pub const UNKNOWN: char = '\u{fffd}';

/// Where a terminal is seen and typed at: a [`Viewer`] or a page in a [`Browser`].
pub trait Seat {
    /// Types ASCII text; a line feed is the Enter key.
    fn type_text(&self, text: &str) -> impl Future<Output = Result<()>>;
    /// What is seen now.
    fn picture(&self) -> impl Future<Output = Result<Picture>>;
}

impl Seat for Viewer {
    async fn type_text(&self, text: &str) -> Result<()> {
        Self::type_text(self, text).await
    }

    async fn picture(&self) -> Result<Picture> {
        Self::picture(self)
    }
}

/// Waits until the picture stays the same for 300 ms; returns it.
///
/// # Errors
/// When it does not within 20 s.
pub async fn still_picture(seat: &impl Seat) -> Result<Picture> {
    let begin = Instant::now();
    let mut before = seat.picture().await?;
    loop {
        tokio::time::sleep(QUIET).await;
        let now = seat.picture().await?;
        if now == before {
            return Ok(now);
        }
        ensure!(begin.elapsed() < SHOWN_WITHIN, "the picture does not come to rest");
        before = now;
    }
}

/// Waits until something is written in the top left corner: a shell's first prompt. What
/// is typed before goes to nobody.
///
/// # Errors
/// When nothing is within 20 s.
pub async fn first_prompt(seat: &impl Seat) -> Result<()> {
    let begin = Instant::now();
    loop {
        let picture = seat.picture().await?;
        let large = picture.width >= CORNER && picture.height >= CORNER;
        let corner = if large { picture.part(0, 0, CORNER, CORNER) } else { Vec::new() };
        if corner.chunks_exact(4).any(|pixel| pixel != &corner[..4]) {
            return Ok(());
        }
        ensure!(begin.elapsed() < SHOWN_WITHIN, "no prompt");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Reads a terminal's text from its picture: how each character looks is learned from
/// the terminal itself, so it works whatever engine and font draw it. A character that
/// looks like nothing is read as a space.
pub struct TerminalReader {
    glyphs: HashMap<Vec<u8>, char>,
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    /// Columns of the terminal.
    pub columns: usize,
    /// Rows of the terminal.
    pub rows: usize,
}

impl TerminalReader {
    /// Learns from a session of `sshd` that stands at its shell's prompt.
    ///
    /// # Errors
    /// When the shell does not answer or the picture is not that of a terminal.
    pub async fn learn(seat: &impl Seat, sshd: &Sshd) -> Result<Self> {
        first_prompt(seat).await?;
        let home = sshd.home();
        let _ = fs::remove_file(home.join("calibrated"));
        fs::write(home.join("calibrate"), SCRIPT)?;
        seat.type_text(". ./calibrate\n").await?;
        wait_for(|| home.join("calibrated").exists()).await.context("the shell does not answer")?;
        let picture = still_picture(seat).await?;
        let size = fs::read_to_string(home.join("size"))?;
        let mut size = size.split_whitespace().map(str::parse);
        let (rows, columns) = (size.next().context("rows")??, size.next().context("columns")??);
        Self::from_picture(&picture, columns, rows)
    }

    fn from_picture(picture: &Picture, columns: usize, rows: usize) -> Result<Self> {
        let background = picture.at(picture.width / 2, picture.height - 1);
        let is_mark = |x: usize, y: usize| picture.at(x, y) != background;
        let corner = (0..40.min(picture.height))
            .find_map(|y| (0..40.min(picture.width)).find(|x| is_mark(*x, y)).map(|x| (x, y)));
        let (left, top) = corner.context("the reversed cell is not where it should be")?;
        let width = (left..picture.width).take_while(|x| is_mark(*x, top)).count();
        let height = (top..picture.height).take_while(|y| is_mark(left, *y)).count();
        let fits = left + columns * width <= picture.width && top + rows * height <= picture.height;
        ensure!(fits && width > 3 && height > 6, "no cell: {width}x{height} at {left},{top}");
        let mut reader = Self { glyphs: HashMap::new(), left, top, width, height, columns, rows };
        reader.glyphs.insert(background.repeat(width * height), ' ');
        for (row, characters) in [(1, '!'..='O'), (2, 'P'..='~')] {
            for (column, character) in characters.enumerate() {
                let cell = reader.cell(picture, row, column);
                match reader.glyphs.entry(cell) {
                    Entry::Vacant(unknown) => {
                        unknown.insert(character);
                    }
                    // guacd cuts the underscore off below the cell.
                    Entry::Occupied(known) if *known.get() == ' ' => {}
                    Entry::Occupied(known) => {
                        bail!("{character:?} and {:?} look alike", known.get())
                    }
                }
            }
        }
        Ok(reader)
    }

    /// Whether a picture is large enough to be this terminal's.
    pub fn covers(&self, picture: &Picture) -> bool {
        picture.width >= self.left + self.columns * self.width
            && picture.height >= self.top + self.rows * self.height
    }

    /// The rows of a picture as text, without the spaces at their ends.
    pub fn read(&self, picture: &Picture) -> Vec<String> {
        let character = |row, column| self.character(&self.cell(picture, row, column));
        let row = |row| (0..self.columns).map(|column| character(row, column)).collect::<String>();
        (0..self.rows).map(|number| row(number).trim_end().to_owned()).collect()
    }

    /// The rows that are seen now.
    ///
    /// # Errors
    /// When there is no picture.
    pub async fn read_now(&self, seat: &impl Seat) -> Result<Vec<String>> {
        let picture = seat.picture().await?;
        Ok(if self.covers(&picture) { self.read(&picture) } else { Vec::new() })
    }

    /// Waits until a row for which `wanted` holds is on the screen.
    ///
    /// # Errors
    /// With the screen, when it does not come within 20 s.
    pub async fn wait_for(&self, seat: &impl Seat, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let begin = Instant::now();
        loop {
            let rows = self.read_now(seat).await?;
            if rows.iter().any(|row| wanted(row)) {
                return Ok(());
            }
            if begin.elapsed() > SHOWN_WITHIN {
                bail!("not on the screen:\n{}", rows.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The last `count` lines above the prompt, by paging back. Consecutive lines must
    /// differ, so that pages can be joined.
    ///
    /// # Errors
    /// When the scrollback does not go back so far.
    pub async fn last_lines(&self, viewer: &Viewer, count: usize) -> Result<Vec<String>> {
        viewer.settled(QUIET, SHOWN_WITHIN).await?;
        let mut lines = self.read_now(viewer).await?;
        while lines.len() <= count + self.rows {
            let page = self
                .page_before(viewer)
                .await
                .with_context(|| format!("the scrollback ends after {} lines", lines.len()))?;
            let overlap = overlap(&page, &lines)?;
            lines.splice(0..overlap, page);
        }
        Ok(lines)
    }

    /// Turns back a page and reads it; one that was drawn too roughly to read is drawn again.
    async fn page_before(&self, viewer: &Viewer) -> Result<Vec<String>> {
        self.turn(viewer, PAGE_UP).await?;
        for _ in 0..REDRAWINGS {
            let page = self.read_now(viewer).await?;
            if !page.iter().any(|row| row.contains(UNKNOWN)) {
                return Ok(page);
            }
            self.turn(viewer, PAGE_DOWN).await?;
            self.turn(viewer, PAGE_UP).await?;
        }
        self.read_now(viewer).await
    }

    /// Turns a page of the scrollback.
    async fn turn(&self, viewer: &Viewer, key: u32) -> Result<()> {
        let before = viewer.progress();
        if before.lossy > 0 {
            tokio::time::sleep(PAGE_PAUSE).await;
        }
        viewer.chord(SHIFT, key).await?;
        viewer.drawing_after(before.drawings).await?;
        viewer.settled(QUIET, SHOWN_WITHIN).await
    }

    /// A point just inside a cell's left edge, in pixels from the left and from the top.
    pub fn point(&self, row: usize, column: usize) -> [usize; 2] {
        [self.left + column * self.width + 1, self.top + row * self.height + self.height / 2]
    }

    fn character(&self, cell: &[u8]) -> char {
        self.glyphs.get(cell).copied().unwrap_or_else(|| self.nearest(cell))
    }

    /// The character that a cell resembles, as long as it resembles no other as much (by
    /// the squares of the differences, nine tenths).
    fn nearest(&self, cell: &[u8]) -> char {
        let distance = |glyph: &[u8]| -> u32 {
            glyph.iter().zip(cell).map(|(one, two)| u32::from(one.abs_diff(*two)).pow(2)).sum()
        };
        let mut near: Vec<_> =
            self.glyphs.iter().map(|(glyph, character)| (distance(glyph), *character)).collect();
        near.sort_unstable();
        match near[..] {
            [(best, character), (second, _), ..]
                if 10 * u64::from(best) < 9 * u64::from(second) =>
            {
                character
            }
            _ => UNKNOWN,
        }
    }

    fn cell(&self, picture: &Picture, row: usize, column: usize) -> Vec<u8> {
        let (x, y) = (self.left + column * self.width, self.top + row * self.height);
        picture.part(x, y, self.width, self.height)
    }
}

/// How many rows at the foot of `page` are those at the head of `lines`; 0 where one page
/// follows right behind the other.
fn overlap(page: &[String], lines: &[String]) -> Result<usize> {
    let longest = page.len().min(lines.len());
    ensure!(page != &lines[..longest], "the page did not move");
    let same = |rows: &usize| page[page.len() - rows..] == lines[..*rows];
    Ok((1..longest).rev().find(same).unwrap_or(0))
}

async fn wait_for(condition: impl Fn() -> bool) -> Result<()> {
    let begin = Instant::now();
    while !condition() {
        ensure!(begin.elapsed() < SHOWN_WITHIN, "not within {SHOWN_WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
