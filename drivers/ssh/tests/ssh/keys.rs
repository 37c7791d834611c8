use serde_json::{Value, json};

use crate::session::{check, open};
use crate::sshd::{Sshd, keygen};

const PASSPHRASE: &str = "open sesame ä";

fn with_key(server: &Sshd, key: &str) -> Value {
    json!({ "hostname": "127.0.0.1", "port": server.port, "username": Sshd::user(), "private_key": key })
}

async fn logs_in(fields: Value) {
    let session = open(fields).await;
    session.wait_for_shell().await;
    session.type_text("exit\n").await;
    session.ended().await.unwrap();
}

#[tokio::test]
async fn every_kind_of_key_in_openssh_form() {
    let server = Sshd::start();
    for options in [["-t", "ed25519"], ["-t", "rsa"], ["-t", "ecdsa"]] {
        let name = options[1];
        let key = server.make_key(name, &[&options[..], &["-N", ""]].concat());
        logs_in(with_key(&server, &key)).await;
    }
    for bits in ["384", "521"] {
        let key = server.make_key(bits, &["-t", "ecdsa", "-b", bits, "-N", ""]);
        logs_in(with_key(&server, &key)).await;
    }
}

#[tokio::test]
async fn keys_in_pem_and_pkcs8_form() {
    let server = Sshd::start();
    for (name, kind, form) in
        [("a", "rsa", "PEM"), ("b", "rsa", "PKCS8"), ("c", "ecdsa", "PEM"), ("d", "ecdsa", "PKCS8")]
    {
        let key = server.make_key(name, &["-t", kind, "-m", form, "-N", ""]);
        assert!(!key.contains("OPENSSH"));
        let crlf = key.replace('\n', "\r\n");
        logs_in(with_key(&server, &crlf)).await;
    }
}

#[tokio::test]
async fn an_ed25519_key_in_pkcs8_form() {
    let server = Sshd::start();
    let openssh = server.make_key("ed", &["-t", "ed25519", "-N", ""]);
    let key = russh::keys::decode_secret_key(&openssh, None).unwrap();
    let mut pem = Vec::new();
    russh::keys::encode_pkcs8_pem(&key, &mut pem).unwrap();
    logs_in(with_key(&server, &String::from_utf8(pem).unwrap())).await;
}

#[tokio::test]
async fn encrypted_keys_with_their_passphrase() {
    let server = Sshd::start();
    for (name, kind, form) in [
        ("a", "ed25519", "RFC4716"),
        ("b", "rsa", "RFC4716"),
        ("c", "rsa", "PKCS8"),
        ("d", "ecdsa", "PKCS8"),
        ("e", "rsa", "PEM"),
    ] {
        let key = server.make_key(name, &["-t", kind, "-m", form, "-N", PASSPHRASE]);
        let mut fields = with_key(&server, &key);
        fields["passphrase"] = PASSPHRASE.into();
        assert_eq!(check(fields.clone()), vec![], "{kind} {form}");
        logs_in(fields).await;
    }
}

#[tokio::test]
async fn a_missing_passphrase_is_asked_for() {
    let server = Sshd::start();
    let key = server.make_key("key", &["-t", "ed25519", "-N", PASSPHRASE]);
    let session = open(with_key(&server, &key)).await;
    session.wait_for("Passphrase of the key:").await;
    session.type_text("wrong\n").await;
    session.wait_for("Try again").await;
    session.type_text(&format!("{PASSPHRASE}\n")).await;
    session.wait_for_shell().await;
    assert!(!session.text().await.contains("sesame"));
}

#[test]
fn bar_80_a_bad_key_or_passphrase_is_named_but_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    keygen(&path, &["-t", "ed25519", "-N", PASSPHRASE]);
    let key = std::fs::read_to_string(path).unwrap();
    let with = |key: &str, passphrase: Option<&str>| json!({ "hostname": "h", "private_key": key, "passphrase": passphrase });
    let broken = key.replacen("b3Blbn", "canary", 1);
    let cases = [
        (with("canary", None), "private_key"),
        (with(&broken, None), "private_key"),
        (with(&key, Some("canary")), "passphrase"),
        (json!({ "hostname": "h", "passphrase": "canary" }), "passphrase"),
    ];
    for (fields, field) in cases {
        let errors = check(fields);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].field, field);
        assert!(!errors[0].message.contains("canary"), "{errors:?}");
    }
}

#[test]
fn a_key_that_would_take_for_ever_to_open_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    keygen(&path, &["-t", "ed25519", "-N", "x", "-a", "1"]);
    let pem = std::fs::read_to_string(&path).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let mut blob = base64_simd::STANDARD.decode_to_vec(body).unwrap();
    // Behind "bcrypt" and the salt's length and 16 bytes stand the rounds.
    let at = blob.windows(6).position(|window| window == b"bcrypt").unwrap() + 6 + 4 + 4 + 16;
    blob[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    let body = base64_simd::STANDARD.encode_to_string(blob);
    let lines: Vec<&str> =
        body.as_bytes().chunks(70).map(|l| std::str::from_utf8(l).unwrap()).collect();
    let pem = format!(
        "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
        lines.join("\n")
    );
    let started = std::time::Instant::now();
    let errors = check(json!({ "hostname": "h", "private_key": pem, "passphrase": "x" }));
    assert!(started.elapsed().as_secs() < 2);
    assert!(errors[0].field == "private_key" && errors[0].message.contains("ssh-keygen"));
}
