use serde::Serialize;
use sqlx::{Any, Row, Transaction};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{DbRow, Store, StoreError, damaged, from_millis, read_id, to_millis};
use crate::access::Role;

/// Somebody who signs in by OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// UUID v7.
    pub id: Uuid,
    /// The provider that vouches for them.
    pub issuer: String,
    /// Who they are at the provider.
    pub subject: String,
    /// E-mail address, as the provider wrote it. It identifies nobody.
    pub email: Option<String>,
    /// Name for people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where the role comes from.
    pub role_source: RoleSource,
    /// Groups at the last sign-in.
    pub groups: Vec<String>,
    /// Since when they may not sign in, if so.
    pub disabled_at: Option<OffsetDateTime>,
    /// First sign-in.
    pub created_at: OffsetDateTime,
    /// Last sign-in.
    pub last_login_at: Option<OffsetDateTime>,
}

/// Where a user's role comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleSource {
    /// A group mapping, at the last sign-in.
    Mapping,
    /// An admin set it by hand.
    Admin,
    /// Neither: the configuration's default.
    Default,
}

impl RoleSource {
    const fn name(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::Admin => "admin",
            Self::Default => "default",
        }
    }

    fn from_name(name: &str) -> Self {
        [Self::Mapping, Self::Admin].into_iter().find(|s| s.name() == name).unwrap_or(Self::Default)
    }
}

/// What a provider said of somebody who signs in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The provider.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Name for people.
    pub name: String,
    /// Groups.
    pub groups: Vec<String>,
    /// The highest role of the groups' mappings, if one matches.
    pub mapped_role: Option<Role>,
    /// The role where no mapping matches and no admin set one.
    pub default_role: Role,
}

/// The columns that [`read_user`] takes, of the table or alias `users`.
macro_rules! user_columns {
    () => {
        "users.id AS user_id, users.issuer, users.subject, users.email, users.name AS user_name, \
         users.role, users.role_source, users.groups, users.disabled_at, \
         users.created_at AS user_created_at, users.last_login_at"
    };
}
pub(super) use user_columns;

/// Whether somebody can act as an admin without this row of `users`, or the row is none;
/// `$now` is the parameter that holds the time.
macro_rules! somebody_is_left {
    ($now:literal) => {
        concat!(
            "(users.role <> 'admin' OR users.disabled_at IS NOT NULL \
         OR EXISTS (SELECT 1 FROM users AS other WHERE other.role = 'admin' \
         AND other.disabled_at IS NULL AND other.id <> users.id) \
         OR EXISTS (SELECT 1 FROM api_keys WHERE revoked_at IS NULL \
         AND (expires_at IS NULL OR expires_at > ",
            $now,
            ")))"
        )
    };
}

macro_rules! select_user {
    ($rest:literal) => {
        concat!("SELECT ", user_columns!(), " FROM users ", $rest)
    };
}

