//! Files beside the shell: the same operations on both engines, and what they answer.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::{Context, Result, ensure};
use base64_simd::STANDARD;
use fanlight_core::Viewport;
use fanlight_tests::{Door, Engine, Gateway, Guacd, Sshd, Viewer, ssh_session};
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

struct Files {
    viewer: Viewer,
    object: String,
}

impl Files {
    async fn get(&self, path: &str) -> Result<(String, Vec<u8>)> {
        self.viewer.send("get", &[&self.object, path]).await?;
        let body = self.viewer.told().await?;
        ensure!(body[0] == "body" && body[4] == path, "{body:?}");
        let (stream, mut content) = (&body[2], Vec::new());
        loop {
            self.viewer.send("ack", &[stream, "OK", "0"]).await?;
            let told = self.viewer.told().await?;
            ensure!(&told[1] == stream, "{told:?}");
            match told[0].as_str() {
                "blob" => content.extend(STANDARD.decode_to_vec(&told[2])?),
                "end" => return Ok((body[3].clone(), content)),
                _ => anyhow::bail!("{told:?}"),
            }
        }
    }

    async fn json(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_slice(&self.get(path).await?.1)?)
    }

    /// The status of each answer to a file; one, if it is refused.
    async fn put(&self, opcode: &str, head: &[&str], content: &[u8]) -> Result<Vec<String>> {
        self.viewer.send(opcode, head).await?;
        let mut statuses = vec![self.status().await?];
        if statuses[0] != "0" {
            return Ok(statuses);
        }
        for piece in content.chunks(6048) {
            self.viewer.send("blob", &["3", &STANDARD.encode_to_string(piece)]).await?;
            statuses.push(self.status().await?);
        }
        self.viewer.send("end", &["3"]).await?;
        statuses.push(self.status().await?);
        Ok(statuses)
    }

    async fn status(&self) -> Result<String> {
        let told = self.viewer.told().await?;
        ensure!(told[0] == "ack" && told[1] == "3", "{told:?}");
        Ok(told[3].clone())
    }
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
    let offered = viewer.told().await.context("offered")?;
    ensure!(offered[0] == "filesystem", "{offered:?}");
    let files = Files { viewer, object: offered[1].clone() };

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
    let name = offered[2].replace(root.to_str().context("no text")?, "<root>");
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
