//! Files beside the shell: the same operations on both engines, and what they answer.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::{Context, Result, ensure};
use fanlight_core::Viewport;
use fanlight_tests::{Door, Engine, Files, Gateway, Guacd, Sshd, Viewer, ssh_session};
use serde_json::Value;

const OCTETS: &str = "application/octet-stream";

/// Everything that one engine answered.
#[derive(Debug, PartialEq)]
struct Answers {
    name: String,
    index: Value,
    inner: Value,
    fetched: Vec<Vec<u8>>,
    put: Vec<Vec<String>>,
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 7 % 251).unwrap_or_default()).collect()
}

/// The same operations with every engine, on a fresh server each.
async fn operate(engine: Engine) -> Result<Answers> {
    let (sshd, gateway) = (Sshd::start().await?, Gateway::start(engine).await?);
    let root = sshd.home();
    fs::create_dir(root.join("inner"))?;
    fs::write(root.join("inner/fünf"), content(5))?;
    fs::write(root.join("large"), content(300_000))?;
    fs::write(root.join("empty"), "")?;
    symlink("inner", root.join("link"))?;
    let mut session = ssh_session(&sshd)?;
    session["enable_drive"] = true.into();
    session["sftp_root_directory"] = root.to_str().context("no text")?.into();
    let created = gateway.create(&session).await?;
    let id = created["session_id"].as_str().context("no session_id")?;
    let viewer = Viewer::open(&gateway, id, Viewport::default()).await?;
    let files = Files::offered(viewer).await?;

    let mut fetched = Vec::new();
    for path in ["/inner/fünf", "/link/fünf", "/large", "/empty", "/x/../inner/./fünf"] {
        let (mimetype, content) = files.get(path).await.with_context(|| format!("get {path}"))?;
        ensure!(mimetype == OCTETS, "{path}: {mimetype}");
        fetched.push(content);
    }
    let (mut index, inner) = (files.json("/").await.context("list")?, files.json("/inner").await?);
    let object = files.object.as_str();
    // guacd looks links up without the root, and so takes one to a folder for a file.
    index.as_object_mut().context("no object")?.remove("/link").context("no link")?;
    // What cannot be written comes last: guacd 1.3.0 tells its error once more for the next.
    let put = vec![
        files.put("put", &[object, "3", OCTETS, "/new ä"], &content(20_000)).await?,
        files.put("file", &["3", OCTETS, "dropped"], &content(3)).await?,
        files.put("put", &[object, "3", OCTETS, "/nowhere/new"], b"").await?,
    ];
    ensure!(fs::read(root.join("new ä"))? == content(20_000), "what arrived differs");
    let dropped = fs::read(root.join("dropped"))?;
    ensure!(dropped == content(3), "what was dropped differs: {dropped:?} {put:?}");
    let name = files.name.replace(root.to_str().context("no text")?, "<root>");
    Ok(Answers { name, index, inner, fetched, put })
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_answer_the_same_about_files() {
    let guacd = Guacd::start().await.unwrap();
    let of_guacd = operate(Engine::Guacd(guacd.port())).await.unwrap();
    let embedded = operate(Engine::Embedded).await.unwrap();
    assert_eq!(embedded, of_guacd);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_guacd_answers_as_the_embedded_engine() {
    let door = Door::start(&[]).await.unwrap();
    let by_door = operate(Engine::Guacd(door.port())).await.unwrap();
    assert_eq!(operate(Engine::Embedded).await.unwrap(), by_door);
}
