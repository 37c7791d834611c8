use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::users::{read_user, user_columns};
use super::{ApiKey, DbRow, Store, StoreError, User, api_keys, from_millis, read_id, to_millis};

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// UUID v7.
    pub id: Uuid,
    /// Whom it acts as.
    pub holder: SignInHolder,
    /// When it ends by itself.
    pub expires_at: OffsetDateTime,
}

/// Whom a browser acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInHolder {
    /// The key that it signed in by.
    ApiKey(ApiKey),
    /// Somebody who came by OpenID Connect.
    User(User),
}

/// Whom a new sign-in acts as, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewSignIn {
    /// An API key.
    ApiKey(Uuid),
    /// A user.
    User(Uuid),
}

/// A sign-in with whom it acts as, in one look-up. The key's columns come under other
/// names, because the user's have some of them.
macro_rules! select_sign_in {
    ($rest:literal) => {
        concat!(
            "SELECT sign_ins.id AS sign_in_id, sign_ins.expires_at AS sign_in_expires_at, \
             sign_ins.api_key_id, api_keys.id, api_keys.name, api_keys.allowed_networks, \
             api_keys.created_at, api_keys.expires_at, api_keys.revoked_at, ",
            user_columns!(),
            " FROM sign_ins LEFT JOIN api_keys ON api_keys.id = sign_ins.api_key_id \
             LEFT JOIN users ON users.id = sign_ins.user_id ",
            $rest
        )
    };
}

impl Store {
    /// Adds a sign-in by the hash of its cookie, and removes those that are over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_sign_in(
        &self,
        cookie_hash: &str,
        holder: NewSignIn,
        expires_at: OffsetDateTime,
    ) -> Result<Uuid, StoreError> {
        let now = to_millis(OffsetDateTime::now_utc());
        sqlx::query("DELETE FROM sign_ins WHERE expires_at <= $1")
            .bind(now)
            .execute(self.pool())
            .await?;
        let (key, user) = match holder {
            NewSignIn::ApiKey(id) => (Some(id.to_string()), None),
            NewSignIn::User(id) => (None, Some(id.to_string())),
        };
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO sign_ins (id, cookie_hash, api_key_id, user_id, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.to_string())
        .bind(cookie_hash)
        .bind(key)
        .bind(user)
        .bind(now)
        .bind(to_millis(expires_at))
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// The sign-in with that cookie, unless it is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sign_in_by_hash(&self, cookie_hash: &str) -> Result<Option<SignIn>, StoreError> {
        let query = select_sign_in!("WHERE sign_ins.cookie_hash = $1 AND sign_ins.expires_at > $2");
        self.one_sign_in(query, cookie_hash).await
    }

    /// The sign-in with that id, unless it is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sign_in(&self, id: Uuid) -> Result<Option<SignIn>, StoreError> {
        let query = select_sign_in!("WHERE sign_ins.id = $1 AND sign_ins.expires_at > $2");
        self.one_sign_in(query, &id.to_string()).await
    }

    /// Ends a sign-in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_sign_in(&self, cookie_hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sign_ins WHERE cookie_hash = $1")
            .bind(cookie_hash)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Signs a user out of every browser; tells of how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_sign_ins_of(&self, user: Uuid) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM sign_ins WHERE user_id = $1")
            .bind(user.to_string())
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected())
    }

    async fn one_sign_in(
        &self,
        sql: &'static str,
        argument: &str,
    ) -> Result<Option<SignIn>, StoreError> {
        let row = sqlx::query(sql)
            .bind(argument)
            .bind(to_millis(OffsetDateTime::now_utc()))
            .fetch_optional(self.pool())
            .await?;
        Ok(row.as_ref().map(read).transpose()?)
    }
}

fn read(row: &DbRow) -> Result<SignIn, sqlx::Error> {
    let by_key = row.try_get::<Option<&str>, _>("api_key_id")?.is_some();
    let holder = if by_key {
        SignInHolder::ApiKey(api_keys::read(row)?)
    } else {
        SignInHolder::User(read_user(row)?)
    };
    Ok(SignIn {
        id: read_id(row, "sign_in_id")?,
        holder,
        expires_at: from_millis(row.try_get("sign_in_expires_at")?),
    })
}
