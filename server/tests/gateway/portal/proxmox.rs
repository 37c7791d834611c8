use std::net::SocketAddr;

use fanlight::access::Role;
use fanlight::serve::Gateway;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::stand_in::StandIn;
use super::{refused, service};
use crate::authority::Authority;
use crate::harness::{Fixture, configuration};

const SILENT: &str = "The inventory of VMs does not answer. Please try again later.";
const NOWHERE: &str = "Unable to get or validate VM IP address";
const RESOURCES: &str = "cluster/resources?type=vm";
const STATUS: &str = "nodes/pve1/qemu/101/status/current";
const AGENT: &str = "nodes/pve1/qemu/101/agent/network-get-interfaces";

impl StandIn {
    /// A gateway that knows it as `pve` and believes its authority.
    async fn gateway(&self) -> Fixture {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, &self.authority.pem).unwrap();
        Fixture::with(&[("machines.proxmox", json!([self.table("pve", &json!({ "ca": file }))]))])
            .await
    }
}

fn to(vm_id: &str, address: SocketAddr) -> Value {
    json!({ "vm_id": vm_id, "ip_address": address.ip(), "port": address.port() })
}

#[tokio::test]
async fn machines_and_containers_of_a_cluster_are_connected_to() {
    let (_listener, address) = service();
    let cluster = StandIn::start(address.ip()).await;
    let fixture = cluster.gateway().await;
    for (id, available) in [
        ("101", json!(["203.0.113.5", address.ip()])),
        ("pve:101", json!(["203.0.113.5", address.ip()])),
        ("102", json!([address.ip()])),
    ] {
        let (status, made) = fixture.portal(&fixture.key, "ssh", to(id, address)).await;
        assert_eq!(status, StatusCode::OK, "{id}: {made}");
        assert_eq!(made["data"]["target_ip"], json!(address.ip()));
        assert_eq!(made["data"]["available_ips"], available, "{id}");
        let name = made["data"]["connection_id"].as_str().unwrap();
        assert!(name.starts_with(&format!("ssh-{id}-")), "{name}");
    }
    for id in ["900", "104", "other:101", "pve:x", "+101", "pve:-1", "99999999999", "101/..", ""] {
        let answer = fixture.portal(&fixture.key, "ssh", to(id, address)).await;
        let expected = if id.is_empty() {
            refused(400, "VM ID is required")
        } else {
            refused(404, "VM not found")
        };
        assert_eq!(answer, expected, "{id:?}");
    }
    let stopped = refused(400, "VM is not running (current status: stopped)");
    assert_eq!(fixture.portal(&fixture.key, "ssh", to("103", address)).await, stopped);
    let asked = cluster.asked.lock().clone();
    assert!(asked.iter().all(|target| target.starts_with("/api2/json/")), "{asked:?}");
}

#[tokio::test]
async fn the_notes_of_a_machine_say_who_may_open_it() {
    let (_listener, address) = service();
    let cluster = StandIn::start(address.ip()).await;
    let fixture = cluster.gateway().await;
    let not_yours = refused(403, "You don't have permission to access this VM");
    let owner = fixture.person("owner", Role::Operator).await;
    let other = fixture.person("other", Role::Operator).await;
    let answer = fixture.portal(&owner.cookie, "ssh", to("101", address)).await;
    assert_eq!(answer.0, StatusCode::OK, "{}", answer.1);
    for (who, id) in [(&other, "101"), (&owner, "102")] {
        assert_eq!(fixture.portal(&who.cookie, "ssh", to(id, address)).await, not_yours, "{id}");
    }
    // The same address at another provider: now it says nothing.
    let mut again = crate::people::login("another", Role::Operator);
    again.email = owner.user.email.clone();
    fixture.gateway.app.store.log_user_in(&again).await.unwrap();
    assert_eq!(fixture.portal(&owner.cookie, "ssh", to("101", address)).await, not_yours);
}

