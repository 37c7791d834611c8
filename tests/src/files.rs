use anyhow::{Context, Result, ensure};
use base64_simd::STANDARD;
use serde_json::Value;

use crate::Viewer;

/// A session's files, as the object that it offers a viewer ("Guacamole protocol reference").
pub struct Files {
    /// Who looks at the session.
    pub viewer: Viewer,
    /// The object's index.
    pub object: String,
    /// Its name for people.
    pub name: String,
}

impl Files {
    /// Waits for the session to offer its files.
    ///
    /// # Errors
    /// When it does not.
    pub async fn offered(viewer: Viewer) -> Result<Self> {
        let offered = viewer.told().await.context("offered")?;
        ensure!(offered[0] == "filesystem", "{offered:?}");
        let (object, name) = (offered[1].clone(), offered[2].clone());
        Ok(Self { viewer, object, name })
    }

    /// The type and content of a file, or of a folder's index.
    ///
    /// # Errors
    /// When something else is answered.
    pub async fn get(&self, path: &str) -> Result<(String, Vec<u8>)> {
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

    /// A folder's index.
    ///
    /// # Errors
    /// When something else is answered.
    pub async fn json(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_slice(&self.get(path).await?.1)?)
    }

    /// The status of each answer to a file; one, if it is refused. `head` is the rest of the
    /// instruction that begins it, whose stream has to be 3.
    ///
    /// # Errors
    /// When something else is answered.
    pub async fn put(&self, opcode: &str, head: &[&str], content: &[u8]) -> Result<Vec<String>> {
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
