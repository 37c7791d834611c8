//! Shares: what lets others join a session, what they may do there, and how that ends.

use std::sync::Arc;
use std::time::Duration;

use fanlight_core::{Cause, Secret, SessionError};
use fanlight_engine::link::ViewerAccess;
use time::OffsetDateTime;
use uuid::Uuid;

use super::live::Live;
use super::presence::{Entrance, PersonView, Via};
use super::request::ShareMode;
use super::{SOMEBODY_ELSES, Sessions, Shared, no_such_session};
use crate::access::{Identity, NewToken, Role, hash_token, may_manage};
use crate::api::ApiError;
use crate::config::AdminWatch;
use crate::store::ShareRow;

/// Most live shares of one session.
const MOST_SHARES: usize = 100;

/// What a new share is to be.
pub struct ShareRequest {
    /// What its bearer may do.
    pub mode: ShareMode,
    /// For whom it is.
    pub label: Option<String>,
    /// How long it is good; as long as the session where it is `None`.
    pub lifetime: Option<Duration>,
}

impl Sessions {
    /// A session that lives here and that `who` may manage: its creator's, or any for an
    /// admin.
    ///
    /// # Errors
    /// 404 for an unknown session, 403 for somebody else's, 409 for one that has ended.
    pub async fn managed(&self, who: &Identity, id: Uuid) -> Result<Arc<Live>, ApiError> {
        let Some(live) = self.find(id) else {
            let row = self.shared.store.session(id).await?.ok_or_else(no_such_session)?;
            may_manage(who, &row.creator_id, SOMEBODY_ELSES)?;
            return Err(has_ended());
        };
        may_manage(who, &live.creator.id, SOMEBODY_ELSES)?;
        if live.is_live() { Ok(live) } else { Err(has_ended()) }
    }

    /// The live shares of a session.
    ///
    /// # Errors
    /// Those of [`managed`](Self::managed).
    pub async fn shares(&self, who: &Identity, id: Uuid) -> Result<Vec<ShareRow>, ApiError> {
        self.managed(who, id).await?;
        Ok(self.shared.store.shares(id).await?)
    }

    /// Makes a share; its path is shown this once.
    ///
    /// # Errors
    /// Those of [`managed`](Self::managed), and 409 where there are too many.
    pub async fn share(
        &self,
        who: &Identity,
        id: Uuid,
        request: ShareRequest,
    ) -> Result<(ShareRow, String), ApiError> {
        let live = self.managed(who, id).await?;
        if self.shared.store.shares(id).await?.len() >= MOST_SHARES {
            let full = "This session has too many share links. Revoke some of them first.";
            return Err(ApiError::conflict("too_many_shares", full));
        }
        let end = self.shared.last_moment(&live);
        let asked = request.lifetime.map(|lifetime| OffsetDateTime::now_utc() + lifetime);
        let token = NewToken::generate("")?;
        let row = ShareRow {
            id: Uuid::now_v7(),
            session: id,
            mode: request.mode,
            label: request.label,
            created_by: who.name.clone(),
            created_at: OffsetDateTime::now_utc(),
            expires_at: asked.map_or(end, |asked| asked.min(end)),
        };
        self.shared.store.add_share(&row, &token.hash).await?;
        Ok((row, share_path(id, &token.secret)))
    }

    /// Takes a share back: those who came by it leave.
    ///
    /// # Errors
    /// Those of [`managed`](Self::managed), and 404 where the session has no such share.
    pub async fn revoke_share(
        &self,
        who: &Identity,
        id: Uuid,
        share: Uuid,
    ) -> Result<Arc<Live>, ApiError> {
        let live = self.managed(who, id).await?;
        if !self.shared.store.drop_share(id, share).await? {
            return Err(ApiError::not_found("This session has no such share link."));
        }
        live.forget_share(share);
        let why = SessionError::new(Cause::Denied, "The share link was withdrawn.");
        live.presence.of_share(share).iter().for_each(|person| person.dismiss(why.clone()));
        Ok(live)
    }

