//! Proxmox VE, as far as its published API says what it answers: the same paths, the same fields,
//! and on demand answers that are odd. Not a real one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::authority::Authority;

pub const TOKEN_ID: &str = "fanlight@pve!gateway";
pub const TOKEN_SECRET: &str = "8e0a1f9c-4b6d-4b59-a3a5-canary000001";

/// What is answered instead of the truth: by path, a status and a text.
type Odd = Arc<Mutex<HashMap<String, (u16, String)>>>;

/// A cluster of one node, `pve1`, with the virtual machines 101 (running) and 103 (stopped), the
/// container 102 and the template 900.
pub struct StandIn {
    pub url: String,
    pub authority: Authority,
    /// Of its certificate, as Proxmox VE shows it.
    pub fingerprint: String,
    /// The targets of all requests.
    pub asked: Arc<Mutex<Vec<String>>>,
    odd: Odd,
    task: JoinHandle<()>,
}

impl StandIn {
    /// One whose machines 101 and 102 have the address `ip`, beside others.
    pub async fn start(ip: IpAddr) -> Self {
        let authority = Authority::new("Proxmox Virtual Environment");
        let (certificate, key) = authority.certify("127.0.0.1");
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let digest = Sha256::digest(certificate.as_ref());
        let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let tls = ServerConfig::builder().with_no_client_auth();
        let tls =
            TlsAcceptor::from(Arc::new(tls.with_single_cert(vec![certificate], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (odd, asked) = (Odd::default(), Arc::<Mutex<Vec<String>>>::default());
        let (odd_there, asked_there) = (Arc::clone(&odd), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            let mut guests = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, odd, asked) = (tls.clone(), odd_there.clone(), asked_there.clone());
                guests.spawn(async move {
                    let _ = serve(stream, tls, ip, &odd, &asked).await;
                });
            }
        });
        Self { url, authority, fingerprint: bytes.join(":"), asked, odd, task }
    }

    /// The table of a gateway's configuration for it, with what makes it believed.
    pub fn table(&self, name: &str, trust: &Value) -> Value {
        let mut table = json!({
            "name": name, "url": self.url, "token_id": TOKEN_ID, "token_secret": TOKEN_SECRET,
            "timeout": "2s",
        });
        for (key, value) in trust.as_object().unwrap() {
            table[key] = value.clone();
        }
        table
    }

    /// Answers `path` (behind `/api2/json/`) with this from now on.
    pub fn answer(&self, path: &str, status: u16, text: impl Into<String>) {
        self.odd.lock().insert(path.to_owned(), (status, text.into()));
    }

    /// Answers with the truth again.
    pub fn come_to_its_senses(&self) {
        self.odd.lock().clear();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    tls: TlsAcceptor,
    ip: IpAddr,
    odd: &Odd,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut stream = tls.accept(stream).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().push(target.clone());
    let path = target.trim_start_matches("/api2/json/").to_owned();
    let token = format!("authorization: PVEAPIToken={TOKEN_ID}={TOKEN_SECRET}\r\n");
    let instead = odd.lock().get(&path).cloned();
    let (status, body) = match instead {
        _ if !head.contains(&token) => (401, json!({ "data": null }).to_string()),
        Some((0, _)) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return Ok(());
        }
        Some(odd) => odd,
        None => match truth(&path, ip) {
            Some(data) => (200, json!({ "data": data }).to_string()),
            None => (500, json!({ "data": null, "message": "no such thing\n" }).to_string()),
        },
    };
    let more = if status == 302 { "location: https://127.0.0.1:1/\r\n" } else { "" };
    let reply = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json;charset=UTF-8\r\n{more}\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(reply.as_bytes()).await?;
    stream.shutdown().await
}

