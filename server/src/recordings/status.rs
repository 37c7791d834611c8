use serde::{Deserialize, Serialize};

/// Whether a recording is written, and how that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingStatus {
    /// It is being written.
    Recording,
    /// It shows its session to the end.
    Complete,
    /// The gateway was killed; it shows what was written until then.
    Interrupted,
    /// It could not be written any more; it shows what was written until then.
    Failed,
}

impl RecordingStatus {
    /// The word in the store and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// The status that a stored word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Recording, Self::Complete, Self::Interrupted, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}
