//! A disk that fills up under a running gateway, and is cleared again.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Fixture, Reply};

const SIZE: &str = "size=8m";
/// More rows than fit beside the ballast.
const MOST_WRITES: usize = 5000;

/// A small file system of its own. Mounting takes root.
struct SmallDisk(Arc<TempDir>);

impl SmallDisk {
    fn mount() -> Self {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(folder.path());
        let output = mount.output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "this test mounts a file system, as root: {why}");
        Self(Arc::new(folder))
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }

    /// Takes all the space that is left.
    fn fill(&self) {
        let mut file = File::create(self.ballast()).unwrap();
        for size in [64 * 1024, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn clear(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

async fn write(fixture: &Fixture, number: usize) -> Reply {
    let body = json!({ "oidc_group": format!("group {number}"), "role": "viewer" });
    fixture.post("/api/admin/group-mappings", body).await
}

fn assert_full(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{}", reply.body);
    assert_eq!(reply.body["error"], "The server's disk is full.");
    assert_eq!(reply.body["code"], "unavailable");
}

#[tokio::test]
async fn bar_61_a_full_disk_is_told_live_sessions_go_on_and_it_recovers() {
    let disk = SmallDisk::mount();
    let fixture = Fixture::with_folder(Arc::clone(&disk.0), |_| {}).await;
    let made = fixture.make(fixture.kettle_request()).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("cfill").await;
    disk.fill();

    let mut refused = None;
    for number in 0..MOST_WRITES {
        let reply = write(&fixture, number).await;
        if reply.status != StatusCode::CREATED {
            refused = Some(reply);
            break;
        }
    }
    assert_full(&refused.expect("something is too much for the disk"));
    assert_full(&fixture.post("/api/sessions", fixture.kettle_request()).await);

    for character in "ea".chars() {
        viewer.key(character).await;
    }
    while viewer.until("cfill").await[3] != "11" {}
    assert_eq!(fixture.get("/api/me").await.status, StatusCode::OK);

    disk.clear();
    assert_eq!(write(&fixture, MOST_WRITES).await.status, StatusCode::CREATED);
    fixture.make(fixture.kettle_request()).await;
    let path = format!("/api/sessions/{}", made.id());
    assert_eq!(fixture.delete(&path).await.status, StatusCode::NO_CONTENT);
    fixture.wait_for_status(&made, "completed").await;
    drop(fixture.stop().await);
}
