//! A real Chromium in its fence, spoken to over its pipe.

use std::fs;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use command_fds::FdMapping;
use fanlight_driver_web::cdp::Connection;
use fanlight_driver_web::fence::{CHROMIUM_ARGUMENTS, Rules};
use serde_json::{Value, json};
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::time::{sleep, timeout};

use crate::home::{Home, serving};
use crate::world::{Fenced, World};

const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Browser {
    pub(crate) connection: Arc<Connection>,
    process: Child,
    home: Home,
    _fenced: Fenced,
}

impl Browser {
    /// One that reaches whatever is in `world`.
    pub(crate) async fn start(world: &Arc<World>) -> Self {
        Self::start_within(world, Rules::open()).await
    }

    /// One that reaches what `rules` allow.
    pub(crate) async fn start_within(world: &Arc<World>, rules: Rules) -> Self {
        let home = Home::new();
        let profile = format!("--user-data-dir={}", home.path().join("profile").display());
        let mut arguments = vec!["--headless", "--disable-gpu", "--no-first-run", &profile];
        arguments.extend(["--disable-background-networking", "--remote-debugging-pipe"]);
        arguments.extend(CHROMIUM_ARGUMENTS);
        let (commands, hears) = pipe::pipe().unwrap();
        let (tells, answers) = pipe::pipe().unwrap();
        let pipes = vec![
            mapping(hears.into_blocking_fd().unwrap(), 3),
            mapping(tells.into_blocking_fd().unwrap(), 4),
        ];
        let serve = serving(Arc::clone(world), rules);
        let (process, fenced) = home.start_with("chromium", &arguments, true, pipes, serve).await;
        let connection = Arc::new(Connection::new(answers, commands, PATIENCE));
        Self { connection, process, home, _fenced: fenced }
    }

    /// Opens a tab.
    pub(crate) async fn open(&self, url: &str) {
        let params = json!({"url": url});
        self.connection.call(None, "Target.createTarget", params).await.unwrap();
    }

    /// The addresses of all tabs.
    pub(crate) async fn tabs(&self) -> Vec<String> {
        let targets = self.connection.call(None, "Target.getTargets", json!({})).await.unwrap();
        let all = targets["targetInfos"].as_array().unwrap().iter();
        let pages = all.filter(|target| target["type"] == "page");
        pages.filter_map(|target| target["url"].as_str().map(str::to_owned)).collect()
    }

    /// The tab that shows `url`, once there is one.
    async fn tab(&self, url: &str) -> Value {
        let found = async {
            loop {
                let found = self.connection.call(None, "Target.getTargets", json!({})).await;
                let all = found.unwrap()["targetInfos"].as_array().unwrap().clone();
                if let Some(tab) = all.into_iter().find(|target| target["url"] == url) {
                    return tab["targetId"].clone();
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, found).await.unwrap()
    }

    /// What a script says in the tab that shows `url`, once it says something.
    pub(crate) async fn evaluate(&self, url: &str, script: &str) -> Value {
        let attach = json!({"targetId": self.tab(url).await, "flatten": true});
        let attached = self.connection.call(None, "Target.attachToTarget", attach).await.unwrap();
        let session = attached["sessionId"].as_str();
        let params = json!({
            "expression": script, "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        let said = async {
            // Between two documents there is nothing that could say something.
            loop {
                let said = self.connection.call(session, "Runtime.evaluate", params.clone()).await;
                match said {
                    Ok(said) if said["result"]["value"] != Value::Null => {
                        return said["result"]["value"].clone();
                    }
                    _ => sleep(Duration::from_millis(50)).await,
                }
            }
        };
        timeout(PATIENCE, said).await.unwrap()
    }

    /// Ends it, and waits until nothing of it writes into its profile any more.
    pub(crate) async fn end(mut self) {
        self.process.kill().await.unwrap();
        let emptied = async {
            let profile = self.home.path().join("profile");
            while profile.exists() && fs::remove_dir_all(&profile).is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, emptied).await.unwrap();
    }
}

fn mapping(parent_fd: OwnedFd, child_fd: i32) -> FdMapping {
    FdMapping { parent_fd, child_fd }
}
