use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const LONGEST_NAME: usize = 64;

/// Name of a folder, an entry or an instance: 1 to 64 letters, digits, `-`, `_` and `.`,
/// not beginning with a dot. So none can lead out of its place in any store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// A text that is no [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 letters, digits, '-', '_' and '.', not beginning with '.'")]
pub struct NotAName;

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(allowed);
        if fits && !text.starts_with('.') { Ok(Self(text.to_owned())) } else { Err(NotAName) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who shares a folder.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All gateways that use the store.
    Shared,
    /// Gateways with this one's instance name.
    Instance,
    /// One person alone. No request names it: what is there has routes of its own.
    #[serde(skip)]
    Personal,
}

impl Scope {
    /// Its name in requests and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Instance => "instance",
            Self::Personal => "personal",
        }
    }
}

/// A text that names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be shared or instance")]
pub struct NoSuchScope;

impl FromStr for Scope {
    type Err = NoSuchScope;

    fn from_str(text: &str) -> Result<Self, NoSuchScope> {
        let all = [Self::Shared, Self::Instance];
        all.into_iter().find(|scope| scope.name() == text).ok_or(NoSuchScope)
    }
}

/// Where a folder is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderPath {
    /// Who shares it.
    pub scope: Scope,
    /// Its name.
    pub name: Name,
}

impl fmt::Display for FolderPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scope.name(), self.name)
    }
}

/// A text that names no folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be like shared/<name> or instance/<name>")]
pub struct NotAFolder;

impl FromStr for FolderPath {
    type Err = NotAFolder;

    fn from_str(text: &str) -> Result<Self, NotAFolder> {
        let (scope, name) = text.split_once('/').ok_or(NotAFolder)?;
        let scope = scope.parse().map_err(|_| NotAFolder)?;
        Ok(Self { scope, name: name.parse().map_err(|_| NotAFolder)? })
    }
}

/// Where an entry is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPath {
    /// Its folder.
    pub folder: FolderPath,
    /// Its name.
    pub name: Name,
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.folder, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_38_a_name_cannot_lead_anywhere() {
        for good in ["a", "web-server_01.example", "A", "7", &"x".repeat(64)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        let bad = ["", ".", "..", ".config", "a/b", "a\\b", "a b", "%2e%2e", "%252f", "a\0", "é"];
        for bad in bad.into_iter().chain([&*"x".repeat(65), "a\n", "a%2fb", "~", "a:b"]) {
            assert_eq!(bad.parse::<Name>(), Err(NotAName), "{bad:?}");
        }
    }
}
