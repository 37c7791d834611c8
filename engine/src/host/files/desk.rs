use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use fanlight_core::{FileError, FileFault, FilePath, FileSystem};
use tokio::sync::mpsc::error::SendTimeoutError;

use super::download::Download;
use super::listing::Form;
use super::outlet::{Subject, transfer, write_ack, write_fault};
use super::table::Transfers;
use super::upload::{Chunk, Place, Upload};
use crate::host::stage::Stage;
use crate::host::viewer::ViewerState;
use crate::wire::Instruction;

/// How long a viewer that sends faster than the file is written is not read. Its other
/// input waits behind, so that it is not for long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes what a viewer says about files.
pub(crate) struct FileDesk {
    stage: Arc<Stage>,
    state: Arc<ViewerState>,
    may_act: bool,
}

impl FileDesk {
    pub(crate) fn new(stage: Arc<Stage>, state: Arc<ViewerState>, may_act: bool) -> Self {
        Self { stage, state, may_act }
    }

    /// Takes an instruction if it is about files; says whether it was.
    pub(crate) async fn take(&self, instruction: &Instruction<'_>) -> bool {
        let Some(number) = instruction.number(0) else { return false };
        match instruction.opcode {
            "get" => self.get(number, instruction),
            "put" => {
                let Some(stream) = instruction.number(1) else { return true };
                let path = FilePath::parse(instruction.text(3));
                self.put(stream, self.files(number), path.map(Place::At));
            }
            "file" => {
                let place = Place::Landing(instruction.text(2).to_owned());
                self.put(number, self.any_files(), Some(place));
            }
            "ack" => self.acknowledged(number, instruction.number(2)),
            "blob" => return self.blob(number, instruction.text(1)).await,
            "end" => return self.end(number).await,
            // The stream is used for something else now.
            "clipboard" | "argv" => {
                self.transfers().close_upload(number);
                return false;
            }
            _ => return false,
        }
        true
    }

    fn transfers(&self) -> &Arc<Transfers> {
        &self.state.transfers
    }

    fn files(&self, object: i64) -> Result<Arc<dyn FileSystem>, FileError> {
        let unknown = || FileError::new(FileFault::Unsupported, "There are no such files.");
        self.any()
            .filter(|(offered, _)| *offered == object)
            .map(|(_, files)| files)
            .ok_or_else(unknown)
    }

    fn any_files(&self) -> Result<Arc<dyn FileSystem>, FileError> {
        let none = || FileError::new(FileFault::Unsupported, "This session has no files.");
        self.any().map(|(_, files)| files).ok_or_else(none)
    }

    fn any(&self) -> Option<(i64, Arc<dyn FileSystem>)> {
        self.stage.board().files.offered().filter(|_| self.may_act)
    }

    fn get(&self, object: i64, instruction: &Instruction<'_>) {
        let of = Subject { object, name: instruction.text(1).to_owned() };
        let form = Form::wished(instruction.text(2));
        if let Err(error) = self.begin_download(&of, form) {
            self.answer(|out| write_fault(out, &of, &error));
        }
    }

    fn begin_download(&self, of: &Subject, form: Form) -> Result<(), FileError> {
        let files = self.files(of.object)?;
        let path = FilePath::parse(&of.name).ok_or_else(no_path)?;
        let (seat, credit) = self.transfers().seat_download().ok_or_else(too_many)?;
        let of = of.clone();
        let download = Download { files, of, path, form, credit, seat };
        self.transfers().begin(transfer(|out| download.run(out)));
        self.state.wake.notify_one();
        Ok(())
    }

    fn put(
        &self,
        stream: i64,
        files: Result<Arc<dyn FileSystem>, FileError>,
        place: Option<Place>,
    ) {
        let begun = files.and_then(|files| {
            let place = place.ok_or_else(no_path)?;
            let (seat, chunks) = self.transfers().seat_upload(stream).ok_or_else(too_many)?;
            let upload = Upload { files, place, chunks, seat };
            self.transfers().begin(transfer(|out| upload.run(out)));
            self.state.wake.notify_one();
            Ok(())
        });
        if let Err(error) = begun {
            self.answer(|out| write_ack(out, stream, Some(&error)));
        }
    }

    fn acknowledged(&self, stream: i64, status: Option<i64>) {
        if let Some(credit) = self.transfers().credit(stream) {
            credit.acknowledged(status == Some(0), self.transfers().window());
        }
    }

    async fn blob(&self, stream: i64, base64: &str) -> bool {
        let Some(chunks) = self.transfers().upload(stream) else { return false };
        let fault = match base64_simd::STANDARD.decode_to_vec(base64) {
            Ok(bytes) => match chunks.send_timeout(Chunk::Data(bytes.into()), PATIENCE).await {
                // One that is closed is over, which its last acknowledgement says.
                Ok(()) | Err(SendTimeoutError::Closed(_)) => return true,
                Err(SendTimeoutError::Timeout(_)) => too_fast(),
            },
            Err(_) => FileError::new(FileFault::Invalid, "A piece of the file is not valid."),
        };
        self.transfers().close_upload(stream);
        self.answer(|out| write_ack(out, stream, Some(&fault)));
        true
    }

    async fn end(&self, stream: i64) -> bool {
        let Some(chunks) = self.transfers().close_upload(stream) else { return false };
        if let Err(SendTimeoutError::Timeout(_)) = chunks.send_timeout(Chunk::End, PATIENCE).await {
            self.answer(|out| write_ack(out, stream, Some(&too_fast())));
        }
        true
    }

    fn answer(&self, write: impl FnOnce(&mut BytesMut)) {
        self.state.answer(write);
    }
}

fn no_path() -> FileError {
    FileError::new(FileFault::Invalid, "This is no path: it must begin with / and be one.")
}

fn too_many() -> FileError {
    FileError::new(FileFault::TooMany, "Too many files are on their way. Wait for one of them.")
}

fn too_fast() -> FileError {
    FileError::new(FileFault::TimedOut, "The file is sent faster than it can be written.")
}
