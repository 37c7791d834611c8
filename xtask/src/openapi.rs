//! The API's description and the types that the front end takes from it.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{command, done, output_of, root};
use crate::run::target_folder;
use crate::ui;

const DOCUMENT: &str = "ui/openapi.json";
const TYPES: &str = "ui/src/api/schema.d.ts";

/// Builds the gateway, and writes what it says of itself.
pub(crate) fn write() -> Result<()> {
    done(&mut command(".", "cargo", &["build", "--package", "fanlight"]))?;
    ui::install()?;
    write_from_built()
}

/// Fails when writing them anew would change them. The gateway has been built.
pub(crate) fn check() -> Result<()> {
    let read = || [DOCUMENT, TYPES].map(|file| fs::read(root().join(file)).unwrap_or_default());
    let before = read();
    write_from_built()?;
    if read() != before {
        bail!("{DOCUMENT} or {TYPES} was out of date: they are now written anew, commit them");
    }
    Ok(())
}

fn write_from_built() -> Result<()> {
    let gateway = target_folder()?.join("debug/fanlight");
    fs::write(root().join(DOCUMENT), output_of(Command::new(gateway).arg("openapi"))?)?;
    ui::npm("ui", &["run", "types"])
}
