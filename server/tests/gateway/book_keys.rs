//! What seals the address book: a stolen database is of no use, a lost key is told, and keys
//! can be changed at any moment.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use fanlight::book::{
    BookStore as _, Document, EntryPath, Folder, FolderPath, Replaces, Scope, SealedStore,
};
use fanlight::config::{Config, MasterKeySource};
use fanlight::store::Store;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Executor as _;
use sqlx::Row as _;
use tempfile::TempDir;

use crate::book::{PROD, web_server};
use crate::database::{self, everything_kept, holds};
use crate::harness::{Fixture, choose_database, configuration};

const ENTRIES: usize = 120;

fn path(index: usize) -> EntryPath {
    let folder = FolderPath { scope: Scope::Shared, name: "many".parse().unwrap() };
    EntryPath { folder, name: format!("entry-{index}").parse().unwrap() }
}

fn with_key_file(data: &TempDir, file: &Path) -> Config {
    let mut config = configuration(data, &[]);
    config.book.master_key = MasterKeySource::File(file.to_owned());
    config
}

fn opened(store: &Store, config: &Config) -> SealedStore {
    SealedStore::new(store.clone(), config.book.master_key.clone(), &config.book.instance)
}

async fn fill(book: &SealedStore) {
    let folder = Folder {
        path: path(0).folder,
        allowed_groups: Vec::new(),
        admins_only: false,
        description: "Many".to_owned(),
    };
    book.add_folder(&folder).await.unwrap();
    for index in 0..ENTRIES {
        let fields =
            json!({ "type": "ssh", "hostname": "a", "password": format!("canary-{index}") });
        let document = Document::new(fields.as_object().cloned().unwrap());
        book.put_entry(&path(index), &document, Replaces::Nothing).await.unwrap();
    }
}

async fn assert_whole(book: &SealedStore) {
    let all = book.entries(&path(0).folder).await.unwrap();
    assert_eq!(all.len(), ENTRIES);
    for index in 0..ENTRIES {
        let entry = book.entry(&path(index)).await.unwrap();
        assert_eq!(entry.document.text("password"), Some(&*format!("canary-{index}")));
    }
}

/// Where PostgreSQL is used, the folder also names its database.
fn rotate(data: &TempDir, key_file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fanlight"));
    command.args(["book", "rotate", "--data-dir"]).arg(data.path());
    command.env("FANLIGHT_BOOK__KEY_FILE", key_file).stdout(Stdio::piped()).stderr(Stdio::piped());
    choose_database(&mut command, data.path());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

async fn count(config: &Config, query: &'static str) -> i64 {
    let mut other = database::connect(&config.database.place).await;
    other.fetch_one(query).await.unwrap().try_get(0).unwrap()
}

#[tokio::test]
async fn bar_80_a_stolen_data_directory_reveals_nothing_of_an_entry() {
    let fixture = Fixture::start().await;
    let mut entry = web_server();
    entry["username"] = json!("canary-user");
    fixture.book(&[entry]).await;
    let path = format!("{PROD}/entries/web-01");
    fixture.ask(Method::PUT, &path, json!({ "password": "canary-4713" })).await;
    fixture.ask(Method::POST, &format!("{path}/connect"), Value::Null).await;
    let kept = everything_kept(fixture.folder.path());
    assert!(holds(&kept, "production"), "the folder's name is in the clear");
    for secret in
        ["canary-4711", "correct horse", "canary-4713", "YCFYpF95I1RzG7A", crate::harness::BOOK_KEY]
    {
        assert!(!holds(&kept, secret), "{secret}");
    }
}

#[tokio::test]
async fn without_its_master_key_the_book_is_not_available_and_all_else_is() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let Fixture { gateway, folder, key, http } = fixture;
    gateway.stop().await;
    let other_key = [("book.key", json!("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="))];
    let gateway = fanlight::serve::Gateway::start(configuration(&folder, &other_key)).await;
    let fixture = Fixture { gateway: gateway.unwrap(), folder, key, http };
    for (method, path, body) in [
        (Method::GET, format!("{PROD}/entries"), Value::Null),
        (Method::PUT, format!("{PROD}/entries/web-01"), json!({ "port": 22 })),
        (
            Method::POST,
            format!("{PROD}/entries"),
            json!({ "name": "b", "type": "ssh",
            "hostname": "b" }),
        ),
        (Method::POST, format!("{PROD}/entries/web-01/connect"), Value::Null),
    ] {
        let (status, reply) = fixture.ask(method, &path, body).await;
        assert_eq!((status, &reply["code"]), (503, &json!("unavailable")), "{path}: {reply}");
    }
    let session = json!({ "session_type": "ssh", "hostname": "192.0.2.1" });
    assert_eq!(fixture.ask(Method::POST, "/api/sessions", session).await.0, 201);
}