#[tokio::test]
async fn odd_answers_of_a_cluster_become_the_portals_words() {
    let (_listener, address) = service();
    let cluster = StandIn::start(address.ip()).await;
    let fixture = cluster.gateway().await;
    let unknown = "VM is not running (current status: unknown)";
    let data = |data: Value| json!({ "data": data }).to_string();
    let number = json!([{ "type": "qemu", "vmid": "101", "node": "pve1" }]);
    for (path, status, text, code, message) in [
        (RESOURCES, 200, "{".to_owned(), 503, SILENT),
        (RESOURCES, 200, data(Value::Null), 503, SILENT),
        (RESOURCES, 200, String::new(), 503, SILENT),
        (RESOURCES, 403, "Permission check failed\n".to_owned(), 503, SILENT),
        (RESOURCES, 302, String::new(), 503, SILENT),
        (RESOURCES, 595, "no route\n".to_owned(), 503, SILENT),
        (RESOURCES, 0, String::new(), 503, SILENT),
        (RESOURCES, 200, format!("{}{}", data(json!([])), " ".repeat(17 << 20)), 503, SILENT),
        (RESOURCES, 200, data(json!([{ "type": "qemu", "vmid": 101 }])), 503, SILENT),
        (
            RESOURCES,
            200,
            data(json!([{ "type": "qemu", "vmid": 101, "node": "../a" }])),
            503,
            SILENT,
        ),
        (
            RESOURCES,
            200,
            data(json!([{ "type": "storage", "vmid": 101, "node": "pve1" }])),
            404,
            "VM not found",
        ),
        (RESOURCES, 200, data(json!([])), 404, "VM not found"),
        (
            STATUS,
            200,
            data(json!({ "status": "running", "qmpstatus": "paused" })),
            400,
            "VM is not running (current status: paused)",
        ),
        (STATUS, 200, data(json!({})), 400, unknown),
        (STATUS, 200, data(Value::Null), 400, unknown),
        (STATUS, 500, data(Value::Null), 400, unknown),
        (AGENT, 500, "QEMU guest agent is not running\n".to_owned(), 400, NOWHERE),
        (
            AGENT,
            200,
            data(json!({ "result": { "error": { "class": "CommandNotFound" } } })),
            400,
            NOWHERE,
        ),
        (AGENT, 200, data(json!({ "result": [{ "name": "eth0" }] })), 400, NOWHERE),
        (
            AGENT,
            200,
            data(
                json!({ "result": [{ "name": "eth0", "ip-addresses": [{ "ip-address": "x" }] }] }),
            ),
            400,
            NOWHERE,
        ),
    ] {
        cluster.answer(path, status, text.clone());
        let answer = fixture.portal(&fixture.key, "ssh", to("101", address)).await;
        let short: String = text.chars().take(80).collect();
        assert_eq!(answer, refused(code, message), "{path} {status} {short}");
        cluster.come_to_its_senses();
    }
    // Perl's numbers are texts now and then.
    cluster.answer(RESOURCES, 200, data(number));
    let answer = fixture.portal(&fixture.key, "ssh", to("101", address)).await;
    assert_eq!(answer.0, StatusCode::OK, "{}", answer.1);
}

#[tokio::test]
async fn a_cluster_is_believed_by_its_authority_or_its_fingerprint_only() {
    let (_listener, address) = service();
    let cluster = StandIn::start(address.ip()).await;
    let folder = TempDir::new().unwrap();
    let file = |name: &str, pem: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, pem).unwrap();
        file
    };
    let own = file("own.pem", &cluster.authority.pem);
    let stranger = file("stranger.pem", &Authority::new("somebody's").pem);
    let other = cluster.fingerprint.replace(|c: char| c.is_ascii_digit(), "A");
    let lower = cluster.fingerprint.replace(':', "").to_lowercase();
    let plain = json!({});
    for (trust, is_believed) in [
        (json!({ "ca": own }), true),
        (json!({ "fingerprint": cluster.fingerprint }), true),
        (json!({ "fingerprint": lower }), true),
        (json!({ "ca": stranger }), false),
        (json!({ "fingerprint": other }), false),
        (plain, false),
    ] {
        let tables = json!([cluster.table("pve", &trust)]);
        let fixture = Fixture::with(&[("machines.proxmox", tables)]).await;
        let answer = fixture.portal(&fixture.key, "ssh", to("101", address)).await;
        if is_believed {
            assert_eq!(answer.0, StatusCode::OK, "{trust}: {}", answer.1);
        } else {
            assert_eq!(answer, refused(503, SILENT), "{trust}");
        }
    }
}

#[tokio::test]
async fn of_several_clusters_the_id_names_the_one_that_is_meant() {
    let (_listener, address) = service();
    let (first, second) =
        (StandIn::start(address.ip()).await, StandIn::start("10.0.0.9".parse().unwrap()).await);
    second.answer(RESOURCES, 500, "down");
    let table = |cluster: &StandIn, name| {
        cluster.table(name, &json!({ "fingerprint": cluster.fingerprint }))
    };
    let tables = json!([table(&first, "north"), table(&second, "south")]);
    let fixture = Fixture::with(&[("machines.proxmox", tables)]).await;
    let north = fixture.portal(&fixture.key, "ssh", to("north:101", address)).await;
    assert_eq!(north.0, StatusCode::OK, "{}", north.1);
    let south = fixture.portal(&fixture.key, "ssh", to("south:101", address)).await;
    assert_eq!(south, refused(503, SILENT));
    // The number alone could be either's.
    let either = fixture.portal(&fixture.key, "ssh", to("101", address)).await;
    assert_eq!(either, refused(404, "VM not found"));
}

#[tokio::test]
async fn bar_80_the_tokens_secret_shows_nowhere() {
    let (_listener, address) = service();
    let cluster = StandIn::start(address.ip()).await;
    cluster.answer(RESOURCES, 401, json!({ "data": null }).to_string());
    let fixture = cluster.gateway().await;
    let (_, told) = fixture.portal(&fixture.key, "ssh", to("101", address)).await;
    let configuration = format!("{:?}", fixture.gateway.app.config);
    for text in [told.to_string(), configuration] {
        assert!(!text.contains("canary000001"), "{text}");
    }
}

#[tokio::test]
async fn a_cluster_that_cannot_be_asked_is_told_when_the_gateway_starts() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let table = json!({
        "name": "pve", "url": "https://127.0.0.1:1", "token_id": "a@pve!b", "token_secret": "c",
        "ca": empty,
    });
    let config = configuration(&folder, &[("machines.proxmox", json!([table]))]);
    let error = Gateway::start(config).await.err().unwrap().to_string();
    assert!(error.contains("empty.pem") && error.contains("no certificate"), "{error}");
}
