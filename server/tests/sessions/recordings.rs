use std::path::Path;
use std::time::Duration;

use fanlight::access::Role;
use fanlight::config::OnFailure;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use crate::harness::{Fixture, Made, eventually, merge, parse};
use crate::people::person;

async fn fixture() -> Fixture {
    Fixture::with(|config| config.recordings.record = true).await
}

/// The first recording of the list, once `ready` holds for it.
async fn recording(fixture: &Fixture, ready: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..1000 {
        last = fixture.get("/api/recordings").await.body[0].clone();
        if ready(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the recording does not get ready: {last}");
}

async fn ended(fixture: &Fixture) -> Value {
    recording(fixture, |one| one["status"] != "recording" && one["status"].is_string()).await
}

/// The recording's instructions, read by the tests' own parser.
async fn played(fixture: &Fixture, name: &str) -> Vec<Vec<String>> {
    let reply = fixture.get(&format!("/api/recordings/{name}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    parse(reply.body.as_str().unwrap())
}

/// A kettle that was typed into and has ended.
async fn kettle_of(fixture: &Fixture, keys: &str, extra: Value) -> Made {
    let made = fixture.make(merge(fixture.kettle_request(), extra)).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("cfill").await;
    for character in keys.chars() {
        viewer.key(character).await;
    }
    let last = (9 + keys.len()).to_string();
    while viewer.until("cfill").await[3] != last {}
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    made
}

#[tokio::test]
async fn a_session_of_the_embedded_engine_is_recorded_and_plays() {
    let fixture = fixture().await;
    let made = fixture.make(fixture.kettle_request()).await;
    let mut viewer = fixture.own(&made).await;
    assert_eq!(viewer.until("recording").await[1], "on", "viewers see that it is recorded");
    viewer.send("5.mouse,2.11,2.22,1.0;").await;
    for character in "tea".chars() {
        viewer.key(character).await;
    }
    while viewer.until("cfill").await[3] != "12" {}
    let live = recording(&fixture, |one| one["size_bytes"].as_u64() > Some(0)).await;
    assert_eq!(live["status"], "recording");
    let shown = played(&fixture, live["name"].as_str().unwrap()).await;
    assert_eq!(shown[0][0], "size", "it plays while it is made");
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;

    let one = ended(&fixture).await;
    assert_eq!(one["status"], "complete", "{one}");
    assert_eq!(one["session_id"], made.0["session_id"]);
    assert_eq!(one["session_type"], "kettle");
    assert_eq!(one["own"], true);
    let shown = played(&fixture, one["name"].as_str().unwrap()).await;
    let opcodes: Vec<_> = shown.iter().map(|i| i[0].as_str()).collect();
    assert_eq!(opcodes[0], "size");
    assert!(!opcodes.contains(&"key"), "keys are recorded only where that is configured");
    let fills: Vec<_> = shown.iter().filter(|i| i[0] == "cfill").map(|i| i[3].clone()).collect();
    assert_eq!(fills.last().map(String::as_str), Some("12"), "the last picture: {fills:?}");
    assert!(shown.iter().any(|i| i[0] == "mouse" && i[1] == "11" && i[2] == "22"));
    let stamps: Vec<i64> =
        shown.iter().filter(|i| i[0] == "sync").map(|i| i[1].parse().unwrap()).collect();
    assert!(stamps.is_sorted() && opcodes.last() == Some(&"sync"), "{stamps:?}");
    let length = stamps.last().unwrap() - stamps[0];
    assert!(one["duration_ms"].as_i64().unwrap() >= length, "{one}");
    assert!(!fixture.get("/api/recordings").await.body.to_string().contains("canary"));
}

#[tokio::test]
async fn a_session_of_guacd_is_recorded_by_one_more_viewer() {
    let fixture = fixture().await;
    let made = fixture.scripted(json!({})).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("ready").await;
    let script = fixture.script.last();
    let joined = || script.viewers.load(std::sync::atomic::Ordering::Relaxed) == 2;
    eventually("the recorder joined", Duration::from_secs(5), joined).await;
    script.say("4.size,1.0,2.64,2.64;9.clipboard,1.1,10.text/plain;4.blob,1.1,4.c2Vj;3.end,1.1;");
    script.say("5.cfill,2.14,1.0,1.7,1.0,1.0,3.255;4.sync,2.55;");
    viewer.until("sync").await;
    let answered = || script.received.lock().iter().filter(|text| *text == "4.sync,2.55;").count();
    eventually("both viewers answered", Duration::from_secs(5), || answered() == 2).await;
    script.end(Ok(()));
    let one = ended(&fixture).await;
    assert_eq!(one["status"], "complete", "{one}");
    let shown = played(&fixture, one["name"].as_str().unwrap()).await;
    let opcodes: Vec<_> = shown.iter().map(|i| i[0].as_str()).collect();
    assert_eq!(opcodes, ["size", "cfill", "sync", "sync"], "no clipboard, and the end");
    let listed = fixture.get(&format!("/api/sessions/{}", made.id())).await.body;
    assert_eq!(listed["active_connections"], 1, "the recorder is no viewer: {listed}");
}

#[tokio::test]
async fn parts_are_served_and_the_index_says_which() {
    let fixture = fixture().await;
    kettle_of(&fixture, "abc", json!({})).await;
    let one = ended(&fixture).await;
    let path = format!("/api/recordings/{}", one["name"].as_str().unwrap());
    let index = fixture.get(&format!("{path}/index")).await.body;
    assert_eq!(index["size_bytes"], one["size_bytes"]);
    assert_eq!(
        index["segments"][0],
        json!({ "time_ms": index["segments"][0]["time_ms"], "offset": 0 })
    );
    let whole = fixture.get(&path).await;
    assert_eq!(whole.headers[header::ACCEPT_RANGES], "bytes");
    assert_eq!(whole.headers[header::CONTENT_LENGTH], one["size_bytes"].to_string());
    let whole = whole.body.as_str().unwrap().to_owned();
    let part = async |range: &str| {
        let client = reqwest::Client::new();
        let request = client.get(format!("http://{}{path}", fixture.address));
        let request = request.bearer_auth(&fixture.key).header(header::RANGE, range);
        let answer = request.send().await.unwrap();
        let described = answer.headers().get(header::CONTENT_RANGE).cloned();
        let described = described.map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), described.unwrap_or_default(), answer.text().await.unwrap())
    };
    let (status, described, text) = part("bytes=3-9").await;
    assert_eq!((status, text.as_str()), (206, &whole[3..=9]));
    assert_eq!(described, format!("bytes 3-9/{}", whole.len()));
    assert_eq!(part("bytes=-4").await.2, whole[whole.len() - 4..]);
    let (status, described, _) = part(&format!("bytes={}-", whole.len())).await;
    assert_eq!((status, described), (416, format!("bytes */{}", whole.len())));
}

#[tokio::test]
async fn playing_and_deleting_are_audited_and_deleting_is_for_admins() {
    let fixture = fixture().await;
    let made = fixture.make(fixture.kettle_request()).await;
    fixture.own(&made).await.until("cfill").await;
    let one = recording(&fixture, |one| one["size_bytes"].as_u64() > Some(0)).await;
    let path = format!("/api/recordings/{}", one["name"].as_str().unwrap());
    assert_eq!(fixture.delete(&path).await.status, StatusCode::CONFLICT, "it is being made");
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
    ended(&fixture).await;
    for _ in 0..3 {
        fixture.get(&path).await;
        fixture.get(&format!("{path}/index")).await;
    }
    let played = fixture.get("/api/admin/audit?action=recording_play").await.body;
    assert_eq!(played["items"].as_array().unwrap().len(), 1, "one play of many requests: {played}");
    assert_eq!(fixture.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(fixture.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(fixture.delete(&path).await.status, StatusCode::NOT_FOUND);
    let deleted = fixture.get("/api/admin/audit?action=recording_delete").await.body;
    assert_eq!(deleted["items"].as_array().unwrap().len(), 1, "{deleted}");
    assert_eq!(files(&fixture.app.config.recordings.dir).len(), 0);
}

#[tokio::test]
async fn bar_38_names_lead_nowhere_else() {
    let fixture = fixture().await;
    let secret = fixture.app.config.data_dir.join("secret.flrec");
    std::fs::write(&secret, "canary").unwrap();
    for name in
        ["..%2fsecret", "%2e%2e%2fsecret", "..%252fsecret", "..%5csecret", "a%00b", ".", "%2e%2e"]
    {
        for suffix in ["", "/index", "/about"] {
            let reply = fixture.get(&format!("/api/recordings/{name}{suffix}")).await;
            assert!(!reply.body.to_string().contains("canary"), "{name}");
            assert_ne!(reply.status.as_u16() / 100, 5, "{name}{suffix}: {}", reply.body);
        }
        let reply = fixture.delete(&format!("/api/recordings/{name}")).await;
        assert!(reply.status.is_client_error(), "{name}: {}", reply.status);
    }
    assert!(secret.exists());
}

#[tokio::test]
async fn whether_a_session_is_recorded_is_a_matter_of_configuration_request_and_role() {
    let fixture = Fixture::with(|config| {
        config.recordings.drivers.insert("kettle".into(), true);
        config.recordings.may_switch_off = Role::Admin;
    })
    .await;
    let decide = |record: Option<bool>, role| {
        let wish = fanlight::recordings::Wish { entry: None, request: record };
        fixture.app.recordings.decide("kettle", wish, role).map_err(|error| error.status())
    };
    assert_eq!(decide(None, Role::Operator), Ok(true));
    assert_eq!(decide(Some(false), Role::Poweruser), Err(StatusCode::FORBIDDEN));
    assert_eq!(decide(Some(false), Role::Admin), Ok(false));
    let wish = fanlight::recordings::Wish { entry: Some(false), request: None };
    assert_eq!(fixture.app.recordings.decide("kettle", wish, Role::Operator).ok(), Some(false));
    let wish = fanlight::recordings::Wish { entry: None, request: Some(true) };
    assert_eq!(fixture.app.recordings.decide("other", wish, Role::Operator).ok(), Some(true));

    kettle_of(&fixture, "a", json!({ "record": false })).await;
    assert_eq!(fixture.get("/api/recordings").await.body, json!([]));
    let wrong = merge(fixture.kettle_request(), json!({ "record": "yes" }));
    let reply = fixture.post("/api/sessions", wrong).await;
    assert!(reply.body["fields"]["record"].is_string(), "{}", reply.body);
}

#[tokio::test]
async fn keys_are_recorded_where_that_is_configured() {
    let fixture = Fixture::with(|config| {
        config.recordings.record = true;
        config.recordings.include_keys = true;
    })
    .await;
    kettle_of(&fixture, "tea", json!({})).await;
    let one = ended(&fixture).await;
    let shown = played(&fixture, one["name"].as_str().unwrap()).await;
    let typed: Vec<_> = shown.iter().filter(|i| i[0] == "key" && i[2] == "1").collect();
    assert_eq!(typed.iter().map(|i| i[1].as_str()).collect::<Vec<_>>(), ["116", "101", "97"]);
}

#[tokio::test]
async fn others_recordings_are_hidden_where_that_is_configured() {
    let fixture = Fixture::with(|config| {
        config.recordings.record = true;
        config.recordings.list_own_only = true;
    })
    .await;
    kettle_of(&fixture, "a", json!({})).await;
    let one = ended(&fixture).await;
    let path = format!("/api/recordings/{}", one["name"].as_str().unwrap());
    let stranger = person(&fixture, "stranger", Role::Operator).await;
    let get = async |path: &str| {
        let request = reqwest::Client::new().get(format!("http://{}{path}", fixture.address));
        let answer = request.header("cookie", &stranger.cookie).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(get("/api/recordings").await, (StatusCode::OK, "[]".to_owned()));
    for suffix in ["", "/index", "/about"] {
        assert_eq!(get(&format!("{path}{suffix}")).await.0, StatusCode::NOT_FOUND, "{suffix}");
    }
    assert_eq!(one["own"], true);
}

/// A file system of `kilobytes`, unmounted when dropped. Needs the right to mount.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(kilobytes: u32) -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let size = format!("size={kilobytes}k");
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "fanlight-tests"]).arg(folder.path());
        assert!(mount.status().unwrap().success(), "this test has to mount a file system");
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = std::process::Command::new("umount");
        let _ = unmount.arg("--lazy").arg(self.0.path()).status();
    }
}

/// A frame that compresses badly.
fn noise(seed: u64) -> String {
    let mut blobs = String::new();
    let mut state = seed;
    for _ in 0..16 {
        let mut text = String::new();
        while text.len() < 2048 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text += &format!("{:012x}", state >> 16);
        }
        blobs += &format!("4.blob,1.0,{}.{text};", text.len());
    }
    let begin = "3.img,1.0,2.14,1.0,9.image/png,1.0,1.0;";
    format!("{begin}{blobs}3.end,1.0;4.sync,1.{};", seed % 10)
}

