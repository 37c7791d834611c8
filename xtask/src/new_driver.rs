//! `cargo xtask new-driver NAME`: a crate to begin a protocol with.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::process::{done, root};

const PREFIX: &str = "fanlight-driver-";
const LONGEST_NAME: usize = 32;

/// Files of the crate and what they are made of.
const FILES: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("../templates/driver/Cargo.toml.txt")),
    ("schema.json", include_str!("../templates/driver/schema.json.txt")),
    ("src/lib.rs", include_str!("../templates/driver/lib.rs.txt")),
    ("src/settings.rs", include_str!("../templates/driver/settings.rs.txt")),
    ("src/plan.rs", include_str!("../templates/driver/plan.rs.txt")),
    ("src/client.rs", include_str!("../templates/driver/client.rs.txt")),
    ("tests/conformance.rs", include_str!("../templates/driver/conformance.rs.txt")),
    ("tests/settings.rs", include_str!("../templates/driver/settings_test.rs.txt")),
];

#[derive(Args)]
pub(crate) struct Options {
    /// Name of the protocol in requests: lower case letters, digits and single hyphens
    name: String,
    /// Name for people, such as "VNC"; the name in capitals if left out
    #[arg(long)]
    label: Option<String>,
    /// Port where its servers listen
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
}

/// Writes the crate and registers it.
pub(crate) fn write(options: &Options) -> Result<()> {
    write_in(&root(), options)?;
    // Also learns of the new crate for Cargo.lock.
    let package = format!("{PREFIX}{}", options.name);
    done(Command::new("cargo").args(["fmt", "--package", &package]).current_dir(root()))?;
    done(Command::new("cargo").args(["update", "--workspace"]).current_dir(root()))?;
    eprintln!(
        "drivers/{} is there, and the gateway links it. Try it:\n  \
         cargo test -p {package}\n  cargo xtask openapi\n\
         docs/for-driver-authors.md says how to go on.",
        options.name
    );
    Ok(())
}

fn write_in(root: &Path, options: &Options) -> Result<()> {
    let name = options.name.as_str();
    check_name(name)?;
    let manifest = root.join("server/Cargo.toml");
    let before = fs::read_to_string(&manifest).context("read server/Cargo.toml")?;
    let after = with_dependency(&before, name)?;
    let folder = root.join("drivers").join(name);
    ensure!(!folder.exists(), "drivers/{name} is already there: choose another name");
    let label = options.label.clone().unwrap_or_else(|| name.to_uppercase());
    let fits =
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || " -+.".contains(c));
    ensure!(fits, "the label must be letters, digits, spaces and -+. only");
    for (file, template) in FILES {
        let path = folder.join(file);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, fill(template, name, &label, options.port))?;
    }
    fs::write(manifest, after).context("write server/Cargo.toml")
}

fn check_name(name: &str) -> Result<()> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins_well || !name.split('-').all(is_word) {
        bail!(
            "{name:?} is no name for a driver: it must be lower case letters, digits and single \
             hyphens, and begin with a letter"
        );
    }
    ensure!(name.len() <= LONGEST_NAME, "the name must be at most {LONGEST_NAME} characters long");
    Ok(())
}

/// The manifest with one line more, behind those of the other drivers.
fn with_dependency(manifest: &str, name: &str) -> Result<String> {
    let mut lines: Vec<&str> = manifest.lines().collect();
    let package = |line: &str| line.split(['=', '.', ' ']).next().unwrap_or_default().to_owned();
    let new = format!("{PREFIX}{name}");
    let is_taken = lines.iter().any(|line| package(line) == new);
    ensure!(!is_taken, "server/Cargo.toml already has {new}: choose another name");
    let last = lines.iter().rposition(|line| line.starts_with(PREFIX));
    let last = last.context("server/Cargo.toml has no driver to put this one behind")?;
    let line = format!(r#"{new} = {{ path = "../drivers/{name}" }}"#);
    lines.insert(last + 1, &line);
    Ok(lines.join("\n") + "\n")
}

fn fill(template: &str, name: &str, label: &str, port: u16) -> String {
    template
        .replace("{{name}}", name)
        .replace("{{crate}}", &name.replace('-', "_"))
        .replace("{{Name}}", &camel_case(name))
        .replace("{{LABEL}}", label)
        .replace("{{PORT}}", &port.to_string())
}

fn camel_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn options(name: &str) -> Options {
        Options { name: name.into(), label: Some("Tea pot".into()), port: 4180 }
    }

    /// A workspace beside this one: its drivers are new, all else is this one's.
    fn workspace() -> tempfile::TempDir {
        let (folder, here) = (tempfile::tempdir().unwrap(), root());
        let manifest = fs::read_to_string(here.join("Cargo.toml")).unwrap();
        let lines = manifest.lines().filter(|line| !line.starts_with("exclude"));
        let lines = lines.map(|line| match line.split_once(" = ") {
            Some(("members", _)) => r#"members = ["drivers/*"]"#.to_owned(),
            Some(("default-members", _)) => String::new(),
            _ => line.replace("path = \"", &format!("path = \"{}/", here.display())),
        });
        let manifest: String = lines.map(|line| line + "\n").collect();
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(folder.path().join("server")).unwrap();
        for file in ["Cargo.lock", "server/Cargo.toml", "rustfmt.toml"] {
            fs::copy(here.join(file), folder.path().join(file)).unwrap();
        }
        folder
    }

    /// Compiles and runs its tests, the conformance suite among them, as its author would.
    #[test]
    fn a_new_driver_is_formatted_compiles_without_warnings_and_keeps_the_rules() {
        let folder = workspace();
        write_in(folder.path(), &options("tea-pot")).unwrap();
        let registered = fs::read_to_string(folder.path().join("server/Cargo.toml")).unwrap();
        let line = "fanlight-driver-tea-pot = { path = \"../drivers/tea-pot\" }\n";
        assert!(registered.contains(line));
        let program = std::env::current_exe().unwrap();
        let target = program.ancestors().nth(3).unwrap();
        for arguments in [
            &["fmt", "--all", "--check"] as &[_],
            &["test", "--offline", "--quiet"],
            &["clippy", "--offline", "--quiet", "--all-targets", "--", "-D", "warnings"],
        ] {
            let mut command = Command::new("cargo");
            command.args(arguments).current_dir(folder.path()).env("CARGO_TARGET_DIR", target);
            done(&mut command).unwrap();
        }
    }

    #[test]
    fn bad_and_taken_names_are_refused_with_words() {
        let folder = workspace();
        let refusal = |name: &str| write_in(folder.path(), &options(name)).unwrap_err().to_string();
        for bad in ["", "Tea", "9p", "tea_pot", "tea--pot", "-tea", "tea-", "../x", "tée", "a/b"] {
            assert!(refusal(bad).contains("lower case letters"), "{bad:?}");
        }
        assert!(refusal(&"x".repeat(33)).contains("at most 32"));
        assert!(refusal("ssh").contains("server/Cargo.toml already has fanlight-driver-ssh"));
        fs::create_dir_all(folder.path().join("drivers/tea")).unwrap();
        assert!(refusal("tea").contains("drivers/tea is already there"));
        let shouting = Options { label: Some("\"; x".into()), ..options("pot") };
        let refusal = write_in(folder.path(), &shouting).unwrap_err().to_string();
        assert!(refusal.contains("label"));
        assert!(!folder.path().join("drivers/pot").exists());
    }
}
