//! Jump hosts as they are in life: OpenSSH servers in network namespaces, each reachable
//! from the one before only, each with a host key, an account and a credential of its own.
//! Needs root and Linux's `ip`.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::gateway::beside_the_test;
use crate::process::{Process, output_of, tail};

/// Accounts of the hosts: the first and the third log in by password, the second by key.
const ACCOUNTS: [&str; 3] = ["alice", "bob", "carol"];
/// Last part of an address that only the last host has a way to: its own loopback's.
const BEHIND: u8 = 254;
/// No user of any machine.
const UID: u32 = 61_000;

/// Three jump hosts in a row, and what is exposed behind the last. All of it ends when this
/// is dropped.
pub struct Maze {
    folder: TempDir,
    hosts: Vec<Host>,
    /// The part of addresses that tells this maze from others: `10.a.b.`
    network: [u8; 2],
    relays: Vec<Process>,
    ways_in: JoinSet<()>,
}

struct Host {
    namespace: String,
    address: Ipv4Addr,
    username: &'static str,
    password: String,
    sshd: Option<Process>,
}

impl Maze {
    /// Digs one.
    ///
    /// # Errors
    /// Without root, `ip`, OpenSSH's server or OpenSSL.
    pub async fn dig() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-maze").tempdir()?;
        let unique = Uuid::new_v4();
        let [a, b, ..] = *unique.as_bytes();
        let network = [128 | (a & 0x7f), b];
        let tag = unique.simple().to_string()[..8].to_owned();
        let mut maze = Self {
            folder,
            hosts: Vec::new(),
            network,
            relays: Vec::new(),
            ways_in: JoinSet::new(),
        };
        for (index, username) in ACCOUNTS.into_iter().enumerate() {
            let namespace = format!("fl{tag}{index}");
            let address = maze.address(index, 2);
            let password = format!("pass-of-{username}-{tag}");
            // Known before it is made, so that a failure half-way is cleared away, too.
            maze.hosts.push(Host { namespace, address, username, password, sshd: None });
            maze.dig_host(index).with_context(|| format!("jump host {}", index + 1))?;
            maze.open_host(index).await?;
        }
        Ok(maze)
    }

    /// The `jump_hosts` of a session: the first `count` of them.
    ///
    /// # Errors
    /// When a key is gone.
    pub fn jump_hosts(&self, count: usize) -> Result<Value> {
        let hosts = (0..count).map(|index| self.jump_host(index));
        Ok(Value::Array(hosts.collect::<Result<_>>()?))
    }

    fn jump_host(&self, index: usize) -> Result<Value> {
        let Host { address, username, password, .. } = &self.hosts[index];
        let mut host = json!({ "hostname": address, "username": username });
        if index == 1 {
            host["private_key"] = fs::read_to_string(self.path("client_key"))?.into();
        } else {
            host["password"] = json!(password);
        }
        Ok(host)
    }

    /// Where the host listens: at port 22.
    pub fn host(&self, index: usize) -> Ipv4Addr {
        self.hosts[index].address
    }

    /// Its password.
    pub fn password(&self, index: usize) -> &str {
        &self.hosts[index].password
    }

    /// `SHA256:` fingerprint of its host key.
    ///
    /// # Errors
    /// When `ssh-keygen` fails.
    pub fn fingerprint(&self, index: usize) -> Result<String> {
        let file = self.path(&format!("host{index}"));
        let printed = output_of(Command::new("ssh-keygen").arg("-lf").arg(file))?;
        Ok(printed.split_whitespace().nth(1).context("no fingerprint")?.to_owned())
    }

    /// Makes a service on this machine's loopback reachable behind the last host, and says
    /// where.
    ///
    /// # Errors
    /// When the relay does not start.
    pub async fn expose(&mut self, port: u16) -> Result<SocketAddr> {
        let last = self.hosts.last().context("no host")?;
        let behind = self.address(0, BEHIND);
        let socket = self.path(&format!("{port}.sock"));
        let listener = UnixListener::bind(&socket)?;
        self.ways_in.spawn(lead_in(listener, port));
        let address = SocketAddr::from((behind, port));
        let mut relay = last.inside(beside_the_test("relay")?);
        relay.arg(address.to_string()).arg(&socket);
        let log = self.path("relay.log");
        let mut relay = Process::start(&mut relay, &log)?;
        last.listens_on(port, &mut relay).await.with_context(|| tail(&log))?;
        self.relays.push(relay);
        Ok(address)
    }

    /// Gives a host another host key.
    ///
    /// # Errors
    /// When its server does not start again.
    pub async fn change_host_key(&mut self, index: usize) -> Result<()> {
        self.kill(index)?;
        make_key(&self.path(&format!("host{index}")))?;
        self.open_host(index).await
    }

    /// Ends everything on a host at once, as a crash does: its connections are reset.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn kill(&mut self, index: usize) -> Result<()> {
        self.hosts[index].sshd = None;
        self.hosts[index].kill_all()
    }

    /// Takes a host off the network: nobody is told, nothing comes from it any more.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn unplug(&self, index: usize) -> Result<()> {
        self.ip(&["-n", &self.hosts[index].namespace, "link", "set", "eth0", "down"])
    }

    /// How many processes a host has, its server and the logins on it.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn processes(&self, index: usize) -> Result<usize> {
        Ok(self.hosts[index].pids()?.len())
    }

    fn address(&self, index: usize, end: u8) -> Ipv4Addr {
        let [a, b] = self.network;
        let link = u8::try_from(index).unwrap_or_default() * 4;
        Ipv4Addr::new(10, a, b, link + end)
    }

    /// The namespace, and the link to it from the host before, or from this machine.
    fn dig_host(&self, index: usize) -> Result<()> {
        let here = &self.hosts[index].namespace;
        self.ip(&["netns", "add", here])?;
        let before = index.checked_sub(1).map(|before| self.hosts[before].namespace.as_str());
        let at = before.map_or_else(Vec::new, |namespace| vec!["-n", namespace]);
        let near = before.map_or_else(|| format!("{here}v"), |_| "onwards".to_owned());
        let on = |words: &[&str]| self.ip(&[at.as_slice(), words].concat());
        on(&["link", "add", &near, "type", "veth", "peer", "name", "eth0", "netns", here])?;
        let [near_address, far_address] =
            [1, 2].map(|end| format!("{}/30", self.address(index, end)));
        on(&["addr", "add", &near_address, "dev", &near])?;
        on(&["link", "set", &near, "up"])?;
        self.ip(&["-n", here, "addr", "add", &far_address, "dev", "eth0"])?;
        self.ip(&["-n", here, "link", "set", "eth0", "up"])?;
        self.ip(&["-n", here, "link", "set", "lo", "up"])?;
        if index + 1 == ACCOUNTS.len() {
            let behind = format!("{}/32", self.address(0, BEHIND));
            self.ip(&["-n", here, "addr", "add", &behind, "dev", "lo"])?;
        }
        self.write_accounts(index)
    }

    /// `ip netns exec` puts these in the place of the machine's own files.
    fn write_accounts(&self, index: usize) -> Result<()> {
        let Host { namespace, username, password, .. } = &self.hosts[index];
        let folder = etc_of(namespace);
        fs::create_dir_all(&folder)?;
        let mut accounts = fs::read_to_string("/etc/passwd")?;
        writeln!(accounts, "{username}:x:{UID}:{UID}::/:/bin/sh")?;
        fs::write(folder.join("passwd"), accounts)?;
        let hash = output_of(Command::new("openssl").args(["passwd", "-6", password]))?;
        fs::write(folder.join("shadow"), format!("{username}:{}:20000::::::\n", hash.trim()))?;
        make_key(&self.path(&format!("host{index}")))?;
        let key = self.path("client_key");
        if !key.exists() {
            make_key(&key)?;
        }
        let config = self.path(&format!("sshd{index}"));
        Ok(fs::write(config, self.sshd_config(index))?)
    }

    /// The folder of a test is its user's alone, and sshd reads keys as the one who logs in:
    /// hence a command that prints them.
    fn sshd_config(&self, index: usize) -> String {
        let folder = self.folder.path().display();
        let by_password = if index == 1 { "no" } else { "yes" };
        format!(
            "ListenAddress {address}:22\n\
             HostKey {folder}/host{index}\n\
             AuthorizedKeysFile none\n\
             AuthorizedKeysCommand /bin/cat {folder}/client_key.pub\n\
             AuthorizedKeysCommandUser root\n\
             PasswordAuthentication {by_password}\n\
             KbdInteractiveAuthentication no\n\
             ForceCommand /bin/false\n\
             PidFile none\n\
             StrictModes no\n\
             UsePAM no\n\
             UseDNS no\n\
             MaxStartups 100\n",
            address = self.hosts[index].address,
        )
    }

    async fn open_host(&mut self, index: usize) -> Result<()> {
        let _ = fs::create_dir("/run/sshd");
        let host = &self.hosts[index];
        let mut sshd = host.inside("/usr/sbin/sshd");
        sshd.args(["-D", "-e", "-f"]).arg(self.path(&format!("sshd{index}")));
        let log = self.path(&format!("log{index}"));
        let mut sshd = Process::start(&mut sshd, &log)?;
        host.listens_on(22, &mut sshd).await.with_context(|| tail(&log))?;
        self.hosts[index].sshd = Some(sshd);
        Ok(())
    }

    fn ip(&self, words: &[&str]) -> Result<()> {
        output_of(Command::new("ip").args(words)).map(drop)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Maze {
    fn drop(&mut self) {
        self.relays.clear();
        for host in &mut self.hosts {
            host.sshd = None;
            // What cannot be cleared away here is told by the next test that trips over it.
            let _ = host.kill_all();
            let _ = output_of(Command::new("ip").args(["netns", "del", &host.namespace]));
            let _ = fs::remove_dir_all(etc_of(&host.namespace));
        }
    }
}

impl Host {
    /// A command that runs on it.
    fn inside(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(program);
        command
    }

    /// Waits until a port of it takes connections, asking the namespace's own table.
    async fn listens_on(&self, port: u16, process: &mut Process) -> Result<()> {
        let listening = format!(":{port:04X} 00000000:0000 0A");
        process
            .ready_when(|| {
                let table = output_of(self.inside("cat").arg("/proc/net/tcp"));
                table.is_ok_and(|table| table.contains(&listening))
            })
            .await
    }

    fn pids(&self) -> Result<Vec<String>> {
        let printed = output_of(Command::new("ip").args(["netns", "pids", &self.namespace]))?;
        Ok(printed.split_whitespace().map(str::to_owned).collect())
    }

    fn kill_all(&self) -> Result<()> {
        let pids = self.pids()?;
        if !pids.is_empty() {
            // Some may have ended by themselves in between.
            let _ = output_of(Command::new("kill").arg("-9").args(&pids));
        }
        Ok(())
    }
}

async fn lead_in(listener: UnixListener, port: u16) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        connections.spawn(async move {
            let mut far = TcpStream::connect(("127.0.0.1", port)).await?;
            far.set_nodelay(true)?;
            copy_bidirectional(&mut near, &mut far).await
        });
    }
}

fn etc_of(namespace: &str) -> PathBuf {
    Path::new("/etc/netns").join(namespace)
}

fn make_key(file: &Path) -> Result<()> {
    let _ = fs::remove_file(file);
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(file);
    output_of(&mut command).map(drop)
}
