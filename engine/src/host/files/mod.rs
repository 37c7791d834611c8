//! The object protocol of Guacamole ("Object instructions" in its manual) as guacd speaks
//! it for SFTP: viewers browse, fetch and put files beside the screen.
//!
//! - A viewer that may use files is told `filesystem,<object>,<name>`, and
//!   `undefine,<object>` when they are gone.
//! - `get,<object>,<path>` is answered by `body,<object>,<stream>,<mimetype>,<path>`, its
//!   content in `blob`s and `end`. It begins when the viewer acknowledges the `body`; up
//!   to [`WINDOW`] blobs are on their way until the viewer acknowledges each of them.
//!   An `ack` with an error cancels.
//! - A folder's content is JSON that maps paths to mimetypes (`STREAM_INDEX` for folders).
//! - `put,<object>,<stream>,<mimetype>,<path>` begins a file, which the viewer sends in
//!   blobs and ends by `end`; `file,<stream>,<mimetype>,<name>` one in the landing folder.
//!   `ack` answers each of these: the last one tells that all has been written. A viewer
//!   may send up to [`UPLOAD_WINDOW`] blobs before their acknowledgements.
//!
//! Beyond guacd, and ignored by clients that do not know it:
//!
//! - `filesystem` has a third argument: which of `download` and `upload` are allowed.
//! - `get` with a third argument, the mimetype [`LISTING`], asks for folders as JSON that
//!   maps paths to `{"type": "folder" | "file", "size": bytes?, "modified": ms since 1970?}`.
//!   guacd ignores the argument: the mimetype of the `body` tells which form it is.
//! - `fault,<object>,<path>,<message>,<status>` says that a `get` failed, before its `body`
//!   or in the midst of it, where guacd says nothing or sends an `end` as for a whole file.
//! - `notice,<text>` says why there are no files though some were asked for.
//!
//! A transfer is a stream of instructions that the viewer's reader pulls: nothing is read
//! for a viewer that takes nothing, and nothing outlives it.

mod credit;
mod desk;
mod download;
mod listing;
mod outlet;
mod table;
mod upload;

pub(super) use desk::FileDesk;
pub(super) use outlet::Transfer;
pub(super) use table::Transfers;

/// Mimetype of a folder's content, as guacd has it.
const STREAM_INDEX: &str = "application/vnd.glyptodon.guacamole.stream-index+json";
/// Mimetype of a folder's content with sizes and times.
const LISTING: &str = "application/vnd.fanlight.listing+json";
/// Mimetype of every file, as guacd has it.
const OCTETS: &str = "application/octet-stream";
/// Raw bytes of one `blob`, as large as foreign clients take.
const BLOB: usize = 6048;
/// Blobs of one download that wait for their acknowledgement: 2 MB/s at 100 ms there and
/// back.
const WINDOW: usize = 32;
/// The same of all downloads to one viewer: what the picture may have to wait behind on a
/// slow line.
const ALL_WINDOWS: usize = 64;
/// Blobs of a viewer that wait to be written.
const UPLOAD_WINDOW: usize = 32;
/// Transfers that one viewer may have at a time, in each direction.
const MOST: usize = 16;
/// How long a transfer waits for its viewer's next word: somebody may be asked by the
/// browser where to save, but an open file must not be kept for ever.
const VIEWER_LIMIT: std::time::Duration = std::time::Duration::from_secs(300);
