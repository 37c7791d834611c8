use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Longest name of a script, bytes.
const LONGEST_NAME: usize = 255;
/// Any of the three rights to execute.
const EXECUTABLE: u32 = 0o111;

/// Why a script cannot be run, or what became of it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptFault {
    /// There is no such file.
    #[error("There is no login script {0} on this gateway.")]
    Missing(String),
    /// It is a link, a folder, or not to be executed.
    #[error("The login script {0} is no file that can be executed.")]
    NoProgram(String),
    /// The system could not start it.
    #[error("The login script {0} could not be started: {1}")]
    NotStarted(String, String),
    /// It ended with another code than 0.
    #[error("The login script {0} failed with {1}. Sign in yourself.")]
    Failed(String, String),
    /// It took longer than it may.
    #[error("The login script {0} took too long and was ended. Sign in yourself.")]
    TimedOut(String),
}

/// Checks that `name` is a file's name, and no path.
///
/// # Errors
/// What it must be, to be read behind the field's name.
pub fn check_script_name(name: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let sound = !name.is_empty() && name.len() <= LONGEST_NAME && !name.starts_with(['.', '-']);
    if sound && name.chars().all(plain) {
        Ok(())
    } else {
        Err("must be the name of a file: letters, digits, '-', '_' and '.'")
    }
}

/// The script's file in `folder`: itself no link, and not reached through one.
pub(super) fn find(folder: &Path, name: &str) -> Result<PathBuf, ScriptFault> {
    let no_program = || ScriptFault::NoProgram(name.to_owned());
    let missing = || ScriptFault::Missing(name.to_owned());
    check_script_name(name).map_err(|_| no_program())?;
    let folder = folder.canonicalize().map_err(|_| missing())?;
    let path = folder.join(name);
    let about = fs::symlink_metadata(&path).map_err(|_| missing())?;
    let runs = about.is_file() && about.permissions().mode() & EXECUTABLE != 0;
    if runs { Ok(path) } else { Err(no_program()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs::Permissions;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn bar_38_nothing_outside_the_folder_is_a_script() {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("scripts");
        fs::create_dir(&folder).unwrap();
        for path in [around.path().join("outside"), folder.join("good"), folder.join("text")] {
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(folder.join("text"), Permissions::from_mode(0o644)).unwrap();
        fs::create_dir(folder.join("sub")).unwrap();
        symlink(around.path().join("outside"), folder.join("link")).unwrap();
        for bad in [
            "",
            ".",
            "..",
            "../outside",
            "..%2foutside",
            "%2e%2e%2foutside",
            "..%252foutside",
            "..\\outside",
            "/bin/sh",
            "good/",
            "sub/../good",
            "good\0",
            "good\n",
            "-good",
            ".good",
            "text",
            "sub",
            "link",
            "none",
            "gööd",
        ] {
            assert!(find(&folder, bad).is_err(), "{bad:?}");
        }
        assert_eq!(find(&folder, "good").unwrap(), folder.canonicalize().unwrap().join("good"));
    }
}