#[tokio::test]
async fn an_entry_that_is_moved_to_another_place_does_not_open() {
    let fixture = Fixture::start().await;
    fixture.book(&[web_server()]).await;
    let place = &fixture.gateway.app.config.database.place;
    let mut other = database::connect(place).await;
    other.execute("UPDATE book_entries SET name = 'moved'").await.unwrap();
    let connect = format!("{PROD}/entries/moved/connect");
    assert_eq!(fixture.ask(Method::POST, &connect, Value::Null).await.0, 503);
}

#[tokio::test]
async fn a_rotation_that_is_killed_loses_nothing_and_is_finished_by_the_next() {
    let (data, keys) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let key_file = keys.path().join("book.keys");
    let config = with_key_file(&data, &key_file);
    let store = Store::open(&config).await.unwrap();
    let book = opened(&store, &config);
    fill(&book).await;
    let first = std::fs::read_to_string(&key_file).unwrap();
    let mut interrupted = 0;
    for milliseconds in [5, 20, 35, 50, 65, 80, 100, 130, 160, 200] {
        let mut run = rotate(&data, &key_file).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        interrupted += i32::from(run.try_wait().unwrap().is_none());
        run.kill().unwrap();
        run.wait().unwrap();
        // A gateway that ran all the time, and one that starts now.
        assert_whole(&book).await;
        assert_whole(&opened(&store, &config)).await;
    }
    assert!(interrupted > 0, "every run was done before it was killed");
    let done =
        tokio::task::spawn_blocking(move || rotate(&data, &key_file).output().map(|o| (o, data)));
    let (output, _data) = done.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains(&format!("sealed {ENTRIES} entries anew")), "{}", said(&output));
    assert_whole(&book).await;
    assert_whole(&opened(&store, &config)).await;
    assert_eq!(count(&config, "SELECT COUNT(*) FROM book_keys").await, 1);
    std::fs::write(keys.path().join("book.keys"), first).unwrap();
    let with_old_key = opened(&store, &config).entry(&path(0)).await;
    assert!(with_old_key.is_err(), "the first master key still opens entries");
}

#[tokio::test]
async fn a_gateway_writes_while_keys_change() {
    let (data, keys) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let key_file = keys.path().join("book.keys");
    let config = with_key_file(&data, &key_file);
    let store = Store::open(&config).await.unwrap();
    let (gateway, command) = (opened(&store, &config), opened(&store, &config));
    fill(&gateway).await;
    let writes = async {
        for round in 0..30_usize {
            let at = path(round % 5);
            let entry = gateway.entry(&at).await.unwrap();
            let written = gateway.put_entry(&at, &entry.document, Replaces::Version(entry.version));
            // Where the rotation came between, the writer is told and reads again.
            let _ = written.await;
        }
    };
    let rotations = async {
        for _ in 0..3 {
            command.rotate().await.unwrap();
        }
    };
    tokio::join!(writes, rotations);
    assert_whole(&gateway).await;
    command.rotate().await.unwrap();
    assert_whole(&gateway).await;
    assert_eq!(count(&config, "SELECT COUNT(*) FROM book_keys").await, 1);
}

#[tokio::test]
async fn two_rotations_at_once_lose_no_key() {
    let (data, keys) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let key_file = keys.path().join("book.keys");
    let config = with_key_file(&data, &key_file);
    let store = Store::open(&config).await.unwrap();
    fill(&opened(&store, &config)).await;
    for _ in 0..4 {
        let (one, other) = (opened(&store, &config), opened(&store, &config));
        let (first, second) = tokio::join!(one.rotate(), other.rotate());
        assert!(first.is_ok() != second.is_ok(), "one of them waits for another time");
        let refused = first.err().or(second.err()).unwrap().to_string();
        assert!(refused.contains("another run"), "{refused}");
        // One that has nothing in memory.
        assert_whole(&opened(&store, &config)).await;
    }
}

#[test]
fn the_key_file_cannot_lie_in_the_data_directory() {
    let folder = TempDir::new().unwrap();
    let inside = json!(folder.path().join("book.keys"));
    let flags =
        vec![("data_dir".to_owned(), json!(folder.path())), ("book.key_file".to_owned(), inside)];
    let sources = fanlight::config::Sources { flags, ..Default::default() };
    let error = sources.load().err().unwrap().to_string();
    assert!(error.contains("book.key_file must lie outside data_dir"), "{error}");
}
