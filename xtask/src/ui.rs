//! The front end, which the gateway's binary holds.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;

use crate::machine::provide_node;
use crate::process::{command, done, root};

/// Folders and files that the built front end is made from.
const SOURCES: [&str; 6] =
    ["src", "public", "index.html", "package-lock.json", "vite.config.ts", "tsconfig.json"];

/// Installs the tools and builds, where the sources are newer than what was built.
pub(crate) fn build_if_needed() -> Result<()> {
    let ui = root().join("ui");
    let sources = SOURCES.iter().map(|name| newest(&ui.join(name))).max().flatten();
    let built = newest(&ui.join("dist"));
    if built.is_some() && built >= sources {
        return Ok(());
    }
    install()?;
    npm("ui", &["run", "build"])
}

/// Installs the front end's tools as the lock file says.
pub(crate) fn install() -> Result<()> {
    provide_node()?;
    npm_ci("ui")
}

/// `npm ci` in a folder, unless what is installed there is what its lock file says.
pub(crate) fn npm_ci(folder: &str) -> Result<()> {
    let folder_path = root().join(folder);
    let wanted = modified(&folder_path.join("package-lock.json"));
    let present = modified(&folder_path.join("node_modules/.package-lock.json"));
    if present.is_some() && present >= wanted {
        return Ok(());
    }
    npm(folder, &["ci", "--no-audit", "--no-fund"])
}

/// Runs npm in a folder of the checkout.
pub(crate) fn npm(folder: &str, arguments: &[&str]) -> Result<()> {
    done(&mut command(folder, "npm", arguments))
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).ok()
}

/// When the newest file in a folder, or the file itself, was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.iter().filter_map(|path| newest(path)).max()
}
