//! The screens of Debian's `vttest` in our terminal and in xterm, compared row by row,
//! with the place of the cursor. The same bytes go to both: those that vttest printed for
//! ours. Lines of double width, which ours does not draw, are left out. Needs `vttest`, `xterm`, `Xvfb` and `script`.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use fanlight_core::{Input, Screen as _, ViewerId, Viewport};
use fanlight_engine::display::WireCanvas;
use fanlight_engine::display::model::CanvasModel;
use fanlight_engine::terminal::{Terminal, TerminalOptions};

const COLUMNS: u32 = 80;
const ROWS: u32 = 24;
/// A cell at 12 points and 96 dots per inch, in pixels.
const CELL: (u32, u32) = (10, 19);
const LIMIT: Duration = Duration::from_secs(30);
/// Printing has come to a rest.
const REST: Duration = Duration::from_millis(120);
/// Lets a program switch to 132 columns, which would resize xterm's window but not ours.
const COLUMN_SWITCH: &[u8] = b"\x1b[?40h";

/// What a screen showed at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shot {
    rows: Vec<String>,
    cursor: String,
}

/// vttest at work in our terminal.
struct Rig {
    terminal: Arc<Terminal>,
    _vttest: Ended,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    /// What it printed up to each shot.
    steps: Vec<Vec<u8>>,
    shots: Vec<Shot>,
}

