//! Entries of other programs, and the book's way from one store to the other: by the command,
//! as an administrator runs it.

use std::fs;

use fanlight::book::{BookStore, SealedStore, VaultStore};
use fanlight::config::Config;
use fanlight::store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::run;
use crate::harness::{BOOK_KEY, configuration};
use crate::openbao::OpenBao;

const CSV: &str = "\
name,type,folder,hostname,port,username,password,tags,prompt_credentials
Web server,ssh,production,192.0.2.1,2222,root,canary-csv,web;eu,
\"Desk, 1\",rdp,,192.0.2.2,,ann,,,true
bad,ssh,,192.0.2.3,65536,,,,
odd,gopher,,192.0.2.4,,,,,
";

const OPENSSH: &str = "\
Host bastion
    HostName bastion.example.com
    User jump
    Port 2222
Host web-? !web-9
    ProxyJump bastion
    User=deploy
Host web-1 web-2
    HostName %h.internal
    ServerAliveInterval 15
    ForwardAgent yes
Host round
    ProxyJump round
    HostName 192.0.2.9
Match host x
    User nobody
Include conf.d/*
Host *
    User \"someone\"
    Port 22
";

/// As mysqldump writes Guacamole's tables, with what it knows and this gateway does not.
const MYSQL: &str = r"-- MySQL dump 10.13
CREATE TABLE `guacamole_connection_group` (
  `connection_group_id` int(11) NOT NULL AUTO_INCREMENT,
  `parent_id` int(11) DEFAULT NULL,
  `connection_group_name` varchar(128) NOT NULL,
  `type` enum('ORGANIZATIONAL','BALANCING') NOT NULL DEFAULT 'ORGANIZATIONAL',
  PRIMARY KEY (`connection_group_id`),
  CONSTRAINT `x` FOREIGN KEY (`parent_id`) REFERENCES `guacamole_connection_group` (`connection_group_id`)
) ENGINE=InnoDB;
INSERT INTO `guacamole_connection_group` VALUES (1,NULL,'Sites','ORGANIZATIONAL'),(2,1,'Berlin','ORGANIZATIONAL');
CREATE TABLE `guacamole_connection` (
  `connection_id` int(11) NOT NULL AUTO_INCREMENT,
  `connection_name` varchar(128) NOT NULL,
  `parent_id` int(11) DEFAULT NULL,
  `protocol` varchar(32) NOT NULL,
  `max_connections` int(11) DEFAULT NULL,
  PRIMARY KEY (`connection_id`)
);
INSERT INTO `guacamole_connection` VALUES (1,'Bob\'s; (shell)',2,'ssh',5),(2,'Desk',NULL,'rdp',NULL),(3,'pods',NULL,'kubernetes',NULL);
CREATE TABLE `guacamole_connection_parameter` (`connection_id` int, `parameter_name` varchar(128), `parameter_value` varchar(4096));
INSERT INTO `guacamole_connection_parameter` VALUES (1,'hostname','192.0.2.1'),(1,'port','22'),(1,'password','canary\'; -- \\ x'),(1,'font-size','14'),(1,'color-scheme','none; such'),(1,'wol-send-packet','true'),(2,'hostname','192.0.2.2'),(2,'username','${GUAC_USERNAME}'),(2,'password','${GUAC_PASSWORD}'),(2,'ignore-cert','true');
CREATE TABLE `guacamole_user` (`user_id` int);
INSERT INTO `guacamole_user` VALUES (1),(2);
";

/// The same, as `pg_dump` writes it.
const POSTGRESQL: &str = "\
COPY public.guacamole_connection_group (connection_group_id, parent_id, connection_group_name, type) FROM stdin;
1\t\\N\tSites\tORGANIZATIONAL
2\t1\tBerlin\tORGANIZATIONAL
\\.
COPY public.guacamole_connection (connection_id, connection_name, parent_id, protocol, max_connections) FROM stdin;
1\tBob's; (shell)\t2\tssh\t5
2\tDesk\t\\N\trdp\t\\N
3\tpods\t\\N\tkubernetes\t\\N
\\.
COPY public.guacamole_connection_parameter (connection_id, parameter_name, parameter_value) FROM stdin;
1\thostname\t192.0.2.1
1\tport\t22
1\tpassword\tcanary'; -- \\\\ x
1\tfont-size\t14
1\tcolor-scheme\tnone; such
1\twol-send-packet\ttrue
2\thostname\t192.0.2.2
2\tusername\t${GUAC_USERNAME}
2\tpassword\t${GUAC_PASSWORD}
2\tignore-cert\ttrue
\\.
COPY public.guacamole_user (user_id) FROM stdin;
1
2
\\.
";

/// What the command said, and whether it is content.
struct Said {
    lines: Vec<String>,
    complaint: String,
}

struct Office {
    data: TempDir,
    settings: Vec<(&'static str, Value)>,
}

impl Office {
    fn new(settings: Vec<(&'static str, Value)>) -> Self {
        Self { data: TempDir::new().unwrap(), settings }
    }

    fn config(&self) -> Config {
        configuration(&self.data, &self.settings)
    }

    async fn say(&self, words: &[&str]) -> Said {
        let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let own = ("book.key", json!(BOOK_KEY));
        for (key, value) in self.settings.iter().chain([&own]) {
            all.extend(["--set".to_owned(), format!("{key}={value}")]);
        }
        let folder = self.data.path().to_owned();
        let output = tokio::task::spawn_blocking(move || {
            run(&folder, &all.iter().map(String::as_str).collect::<Vec<_>>())
        });
        let output = output.await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), !complaint.contains("fanlight: "), "{complaint}");
        assert!(!format!("{text}{complaint}").contains("canary"), "{text}{complaint}");
        Said { lines: text.lines().map(str::to_owned).collect(), complaint }
    }

    async fn import(&self, format: &str, text: &str, more: &[&str]) -> Said {
        let file = self.data.path().join("to-import");
        fs::write(&file, text).unwrap();
        let words = ["book", "import", file.to_str().unwrap(), "--format", format];
        self.say(&[words.as_slice(), more].concat()).await
    }

    /// The whole book as it is stored, secrets and all.
    async fn book(&self) -> Value {
        let config = self.config();
        let store = Store::open(&config).await.unwrap();
        let master = config.book.master_key.clone();
        contents(&SealedStore::new(store, master, &config.book.instance)).await
    }
}

async fn contents(book: &dyn BookStore) -> Value {
    let mut all = json!({});
    for folder in book.folders().await.unwrap() {
        for entry in book.entries(&folder.path).await.unwrap() {
            let path = format!("{}/{}", folder.path, entry.name);
            all[path] = Value::Object(entry.document.fields().clone());
        }
    }
    all
}

#[tokio::test]
async fn a_table_is_imported_row_by_row() {
    let office = Office::new(Vec::new());
    let said = office.import("csv", CSV, &[]).await;
    assert!(
        said.complaint.contains("these folders are not there: shared/imported, shared/production"),
        "{}",
        said.complaint
    );
    let dry = office.import("csv", CSV, &["--group", "ops", "--dry-run"]).await;
    let expected = [
        "import line 2 as shared/production/Web-server",
        "import line 3 as shared/imported/Desk-1",
        "left out line 4: port must be 1-65535",
    ];
    assert_eq!(dry.lines[..3], expected);
    assert!(dry.lines[3].starts_with("left out line 5: type must be one of:"), "{:?}", dry.lines);
    assert_eq!(
        dry.lines[4],
        "dry run, nothing was written: import: 2, there already: 0, left out: 2"
    );
    assert_eq!(office.book().await, json!({}));
    let done = office.import("csv", CSV, &["--group", "ops"]).await;
    assert_eq!(done.lines[..3], expected);
    assert!(done.complaint.contains("2 of 4 were left out"), "{}", done.complaint);
    let book = office.book().await;
    assert_eq!(
        book["shared/production/Web-server"],
        json!({ "type": "ssh", "hostname": "192.0.2.1", "port": 2222, "username": "root",
            "password": "canary-csv", "tags": ["web", "eu"], "display_name": "Web server" })
    );
    assert_eq!(book["shared/imported/Desk-1"]["prompt_credentials"], true);
    let again = office.import("csv", CSV, &[]).await;
    assert_eq!(again.lines[0], "is there line 2 as shared/production/Web-server");
    let changed = CSV.replace("192.0.2.1", "192.0.2.7");
    let other = office.import("csv", &changed, &[]).await;
    assert_eq!(
        other.lines[0],
        "left out line 2: another entry shared/production/Web-server is there"
    );
    let typo = office.import("csv", "name,type,pasword\na,ssh,canary\n", &[]).await;
    assert!(typo.complaint.contains("columns of the table: pasword"), "{}", typo.complaint);
    assert_eq!(office.book().await, book);
}

#[tokio::test]
async fn an_openssh_configuration_is_imported_with_its_jump_hosts() {
    let office = Office::new(Vec::new());
    let said = office.import("openssh", OPENSSH, &["--for-everyone"]).await;
    assert_eq!(
        said.lines,
        [
            "left behind: line 15: Match and what stands under it",
            "left behind: line 17: Include conf.d/*: import that file too",
            "import Host bastion as shared/imported/bastion",
            "import Host web-1 as shared/imported/web-1",
            "  without forwardagent yes",
            "import Host web-2 as shared/imported/web-2",
            "  without forwardagent yes",
            "left out Host round: ProxyJump round: a circle, or more than 8 hosts",
            "import: 3, there already: 0, left out: 1",
        ]
    );
    let expected = json!({
        "hostname": "web-1.internal", "username": "deploy", "port": 22, "type": "ssh",
        "server_alive_interval": 15,
        "jump_hosts": [{ "hostname": "bastion.example.com", "username": "jump", "port": 2222 }],
    });
    assert_eq!(office.book().await["shared/imported/web-1"], expected);
    let home = TempDir::new().unwrap();
    let key = home.path().join("id");
    fs::write(&key, "no key").unwrap();
    let with_key = format!("Host k\n  HostName 192.0.2.1\n  IdentityFile {}\n", key.display());
    let said = office.import("openssh", &with_key, &["--dry-run"]).await;
    assert!(said.lines[1].contains("keys are read with --identity-files only"), "{:?}", said.lines);
    let said = office.import("openssh", &with_key, &["--identity-files"]).await;
    assert!(said.lines[1].starts_with("  without private_key: "), "{:?}", said.lines);
}

#[tokio::test]
async fn both_dumps_of_guacamole_are_imported_alike() {
    let mut books = Vec::new();
    for dump in [MYSQL, POSTGRESQL] {
        let office = Office::new(Vec::new());
        let said = office.import("guacamole", dump, &["--for-everyone"]).await;
        assert_eq!(
            said.lines[..6],
            [
                "left behind: 2 users: they come from the identity provider",
                "import connection 1 \"Bob's; (shell)\" as shared/Sites-Berlin/Bob-s-shell",
                "  without max_connections 5",
                "  without parameter wol-send-packet",
                "  without color_scheme: must be one of: gray-black, white-black, green-black, \
                    black-white",
                "import connection 2 \"Desk\" as shared/imported/Desk",
            ],
            "{}",
            said.complaint
        );
        assert_eq!(
            said.lines[6],
            "left out connection 3 \"pods\": this gateway has no driver kubernetes"
        );
        books.push(office.book().await);
    }
    assert_eq!(books[0], books[1]);
    let expected = json!({
        "shared/Sites-Berlin/Bob-s-shell": { "type": "ssh", "hostname": "192.0.2.1", "port": 22,
            "password": "canary'; -- \\ x", "font_size": 14, "display_name": "Bob's; (shell)" },
        "shared/imported/Desk": { "type": "rdp", "hostname": "192.0.2.2",
            "username": "$guac_username", "password": "$guac_password", "ignore_cert": true },
    });
    assert_eq!(books[0], expected);
    let office = Office::new(Vec::new());
    let said = office.import("guacamole", "SELECT 1;", &[]).await;
    assert!(said.complaint.contains("has no table guacamole_connection"), "{}", said.complaint);
}

#[tokio::test]
async fn the_book_moves_to_vault_and_back_and_nothing_is_lost_or_overwritten() {
    let bao = OpenBao::start().await;
    let policy = r#"path "secret/*" { capabilities = ["create", "read", "update", "delete",
        "list"] }"#;
    let (role_id, secret_id) = bao.role(policy, json!({})).await;
    let office = Office::new(vec![
        ("book.vault.address", json!(bao.address())),
        ("book.vault.role_id", json!(role_id)),
        ("book.vault.secret_id", json!(secret_id)),
    ]);
    office.import("csv", CSV, &["--group", "ops"]).await;
    personal(&office).await;
    let before = office.book().await;
    let dry = office.say(&["book", "migrate", "--to", "vault", "--dry-run"]).await;
    let last = dry.lines.last().unwrap();
    assert_eq!(last, "dry run, nothing was written: copy: 5, there already: 0, left out: 0");
    let config = office.config();
    let vault = config.book.vault.clone().unwrap();
    let vault = VaultStore::new(&vault, &config.book.instance).unwrap();
    assert_eq!(contents(&vault).await, json!({}));
    let done = office.say(&["book", "migrate", "--to", "vault"]).await;
    assert_eq!(done.lines.last().unwrap(), "copy: 5, there already: 0, left out: 0");
    assert_eq!(contents(&vault).await, before);
    assert_eq!(vault.folders().await.unwrap()[0].allowed_groups, ["ops"]);
    let (own, _) = bao.secret("fanlight/personal/user-ann/credentials").await;
    assert_eq!(own, json!({ "corp_password": "canary-ann" }));
    let again = office.say(&["book", "migrate", "--to", "vault"]).await;
    assert_eq!(again.lines.last().unwrap(), "copy: 0, there already: 5, left out: 0");

    // Back, into an empty database; what has no place there is told.
    bao.put("fanlight/shared/nobody/x", json!({ "type": "ssh", "hostname": "a" })).await;
    bao.put("fanlight/shared/production/bad name", json!({ "type": "ssh" })).await;
    bao.put("fanlight/shared/production/peer", json!({ "type": "web", "url": "x" })).await;
    let empty = Office::new(office.settings.clone());
    let back = empty.say(&["book", "migrate", "--to", "database"]).await;
    let left_out: Vec<_> = back.lines.iter().filter(|line| line.starts_with("left out ")).collect();
    assert!(left_out[0].contains("fanlight/shared/production/bad name"), "{left_out:?}");
    assert!(left_out[1].starts_with("left out shared/nobody: nobody said"), "{left_out:?}");
    assert!(left_out.len() == 2 && back.complaint.contains("were left out"), "{left_out:?}");
    let mut expected = before;
    expected["shared/production/peer"] = json!({ "type": "web", "url": "x" });
    assert_eq!(empty.book().await, expected);
}

/// Ann's own password, as the gateway keeps it.
async fn personal(office: &Office) {
    use fanlight::book::{Document, EntryPath, Folder, FolderPath, Replaces, Scope};
    let config = office.config();
    let store = Store::open(&config).await.unwrap();
    let book = SealedStore::new(store, config.book.master_key.clone(), &config.book.instance);
    let path = FolderPath { scope: Scope::Personal, name: "user-ann".parse().unwrap() };
    let folder = Folder {
        path: path.clone(),
        allowed_groups: Vec::new(),
        admins_only: true,
        description: String::new(),
    };
    book.add_folder(&folder).await.unwrap();
    let own = json!({ "corp_password": "canary-ann" });
    let document = Document::new(own.as_object().cloned().unwrap());
    let entry = EntryPath { folder: path, name: "credentials".parse().unwrap() };
    book.put_entry(&entry, &document, Replaces::Nothing).await.unwrap();
}
