use bytes::Bytes;
use fanlight_core::{FileError, FilePath, FolderEntry, FolderReader};

use super::{LISTING, OCTETS, STREAM_INDEX};

/// How a folder's content is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As guacd does: paths and mimetypes.
    Index,
    /// With sizes and times.
    Detailed,
}

impl Form {
    /// The form for a viewer that would like `mimetype`.
    pub(super) fn wished(mimetype: &str) -> Self {
        if mimetype == LISTING { Self::Detailed } else { Self::Index }
    }

    pub(super) const fn mimetype(self) -> &'static str {
        match self {
            Self::Index => STREAM_INDEX,
            Self::Detailed => LISTING,
        }
    }
}

/// A folder's content as JSON, a piece at a time.
pub(super) struct Listing {
    reader: Box<dyn FolderReader>,
    folder: FilePath,
    form: Form,
    begun: bool,
    ended: bool,
}

impl Listing {
    pub(super) fn new(reader: Box<dyn FolderReader>, folder: FilePath, form: Form) -> Self {
        Self { reader, folder, form, begun: false, ended: false }
    }

    /// The next piece; empty at the end.
    pub(super) async fn next(&mut self) -> Result<Bytes, FileError> {
        if self.ended {
            return Ok(Bytes::new());
        }
        let entries = self.reader.next().await?;
        let mut json = String::new();
        for entry in &entries {
            self.write(entry, &mut json);
        }
        if entries.is_empty() {
            self.ended = true;
            json.push_str(if self.begun { "}" } else { "{}" });
        }
        Ok(json.into())
    }

    /// A name that would lead elsewhere is left out: no honest server has one.
    fn write(&mut self, entry: &FolderEntry, json: &mut String) {
        let Some(path) = self.folder.join(&entry.name) else { return };
        json.push(if self.begun { ',' } else { '{' });
        self.begun = true;
        json.push_str(&serde_json::Value::from(path.as_str()).to_string());
        json.push(':');
        json.push_str(&self.value(entry).to_string());
    }

    fn value(&self, entry: &FolderEntry) -> serde_json::Value {
        if self.form == Form::Index {
            return if entry.is_folder { STREAM_INDEX } else { OCTETS }.into();
        }
        let kind = if entry.is_folder { "folder" } else { "file" };
        let mut value = serde_json::json!({ "type": kind });
        if let (Some(size), false) = (entry.size, entry.is_folder) {
            value["size"] = size.into();
        }
        if let Some(seconds) = entry.modified {
            value["modified"] = seconds.saturating_mul(1000).into();
        }
        value
    }
}
