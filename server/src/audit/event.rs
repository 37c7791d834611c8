use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Identity;
use crate::store::{AuditRow, from_millis, to_millis};

/// Longest text of an event, characters; what is longer is cut.
const LONGEST: usize = 1000;

/// Names each action once: for rows, replies and filters.
macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What was done or tried.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in rows and replies.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

actions! {
    /// A browser signed in.
    SignIn = "sign_in",
    /// A browser signed out.
    SignOut = "sign_out",
    /// Somebody showed a credential that is not good.
    SignInRefused = "sign_in_refused",
    /// Somebody who is signed in asked for what they may not.
    AccessRefused = "access_refused",
    /// A one-time sign-in link was made.
    LinkCreate = "link_create",
    /// An API key was made.
    KeyCreate = "key_create",
    /// An API key was revoked.
    KeyRevoke = "key_revoke",
    /// A user token was made.
    TokenCreate = "token_create",
    /// A user token was revoked.
    TokenRevoke = "token_revoke",
    /// A user token that is no longer good was shown.
    TokenRefused = "token_refused",
    /// A user was made by their first sign-in.
    UserCreate = "user_create",
    /// A user's role was set.
    UserRole = "user_role",
    /// A user was disabled.
    UserDisable = "user_disable",
    /// A user was enabled.
    UserEnable = "user_enable",
    /// A user was deleted.
    UserDelete = "user_delete",
    /// A user was signed out everywhere.
    UserSignOut = "user_sign_out",
    /// A group was mapped to a role.
    MappingCreate = "mapping_create",
    /// A group's role was changed.
    MappingUpdate = "mapping_update",
    /// A group's mapping was removed.
    MappingDelete = "mapping_delete",
    /// A machine was entered.
    MachineCreate = "machine_create",
    /// A machine was changed.
    MachineUpdate = "machine_update",
    /// A machine was removed.
    MachineDelete = "machine_delete",
    /// A session was made.
    SessionCreate = "session_create",
    /// A session's owner came, and it started.
    SessionStart = "session_start",
    /// A session ended, whatever ended it.
    SessionEnd = "session_end",
    /// Somebody asked for a session's end.
    SessionDelete = "session_delete",
    /// Somebody tried the way of a session, without making one.
    SessionTry = "session_try",
    /// A session of a browser went to a host, or was kept from going.
    SessionVisit = "session_visit",
    /// Somebody joined a session by its share link.
    SessionShare = "session_share",
    /// A share link of a session was made.
    ShareCreate = "share_create",
    /// A share link of a session was taken back.
    ShareRevoke = "share_revoke",
    /// An admin came to watch a session.
    SessionWatch = "session_watch",
    /// An admin took part in somebody else's session as its owner.
    SessionJoin = "session_join",
    /// Keyboard and mouse were handed to somebody, or taken back.
    SessionControl = "session_control",
    /// Somebody was sent away from a session.
    SessionDismiss = "session_dismiss",
    /// Somebody began to play or download a recording.
    RecordingPlay = "recording_play",
    /// A recording was deleted.
    RecordingDelete = "recording_delete",
    /// A recording was deleted because of its age, or of the number or size of all.
    RecordingExpire = "recording_expire",
    /// A session could not be recorded, or no longer.
    RecordingFail = "recording_fail",
    /// A host key was entered.
    HostKeyAdd = "host_key_add",
    /// A host key was forgotten.
    HostKeyForget = "host_key_forget",
    /// A folder of the address book was made.
    FolderCreate = "folder_create",
    /// A folder of the address book was changed.
    FolderUpdate = "folder_update",
    /// A folder of the address book was deleted, with its entries.
    FolderDelete = "folder_delete",
    /// An entry of the address book was made.
    EntryCreate = "entry_create",
    /// An entry of the address book was changed.
    EntryUpdate = "entry_update",
    /// An entry of the address book was deleted.
    EntryDelete = "entry_delete",
    /// Somebody set a credential of their own for entries of the address book.
    CredentialSet = "credential_set",
    /// Somebody removed one.
    CredentialDelete = "credential_delete",
    /// The keys of the address book were changed.
    BookRotate = "book_rotate",
    /// Entries of another program were brought into the address book.
    BookImport = "book_import",
    /// The address book was copied from one store to another.
    BookMigrate = "book_migrate",
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was not allowed.
    Refused,
    /// It was allowed, but failed.
    Error,
}

