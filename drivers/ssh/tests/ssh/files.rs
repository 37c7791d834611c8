//! Files beside the shell, by the Guacamole object protocol against OpenSSH's SFTP server.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use base64_simd::STANDARD;
use serde_json::{Value, json};

use crate::session::{Session, check, open, plan};
use crate::sshd::Sshd;

const INDEX: &str = "application/vnd.glyptodon.guacamole.stream-index+json";
const LISTING: &str = "application/vnd.fanlight.listing+json";
const OCTETS: &str = "application/octet-stream";

/// A server with SFTP, and a folder with files on it.
struct World {
    server: Sshd,
    key: String,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let server = Sshd::with("Subsystem sftp /usr/lib/openssh/sftp-server");
        let key = server.make_key("key", &["-t", "ed25519", "-N", ""]);
        Self { server, key, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fields(&self, more: Value) -> Value {
        let mut fields = json!({
            "hostname": "127.0.0.1",
            "port": self.server.port,
            "username": Sshd::user(),
            "private_key": self.key,
            "enable_drive": true,
        });
        let more = more.as_object().unwrap().clone();
        fields.as_object_mut().unwrap().extend(more);
        fields
    }

    /// A session that shows the whole folder, and nothing else.
    async fn open(&self) -> Files {
        self.open_with(json!({})).await
    }

    async fn open_with(&self, more: Value) -> Files {
        let mut fields = self.fields(json!({ "sftp_root_directory": self.folder.path() }));
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Files::of(open(fields).await).await
    }
}

/// A viewer with a file system.
struct Files {
    session: Session,
    object: String,
    name: String,
}

type Fetched = Result<(String, Vec<u8>), (String, String)>;

impl Files {
    async fn of(session: Session) -> Self {
        let told = session.told().await;
        assert_eq!(told[0], "filesystem", "{told:?}");
        let (object, name) = (told[1].clone(), told[2].clone());
        Self { session, object, name }
    }

    /// Fetches a file or a folder: its mimetype and content, or why not.
    async fn get(&self, path: &str) -> Fetched {
        self.session.send("get", &[&self.object, path]).await;
        self.receive(path).await
    }

    async fn list(&self, path: &str) -> Value {
        self.session.send("get", &[&self.object, path, LISTING]).await;
        let (mimetype, json) = self.receive(path).await.unwrap();
        assert_eq!(mimetype, LISTING);
        serde_json::from_slice(&json).unwrap()
    }

    async fn receive(&self, path: &str) -> Fetched {
        let told = self.session.told().await;
        if told[0] == "fault" {
            assert_eq!((&told[1], told[2].as_str()), (&self.object, path));
            return Err((told[4].clone(), told[3].clone()));
        }
        assert_eq!((told[0].as_str(), &told[1], told[4].as_str()), ("body", &self.object, path));
        let (stream, mimetype) = (told[2].clone(), told[3].clone());
        let mut content = Vec::new();
        loop {
            self.session.send("ack", &[&stream, "OK", "0"]).await;
            let told = self.session.told().await;
            assert_eq!(told[1], stream, "{told:?}");
            match told[0].as_str() {
                "blob" => content.extend(STANDARD.decode_to_vec(&told[2]).unwrap()),
                "end" => return Ok((mimetype, content)),
                _ => panic!("{told:?}"),
            }
        }
    }

    /// Puts a file; the status of the last answer.
    async fn put(&self, path: &str, content: &[u8]) -> String {
        self.session.send("put", &[&self.object, "5", OCTETS, path]).await;
        self.upload(content).await
    }

    async fn drop_on_screen(&self, name: &str, content: &[u8]) -> String {
        self.session.send("file", &["5", OCTETS, name]).await;
        self.upload(content).await
    }

    async fn upload(&self, content: &[u8]) -> String {
        let status = self.answer().await;
        if status != "0" {
            return status;
        }
        for piece in content.chunks(6048) {
            self.session.send("blob", &["5", &STANDARD.encode_to_string(piece)]).await;
            let status = self.answer().await;
            if status != "0" {
                return status;
            }
        }
        self.session.send("end", &["5"]).await;
        self.answer().await
    }

