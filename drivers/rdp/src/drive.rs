use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use fanlight_core::{Cause, Resource, SessionCx, SessionError};

/// guacd, another account of the same group, reads and writes here; nobody else.
const MODE: u32 = 0o2770;

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