fn truth(path: &str, ip: IpAddr) -> Option<Value> {
    Some(match path {
        "cluster/resources?type=vm" => json!([
            resource(101, "qemu", "web", "running", 0),
            resource(102, "lxc", "mail", "running", 0),
            resource(103, "qemu", "off", "stopped", 0),
            resource(900, "qemu", "debian-12", "stopped", 1),
        ]),
        "nodes/pve1/qemu/101/config" => {
            config("Shop front.\n\nfanlight-owner: owner@example.com\nfanlight-groups: ops, dev\n")
        }
        "nodes/pve1/lxc/102/config" | "nodes/pve1/qemu/103/config" => json!({
            "arch": "amd64", "cores": 1, "digest": "5f3c", "hostname": "mail", "memory": 512,
        }),
        "nodes/pve1/qemu/101/status/current" => status(101, "running", "running"),
        "nodes/pve1/qemu/103/status/current" => status(103, "stopped", "stopped"),
        "nodes/pve1/lxc/102/status/current" => json!({
            "cpu": 0, "cpus": 1, "disk": 512_000_000, "diskread": 0, "diskwrite": 0,
            "ha": { "managed": 0 }, "maxdisk": 8_350_298_112_u64, "maxmem": 536_870_912,
            "maxswap": 536_870_912, "mem": 27_000_000, "name": "mail", "netin": 1, "netout": 1,
            "pid": 4711, "status": "running", "swap": 0, "type": "lxc", "uptime": 5, "vmid": 102,
        }),
        "nodes/pve1/qemu/101/agent/network-get-interfaces" => agent(ip),
        "nodes/pve1/lxc/102/interfaces" => json!([
            { "hwaddr": "00:00:00:00:00:00", "inet": "127.0.0.1/8", "inet6": "::1/128", "name": "lo" },
            { "hwaddr": "bc:24:11:00:00:02", "inet": format!("{ip}/24"),
              "inet6": "fe80::be24:11ff:fe00:2/64", "name": "eth0" },
        ]),
        _ => return None,
    })
}

fn resource(vmid: u32, kind: &str, name: &str, status: &str, template: u8) -> Value {
    json!({
        "cpu": 0.012_3, "disk": 0, "diskread": 1_342_177_280, "diskwrite": 268_435_456,
        "id": format!("{kind}/{vmid}"), "maxcpu": 4, "maxdisk": 34_359_738_368_u64,
        "maxmem": 4_294_967_296_u64, "mem": 1_073_741_824, "name": name, "netin": 77_000,
        "netout": 4_000, "node": "pve1", "pool": "shop", "status": status, "tags": "prod;web",
        "template": template, "type": kind, "uptime": 86_400, "vmid": vmid,
    })
}

fn config(description: &str) -> Value {
    json!({
        "agent": "1", "boot": "order=scsi0;net0", "cores": 4, "cpu": "host",
        "description": description, "digest": "0f5c9d", "memory": "4096",
        "meta": "creation-qemu=9.0.2,ctime=1725184800", "name": "web",
        "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1", "numa": 0, "ostype": "l26",
        "scsi0": "local-lvm:vm-101-disk-0,iothread=1,size=32G", "scsihw": "virtio-scsi-single",
        "smbios1": "uuid=7c1c4e0e-1111-4222-8333-944445555666", "sockets": 1,
        "vmgenid": "e0f0a0b0-1111-4222-8333-944445555666",
    })
}

fn status(vmid: u32, status: &str, qmp: &str) -> Value {
    json!({
        "agent": 1, "balloon": 4_294_967_296_u64, "cpu": 0.01, "cpus": 4, "disk": 0,
        "diskread": 0, "diskwrite": 0, "freemem": 1, "ha": { "managed": 0 },
        "maxdisk": 34_359_738_368_u64, "maxmem": 4_294_967_296_u64, "mem": 1_073_741_824,
        "name": "web", "netin": 1, "netout": 1, "pid": 1234,
        "proxmox-support": { "query-bitmap-info": true }, "qmpstatus": qmp,
        "running-machine": "pc-i440fx-9.0+pve0", "running-qemu": "9.0.2", "status": status,
        "uptime": 86_400, "vmid": vmid,
    })
}

fn agent(ip: IpAddr) -> Value {
    let address = |ip: &str, kind: &str, prefix: u8| json!({ "ip-address": ip, "ip-address-type": kind, "prefix": prefix });
    let statistics = json!({
        "rx-bytes": 1, "rx-dropped": 0, "rx-errs": 0, "rx-packets": 1,
        "tx-bytes": 1, "tx-dropped": 0, "tx-errs": 0, "tx-packets": 1,
    });
    json!({ "result": [
        {
            "hardware-address": "00:00:00:00:00:00",
            "ip-addresses": [address("127.0.0.1", "ipv4", 8), address("::1", "ipv6", 128)],
            "name": "lo", "statistics": statistics,
        },
        {
            "hardware-address": "bc:24:11:00:00:01",
            "ip-addresses": [
                address("203.0.113.5", "ipv4", 24),
                address(&ip.to_string(), "ipv4", 24),
                address("fe80::be24:11ff:fe00:1", "ipv6", 64),
            ],
            "name": "eth0", "statistics": statistics,
        },
        { "hardware-address": "02:42:00:00:00:01", "name": "docker0", "statistics": statistics },
    ] })
}