    async fn answer(&self) -> String {
        let told = self.session.told().await;
        assert_eq!((told[0].as_str(), told[1].as_str()), ("ack", "5"), "{told:?}");
        told[3].clone()
    }
}

fn text(fetched: Fetched) -> String {
    String::from_utf8(fetched.unwrap().1).unwrap()
}

fn noise(length: usize) -> Vec<u8> {
    let mut noise = vec![0; length];
    getrandom::fill(&mut noise).unwrap();
    noise
}

/// Why a path could not be fetched, as a status code.
fn status(fetched: Fetched) -> String {
    fetched.expect_err("it was fetched").0
}

const NOT_FOUND: &str = "516";
const FORBIDDEN: &str = "771";
const BAD_REQUEST: &str = "768";

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_listed_as_guacd_does_and_with_sizes_and_times() {
    let world = World::new();
    fs::create_dir(world.path("inner")).unwrap();
    fs::write(world.path("fünf\n\"\u{1F600}"), "12345").unwrap();
    symlink("inner", world.path("link")).unwrap();
    symlink("nowhere", world.path("dangling")).unwrap();
    let files = world.open().await;
    assert_eq!(Path::new(&files.name), world.folder.path());

    let (mimetype, index) = files.get("/").await.unwrap();
    assert_eq!(mimetype, INDEX);
    let index: Value = serde_json::from_slice(&index).unwrap();
    let expected = json!({
        "/inner": INDEX, "/link": INDEX, "/fünf\n\"\u{1F600}": OCTETS, "/dangling": OCTETS,
    });
    assert_eq!(index, expected);

    let listing = files.list("/").await;
    let file = &listing["/fünf\n\"\u{1F600}"];
    let meta = fs::metadata(world.path("fünf\n\"\u{1F600}")).unwrap();
    let changed = meta.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!((&file["type"], &file["size"]), (&json!("file"), &json!(5)));
    assert_eq!(file["modified"], json!(changed.as_secs() * 1000));
    assert_eq!(listing["/link"]["type"], "folder");
    assert_eq!(files.list("/inner").await, json!({}));
    assert_eq!(text(files.get("/fünf\n\"\u{1F600}").await), "12345");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_entries_come_in_pieces() {
    let world = World::new();
    for number in 0..5000 {
        fs::write(world.path(&format!("a rather long name to fill blobs {number}")), "").unwrap();
    }
    let files = world.open().await;
    assert_eq!(files.list("/").await.as_object().unwrap().len(), 5000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_what_is_fetched() {
    let world = World::new();
    let files = world.open().await;
    for (name, length) in
        [("/empty", 0), ("/one", 1), ("/ä \u{1F600}.bin", 6048), ("/big", 5_000_000)]
    {
        let content = noise(length);
        assert_eq!(files.put(name, &content).await, "0", "{name}");
        assert_eq!(fs::read(world.path(&name[1..])).unwrap(), content, "{name}");
        let (mimetype, fetched) = files.get(name).await.unwrap();
        assert!(fetched == content && mimetype == OCTETS, "{name}");
    }
    assert_eq!(files.put("/big", b"short").await, "0");
    assert_eq!(fs::read(world.path("big")).unwrap(), b"short", "an old file is emptied first");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_travel_at_once() {
    let world = World::new();
    let contents: Vec<_> = (0..4).map(|_| noise(300_000)).collect();
    for (number, content) in contents.iter().enumerate() {
        fs::write(world.path(&number.to_string()), content).unwrap();
    }
    let files = world.open().await;
    for number in 0..4 {
        files.session.send("get", &[&files.object, &format!("/{number}")]).await;
    }
    let mut streams = std::collections::HashMap::new();
    let (mut ended, mut turns, mut last) = (0, 0, String::new());
    while ended < 4 {
        let told = files.session.told().await;
        let stream = told[usize::from(told[0] == "body") + 1].clone();
        turns += usize::from(stream != last);
        last.clone_from(&stream);
        match told[0].as_str() {
            "body" => drop(streams.insert(stream.clone(), (told[4].clone(), Vec::new()))),
            "blob" => {
                let piece = STANDARD.decode_to_vec(&told[2]).unwrap();
                streams.get_mut(&stream).unwrap().1.extend(piece);
            }
            _ => ended += 1,
        }
        files.session.send("ack", &[&stream, "OK", "0"]).await;
    }
    for (name, content) in streams.into_values() {
        assert!(content == contents[name[1..].parse::<usize>().unwrap()], "{name}");
    }
    assert!(turns > 8, "one after the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_47_a_viewer_that_does_not_acknowledge_is_sent_no_more_than_the_window() {
    let world = World::new();
    fs::write(world.path("big"), noise(3_000_000)).unwrap();
    let files = world.open().await;
    files.session.send("get", &[&files.object, "/big"]).await;
    let stream = files.session.told().await[2].clone();
    assert!(files.session.is_told_nothing().await, "the body was not acknowledged");
    files.session.send("ack", &[&stream, "OK", "0"]).await;
    for _ in 0..32 {
        assert_eq!(files.session.told().await[0], "blob");
    }
    assert!(files.session.is_told_nothing().await);
    files.session.send("ack", &[&stream, "OK", "0"]).await;
    assert_eq!(files.session.told().await[0], "blob");
    assert!(files.session.is_told_nothing().await);

    files.session.send("ack", &[&stream, "Cancelled", "256"]).await;
    files.session.send("ack", &[&stream, "OK", "0"]).await;
    assert!(files.session.is_told_nothing().await, "it was cancelled");
    assert_eq!(files.put("/after", b"well").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_38_nothing_outside_the_root_is_reached() {
    let world = World::new();
    fs::create_dir(world.path("root")).unwrap();
    fs::create_dir(world.path("root2")).unwrap();
    for name in ["secret", "root2/secret", "root/inside"] {
        fs::write(world.path(name), "secret").unwrap();
    }
    symlink(world.path("secret"), world.path("root/out")).unwrap();
    symlink(world.path("root2"), world.path("root/beside")).unwrap();
    symlink(world.path("fresh"), world.path("root/dangling")).unwrap();
    symlink("inside", world.path("root/within")).unwrap();
    let root = json!({ "sftp_root_directory": world.path("root") });
    let files = world.open_with(root).await;

    for climbing in ["/../secret", "/x/../../secret", "/./../root2/secret"] {
        assert_eq!(status(files.get(climbing).await), NOT_FOUND, "{climbing}");
    }
    for led in ["/out", "/beside", "/beside/secret"] {
        assert_eq!(status(files.get(led).await), FORBIDDEN, "{led}");
    }
    for broken in ["secret", "", "/..\\secret", "/a\0"] {
        assert_eq!(status(files.get(broken).await), BAD_REQUEST, "{broken:?}");
    }
    for written in ["/out", "/beside/new", "/dangling"] {
        assert_eq!(files.put(written, b"overwritten").await, FORBIDDEN, "{written}");
    }
    assert_eq!(files.put("/../climbed", b"inside").await, "0");
    for name in ["../secret", "..", "", "a/b"] {
        assert_eq!(files.drop_on_screen(name, b"").await, BAD_REQUEST, "{name:?}");
    }
    assert_eq!(text(files.get("/within").await), "secret");
    let listing = files.list("/").await;
    assert_eq!(listing["/beside"], json!({ "type": "file" }), "what is outside is not told of");

    assert!(fs::exists(world.path("root/climbed")).unwrap());
    assert!(
        !fs::exists(world.path("fresh")).unwrap() && !fs::exists(world.path("root2/new")).unwrap()
    );
    assert_eq!(fs::read_to_string(world.path("secret")).unwrap(), "secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn pipes_and_devices_are_not_opened() {
    let world = World::new();
    let pipe = world.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let files = world.open().await;
    assert_eq!(status(files.get("/pipe").await), FORBIDDEN);
    assert_eq!(files.put("/pipe", b"x").await, FORBIDDEN);
    assert_eq!(files.list("/").await["/pipe"]["type"], "file", "the service still answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_are_enforced() {
    let world = World::new();
    fs::write(world.path("file"), "content").unwrap();
    let files = world.open_with(json!({ "disable_download": true })).await;
    assert_eq!(status(files.get("/file").await), FORBIDDEN);
    assert_eq!(files.list("/").await["/file"]["size"], 7);
    assert_eq!(files.put("/new", b"new").await, "0");

    let files = world.open_with(json!({ "disable_upload": true })).await;
    assert_eq!(files.put("/new", b"other").await, FORBIDDEN);
    assert_eq!(files.drop_on_screen("new", b"other").await, FORBIDDEN);
    assert_eq!(text(files.get("/new").await), "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_root_all_is_shown_and_dropped_files_go_home() {
    let world = World::new();
    let home = tempfile::tempdir().unwrap();
    // The start folder stands for the home folder, which tests leave alone.
    let more = format!("Subsystem sftp /usr/lib/openssh/sftp-server -d {}", home.path().display());
    let world = World { server: Sshd::with(&more), ..world };
    let key = world.server.make_key("key", &["-t", "ed25519", "-N", ""]);
    let world = World { key, ..world };
    let files = Files::of(open(world.fields(json!({}))).await).await;
    assert_eq!(files.name, "/");
    assert_eq!(files.drop_on_screen("dröpped", b"here").await, "0");
    assert_eq!(fs::read(home.path().join("dröpped")).unwrap(), b"here");
    let path = format!("{}/dröpped", home.path().display());
    assert_eq!(text(files.get(&path).await), "here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_sftp_has_its_shell_and_the_viewer_is_told() {
    let server = Sshd::with("");
    let key = server.make_key("key", &["-t", "ed25519", "-N", ""]);
    let world = World { server, key, folder: tempfile::tempdir().unwrap() };
    let session = open(world.fields(json!({}))).await;
    let told = session.told().await;
    assert_eq!(told[0], "notice");
    assert!(told[1].contains("SFTP"), "{told:?}");
    session.wait_for_shell().await;

    let missing = json!({ "sftp_root_directory": "/does/not/exist" });
    let world = World::new();
    let session = open(world.fields(missing)).await;
    let told = session.told().await;
    assert!(told[0] == "notice" && told[1].contains("sftp_root_directory"), "{told:?}");
    session.wait_for_shell().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_file_service_is_withdrawn_and_the_shell_goes_on() {
    let server = Sshd::with("Subsystem sftp /usr/lib/openssh/sftp-server");
    let key = server.make_key("key", &["-t", "ed25519", "-N", ""]);
    let world = World { server, key, folder: tempfile::tempdir().unwrap() };
    let files = world.open().await;
    files.session.wait_for_shell().await;
    // The shell and the file service are children of the same process.
    files.session.type_text("pkill -f '^/usr/lib/openssh/sftp-server' -P $PPID\n").await;
    assert_eq!(files.session.told().await, ["undefine", &files.object]);
    assert_eq!(files.session.told().await[0], "notice");
    files.session.wait_for_shell().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_not_offered_unasked() {
    let world = World::new();
    let session = open(world.fields(json!({ "enable_drive": false }))).await;
    session.wait_for_shell().await;
    assert!(session.is_told_nothing().await);
    session.send("get", &["1", "/"]).await;
    assert_eq!(session.told().await[0], "fault");
}

#[tokio::test]
async fn settings_become_guacds_parameters() {
    let fields = json!({
        "hostname": "h", "enable_drive": true, "sftp_root_directory": "/srv",
        "disable_download": true, "disable_upload": true,
    });
    let plan = plan(fields, fanlight_core::EngineKind::Guacd).await.unwrap();
    for (name, value) in [
        ("enable-sftp", "true"),
        ("sftp-root-directory", "/srv"),
        ("sftp-disable-download", "true"),
        ("sftp-disable-upload", "true"),
    ] {
        assert_eq!(plan.parameters.get(name), Some(value), "{name}");
    }
    for (fields, field) in [
        (json!({ "hostname": "h", "sftp_root_directory": "/x" }), "sftp_root_directory"),
        (
            json!({ "hostname": "h", "enable_drive": true, "sftp_root_directory": "x" }),
            "sftp_root_directory",
        ),
        (json!({ "hostname": "h", "enable_drive": true, "read_only": true }), "enable_drive"),
    ] {
        assert_eq!(check(fields).first().map(|error| error.field.as_str()), Some(field));
    }
}
