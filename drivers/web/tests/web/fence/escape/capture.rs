use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::home::is_root;

/// Every packet in the network of a process, on all its interfaces.
pub(crate) struct Capture {
    tcpdump: Child,
    file: PathBuf,
}

impl Capture {
    /// Begins to capture inside the enclosure whose command is `command`; it does when this
    /// returns.
    pub(crate) async fn inside(command: u32, file: PathBuf) -> Self {
        let children = fs::read_to_string(format!("/proc/{command}/task/{command}/children"));
        let inside = children.unwrap().split_whitespace().next().unwrap().to_owned();
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &inside, "--net"]);
        if !is_root() {
            enter.args(["--user", "--preserve-credentials"]);
        }
        enter.args(["tcpdump", "--interface", "any", "-n", "--immediate-mode", "-U", "-w"]);
        enter.arg(&file);
        if is_root() {
            enter.args(["--relinquish-privileges", "root"]);
        }
        let mut tcpdump =
            enter.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("nsenter and tcpdump");
        let mut lines = BufReader::new(tcpdump.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while !said.contains("listening on") {
            said = lines.next_line().await.unwrap().expect("tcpdump listens");
        }
        Self { tcpdump, file }
    }

    /// Ends, and returns the lines of the packets that `filter` picks.
    pub(crate) async fn finish(mut self, filters: &[&str]) -> Vec<Vec<String>> {
        let id = i32::try_from(self.tcpdump.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
        self.tcpdump.wait().await.unwrap();
        let mut picked = Vec::new();
        for filter in filters {
            picked.push(packets(&self.file, filter).await);
        }
        picked
    }
}

async fn packets(file: &Path, filter: &str) -> Vec<String> {
    let mut read = Command::new("tcpdump");
    read.args(["-n", "-r"]).arg(file).arg(filter);
    let output = read.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}
