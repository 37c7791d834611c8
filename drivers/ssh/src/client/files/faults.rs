use fanlight_core::{FileError, FileFault};
use russh_sftp::client::error::Error;
use russh_sftp::protocol::{Status, StatusCode};

/// Longest part of the server's own words that is shown, in characters.
const MOST_WORDS: usize = 200;

/// A failure of SFTP, for people.
pub(super) fn explain(error: Error) -> FileError {
    match error {
        Error::Status(status) => refused(&status),
        Error::Timeout => FileError::new(FileFault::TimedOut, "The server did not answer in time."),
        Error::Limited(_) => {
            FileError::new(FileFault::TooMany, "The server has too many files open.")
        }
        Error::IO(_) | Error::UnexpectedPacket | Error::UnexpectedBehavior(_) => {
            FileError::new(FileFault::Lost, "The server's file service (SFTP) broke off.")
        }
    }
}

fn refused(status: &Status) -> FileError {
    match status.status_code {
        StatusCode::NoSuchFile => not_found(),
        StatusCode::PermissionDenied => {
            FileError::new(FileFault::Denied, "The server does not permit this.")
        }
        StatusCode::OpUnsupported => {
            FileError::new(FileFault::Unsupported, "The server cannot do this.")
        }
        StatusCode::NoConnection | StatusCode::ConnectionLost => {
            FileError::new(FileFault::Lost, "The server lost its own connection.")
        }
        _ => {
            let words = status.error_message.chars().filter(|c| !c.is_control()).take(MOST_WORDS);
            let words: String = words.collect();
            let message = match words.as_str() {
                "" | "Failure" => "The server could not do this, and does not say why.".to_owned(),
                words => format!("The server could not do this: {words}."),
            };
            FileError::new(FileFault::Failed, message)
        }
    }
}

pub(super) fn not_found() -> FileError {
    FileError::new(FileFault::NotFound, "There is no such file or folder.")
}

pub(super) fn outside() -> FileError {
    FileError::new(FileFault::Denied, "This leads out of the folder that is shared.")
}

/// Pipes and devices: opening them may wait for ever, and they may have no end.
pub(super) fn no_file() -> FileError {
    FileError::new(FileFault::Denied, "This is neither a file nor a folder.")
}

pub(super) fn is_folder() -> FileError {
    FileError::new(FileFault::Denied, "There is a folder of this name.")
}
