//! `cargo xtask bench`: figures against guacd, in one run, into docs/benchmarks.md.

use anyhow::Result;
use clap::Args;

use crate::machine::{CHROMIUM, MMDEBSTRAP, POSTGRESQL, SSH, SSHD, TIGERVNC, VNCPASSWD, provide};
use crate::process::{command, done};
use crate::run::target_folder;
use crate::ui;

#[derive(Args)]
pub(crate) struct Options {
    /// Only these figures: memory, output, scrolling, latency, watchers, login, relay,
    /// authentication, recording, web, start; and, only when named, load: 100 sessions and
    /// 500 requests/s for 5 minutes (`LOAD_SESSIONS`, `LOAD_REQUESTS` and `LOAD_SECONDS` make it smaller)
    figures: Vec<String>,
}

/// Builds everything optimised and measures.
pub(crate) fn bench(options: &Options) -> Result<()> {
    provide(&[&SSHD, &SSH, &MMDEBSTRAP, &POSTGRESQL, &CHROMIUM, &TIGERVNC, &VNCPASSWD])?;
    ui::build_if_needed()?;
    let binaries = ["--bin", "fanlight", "--bin", "bench"];
    let packages = ["--package", "fanlight", "--package", "fanlight-tests"];
    let build = [&["build", "--release"], packages.as_slice(), binaries.as_slice()].concat();
    done(&mut command(".", "cargo", &build))?;
    let release = target_folder()?.join("release");
    let mut measure =
        command(".", release.join("bench").to_string_lossy().as_ref(), &options.figures);
    done(measure.env("GATEWAY_UNDER_TEST", release.join("fanlight")))
}