impl Rig {
    fn start() -> Self {
        let mut vttest = Command::new("script")
            .args(["-qfec", "stty rows 24 cols 80; exec vttest 24x80.132", "/dev/null"])
            .env("TERM", "vt100")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script is installed");
        let keys = vttest.stdin.take().unwrap();
        let mut stdout = vttest.stdout.take().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut piece = vec![0; 65536];
            while let Ok(count @ 1..) = stdout.read(&mut piece) {
                if sender.send(piece[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let viewport = Viewport { width: COLUMNS * CELL.0, height: ROWS * CELL.1, dpi: 96 };
        let terminal = Terminal::new(TerminalOptions::default(), viewport);
        Self {
            terminal,
            _vttest: Ended(vttest),
            keys,
            output,
            steps: Vec::new(),
            shots: Vec::new(),
        }
    }

    /// Follows vttest until it waits for a key, and notes what there is to see.
    fn follow(&mut self) -> String {
        let begun = Instant::now();
        let mut step = Vec::new();
        loop {
            match self.output.recv_timeout(REST) {
                Ok(piece) => {
                    let piece = without(&piece, COLUMN_SWITCH);
                    let answer = self.terminal.feed(&piece).to_remote;
                    self.keys.write_all(&answer).unwrap();
                    step.extend(piece);
                }
                Err(RecvTimeoutError::Timeout) if waits(&step) => break,
                Err(RecvTimeoutError::Timeout) => assert!(
                    begun.elapsed() < LIMIT,
                    "vttest went quiet: {}",
                    String::from_utf8_lossy(&step)
                ),
                Err(RecvTimeoutError::Disconnected) => panic!("vttest ended"),
            }
        }
        let shot = look(&self.terminal);
        let text = shot.rows.join("\n");
        self.steps.push(step);
        self.shots.push(shot);
        text
    }

    /// Presses Return through one of the main menu's tests, until a menu is back.
    fn go_through(&mut self, choices: &[&str]) {
        for choice in choices {
            self.press(&format!("{choice}\r"));
            let mut text = self.follow();
            while !text.contains("Enter choice number") {
                self.press("\r");
                text = self.follow();
            }
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }
}

/// Lines of double width hold half as much in xterm; ours shows them as others.
fn widens_lines(step: &[u8]) -> bool {
    [b"\x1b#3", b"\x1b#4", b"\x1b#6"].iter().any(|part| without(step, *part).len() < step.len())
}

fn waits(printed: &[u8]) -> bool {
    let text = String::from_utf8_lossy(printed);
    text.contains("<RETURN>") || text.contains("Enter choice number")
}

fn without(bytes: &[u8], part: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        match rest.strip_prefix(part) {
            Some(after) => rest = after,
            None => {
                out.push(*first);
                rest = &rest[1..];
            }
        }
    }
    out
}

/// The rows as a screen reader is told them, and where the cursor says it is.
fn look(terminal: &Terminal) -> Shot {
    let viewer = ViewerId(1);
    terminal.input(&Input::Argument { viewer, name: "screen-text".into(), value: "on".into() });
    let mut painter = terminal.painter(viewer);
    let mut canvas = WireCanvas::new();
    painter.paint(&mut canvas);
    let arguments = CanvasModel::new().apply(&canvas.take_frame()).unwrap().arguments;
    let told = arguments.into_iter().rfind(|(name, _)| name == "screen-text").unwrap().1;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let rows = told["rows"].as_array().unwrap();
    let rows = rows.iter().map(|row| row.as_str().unwrap().to_owned()).collect();
    let cursor = String::from_utf8(terminal.feed(b"\x1b[6n").to_remote).unwrap();
    Shot { rows, cursor: cursor.trim_start_matches("\x1b[").to_owned() }
}

/// In xterm: prints each step, has the screen printed to a file, and asks for the cursor.
const PLAYER: &str = r#"
stty raw -echo
for step in "$1"/step-*; do
    cat "$step"
    printf '\033[6n'
    answer=
    while character=$(dd bs=1 count=1 2>/dev/null); do
        answer="$answer$character"
        [ "$character" = R ] && break
    done
    printf '%s' "${answer##*\[}" > "$1/cursor-${step##*-}"
    printf '\033[?19h\033[0i'
    until [ "$(cat "$1/page" 2>/dev/null | wc -l)" -ge 24 ]; do
        sleep 0.02
    done
    mv "$1/page" "$1/page-${step##*-}"
done
touch "$1/done"
"#;

/// Starts a program whose output goes to a file.
fn start(command: &mut Command, log: &Path) -> Child {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = fs::File::create(log).unwrap();
    let child = command.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out).spawn();
    child.unwrap_or_else(|fault| panic!("{name} has to be installed: {fault}"))
}

/// A program that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It is ended in any case: whether it had ended by itself does not matter.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Plays the steps in xterm on a display of its own.
fn in_xterm(steps: &[Vec<u8>], folder: &Path) -> Vec<Shot> {
    for (number, step) in steps.iter().enumerate() {
        fs::write(folder.join(format!("step-{number:04}")), step).unwrap();
    }
    fs::write(folder.join("player"), PLAYER).unwrap();
    let log = folder.join("display");
    let mut xvfb = Command::new("Xvfb");
    xvfb.args(["-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]);
    let _xvfb = Ended(start(&mut xvfb, &log));
    let display = wait_for(|| {
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.lines().find_map(|line| line.trim().parse::<u32>().ok())
    });
    let page = folder.join("page");
    let mut xterm = Command::new("xterm");
    xterm
        .env("DISPLAY", format!(":{display}"))
        .env("LC_ALL", "C.UTF-8")
        .args(["-u8", "-geometry", "80x24", "-xrm", "XTerm*printAttributes: 0"])
        .args(["-xrm", "XTerm*printerAutoClose: true"])
        .args(["-xrm", &format!("XTerm*printerCommand: cat > {}", page.display())])
        .args(["-e", "sh"])
        .arg(folder.join("player"))
        .arg(folder);
    let _xterm = Ended(start(&mut xterm, &folder.join("log")));
    wait_for(|| folder.join("done").exists().then_some(()));
    (0..steps.len()).map(|number| shot_of_xterm(folder, number)).collect()
}

fn shot_of_xterm(folder: &Path, number: usize) -> Shot {
    let page = fs::read_to_string(folder.join(format!("page-{number:04}"))).unwrap_or_default();
    let mut rows: Vec<String> = page
        .replace(['\r', '\u{c}'], "")
        .lines()
        .map(|row| row.trim_end().to_owned())
        .take(ROWS as usize)
        .collect();
    rows.resize(ROWS as usize, String::new());
    let cursor = fs::read_to_string(folder.join(format!("cursor-{number:04}"))).unwrap_or_default();
    Shot { rows, cursor }
}

fn wait_for<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begun.elapsed() < 4 * LIMIT, "xterm did not come to its end");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn differences(ours: &Shot, theirs: &Shot) -> String {
    let mut text = String::new();
    for (row, (our, their)) in ours.rows.iter().zip(&theirs.rows).enumerate() {
        if our != their {
            text += &format!("  row {:2} ours   {our:?}\n         xterm  {their:?}\n", row + 1);
        }
    }
    if ours.cursor != theirs.cursor {
        text += &format!("  cursor ours {} xterm {}\n", ours.cursor, theirs.cursor);
    }
    text
}

/// Cursor movements, screen features, double sizes, and VT102's insertions and deletions.
#[test]
fn the_screens_of_vttest_are_those_of_xterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::start();
    rig.follow();
    rig.go_through(&["1", "2", "8"]);
    // A menu of its own: the character sets of a VT100, and back.
    rig.go_through(&["3", "8", "0"]);
    let theirs = in_xterm(&rig.steps, folder.path());
    assert!(rig.shots.len() > 30, "only {} screens were seen", rig.shots.len());
    let mut failures = String::new();
    for (number, (ours, theirs)) in rig.shots.iter().zip(&theirs).enumerate() {
        let found = differences(ours, theirs);
        if !found.is_empty() && !widens_lines(&rig.steps[number]) {
            failures += &format!("screen {number}:\n{found}");
        }
    }
    assert!(failures.is_empty(), "{} screens:\n{failures}", rig.shots.len());
}
