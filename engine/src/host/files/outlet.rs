use bytes::{Bytes, BytesMut};
use fanlight_core::{FileError, FileFault};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::mpsc;

use crate::wire::Writer;

/// A transfer, as its viewer sees it: instructions, made as they are pulled.
pub(crate) type Transfer = BoxStream<'static, Bytes>;

/// Where a transfer puts its instructions; it waits there until the viewer took them.
pub(super) struct Outlet(mpsc::Sender<Bytes>);

/// The viewer takes no more.
pub(super) struct Gone;

/// Makes a transfer of work that puts instructions into an outlet. It is driven by being
/// pulled, and ended by being dropped.
pub(super) fn transfer<F>(work: impl FnOnce(Outlet) -> F) -> Transfer
where
    F: Future<Output = Result<(), Gone>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(1);
    let work = stream::once(work(Outlet(sender))).filter_map(|_| async { None });
    let output = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|bytes| (bytes, receiver))
    });
    stream::select(work, output).boxed()
}

impl Outlet {
    pub(super) async fn put(&self, instructions: BytesMut) -> Result<(), Gone> {
        self.0.send(instructions.freeze()).await.map_err(|_| Gone)
    }

    /// Answers what the viewer sent on one of its streams.
    pub(super) async fn ack(&self, stream: i64, result: Result<(), FileError>) -> Result<(), Gone> {
        let mut out = BytesMut::new();
        write_ack(&mut out, stream, result.err().as_ref());
        self.put(out).await
    }

    /// Says that a `get` failed.
    pub(super) async fn fault(&self, of: &Subject, error: &FileError) -> Result<(), Gone> {
        let mut out = BytesMut::new();
        write_fault(&mut out, of, error);
        self.put(out).await
    }
}

/// What a `get` is about, in the viewer's own words.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) object: i64,
    pub(super) name: String,
}

pub(super) fn write_ack(out: &mut BytesMut, stream: i64, error: Option<&FileError>) {
    let words = error.map_or("OK", |error| error.message.as_str());
    let status = error.map_or(0, |error| status(error.fault));
    Writer::new(out, "ack").int(stream).str(words).int(status);
}

pub(super) fn write_fault(out: &mut BytesMut, of: &Subject, error: &FileError) {
    let writer = Writer::new(out, "fault").int(of.object).str(&of.name);
    writer.str(&error.message).int(status(error.fault));
}

fn status(fault: FileFault) -> i64 {
    fault.guacamole_status().into()
}
