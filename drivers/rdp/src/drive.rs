use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use fanlight_core::{Cause, Resource, SessionCx, SessionError};
use uuid::Uuid;

/// guacd, another account of the same group, reads and writes here; nobody else.
const MODE: u32 = 0o2770;

/// Held by the gateway that uses the folders around it.
const LOCK: &str = ".fanlight.lock";

/// Takes the folder of all drives into use: what sessions of a gateway that was killed left
/// there is removed, unless another gateway uses it at this moment. Keep the file.
pub(crate) fn take_over(parent: &Path) -> Option<File> {
    let lock = File::options().create(true).truncate(false).write(true).open(parent.join(LOCK));
    let lock = lock.ok().filter(|lock| lock.try_lock().is_ok())?;
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| Uuid::parse_str(name).is_ok());
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Some(lock)
}

/// The folder behind one session's drive.
struct DriveFolder(PathBuf);

#[async_trait]
impl Resource for DriveFolder {
    fn name(&self) -> &'static str {
        "drive folder"
    }

    async fn release(self: Box<Self>) {
        let _ = tokio::fs::remove_dir_all(&self.0).await;
    }
}

/// Makes the session's folder below `parent`; it is removed when the session ends.
/// Returns its name there.
///
/// # Errors
/// `Unavailable` when it cannot be made.
pub(crate) async fn make_folder(parent: &Path, cx: &dyn SessionCx) -> Result<String, SessionError> {
    let name = cx.session_id().to_string();
    let folder = parent.join(&name);
    let made = create(&folder).await;
    cx.keep(Box::new(DriveFolder(folder)));
    made.map(|()| name).map_err(|error| {
        let message = format!("The folder for the session's drive cannot be made: {error}");
        SessionError::new(Cause::Unavailable, message)
    })
}

/// What an earlier attempt of the same session left is kept: it may hold files.
async fn create(folder: &Path) -> io::Result<()> {
    match tokio::fs::create_dir(folder).await {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    tokio::fs::set_permissions(folder, std::fs::Permissions::from_mode(MODE)).await
}
