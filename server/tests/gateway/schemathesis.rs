//! The API's own description as a source of requests: schemathesis makes them, and holds the
//! answers to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fanlight::access::Role;
use serde_json::json;
use tokio::process::Command;

use crate::harness::Fixture;

/// The release that `cargo xtask test` installs.
const VERSION: &str = "4.32.5";
const WITHIN: Duration = Duration::from_secs(180);
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";

/// What the description says of a gateway whose target or provider cannot be reached is an
/// answer, not a failure of the gateway.
const SETTINGS: &str = r#"
[[operations]]
include-path = ["/api/sessions", "/api/sessions/{id}/reconnect"]
include-method = "POST"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 502, 503, 504]

[[operations]]
include-path = ["/auth/login", "/auth/callback"]
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
"#;

fn program() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let program = cache.join(format!("fanlight/schemathesis-{VERSION}/bin/schemathesis"));
    assert!(
        program.exists(),
        "{} is missing: `cargo xtask test` installs it, as does `pip install --target` that \
         folder `schemathesis=={VERSION}`",
        program.display()
    );
    program
}

impl Fixture {
    /// Runs the tool with this credential, and tells what it found.
    async fn conforms(&self, name: &str, token: &str, phases: &str) -> Result<(), String> {
        let folder = self.folder.path().join(format!("schemathesis-{name}"));
        fs::create_dir(&folder).unwrap();
        let settings = folder.join("schemathesis.toml");
        fs::write(&settings, SETTINGS).unwrap();
        let program = program();
        let mut run = Command::new(&program);
        run.env("PYTHONPATH", program.ancestors().nth(2).unwrap());
        run.arg("--config-file").arg(&settings).args(["run", "--phases", phases]);
        run.args(["--checks", CHECKS, "--max-examples", "5", "--seed", "1", "--no-shrink"]);
        run.args(["--continue-on-failure", "--request-timeout", "30", "--warnings", "off"]);
        run.args(["--header", &format!("Authorization: Bearer {token}")]);
        run.arg(self.url("/api/openapi.json")).current_dir(&folder).kill_on_drop(true);
        let output = tokio::time::timeout(WITHIN, run.output()).await;
        let output = output.map_err(|_| format!("{name}: not done within {WITHIN:?}"))?.unwrap();
        if output.status.success() {
            return Ok(());
        }
        let told = [output.stdout, output.stderr].concat();
        Err(format!("{name}: {}\n{}", output.status, String::from_utf8_lossy(&told)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_each_role_as_its_description_says() {
    let settings = [
        ("access.failure_limit", json!(1_000_000)),
        ("rate_limit.enabled", json!(false)),
        ("sessions.max_per_user", json!(100_000)),
    ];
    let fixture = Fixture::with(&settings).await;
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let person = fixture.person(role.name(), role).await;
        let token = fixture.token_of(&person.user, None, None).await;
        let phases = if role == Role::Admin { "examples,coverage" } else { "examples,fuzzing" };
        wrong.extend(fixture.conforms(role.name(), &token, phases).await.err());
    }
    wrong.extend(fixture.conforms("key", &fixture.key, "examples,fuzzing").await.err());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
