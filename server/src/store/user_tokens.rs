use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::users::{read_role, read_user, user_columns};
use super::{DbRow, ID_ATTEMPTS, Store, StoreError, User, from_millis, read_id, to_millis};
use crate::access::Role;

/// A user's token as it is kept: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserToken {
    /// Never used again, also after its end.
    pub id: i64,
    /// Whose it is. The user may be gone.
    pub user_id: Uuid,
    /// Unique among the live tokens of the user.
    pub name: String,
    /// The role that it does not go beyond.
    pub max_role: Option<Role>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends by itself, if ever.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<OffsetDateTime>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<OffsetDateTime>,
}

impl UserToken {
    /// Why the token itself is not good at `now`; `None` if it is.
    pub fn fault(&self, now: OffsetDateTime) -> Option<&'static str> {
        if self.revoked_at.is_some() {
            return Some("it is revoked");
        }
        self.expires_at.filter(|end| *end <= now).map(|_| "it has expired")
    }
}

/// A token to be.
#[derive(Debug, Clone)]
pub struct NewUserToken {
    /// Whose it is.
    pub user_id: Uuid,
    /// Unique among the live tokens of the user.
    pub name: String,
    /// SHA-256 of the secret, hexadecimal.
    pub token_hash: String,
    /// The role that it does not go beyond.
    pub max_role: Option<Role>,
    /// When it ends by itself, if ever.
    pub expires_at: Option<OffsetDateTime>,
    /// The token that this one is made with.
    pub parent_id: Option<i64>,
}

/// The columns that [`read_token`] takes.
macro_rules! token_columns {
    () => {
        "user_tokens.id AS token_id, user_tokens.user_id AS token_user_id, \
         user_tokens.name AS token_name, user_tokens.max_role, \
         user_tokens.created_at AS token_created_at, user_tokens.expires_at, \
         user_tokens.last_used_at, user_tokens.revoked_at"
    };
}

/// A token with its user, in one look-up.
macro_rules! select_bearer {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            token_columns!(),
            ", ",
            user_columns!(),
            " FROM user_tokens JOIN users ON users.id = user_tokens.user_id ",
            $rest
        )
    };
}

impl Store {
    /// Adds a token.
    ///
    /// # Errors
    /// `Conflict` if a live token of the user has the name.
    pub async fn add_user_token(&self, new: &NewUserToken) -> Result<UserToken, StoreError> {
        let now = to_millis(OffsetDateTime::now_utc());
        self.free_names_of_expired_tokens(new.user_id, &new.name, now).await?;
        for _ in 0..ID_ATTEMPTS {
            // Two nodes that add at the same time find the same next id: one of them again.
            let row = sqlx::query(concat!(
                "INSERT INTO user_tokens (id, user_id, name, token_hash, max_role, created_at, \
                 expires_at, parent_id) \
                 SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7 FROM user_tokens \
                 WHERE true ON CONFLICT (id) DO NOTHING RETURNING ",
                token_columns!()
            ))
            .bind(new.user_id.to_string())
            .bind(&new.name)
            .bind(&new.token_hash)
            .bind(new.max_role.map(Role::name))
            .bind(now)
            .bind(new.expires_at.map(to_millis))
            .bind(new.parent_id)
            .fetch_optional(self.pool())
            .await?;
            if let Some(row) = row {
                return Ok(read_token(&row)?);
            }
        }
        Err(StoreError::Conflict)
    }

    async fn free_names_of_expired_tokens(
        &self,
        user: Uuid,
        name: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE user_tokens SET revoked_at = expires_at
             WHERE user_id = $1 AND name = $2 AND revoked_at IS NULL AND expires_at <= $3",
        )
        .bind(user.to_string())
        .bind(name)
        .bind(now)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// The token with that secret and its user, live or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_token_by_hash(
        &self,
        hash: &str,
    ) -> Result<Option<(UserToken, User)>, StoreError> {
        let query = sqlx::query(select_bearer!("WHERE user_tokens.token_hash = $1")).bind(hash);
        let row = query.fetch_optional(self.pool()).await?;
        Ok(row.as_ref().map(read_bearer).transpose()?)
    }

    /// The token with that id and its user, live or not.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_token(&self, id: i64) -> Result<Option<(UserToken, User)>, StoreError> {
        let query = sqlx::query(select_bearer!("WHERE user_tokens.id = $1")).bind(id);
        let row = query.fetch_optional(self.pool()).await?;
        Ok(row.as_ref().map(read_bearer).transpose()?)
    }

    /// All tokens of a user, the newest first, revoked ones among them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_tokens_of(&self, user: Uuid) -> Result<Vec<UserToken>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            token_columns!(),
            " FROM user_tokens WHERE user_tokens.user_id = $1 ORDER BY user_tokens.id DESC"
        ))
        .bind(user.to_string())
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().map(read_token).collect::<Result<_, _>>()?)
    }

    /// All tokens of all users that still exist, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_tokens(&self) -> Result<Vec<(UserToken, User)>, StoreError> {
        let query = sqlx::query(select_bearer!("ORDER BY user_tokens.id DESC"));
        let rows = query.fetch_all(self.pool()).await?;
        Ok(rows.iter().map(read_bearer).collect::<Result<_, _>>()?)
    }

    /// Revokes a token, of that user if one is given, and those that were made with it.
    /// Returns them; none where there was no live one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revoke_user_token(
        &self,
        id: i64,
        user: Option<Uuid>,
    ) -> Result<Vec<UserToken>, StoreError> {
        let rows = sqlx::query(concat!(
            "WITH RECURSIVE family (id) AS ( \
                 SELECT id FROM user_tokens WHERE id = $1 AND revoked_at IS NULL \
                 AND user_id = COALESCE(CAST($2 AS TEXT), user_id) \
                 UNION \
                 SELECT child.id FROM user_tokens child JOIN family ON child.parent_id = family.id \
             ) \
             UPDATE user_tokens SET revoked_at = $3 \
             WHERE revoked_at IS NULL AND id IN (SELECT id FROM family) RETURNING ",
            token_columns!()
        ))
        .bind(id)
        .bind(user.map(|id| id.to_string()))
        .bind(to_millis(OffsetDateTime::now_utc()))
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().map(read_token).collect::<Result<_, _>>()?)
    }

    /// Remembers when a token was last used.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn touch_user_token(&self, id: i64, used: OffsetDateTime) -> Result<(), StoreError> {
        sqlx::query("UPDATE user_tokens SET last_used_at = $1 WHERE id = $2")
            .bind(to_millis(used))
            .bind(id)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}

fn read_bearer(row: &DbRow) -> Result<(UserToken, User), sqlx::Error> {
    Ok((read_token(row)?, read_user(row)?))
}

fn read_token(row: &DbRow) -> Result<UserToken, sqlx::Error> {
    let time =
        |column| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(column)?.map(from_millis));
    Ok(UserToken {
        id: row.try_get("token_id")?,
        user_id: read_id(row, "token_user_id")?,
        name: row.try_get("token_name")?,
        max_role: row.try_get::<Option<&str>, _>("max_role")?.map(read_role).transpose()?,
        created_at: from_millis(row.try_get("token_created_at")?),
        expires_at: time("expires_at")?,
        last_used_at: time("last_used_at")?,
        revoked_at: time("revoked_at")?,
    })
}