impl Store {
    /// Keeps what the provider said, with the role that follows from it, and returns the
    /// user; the first sign-in makes one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn log_user_in(&self, login: &Login) -> Result<User, StoreError> {
        let role = login.mapped_role.unwrap_or(login.default_role);
        let mapped = login.mapped_role.map(Role::name);
        let source = if mapped.is_some() { RoleSource::Mapping } else { RoleSource::Default };
        let row = sqlx::query(concat!(
            "INSERT INTO users (id, issuer, subject, email, email_key, name, role, role_source, \
             groups, created_at, last_login_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
             ON CONFLICT (issuer, subject) DO UPDATE SET email = excluded.email, \
             email_key = excluded.email_key, name = excluded.name, groups = excluded.groups, \
             last_login_at = excluded.last_login_at, \
             role = COALESCE(CAST($11 AS TEXT), users.admin_role, excluded.role), \
             role_source = CASE WHEN CAST($11 AS TEXT) IS NOT NULL OR users.admin_role IS NULL \
             THEN excluded.role_source ELSE 'admin' END \
             RETURNING ",
            user_columns!()
        ))
        .bind(Uuid::now_v7().to_string())
        .bind(&login.issuer)
        .bind(&login.subject)
        .bind(&login.email)
        .bind(login.email.as_deref().map(email_key))
        .bind(&login.name)
        .bind(role.name())
        .bind(source.name())
        .bind(serde_json::Value::from(login.groups.clone()).to_string())
        .bind(to_millis(OffsetDateTime::now_utc()))
        .bind(mapped)
        .fetch_one(self.pool())
        .await?;
        Ok(read_user(&row)?)
    }

    /// All users, oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query(select_user!("ORDER BY users.id")).fetch_all(self.pool()).await?;
        Ok(rows.iter().map(read_user).collect::<Result<_, _>>()?)
    }

    /// The user with that id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user(&self, id: Uuid) -> Result<Option<User>, StoreError> {
        let query = sqlx::query(select_user!("WHERE users.id = $1")).bind(id.to_string());
        let row = query.fetch_optional(self.pool()).await?;
        Ok(row.as_ref().map(read_user).transpose()?)
    }

    /// The user whom a provider knows by that subject.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn user_by_subject(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<User>, StoreError> {
        let row = sqlx::query(select_user!("WHERE users.issuer = $1 AND users.subject = $2"))
            .bind(issuer)
            .bind(subject)
            .fetch_optional(self.pool())
            .await?;
        Ok(row.as_ref().map(read_user).transpose()?)
    }

    /// The users with that e-mail address: several may have it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn users_by_email(&self, email: &str) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query(select_user!("WHERE users.email_key = $1 ORDER BY users.id"))
            .bind(email_key(email))
            .fetch_all(self.pool())
            .await?;
        Ok(rows.iter().map(read_user).collect::<Result<_, _>>()?)
    }

    /// Sets a role by hand; `None` if there is no such user, or nobody would be left who
    /// could act as an admin: no other enabled admin, and no live API key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_user_role(&self, id: Uuid, role: Role) -> Result<Option<User>, StoreError> {
        let mut all = self.pool().begin().await?;
        hold_admins(&mut all).await?;
        let row = sqlx::query(concat!(
            "UPDATE users SET role = $1, admin_role = $1, role_source = 'admin' WHERE id = $2 \
             AND (CAST($1 AS TEXT) = 'admin' OR ",
            somebody_is_left!("$3"),
            ") RETURNING ",
            user_columns!()
        ))
        .bind(role.name())
        .bind(id.to_string())
        .bind(to_millis(OffsetDateTime::now_utc()))
        .fetch_optional(&mut *all)
        .await?;
        all.commit().await?;
        Ok(row.as_ref().map(read_user).transpose()?)
    }

    /// Disables a user, or takes that back; `None` if there is no such user, or as with
    /// [`set_user_role`](Self::set_user_role).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_user_disabled(
        &self,
        id: Uuid,
        disabled: bool,
    ) -> Result<Option<User>, StoreError> {
        let mut all = self.pool().begin().await?;
        hold_admins(&mut all).await?;
        let now = to_millis(OffsetDateTime::now_utc());
        let row = sqlx::query(concat!(
            "UPDATE users SET disabled_at = $1 WHERE id = $2 \
             AND (CAST($1 AS BIGINT) IS NULL OR ",
            somebody_is_left!("$3"),
            ") RETURNING ",
            user_columns!()
        ))
        .bind(disabled.then_some(now))
        .bind(id.to_string())
        .bind(now)
        .fetch_optional(&mut *all)
        .await?;
        all.commit().await?;
        Ok(row.as_ref().map(read_user).transpose()?)
    }

    /// Removes a user with all sign-ins, and revokes the tokens; `false` if there is no such
    /// user, or as with [`set_user_role`](Self::set_user_role).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_user(&self, id: Uuid) -> Result<bool, StoreError> {
        let now = to_millis(OffsetDateTime::now_utc());
        let mut all = self.pool().begin().await?;
        hold_admins(&mut all).await?;
        sqlx::query(
            "UPDATE user_tokens SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL",
        )
        .bind(now)
        .bind(id.to_string())
        .execute(&mut *all)
        .await?;
        let statement = concat!("DELETE FROM users WHERE id = $1 AND ", somebody_is_left!("$2"));
        let done = sqlx::query(statement).bind(id.to_string()).bind(now).execute(&mut *all).await?;
        if done.rows_affected() == 0 {
            all.rollback().await?;
            return Ok(false);
        }
        all.commit().await?;
        Ok(true)
    }
}

/// Makes others wait who take an admin away: of two at once, each would count on the admin
/// whom the other takes away. In both dialects a change locks the rows, also one to nothing.
async fn hold_admins(all: &mut Transaction<'_, Any>) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET role = role WHERE role = 'admin' AND disabled_at IS NULL")
        .execute(&mut **all)
        .await?;
    Ok(())
}

fn email_key(email: &str) -> String {
    email.to_lowercase()
}

pub(super) fn read_user(row: &DbRow) -> Result<User, sqlx::Error> {
    let groups: &str = row.try_get("groups")?;
    Ok(User {
        id: read_id(row, "user_id")?,
        issuer: row.try_get("issuer")?,
        subject: row.try_get("subject")?,
        email: row.try_get("email")?,
        name: row.try_get("user_name")?,
        role: read_role(row.try_get("role")?)?,
        role_source: RoleSource::from_name(row.try_get("role_source")?),
        groups: serde_json::from_str(groups).map_err(damaged)?,
        disabled_at: row.try_get::<Option<i64>, _>("disabled_at")?.map(from_millis),
        created_at: from_millis(row.try_get("user_created_at")?),
        last_login_at: row.try_get::<Option<i64>, _>("last_login_at")?.map(from_millis),
    })
}

pub(super) fn read_role(name: &str) -> Result<Role, sqlx::Error> {
    name.parse().map_err(damaged)
}
