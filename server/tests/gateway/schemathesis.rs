//! The API's own description as a source of requests: schemathesis makes them, and holds the
//! answers to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fanlight::access::Role;
use fanlight::api::all_routes;
use serde_json::json;
use tokio::process::Command;

use crate::harness::Fixture;
use crate::matrix::MATRIX;
use crate::portal;

/// The release that `cargo xtask test` installs.
const VERSION: &str = "4.32.5";
/// What the hooks write, one line for each answer: method, path, status, where to.
const SEEN: &str = "seen";
const WITHIN: Duration = Duration::from_secs(600);
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";

/// What the description says of a gateway whose target or provider cannot be reached is an
/// answer, not a failure of the gateway.
const SETTINGS: &str = r#"
[[operations]]
include-path = ["/api/sessions", "/api/sessions/{id}/reconnect",
    "/api/addressbook/folders/{scope}/{folder}/entries/{entry}/connect"]
include-method = "POST"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 502, 503, 504]

[[operations]]
include-path = ["/auth/login", "/auth/callback"]
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]

[[operations]]
include-path = "/api/v1/guacamole/{protocol}"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 503]
"#;

/// Operations that succeed by sending a browser on, and where to.
const REDIRECTS: [(&str, &str); 4] = [
    ("GET /sign-in/{token}", "/"),
    ("GET /open/{token}", "/client/"),
    ("GET /auth/logout", "/login"),
    ("GET /api/connect", "/client/"),
];

/// Operations that no request of the tool's makes succeed, with the tests in which they do.
const ELSEWHERE: [(&str, &str); 6] = [
    ("GET /metrics", "server/tests/gateway/metrics.rs: it has a token of its own"),
    ("GET /api/openapi.json", "here: it is what the tool reads first, and does not ask again"),
    ("GET /auth/login", "tests/tests/oidc.rs: somebody_signs_in_and_is_known"),
    ("GET /auth/callback", "tests/tests/oidc.rs: somebody_signs_in_and_is_known"),
    ("POST /api/connect", "server/tests/gateway/quick.rs: it wants the form's own token"),
    ("GET /ws/{id}", "server/tests/sessions/tunnel.rs"),
];

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
        fs::write(folder.join("hooks.py"), include_str!("schemathesis_hooks.py")).unwrap();
        let (_listener, service) = portal::service();
        let seeds = self.seeds(token, service).await;
        fs::write(folder.join("seeds.json"), seeds.to_string()).unwrap();
        let program = program();
        let mut run = Command::new(&program);
        let packages = program.ancestors().nth(2).unwrap();
        run.env("PYTHONPATH", format!("{}:{}", packages.display(), folder.display()));
        run.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONDONTWRITEBYTECODE", "1");
        run.env("SEEDS", folder.join("seeds.json")).env("SEEN", self.folder.path().join(SEEN));
        run.arg("--config-file").arg(&settings).args(["run", "--phases", phases]);
        run.args(["--checks", CHECKS, "--max-examples", "5", "--seed", "1", "--no-shrink"]);
        // A slow machine is no fault of the gateway.
        run.args(["--suppress-health-check", "all"]);
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
    let seen = fs::read_to_string(fixture.folder.path().join(SEEN)).unwrap();
    every_operation_succeeds(&seen);
}

/// Whether this line tells of a success: a 2xx, or the way that a redirect is for.
fn operation_that_succeeded(line: &str) -> Option<String> {
    let [method, path, status, location] =
        line.split_whitespace().collect::<Vec<_>>().try_into().ok()?;
    let operation = format!("{method} {path}");
    let leads_on = |(redirects, to): &(&str, &str)| {
        *redirects == operation
            && matches!(status, "302" | "303")
            && location.starts_with(to)
            && (*to != "/" || location == "/")
    };
    let succeeded = status.starts_with('2') || REDIRECTS.iter().any(leads_on);
    succeeded.then_some(operation)
}

/// No operation of the router is missing from what succeeded here, in the matrix of roles, or
/// by name elsewhere.
fn every_operation_succeeds(seen: &str) {
    let here: BTreeSet<String> = seen.lines().filter_map(operation_that_succeeded).collect();
    let elsewhere: BTreeSet<_> = ELSEWHERE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let in_matrix = MATRIX.iter().map(|(method, path, ..)| format!("{method} {path}"));
    let covered: BTreeSet<_> = here.iter().cloned().chain(elsewhere).chain(in_matrix).collect();
    let declared = all_routes().list().into_iter();
    let declared: BTreeSet<_> =
        declared.map(|route| format!("{} {}", route.method, route.path)).collect();
    let missing: Vec<_> = declared.difference(&covered).collect();
    assert!(missing.is_empty(), "never succeeded, add a seed or a row of the matrix: {missing:?}");
    let share = here.len() * 100 / declared.len();
    assert!(share >= 75, "only {share} % of the operations succeeded here: {here:?}");
}
