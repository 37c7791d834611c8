use axum::http::StatusCode;

use super::{Portal, bad, refusal};
use crate::access::{Role, owns_or_admin};
use crate::api::ApiError;
use crate::audit::{Action, Event};
use crate::store::MachineConnection;

/// A connection in the list.
pub struct Listed {
    /// What is kept of it.
    pub connection: MachineConnection,
    /// Whether its session is pending or active.
    pub is_live: bool,
}

impl Portal<'_> {
    /// The caller's connections, or for admins all; the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Listed>, ApiError> {
        let own = (self.who.role != Role::Admin).then_some(self.who.subject.as_str());
        let all = self.app.store.machine_connections(own).await?;
        Ok(all.into_iter().map(|connection| self.listed(connection)).collect())
    }

    /// Ends the session of a connection; it stays in the list.
    ///
    /// # Errors
    /// 400 without an id, 404 for an unknown one, 403 for somebody else's.
    pub async fn disconnect(&self, id: &str) -> Result<MachineConnection, ApiError> {
        let connection = self.find(id).await?;
        let id = connection.session_id;
        if let Some(live) = self.app.sessions.find(id) {
            let was_live = live.is_live();
            self.app.sessions.end(self.who, id).await?;
            if was_live {
                let event = Event::new(Action::SessionDelete).by(self.who).from(self.client.ip);
                let event = event.about("session", id, &live.label());
                self.app.audit.note(event.detail("session_type", live.session_type())).await;
            }
        }
        Ok(connection)
    }

    /// Ends the session of a connection and forgets it.
    ///
    /// # Errors
    /// As [`disconnect`](Self::disconnect).
    pub async fn delete(&self, id: &str) -> Result<MachineConnection, ApiError> {
        let connection = self.disconnect(id).await?;
        self.app.store.delete_machine_connection(&connection.id).await?;
        Ok(connection)
    }

    async fn find(&self, id: &str) -> Result<MachineConnection, ApiError> {
        if id.is_empty() {
            return Err(bad("Connection ID is required"));
        }
        let none = || ApiError::not_found("Connection not found");
        if id.chars().any(char::is_control) {
            return Err(none());
        }
        let connection = self.app.store.machine_connection(id).await?.ok_or_else(none)?;
        if owns_or_admin(self.who, &connection.creator_id) {
            return Ok(connection);
        }
        let message = "You don't have permission to access this connection";
        Err(refusal(StatusCode::FORBIDDEN, "forbidden", message))
    }

    fn listed(&self, connection: MachineConnection) -> Listed {
        let live = self.app.sessions.find(connection.session_id);
        Listed { is_live: live.is_some_and(|live| live.is_live()), connection }
    }
}
