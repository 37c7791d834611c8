//! PostgreSQL for the tests: a server of its own behind a Unix socket, ended with the test.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Names the folder of the socket of the server that the tests of this process use.
const SERVER: &str = "POSTGRES_OF_TESTS";
/// The user that owns everything in it.
const USER: &str = "fanlight";
/// PostgreSQL refuses to run as root. Debian's `nobody` owns no file and no process.
const NOBODY: u32 = 65534;
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A server with a folder of its own.
pub struct Postgres {
    folder: TempDir,
    child: Option<Child>,
    settings: Vec<String>,
}

impl Postgres {
    /// Makes one and starts it.
    pub fn start() -> Self {
        Self::start_with(&["listen_addresses="], &[])
    }

    /// One with these settings, and these files (names and texts) in its folder, which settings
    /// may call `$FOLDER`.
    pub fn start_with(settings: &[&str], files: &[(&str, &str)]) -> Self {
        let mut new = Self::prepare();
        for (name, text) in files {
            let file = new.folder.path().join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            if is_root() {
                std::os::unix::fs::chown(&file, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let folder = new.folder.path().display().to_string();
        new.settings = settings.iter().map(|setting| setting.replace("$FOLDER", &folder)).collect();
        new.run();
        new
    }

    fn prepare() -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let new = Self { folder, child: None, settings: Vec::new() };
        let data = new.data();
        let words = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--username"];
        let mut initdb = new.command("initdb");
        succeed(initdb.args(words).arg(USER).arg("--pgdata").arg(data));
        new
    }

    /// Starts the server that was ended.
    pub fn run(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.log()).unwrap();
        // Without fsync a crash of the machine would lose data, a crash of the server does not.
        let settings = ["fsync=off", "max_connections=600"];
        let settings = settings.into_iter().chain(self.settings.iter().map(String::as_str));
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.socket());
        command.args(settings.map(|setting| format!("-c{setting}")));
        command.process_group(0).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        let begin = Instant::now();
        while !self.is_ready() {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            assert!(begin.elapsed() < READY_WITHIN, "PostgreSQL does not start: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a crash does: nothing is written on the way out.
    pub fn crash(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let id = child.id().to_string();
        let _ = Command::new("kill").args(["-s", "QUIT", &id]).status();
        let _ = child.wait();
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    fn is_ready(&self) -> bool {
        let mut ask = self.command("pg_isready");
        let port = self.settings.iter().find_map(|setting| setting.strip_prefix("port="));
        ask.arg("-q")
            .arg("-h")
            .arg(self.socket())
            .args(["-p", port.unwrap_or("5432")])
            .status()
            .is_ok_and(|status| status.success())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Beside the folder's own owner, root writes here.
    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(binary(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.crash();
    }
}

/// The URL of `database` on the server behind `socket`.
pub fn url(socket: &Path, database: &str) -> String {
    format!("postgres://{USER}@localhost/{database}?host={}", socket.display())
}

/// Makes an empty database, unless there is one of that name.
pub fn make_database(socket: &Path, name: &str) {
    let output = client("createdb", socket).arg(name).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || error.contains("already exists"), "{error}");
}

/// Everything in a database as `pg_dump` writes it.
pub fn dump(socket: &Path, database: &str) -> String {
    String::from_utf8(succeed(client("pg_dump", socket).arg(database)).stdout).unwrap()
}

/// The value for `database.url` of a gateway with the data folder `folder`, where the tests
/// of this process run on PostgreSQL: the same database for the same folder.
pub fn database_url(folder: &Path) -> Option<String> {
    let socket = PathBuf::from(std::env::var_os(SERVER)?);
    let name = database_name(folder);
    make_database(&socket, &name);
    Some(url(&socket, &name))
}

/// The socket's folder and the database behind [`database_url`].
pub fn database_of(folder: &Path) -> Option<(PathBuf, String)> {
    Some((std::env::var_os(SERVER)?.into(), database_name(folder)))
}

fn database_name(folder: &Path) -> String {
    let name = folder.file_name().and_then(OsStr::to_str).unwrap_or_default();
    format!("t_{}", name.trim_start_matches('.').to_ascii_lowercase())
}

/// Runs all tests of this binary once more, on PostgreSQL. Those whose names begin with one
/// of `only_sqlite` are about files.
pub fn run_this_binary_on_postgresql(only_sqlite: &[&str]) {
    let server = Postgres::start();
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(["--test-threads", "4", "--skip", "all_these_tests_pass_on_postgresql"]);
    tests.args(only_sqlite.iter().flat_map(|name| ["--skip", name]));
    let output = tests.env(SERVER, server.socket()).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!told.contains("running 0 tests"), "{told}");
}

fn client(program: &str, socket: &Path) -> Command {
    let mut command = Command::new(binary(program));
    command.arg("-h").arg(socket).args(["-U", USER]).stdin(Stdio::null());
    command
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Debian keeps the programs of each version in a folder of its own; the newest is taken.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.retain(|file| file.is_file());
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}
