//! Files beside the shell: SFTP on a channel of its own in the same connection.

mod faults;
mod jail;
mod listing;
mod reading;
mod sftp;
mod writing;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use fanlight_core::{FileRights, Files, Parameters};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error;
use tokio::time::timeout;

use self::sftp::Sftp;
use super::Limits;
use super::connect::Connection;
use super::console::Console;
use super::shell::{Gone, expect_success};

/// Largest packet that is read: a server's names and data are well below it.
const LARGEST_PACKET: u32 = 256 * 1024;

/// Offers the server's files to viewers, where the session asks for them, for as long as
/// the server has them. The shell goes on whatever becomes of them.
pub(super) async fn offer(
    connection: &Connection,
    parameters: &Parameters,
    console: &Console,
    limits: Limits,
) -> Infallible {
    if parameters.is_true("enable-sftp") {
        let opened = timeout(limits.response, open(connection, parameters, limits)).await;
        match opened.unwrap_or(Err(Absence::Slow)) {
            Ok(files) => {
                console.host.files(Files::Offered(Arc::new(files)));
                connection.channels.files_closed().await;
                console.host.files(missing("The server closed its file service (SFTP)."));
            }
            Err(absence) => console.host.files(missing(absence.words())),
        }
    }
    pending().await
}

fn missing(words: &str) -> Files {
    Files::Missing(words.to_owned())
}

/// Why there are no files.
enum Absence {
    /// The server has no SFTP, or not for this account.
    NotOffered,
    /// The folder that is to be shown is not there.
    NoRoot,
    /// What answered is no SFTP server.
    Broken,
    Slow,
}

impl From<Gone> for Absence {
    fn from(_: Gone) -> Self {
        Self::NotOffered
    }
}

impl Absence {
    const fn words(&self) -> &'static str {
        match self {
            Self::NotOffered => "The server offers no files (SFTP) to this account.",
            Self::NoRoot => "The folder to be shown (sftp_root_directory) is not on the server.",
            Self::Broken => "The server's file service (SFTP) does not work.",
            Self::Slow => "The server's file service (SFTP) did not answer in time.",
        }
    }
}

async fn open(
    connection: &Connection,
    parameters: &Parameters,
    limits: Limits,
) -> Result<Sftp, Absence> {
    let channel = connection.handle.channel_open_session().await;
    let mut channel = channel.map_err(|_| Absence::NotOffered)?;
    channel.request_subsystem(true, "sftp").await.map_err(|_| Absence::NotOffered)?;
    expect_success(&mut channel, Absence::NotOffered).await?;
    let config = russh_sftp::client::Config {
        max_packet_len: LARGEST_PACKET,
        request_timeout_secs: limits.response.as_secs(),
        ..Default::default()
    };
    let server = RawSftpSession::new_with_config(channel.into_stream(), config);
    server.init().await.map_err(|_| Absence::Broken)?;
    let rights = FileRights {
        download: !parameters.is_true("sftp-disable-download"),
        upload: !parameters.is_true("sftp-disable-upload"),
    };
    let root = parameters.get("sftp-root-directory").unwrap_or("/");
    Sftp::new(Arc::new(server), root, rights).await.map_err(|error| match error {
        Error::Status(_) => Absence::NoRoot,
        _ => Absence::Broken,
    })
}
