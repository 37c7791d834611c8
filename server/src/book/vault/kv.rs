//! The few calls of the KV engine, version 2, that the address book needs.

use std::future::Future;
use std::sync::Arc;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Semaphore;
use vaultrs::api::exec_with_result;
use vaultrs::api::kv2::requests::{ReadSecretRequest, SetSecretRequestOptions};
use vaultrs::error::ClientError;
use vaultrs::kv2;

use super::error::VaultError;
use super::login::{Logins, Session};
use crate::config::VaultConfig;

/// A secret as it was read.
pub(super) struct Secret {
    pub(super) data: Map<String, Value>,
    pub(super) version: u64,
    pub(super) written_at: OffsetDateTime,
}

/// The KV engine at its mount.
pub(super) struct Kv {
    logins: Logins,
    mount: String,
    /// Requests at a time.
    places: Semaphore,
}

impl Kv {
    pub(super) fn new(config: &VaultConfig, logins: Logins) -> Self {
        let places = Semaphore::new(config.parallel_requests);
        Self { logins, mount: config.mount.clone(), places }
    }

    /// Asks Vault; where it refuses because the token is over, logs in and asks once more.
    async fn ask<T, Answer>(&self, ask: impl Fn(Arc<Session>) -> Answer) -> Result<T, VaultError>
    where
        Answer: Future<Output = Result<T, ClientError>>,
    {
        let _place =
            self.places.acquire().await.map_err(|error| VaultError::odd(error.to_string()))?;
        let session = self.logins.session().await?;
        let error = match ask(Arc::clone(&session)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => VaultError::from(error),
        };
        if !matches!(error, VaultError::Denied(_)) {
            return Err(error);
        }
        let now = self.logins.after_refusal(&session).await?;
        if Arc::ptr_eq(&now, &session) {
            return Err(error);
        }
        ask(now).await.map_err(VaultError::from)
    }

    /// The names below a path; folders end with a slash. None where nothing is there.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<String>, VaultError> {
        let listed =
            self.ask(|session| async move { kv2::list(&session.client, &self.mount, path).await });
        match listed.await {
            Err(VaultError::NotFound) => Ok(Vec::new()),
            other => other,
        }
    }

    /// The newest version of a secret.
    pub(super) async fn read(&self, path: &str) -> Result<Secret, VaultError> {
        let read = self.ask(|session| async move {
            let request = ReadSecretRequest::builder().mount(&self.mount).path(path).build();
            let request = request.map_err(|_| ClientError::InvalidUpdateParameter)?;
            exec_with_result(&session.client, request).await
        });
        let answer = read.await?;
        let Value::Object(data) = answer.data else { return Err(VaultError::NotFound) };
        let written_at = OffsetDateTime::parse(&answer.metadata.created_time, &Rfc3339);
        Ok(Secret {
            data,
            version: answer.metadata.version,
            written_at: written_at.unwrap_or(OffsetDateTime::UNIX_EPOCH),
        })
    }

    /// Writes a secret over its version `replaces` (0: there is none), and returns the new
    /// one's number.
    pub(super) async fn write(
        &self,
        path: &str,
        data: &Map<String, Value>,
        replaces: u64,
    ) -> Result<u64, VaultError> {
        let cas = u32::try_from(replaces).map_err(|error| VaultError::odd(error.to_string()))?;
        let written = self.ask(|session| async move {
            let options = SetSecretRequestOptions { cas };
            kv2::set_with_options(&session.client, &self.mount, path, data, options).await
        });
        Ok(written.await?.version)
    }

    /// Writes a secret where none is, also where older versions of one were deleted.
    pub(super) async fn create(
        &self,
        path: &str,
        data: &Map<String, Value>,
    ) -> Result<u64, VaultError> {
        match self.write(path, data, 0).await {
            Err(VaultError::Conflict) => {}
            other => return other,
        }
        let metadata = self.ask(|session| async move {
            kv2::read_metadata(&session.client, &self.mount, path).await
        });
        let metadata = metadata.await?;
        let newest = metadata.versions.get(&metadata.current_version.to_string());
        if newest.is_some_and(|version| version.deletion_time.is_empty() && !version.destroyed) {
            return Err(VaultError::Conflict);
        }
        self.write(path, data, metadata.current_version).await
    }

    /// Removes a secret with all its versions.
    pub(super) async fn delete(&self, path: &str) -> Result<(), VaultError> {
        self.ask(
            |session| async move { kv2::delete_metadata(&session.client, &self.mount, path).await },
        )
        .await
    }
}
