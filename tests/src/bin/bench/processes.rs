use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use fanlight_tests::family;

/// Clock ticks per second in /proc/PID/stat: fixed in the kernel's interface on Linux.
const TICKS: f64 = 100.0;

/// What processes use.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Proportional set size, KiB.
    pub(crate) pss: f64,
    /// User and system time since the start, seconds.
    pub(crate) cpu: f64,
}

impl Usage {
    /// Sums over these processes and all that descend from them.
    pub(crate) fn of(ancestors: impl IntoIterator<Item = u32>) -> Result<Self> {
        let mut sum = Self::default();
        for process in ancestors.into_iter().flat_map(family) {
            let folder = Path::new("/proc").join(process.to_string());
            sum.cpu += cpu_seconds(&after_name(&fs::read_to_string(folder.join("stat"))?)?)?;
            sum.pss += pss(&fs::read_to_string(folder.join("smaps_rollup"))?)?;
        }
        Ok(sum)
    }
}

/// The fields behind the program's name, which may hold spaces: state, parent, group, ...
fn after_name(stat: &str) -> Result<Vec<&str>> {
    let (_, rest) = stat.rsplit_once(')').context("no name")?;
    Ok(rest.split_whitespace().collect())
}

/// utime, stime and those of children that were waited for: proc(5), fields 14 to 17.
fn cpu_seconds(fields: &[&str]) -> Result<f64> {
    let ticks = fields.get(11..15).context("no times")?;
    let ticks: f64 = ticks.iter().filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS)
}

fn pss(rollup: &str) -> Result<f64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
