//! What admits to a session without signing in, shares aside. Only hashes are stored.

use fanlight_core::Secret;
use time::OffsetDateTime;
use uuid::Uuid;

use super::live::Live;
use super::{Bearer, Sessions, Shared};
use crate::access::{
    Credential, Identity, NewToken, Role, hash_token, identity_behind, owns_or_admin,
};
use crate::api::ApiError;
use crate::store::{NewPass, PassKind};

impl Sessions {
    /// A ticket that stands for `identity`, once, for a short time: for clients that can
    /// set no header when they open a WebSocket.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn issue_ticket(&self, identity: &Identity) -> Result<Secret, ApiError> {
        let credential = Some(identity.credential);
        self.shared
            .add_pass(PassKind::Ticket, None, credential, self.config().ticket_lifetime)
            .await
    }

    /// The identity behind a ticket, which is used up by this.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn use_ticket(&self, ticket: &str) -> Result<Option<Identity>, ApiError> {
        let store = &self.shared.store;
        let Some(text) = store.use_ticket(&hash_token(ticket)).await? else { return Ok(None) };
        match serde_json::from_str::<Credential>(&text) {
            Ok(credential) => Ok(identity_behind(store, credential).await?),
            Err(error) => Err(ApiError::internal(error)),
        }
    }

    /// Uses an opening link up: its session, and the cookie for its page.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn follow_opening(&self, token: &str) -> Result<Option<(Uuid, Secret)>, ApiError> {
        let found = self.shared.store.use_opening(&hash_token(token)).await?;
        let Some(session) = found else { return Ok(None) };
        let lifetime = self.config().pending_for(true) + self.config().max_duration;
        let cookie = self.shared.add_pass(PassKind::Cookie, Some(session), None, lifetime).await?;
        Ok(Some((session, cookie)))
    }

    /// Whether `cookie` is the opening cookie of `session`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_opening_cookie(&self, cookie: &str, session: Uuid) -> Result<bool, ApiError> {
        Ok(self.shared.store.has_pass(&hash_token(cookie), PassKind::Cookie, session).await?)
    }

    /// Whether `identity` may be a session's owner: its creator, or an admin. A creator who
    /// has become a mere viewer may not.
    pub fn may_own(&self, identity: &Identity, live: &Live) -> bool {
        identity.role >= Role::Operator && owns_or_admin(identity, &live.creator.id)
    }

    /// Registers a socket of `identity`, to be told when its credential is revoked.
    pub fn admit(&self, identity: Identity) -> Bearer {
        self.shared.bearers.admit(identity)
    }
}

impl Shared {
    pub(super) async fn add_opening_pass(
        &self,
        session: Uuid,
        lifetime: std::time::Duration,
    ) -> Result<Secret, ApiError> {
        self.add_pass(PassKind::Opening, Some(session), None, lifetime).await
    }

    async fn add_pass(
        &self,
        kind: PassKind,
        session: Option<Uuid>,
        credential: Option<Credential>,
        lifetime: std::time::Duration,
    ) -> Result<Secret, ApiError> {
        let token = NewToken::generate("")?;
        let identity = credential.map(|credential| serde_json::to_string(&credential));
        let pass = NewPass {
            token_hash: token.hash,
            kind,
            session,
            identity: identity.transpose().map_err(ApiError::internal)?,
            expires_at: OffsetDateTime::now_utc() + lifetime,
        };
        self.store.add_pass(&pass).await?;
        Ok(token.secret)
    }
}
