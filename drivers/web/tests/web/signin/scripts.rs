use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fanlight_core::Secret;
use fanlight_driver_web::signin::{ScriptFault, ScriptJob, Scripts};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::site::Sites;
use crate::browser::Browser;
use crate::home::{NOBODY, is_root};

const PATIENCE: Duration = Duration::from_secs(120);
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const PASSWORD: &str = "p&ss wörd";

/// A folder of login scripts, which they may read and execute, with one that they may write.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("fanlight-scripts").tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::set_permissions(out, Permissions::from_mode(0o777)).unwrap();
        Self(folder)
    }

    fn with(self, name: &str, text: &str) -> Self {
        let file = self.0.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// One of the examples of the documentation, with what it needs.
    fn with_example(self, name: &str) -> Self {
        let text = fs::read_to_string(format!("{ROOT}/docs/examples/login-scripts/{name}"));
        self.with(name, &text.unwrap())
    }

    fn with_playwright(self) -> Self {
        let modules = self.0.path().join("node_modules");
        fs::create_dir(&modules).unwrap();
        let library = Path::new(ROOT).join("tests/browser/node_modules/playwright-core");
        let copied = Command::new("cp").arg("-rL").arg(library).arg(modules).status().unwrap();
        assert!(copied.success(), "run npm ci in tests/browser");
        self
    }

    fn out(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join("out").join(name)).unwrap()
    }

    /// What becomes of a script.
    async fn run(&self, name: &str, limit: Duration, browser: &Browser) -> Result<(), ScriptFault> {
        let scripts = Scripts {
            folder: self.0.path().to_owned(),
            account: is_root().then_some(NOBODY),
            namespaces: true,
            limit,
        };
        let job = ScriptJob {
            name: name.to_owned(),
            username: Some(Secret::new("ann".to_owned())),
            password: Some(Secret::new(PASSWORD.to_owned())),
            url: "http://simple.test/".to_owned(),
            session_id: Uuid::nil(),
        };
        scripts.start(job, browser.connection.clone()).await?.finish().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_of_login_scripts_sign_in() {
    let sites = Sites::start().await;
    let browser = Browser::start(&sites.world()).await;
    browser.open("about:blank").await;
    let folder =
        Folder::new().with_example("sign-in.mjs").with_example("sign-in.py").with_playwright();
    for (name, forms) in [("sign-in.mjs", 1), ("sign-in.py", 2)] {
        folder.run(name, PATIENCE, &browser).await.unwrap();
        let sent = sites.sent();
        assert_eq!(sent.len(), forms, "{name}: {sent:?}");
        assert_eq!(sent[forms - 1].body, "q=&who=ann&pass=p%26ss+w%C3%B6rd", "{name}");
        // The person has the page that the script came to.
        let tabs = browser.tabs().await;
        assert!(tabs.contains(&"http://simple.test/done".to_owned()), "{name}: {tabs:?}");
    }
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bar_80_a_script_hears_its_secrets_on_standard_input_alone() {
    let sites = Sites::start().await;
    let browser = Browser::start(&sites.world()).await;
    let look = "#!/bin/sh\ncat > out/input\nenv > out/env\ntr '\\0' ' ' < /proc/self/cmdline \
                > out/arguments\nid -u > out/user\necho not well >&2\nexit 3\n";
    let folder = Folder::new().with("look", look).with("text", "");
    let failed = folder.run("look", PATIENCE, &browser).await.unwrap_err();
    assert_eq!(failed, ScriptFault::Failed("look".into(), "code 3".into()));
    let input: Value = serde_json::from_str(&folder.out("input")).unwrap();
    assert_eq!(input["username"], "ann");
    assert_eq!(input["password"], PASSWORD);
    assert_eq!(input["url"], "http://simple.test/");
    assert_eq!(input["session_id"], Uuid::nil().to_string());
    let cdp_url = input["cdp_url"].as_str().unwrap();
    assert!(cdp_url.starts_with("ws://127.0.0.1:"), "{cdp_url}");
    for place in ["env", "arguments"] {
        let text = folder.out(place);
        assert!(!text.contains("p&ss") && !text.contains("devtools"), "{place}: {text}");
    }
    let user = if is_root() { NOBODY.uid } else { rustix::process::geteuid().as_raw() };
    assert_eq!(folder.out("user").trim(), user.to_string());
    // What it knew is worth nothing any more.
    assert!(tokio_tungstenite::connect_async(cdp_url).await.is_err());
    for nothing in ["none", "../look", "out", "sub/look"] {
        let refused = folder.run(nothing, PATIENCE, &browser).await.unwrap_err();
        let known = matches!(refused, ScriptFault::Missing(_) | ScriptFault::NoProgram(_));
        assert!(known, "{nothing}: {refused}");
    }
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bar_70_a_script_that_overruns_is_ended_with_all_that_it_started() {
    let sites = Sites::start().await;
    let browser = Browser::start(&sites.world()).await;
    let name = format!("{}", 86_400 + std::process::id());
    let slow = format!("#!/bin/sh\nsleep {name} &\nsetsid sleep {name} &\nsleep {name}\n");
    let folder = Folder::new().with("slow", &slow);
    let running = || {
        let all = fs::read_dir("/proc").unwrap().flatten();
        let lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
        lines.filter(|line| *line == format!("sleep\0{name}\0").into_bytes()).count()
    };
    let limit = Duration::from_secs(5);
    let began = async {
        while running() < 3 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let (ended, began) = tokio::join!(folder.run("slow", limit, &browser), timeout(limit, began));
    began.unwrap();
    assert_eq!(ended.unwrap_err(), ScriptFault::TimedOut("slow".into()));
    let gone = async {
        while running() > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
    browser.end().await;
}
