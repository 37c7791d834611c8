//! `cargo xtask run`: from a fresh clone to a terminal in a browser.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::demo::{self, Demo};
use crate::process::{Server, command, done, output_of};
use crate::ui;

const READY_WITHIN: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct Options {
    /// Build optimised: it takes three times as long, and runs as in production
    #[arg(long)]
    release: bool,
    /// Start, check that all is well, and stop
    #[arg(long)]
    check: bool,
}

/// Builds, starts a gateway and its demonstration target, and waits for Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<()> {
    let stop = stop_signal()?;
    ui::build_if_needed()?;
    let gateway = build_gateway(options.release)?;
    let folder = tempfile::Builder::new().prefix("fanlight-run").tempdir()?;
    let mut demo = demo::start(folder.path())?;
    let port = free_port()?;
    let config = folder.path().join("fanlight.toml");
    fs::write(&config, configuration(folder.path(), port, &demo))?;
    let mut serve = Command::new(&gateway);
    let mut server = Server::start(serve.args(["serve", "--config"]).arg(&config))?;
    wait_for_health(&mut server, port)?;
    let link = sign_in_link(&gateway, &config)?;
    if options.check {
        return expect_answer(&link, port);
    }
    announce(&link);
    while !stop.load(Ordering::Relaxed) {
        server.still_runs()?;
        demo.server.still_runs()?;
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Set by Ctrl-C and by SIGTERM.
fn stop_signal() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The second one ends us at once, should the first take too long.
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Builds the gateway and returns where it is.
fn build_gateway(release: bool) -> Result<PathBuf> {
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    done(&mut command(".", "cargo", &[&["build", "--package", "fanlight"], profile].concat()))?;
    let folder = target_folder()?.join(if release { "release" } else { "debug" });
    Ok(folder.join("fanlight"))
}

/// The target folder that cargo uses for this run: the one this program is in.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.ancestors().nth(2).context("not in a target folder")?.to_path_buf())
}

fn configuration(folder: &Path, port: u16, demo: &Demo) -> String {
    format!(
        "data_dir = \"{data}\"\n\
         [server]\n\
         listen = \"127.0.0.1:{port}\"\n\
         [network.ssh]\n\
         allow = [\"0.0.0.0/0\", \"::/0\", \"127.0.0.1/32\"]\n\
         [[presets]]\n\
         id = \"this-machine\"\n\
         name = \"This machine\"\n\
         session_type = \"ssh\"\n\
         [presets.settings]\n\
         hostname = \"127.0.0.1\"\n\
         port = {ssh_port}\n\
         username = \"{username}\"\n\
         enable_drive = true\n\
         private_key = '''\n{key}'''\n",
        data = folder.join("data").display(),
        ssh_port = demo.port,
        username = demo.username,
        key = demo.private_key,
    )
}

/// Everything the gateway logs goes to standard error; the link alone to standard output.
#[allow(clippy::print_stdout, reason = "the link is this command's result")]
fn announce(link: &str) {
    println!("\n  Sign in (the link works once):\n\n    {link}\n\n  Ctrl-C ends it.\n");
}

fn sign_in_link(gateway: &Path, config: &Path) -> Result<String> {
    let printed = output_of(Command::new(gateway).args(["sign-in-link", "--config"]).arg(config))?;
    let link = printed.split_whitespace().find(|word| word.starts_with("http"));
    Ok(link.context("the gateway printed no link")?.to_owned())
}

/// Follows the link as a browser would and expects to be let in.
fn expect_answer(link: &str, port: u16) -> Result<()> {
    let path = link.splitn(4, '/').nth(3).context("the link has no path")?;
    let status = get(port, &format!("/{path}"))?;
    if !(200..400).contains(&status) {
        bail!("the sign-in link answers {status}");
    }
    eprintln!("The gateway runs, and its sign-in link answers {status}.");
    Ok(())
}

fn wait_for_health(server: &mut Server, port: u16) -> Result<()> {
    wait(server, || get(port, "/api/health").is_ok_and(|status| status == 200))
        .context("the gateway does not become healthy")
}

/// Waits until something listens on `port` of loopback.
pub(crate) fn wait_for_port(server: &mut Server, port: u16) -> Result<()> {
    wait(server, || connect(port).is_ok())
}

fn wait(server: &mut Server, ready: impl Fn() -> bool) -> Result<()> {
    let begin = Instant::now();
    while !ready() {
        server.still_runs()?;
        if begin.elapsed() > READY_WITHIN {
            bail!("not within {READY_WITHIN:?}");
        }
        thread::sleep(Duration::from_millis(30));
    }
    Ok(())
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1))
}

/// The status of an HTTP request to the gateway.
fn get(port: u16, path: &str) -> Result<u16> {
    let mut stream = connect(port)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    let reply = String::from_utf8_lossy(&reply);
    let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.context("no HTTP reply")
}

/// A TCP port on loopback that nobody uses at this moment.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
