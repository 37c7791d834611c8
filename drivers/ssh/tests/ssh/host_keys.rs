use std::sync::Arc;

use fanlight_core::{Cause, EngineKind};
use russh::keys::ssh_key::{HashAlg, PublicKey};
use serde_json::{Value, json};

use crate::session::{Gateway, check, open, open_at, plan, plan_of_known};
use crate::sshd::Sshd;

fn target(server: &Sshd) -> Value {
    let key = server.make_key("key", &["-t", "ed25519", "-N", ""]);
    json!({ "hostname": "127.0.0.1", "port": server.port, "username": Sshd::user(), "private_key": key })
}

fn fingerprint(line: &str) -> String {
    PublicKey::from_openssh(line).unwrap().fingerprint(HashAlg::Sha256).to_string()
}

#[tokio::test]
async fn bar_72_a_changed_key_is_refused_with_both_fingerprints() {
    let mut server = Sshd::start();
    let (fields, gateway) = (target(&server), Arc::new(Gateway::default()));
    let first = open_at(fields.clone(), gateway.clone()).await;
    first.wait_for_shell().await;
    let old = fingerprint(&server.host_key("ed25519"));
    server.change_host_keys();
    let error = open_at(fields, gateway).await.failed().await;
    assert_eq!(error.cause, Cause::Untrusted);
    let new = fingerprint(&server.host_key("ed25519"));
    assert!(error.message.contains(&old) && error.message.contains(&new), "{error}");
}

#[tokio::test]
async fn a_pinned_key_is_accepted_in_every_form_and_of_every_kind() {
    let server = Sshd::start();
    let mut fields = target(&server);
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let line = server.host_key(kind);
        let mut forms = vec![line.clone(), line.split(' ').nth(1).unwrap().to_owned()];
        if kind == "ed25519" {
            forms.push(fingerprint(&line));
        }
        for form in forms {
            fields["host_key"] = form.trim().into();
            open(fields.clone()).await.wait_for_shell().await;
        }
    }
}

#[tokio::test]
async fn bar_72_any_other_key_than_the_pinned_one_is_refused() {
    let (server, other) = (Sshd::start(), Sshd::start());
    let mut fields = target(&server);
    for pin in [other.host_key("ed25519"), fingerprint(&other.host_key("ed25519"))] {
        fields["host_key"] = pin.trim().into();
        let error = open(fields.clone()).await.failed().await;
        assert_eq!(error.cause, Cause::Untrusted);
        for line in [other.host_key("ed25519"), server.host_key("ed25519")] {
            assert!(error.message.contains(&fingerprint(&line)), "{error}");
        }
    }
}

#[tokio::test]
async fn guacd_is_not_handed_a_fingerprint_that_it_cannot_compare() {
    let fields = json!({ "hostname": "127.0.0.1", "host_key": "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0" });
    assert_eq!(check(fields.clone()), vec![]);
    let error = plan(fields, EngineKind::Guacd).await.unwrap_err();
    assert_eq!(error.cause, Cause::EngineLacksParameter);
}

#[tokio::test]
async fn bar_72_where_only_known_keys_count_guacd_gets_no_target_without_a_pin() {
    let bare = json!({ "hostname": "127.0.0.1" });
    let error = plan_of_known(bare.clone(), EngineKind::Guacd).await.unwrap_err();
    assert_eq!(error.cause, Cause::Untrusted);
    assert!(error.message.contains("host_key"), "{error}");
    plan_of_known(bare.clone(), EngineKind::Embedded).await.unwrap();
    plan(bare, EngineKind::Guacd).await.unwrap();
}

#[tokio::test]
async fn bar_72_guacd_is_handed_the_pin_as_the_line_that_it_reads() {
    let key = "AAAAC3NzaC1lZDI1NTE5AAAAIK2pr+Bfus1hvPof4Wb/plZCzSbqadHH0u+/f4ODtKnE";
    for form in
        [key.to_owned(), format!("ssh-ed25519 {key} root@db"), format!("db ssh-ed25519 {key}")]
    {
        let fields = json!({ "hostname": "db.example", "port": 2222, "host_key": form });
        let plan = plan_of_known(fields, EngineKind::Guacd).await.unwrap();
        let line = format!("[127.0.0.1]:2222 ssh-ed25519 {key}");
        assert_eq!(plan.parameters.get("host-key"), Some(line.as_str()));
    }
}