    /// Lets somebody who is there take part, or only look from now on.
    ///
    /// # Errors
    /// Those of [`managed`](Self::managed), 404 for somebody who has left, 409 for an owner.
    pub async fn set_mode(
        &self,
        who: &Identity,
        id: Uuid,
        viewer: Uuid,
        mode: ShareMode,
    ) -> Result<(Arc<Live>, PersonView), ApiError> {
        let live = self.managed(who, id).await?;
        let person =
            live.presence.find(viewer).filter(|person| may_know(who, person.entrance.hidden));
        let person = person.ok_or_else(has_left)?;
        if person.access() == ViewerAccess::Own {
            return Err(ApiError::conflict("is_owner", "Owners of a session may always type."));
        }
        live.presence.set_access(&person, mode.access());
        Ok((live, person.view()))
    }

    /// Sends somebody away who came by a share or watches. Their share stays good.
    ///
    /// # Errors
    /// As [`set_mode`](Self::set_mode).
    pub async fn dismiss(
        &self,
        who: &Identity,
        id: Uuid,
        viewer: Uuid,
    ) -> Result<(Arc<Live>, PersonView), ApiError> {
        let live = self.managed(who, id).await?;
        let person =
            live.presence.find(viewer).filter(|person| may_know(who, person.entrance.hidden));
        let person = person.ok_or_else(has_left)?;
        if person.access() == ViewerAccess::Own {
            return Err(ApiError::conflict("is_owner", "Owners of a session stay."));
        }
        let why = format!("{} asked you to leave the session.", who.name);
        person.dismiss(SessionError::new(Cause::Denied, why));
        Ok((live, person.view()))
    }

    /// How the bearer of the share token `token` comes in; `None` for a wrong one. `name`
    /// is that of a signed-in bearer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn share_entrance(
        &self,
        token: &str,
        session: Uuid,
        name: Option<String>,
    ) -> Result<Option<Entrance>, ApiError> {
        let share = self.shared.store.share_by_token(&hash_token(token), session).await?;
        Ok(share.map(|share| Entrance {
            name: name.or(share.label).unwrap_or_else(|| "Guest".to_owned()),
            access: share.mode.access(),
            via: Via::Share,
            share: Some(share.id),
            until: Some(share.expires_at),
            hidden: false,
        }))
    }

    /// Whether the share is good still.
    pub(super) async fn has_share(&self, session: Uuid, share: Uuid) -> Result<bool, ApiError> {
        let shares = self.shared.store.shares(session).await?;
        Ok(shares.iter().any(|row| row.id == share))
    }

    /// How an admin comes in to watch.
    ///
    /// # Errors
    /// 403 for everybody else, and where the configuration does not let admins watch.
    pub fn watch_entrance(&self, identity: &Identity) -> Result<Entrance, ApiError> {
        if identity.role != Role::Admin {
            return Err(ApiError::forbidden("Only admins may watch sessions of others."));
        }
        let watch = self.config().admin_watch;
        if watch == AdminWatch::Off {
            return Err(ApiError::forbidden("On this gateway nobody watches sessions of others."));
        }
        Ok(Entrance {
            access: ViewerAccess::View,
            via: Via::Watch,
            hidden: watch == AdminWatch::Hidden,
            ..Entrance::owner(&identity.name)
        })
    }
}

impl Shared {
    /// Keeps the share that every session begins with.
    pub(super) async fn add_first_share(&self, live: &Live, hash: &str) -> Result<(), ApiError> {
        let row = ShareRow {
            id: live.share.id,
            session: live.id,
            mode: live.origin.share_mode,
            label: None,
            created_by: live.creator.name.clone(),
            created_at: live.created_at,
            expires_at: self.last_moment(live),
        };
        Ok(self.store.add_share(&row, hash).await?)
    }

    /// When a session has ended for certain.
    fn last_moment(&self, live: &Live) -> OffsetDateTime {
        live.ends_by.get().copied().unwrap_or(live.opened_by + self.config.max_duration)
    }
}

/// Path of a session's page for the bearer of a share.
pub(super) fn share_path(session: Uuid, token: &Secret) -> String {
    format!("/client/{session}&key={}", token.expose())
}

fn may_know(who: &Identity, hidden: bool) -> bool {
    !hidden || who.role == Role::Admin
}

fn has_ended() -> ApiError {
    ApiError::conflict("session_ended", "This session has ended.")
}

fn has_left() -> ApiError {
    ApiError::not_found("Nobody of that id is in this session.")
}
