//! Writes what the sources cannot say themselves: which driver crates are linked, and
//! which migrations there are.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("drivers.rs"), link_drivers(&root.join("Cargo.toml"))?)?;
    fs::write(out.join("migrations.rs"), list_migrations(&root.join("migrations"))?)?;
    let ui = root.join("../ui/dist");
    fs::create_dir_all(&ui)?;
    println!("cargo::rerun-if-changed={}", ui.display());
    Ok(())
}

/// rustc drops a crate that nothing names, and its registration with it: so every
/// `fanlight-driver-*` dependency is named.
fn link_drivers(manifest: &Path) -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", manifest.display());
    let mut code = String::new();
    let mut names = Vec::new();
    for line in fs::read_to_string(manifest)?.lines() {
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
        if let Some(id) = name.strip_prefix("fanlight-driver-") {
            writeln!(code, "use {} as _;", name.replace('-', "_"))?;
            names.push(id.to_owned());
        }
    }
    names.sort();
    writeln!(code, "/// Ids of the driver crates in the manifest.")?;
    writeln!(code, "#[cfg(test)]\nconst IN_MANIFEST: &[&str] = &{names:?};")?;
    Ok(code)
}

fn list_migrations(folder: &Path) -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut code = String::from("const MIGRATIONS: &[MigrationFile] = &[\n");
    for file in files {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some((version, title, backend)) = migration_name(&name) else {
            return Err(format!("migrations/{name} is not named like 0001_title.sql").into());
        };
        let path = file.path();
        writeln!(
            code,
            "    MigrationFile {{ version: {version}, title: {title:?}, backend: {backend}, \
             sql: include_str!({path:?}) }},"
        )?;
    }
    code.push_str("];\n");
    Ok(code)
}

/// `0001_title.sql`, or `0001_title.sqlite.sql` and `0001_title.postgres.sql` where the two
/// have no words in common.
fn migration_name(name: &str) -> Option<(i64, &str, &'static str)> {
    let (number, rest) = name.strip_suffix(".sql")?.split_once('_')?;
    let (title, backend) = match rest.split_once('.') {
        None => (rest, "None"),
        Some((title, "sqlite")) => (title, "Some(Backend::Sqlite)"),
        Some((title, "postgres")) => (title, "Some(Backend::Postgres)"),
        Some(_) => return None,
    };
    Some((number.parse().ok()?, title, backend))
}
