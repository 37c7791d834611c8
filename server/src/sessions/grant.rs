use crate::book::EntryPath;

/// What entitles a person to a session: asked again when it is made once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// The role, for a target of their own choice or a preset.
    Role,
    /// An entry of the address book.
    Entry(EntryPath),
    /// Credentials that were given for one session only.
    Once,
    /// The VM portal, for as long as it said.
    Machine,
}