/// A session whose recording does not fit on its disk; returns when that was noticed.
async fn overfull(fixture: &Fixture) -> (Made, crate::harness::Viewer) {
    let made = fixture.scripted(json!({})).await;
    let mut viewer = fixture.own(&made).await;
    viewer.until("ready").await;
    for seed in 0..200 {
        fixture.script.last().say(noise(seed));
        loop {
            match viewer.next().await {
                Some(one) if one[0] == "sync" => break,
                Some(one) if one[0] == "recording" && one[1] == "failed" => {
                    return (made, viewer);
                }
                Some(_) => {}
                None => return (made, viewer),
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the disk is not full");
}

#[tokio::test]
async fn bar_74_on_a_full_disk_the_recording_ends_and_the_session_goes_on() {
    let disk = SmallDisk::mount(256);
    let fixture = Fixture::with(|config| {
        config.recordings.record = true;
        config.recordings.dir = disk.0.path().to_owned();
    })
    .await;
    let (made, mut viewer) = overfull(&fixture).await;
    let one = ended(&fixture).await;
    assert_eq!(one["status"], "failed", "{one}");
    let shown = played(&fixture, one["name"].as_str().unwrap()).await;
    assert!(shown.len() > 16, "what was written before plays");
    let told = audited(&fixture, "recording_fail").await;
    let details = told["items"][0]["details"].to_string();
    assert!(details.contains("No space left") && details.contains("goes on"), "{told}");
    fixture.script.last().say("4.size,1.0,2.64,2.64;4.sync,1.9;");
    viewer.until("size").await;
    fixture.wait_for_status(&made, "active").await;
    fixture.delete(&format!("/api/sessions/{}", made.id())).await;
}

#[tokio::test]
async fn bar_74_on_a_full_disk_the_session_ends_where_that_is_configured() {
    let disk = SmallDisk::mount(256);
    let fixture = Fixture::with(|config| {
        config.recordings.record = true;
        config.recordings.dir = disk.0.path().to_owned();
        config.recordings.on_failure = OnFailure::EndSession;
    })
    .await;
    let (made, _viewer) = overfull(&fixture).await;
    let session = fixture.wait_for_status(&made, "error").await;
    let why = session["ended_because"].as_str().unwrap();
    assert!(why.contains("has to be recorded"), "{why}");
    let told = audited(&fixture, "recording_fail").await;
    assert!(told["items"][0]["details"].to_string().contains("the session ends"), "{told}");

    let refused = fixture.scripted(json!({})).await;
    std::fs::write(disk.0.path().join("filler"), vec![7; 1024 * 1024]).unwrap_err();
    let (why, _) = fixture.own(&refused).await.until_error().await;
    assert!(why.contains("has to be recorded"), "nothing begins unrecorded: {why}");
}

#[tokio::test]
async fn bar_77_retention_deletes_what_is_beyond_the_limits_and_never_a_live_one() {
    let fixture = Fixture::with(|config| {
        config.recordings.record = true;
        config.recordings.max_count = Some(1);
    })
    .await;
    let live = fixture.make(fixture.kettle_request()).await;
    let mut viewer = fixture.own(&live).await;
    viewer.until("cfill").await;
    recording(&fixture, |one| one["size_bytes"].as_u64() > Some(0)).await;
    for _ in 0..2 {
        kettle_of(&fixture, "a", json!({})).await;
    }
    let names = async || {
        let all = fixture.get("/api/recordings").await.body;
        let all = all.as_array().unwrap().clone();
        all.into_iter().map(|one| one["session_id"].clone()).collect::<Vec<_>>()
    };
    let mut left = names().await;
    for _ in 0..500 {
        if left.len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        left = names().await;
    }
    assert_eq!(left, [live.0["session_id"].clone()], "only the live one, though it is the oldest");
    assert_eq!(files(&fixture.app.config.recordings.dir).len(), 1);
    let told = fixture.get("/api/admin/audit?action=recording_expire").await.body;
    assert_eq!(told["items"].as_array().unwrap().len(), 2, "{told}");
    viewer.key('x').await;
    while viewer.until("cfill").await[3] != "10" {}
    fixture.delete(&format!("/api/sessions/{}", live.id())).await;
    assert_eq!(ended(&fixture).await["status"], "complete");
}

#[tokio::test]
async fn rows_and_files_are_brought_together_at_the_start() {
    let fixture = fixture().await;
    for _ in 0..2 {
        kettle_of(&fixture, "abc", json!({})).await;
    }
    let all = recording(&fixture, |one| one["status"] == "complete").await;
    let dir = fixture.app.config.recordings.dir.clone();
    let (kept, mut gone) = (all["name"].as_str().unwrap().to_owned(), String::new());
    for one in fixture.get("/api/recordings").await.body.as_array().unwrap() {
        if one["name"] != kept.as_str() {
            gone = one["name"].as_str().unwrap().to_owned();
        }
    }
    let before = played(&fixture, &kept).await;
    fixture.app.store.drop_recording(&kept).await.unwrap();
    std::fs::remove_file(dir.join(format!("{gone}.flrec"))).unwrap();
    let copy = format!("{kept}-copy");
    std::fs::copy(dir.join(format!("{kept}.flrec")), dir.join(format!("{copy}.flrec"))).unwrap();
    let whole = std::fs::metadata(dir.join(format!("{copy}.flrec"))).unwrap().len();
    let cut = std::fs::OpenOptions::new().write(true).open(dir.join(format!("{copy}.flrec")));
    cut.unwrap().set_len(whole - 20).unwrap();
    std::fs::write(dir.join("foreign.flrec"), "no recording").unwrap();
    let folder = fixture.stop().await;

    let fixture = Fixture::with_folder(folder, |config| config.recordings.record = true).await;
    let mut found: Vec<_> = fixture.get("/api/recordings").await.body.as_array().unwrap().clone();
    found.sort_by_key(|one| one["name"].as_str().unwrap().len());
    let names: Vec<_> = found.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, [kept.as_str(), copy.as_str()], "{found:?}");
    assert_eq!(
        (&found[0]["status"], &found[1]["status"]),
        (&json!("complete"), &json!("interrupted"))
    );
    assert_eq!(found[0]["created_by"], all["created_by"]);
    assert_eq!(played(&fixture, &kept).await, before);
    assert_eq!(played(&fixture, &copy).await, before, "only its index was missing");
}

/// The events of a kind, once there is one.
async fn audited(fixture: &Fixture, action: &str) -> Value {
    for _ in 0..500 {
        let told = fixture.get(&format!("/api/admin/audit?action={action}")).await.body;
        if told["items"][0].is_object() {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was told of {action}");
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
