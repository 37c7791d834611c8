//! Installs guacd 1.3.0, the last one that Debian packaged, from the release before it
//! was dropped, into a folder that it is started in by `chroot`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{cache_folder, output_of};

const SUITE: &str = "bullseye";
const PACKAGES: &str = "guacd,libguac-client-ssh0,libguac-client-vnc0,libguac-client-rdp0,\
                        libguac-client-telnet0,fonts-dejavu-core";

/// The folder with guacd in it; made when it is not there yet. Others who want it at the
/// same time wait. An installation that breaks off leaves nothing that looks finished.
pub(super) fn installed() -> Result<PathBuf> {
    let cache = cache_folder()?;
    fs::create_dir_all(&cache)?;
    let lock = File::create(cache.join("guacd.lock"))?;
    lock.lock()?;
    let root = cache.join("guacd-1.3.0");
    if !root.join("usr/sbin/guacd").exists() {
        let unfinished = tempfile::Builder::new().prefix("guacd-unfinished").tempdir_in(&cache)?;
        install(unfinished.path()).context("install guacd 1.3.0 (as root, with mmdebstrap)")?;
        fs::rename(unfinished.keep(), &root)?;
    }
    Ok(root)
}

fn install(root: &Path) -> Result<()> {
    let sources = root.with_extension("list");
    fs::write(&sources, format!("deb {} {SUITE} main\n", debian_mirror()?))?;
    let installed = output_of(
        Command::new("mmdebstrap")
            .args(["--variant=extract", "--quiet"])
            .arg("--aptopt=Acquire::Check-Valid-Until \"false\"")
            .arg(format!("--include={PACKAGES}"))
            .arg(SUITE)
            .args([root, &sources]),
    );
    fs::remove_file(&sources)?;
    installed?;
    for (name, minor) in [("null", "3"), ("random", "8"), ("urandom", "9")] {
        let device = root.join("dev").join(name);
        if !device.exists() {
            output_of(
                Command::new("mknod").args(["-m", "666"]).arg(&device).args(["c", "1", minor]),
            )?;
        }
    }
    Ok(())
}

/// The mirror that this machine's own packages come from.
fn debian_mirror() -> Result<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let folder = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    files.extend(folder.map(|entry| entry.path()));
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let release = codename()?;
    match texts.flat_map(|text| mirrors_in(&text, &release)).next() {
        Some(mirror) => Ok(mirror),
        None => bail!("no Debian mirror for {release} in /etc/apt"),
    }
}

fn codename() -> Result<String> {
    let release = fs::read_to_string("/etc/os-release")?;
    let name = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    Ok(name.context("the system has no VERSION_CODENAME")?.trim_matches('"').to_owned())
}

/// Mirrors that serve exactly the suite `release`, in either format of sources.list(5).
fn mirrors_in(text: &str, release: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| one_line_mirror(line, release));
    let stanzas = text.split("\n\n").filter_map(|stanza| stanza_mirror(stanza, release));
    lines.chain(stanzas).collect()
}

fn one_line_mirror(line: &str, release: &str) -> Option<String> {
    let rest = line.strip_prefix("deb ")?.trim_start();
    let rest = rest.strip_prefix('[').and_then(|r| r.split_once(']')).map_or(rest, |(_, r)| r);
    let mut words = rest.split_whitespace();
    let uri = words.next()?;
    (words.next()? == release).then(|| uri.to_owned())
}

fn stanza_mirror(stanza: &str, release: &str) -> Option<String> {
    let field = |name: &str| {
        stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    field("Suites")?.split_whitespace().find(|suite| *suite == release)?;
    field("URIs")?.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::mirrors_in;

    #[test]
    fn finds_the_mirror_in_both_formats() {
        let line = "# a\ndeb [arch=amd64] http://mirror/debian bookworm main\n";
        let security = "deb http://mirror/security bookworm-security main\n";
        let stanza = "Types: deb\nURIs: http://mirror/debian\nSuites: bookworm bookworm-updates\n";
        assert_eq!(mirrors_in(line, "bookworm"), ["http://mirror/debian"]);
        assert_eq!(mirrors_in(stanza, "bookworm"), ["http://mirror/debian"]);
        assert!(mirrors_in(security, "bookworm").is_empty());
    }
}
