use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use fanlight_tests::output_of;

/// What a ratio should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
    None,
}

/// One figure.
pub(crate) struct Row {
    name: String,
    own: f64,
    other: Option<f64>,
    target: Target,
}

impl Row {
    /// Ours, what it is compared with, and what the ratio of the two should be.
    pub(crate) fn ratio(name: String, own: f64, other: f64, target: Target) -> Self {
        Self { name, own, other: Some(other), target }
    }

    /// A figure that is compared with nothing.
    pub(crate) fn alone(name: String, own: f64) -> Self {
        Self { name, own, other: None, target: Target::None }
    }

    fn line(&self) -> String {
        let ratio = self.other.map(|other| self.own / other);
        let met = |ratio: f64| match self.target {
            Target::AtMost(most) => {
                if ratio <= most {
                    "yes"
                } else {
                    "**no**"
                }
            }
            Target::AtLeast(least) => {
                if ratio >= least {
                    "yes"
                } else {
                    "**no**"
                }
            }
            Target::None => "",
        };
        let target = match self.target {
            Target::AtMost(most) => format!("at most {most:.3}"),
            Target::AtLeast(least) => format!("at least {least:.3}"),
            Target::None => String::new(),
        };
        format!(
            "| {} | {:.2} | {} | {} | {target} | {} |",
            self.name,
            self.own,
            self.other.map_or_else(String::new, |other| format!("{other:.2}")),
            ratio.map_or_else(String::new, |ratio| format!("{ratio:.3}")),
            ratio.map_or("", met),
        )
    }
}

/// The value below which `part` of the times lie.
pub(crate) fn percentile(times: &[f64], part: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}

/// All figures, and where they were measured.
pub(crate) struct Report {
    table: String,
    machine: String,
}

impl Report {
    pub(crate) fn new(rows: Vec<Row>) -> Result<Self> {
        let head = "| figure | Fanlight | compared with | ratio | target | met |\n\
                    |---|---:|---:|---:|---|---|\n";
        let lines: Vec<_> = rows.iter().map(Row::line).collect();
        Ok(Self { table: format!("{head}{}\n", lines.join("\n")), machine: machine()? })
    }

    #[allow(clippy::print_stdout, reason = "the table is this program's result")]
    pub(crate) fn print(&self) {
        println!("{}\n{}", self.machine, self.table);
    }

    /// Writes docs/benchmarks.md.
    pub(crate) fn write(&self) -> Result<()> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
        Ok(fs::write(file, format!("{INTRODUCTION}{}\n{}{NOTES}", self.machine, self.table))?)
    }
}

const INTRODUCTION: &str = "# Benchmarks

`cargo xtask bench` wrote this page. Run it to repeat everything: it builds the gateway
optimised, starts it twice, once with its embedded engine and once with a guacd 1.3.0 (the
newest that Debian has packaged), and puts the same sessions to the same OpenSSH server through
both. What counts is the ratio of two figures of one run on one machine.

";

const NOTES: &str = "
How it is measured:

- The screen is 1024x768; the viewer acknowledges every frame at once.
- Memory is the proportional set size of the gateway and of guacd with its children, after 50
  sessions less before the first, divided by 50. CPU seconds are user and system time of the same
  processes. OpenSSH counts nowhere.
- A figure for output counts only because, after it, the last 1,000 lines on the screen and in the
  scrollback were read back from their pixels and equal what was printed, on both engines.
- The time until the screen is done runs from the first key of the command to the last frame.
- Key to drawing runs from sending a key to the next frame that draws; the shell echoes.
- Create to prompt runs from the POST to the frame with the shell's prompt; a plain ssh login runs
  from starting `ssh -tt` to its prompt.
- ssh into a file runs from the first byte that OpenSSH's client prints; its login counts nowhere.
  With `-tt` the output goes through a terminal of the kernel's, as a session's does, which alone
  takes twice the time of a pipe.
- Bytes for scrolling lines are those of the instructions, before deflate, for text that stands
  still for 100 ms after each step.
- Beside three slow viewers, who take 50, 250 and 1,000 ms over each message, the fast one's time
  counts.
- The relay's source is a scripted guacd that sends as fast as it can; its sink counts bytes. The
  plain relay reads and writes 64 KiB at a time.
- The web page is one of our own, at 1280x720; what it is compared
  with is a full Chromium without sandbox on TigerVNC, shown by guacd.
- Authentication runs from a request's headers to the identity behind its token, four callers at
  a time, each with another token every time, while the times of the tokens' last use are written.
";

fn machine() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism()?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let kernel = release.split('-').next().unwrap_or_default();
    let commit = output_of(Command::new("git").args(["rev-parse", "--short", "HEAD"]))?;
    let rust = output_of(Command::new("rustc").arg("--version"))?;
    let mut text = String::new();
    let _ = writeln!(text, "Machine: {model}, {cores} cores, Linux {}.", kernel.trim());
    let _ = writeln!(text, "Fanlight {}, built by {}.", commit.trim(), rust.trim());
    Ok(text)
}