impl Outcome {
    /// Its name in rows and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Error => "error",
        }
    }
}

/// Something to be kept in the audit log. Never put a secret into it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Event {
    row: AuditRow,
    action: Action,
    ip: Option<IpAddr>,
    details: BTreeMap<String, String>,
}

impl Event {
    /// What was done or tried.
    pub(super) fn action(&self) -> Action {
        self.action
    }

    /// Something that went well, until [`refused`](Self::refused) or
    /// [`failed`](Self::failed) says otherwise.
    pub fn new(action: Action) -> Self {
        let row = AuditRow {
            id: Uuid::nil(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            action: action.name().to_owned(),
            outcome: Outcome::Ok.name().to_owned(),
            actor_id: None,
            actor_name: None,
            actor_email: None,
            auth_type: None,
            ip_addr: None,
            subject_type: None,
            subject_id: None,
            subject_name: None,
            subject_email: None,
            details: String::new(),
        };
        Self { row, action, ip: None, details: BTreeMap::new() }
    }

    /// Who did it.
    pub fn by(mut self, actor: &Identity) -> Self {
        let auth_type = serde_json::to_value(actor.auth_type).ok();
        self.row.auth_type = auth_type.and_then(|name| name.as_str().map(str::to_owned));
        self.row.actor_email = actor.email.as_deref().map(tidy);
        self.by_name(&actor.subject, &actor.name)
    }

    /// Who did it, where no identity is at hand: their id in rows and their name.
    pub fn by_name(mut self, id: &str, name: &str) -> Self {
        self.row.actor_id = Some(tidy(id));
        self.row.actor_name = Some(tidy(name));
        self
    }

    /// An operator at the gateway's own command line did it.
    pub fn by_command_line(mut self) -> Self {
        self.row.auth_type = Some("command_line".to_owned());
        self.row.actor_name = Some("command line".to_owned());
        self
    }

    /// The address it came from.
    pub fn from(mut self, ip: IpAddr) -> Self {
        self.row.ip_addr = Some(ip.to_canonical().to_string());
        self.ip = Some(ip);
        self
    }

    /// What it was about: a kind (`token`, `session`, ...), an id and a name for people.
    pub fn about(mut self, kind: &str, id: impl ToString, name: &str) -> Self {
        self.row.subject_type = Some(kind.to_owned());
        self.row.subject_id = Some(tidy(&id.to_string()));
        self.row.subject_name = Some(tidy(name));
        self
    }

    /// E-mail address of the user whom it concerns: the owner of a token.
    pub fn concerning(mut self, email: Option<&str>) -> Self {
        self.row.subject_email = email.map(tidy);
        self
    }

    /// One more circumstance.
    pub fn detail(mut self, name: &str, value: impl ToString) -> Self {
        self.details.insert(name.to_owned(), tidy(&value.to_string()));
        self
    }

    /// It was not allowed.
    pub fn refused(mut self) -> Self {
        self.row.outcome = Outcome::Refused.name().to_owned();
        self
    }

    /// It was allowed, but failed.
    pub fn failed(mut self) -> Self {
        self.row.outcome = Outcome::Error.name().to_owned();
        self
    }

    /// Events that are alike in this are told together where there are many.
    pub(super) fn kind(&self) -> (Action, Option<IpAddr>, Option<String>) {
        let neighbours = self.ip.map(crate::access::neighbourhood);
        (self.action, neighbours, self.row.actor_id.clone())
    }

    /// The row that is kept, with an id and a time of now.
    pub fn into_row(self) -> AuditRow {
        let created_at = from_millis(to_millis(OffsetDateTime::now_utc()));
        let details = serde_json::Value::from_iter(self.details).to_string();
        AuditRow { id: Uuid::now_v7(), created_at, details, ..self.row }
    }
}

/// PostgreSQL keeps no NUL, and lines and columns are of people's words: control characters
/// become spaces.
fn tidy(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_has_one_name_everywhere() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).ok(), Some(action.name().into()));
        }
    }

    #[test]
    fn bar_32_control_characters_and_long_texts_do_not_reach_the_table() {
        let row = Event::new(Action::TokenCreate).about("token", 1, "a\0b\r\n").into_row();
        assert_eq!(row.subject_name.as_deref(), Some("a b  "));
        let row = Event::new(Action::TokenCreate).detail("why", "x".repeat(5000)).into_row();
        assert!(row.details.len() < LONGEST + 100);
    }
}
