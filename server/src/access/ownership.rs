use super::{Identity, Role};
use crate::api::ApiError;

/// Whether something whose owner's [`Identity::subject`] is `owner` belongs to `who`.
pub fn owns(who: &Identity, owner: &str) -> bool {
    who.subject == owner
}

/// Whether `who` is the owner, or an admin.
pub fn owns_or_admin(who: &Identity, owner: &str) -> bool {
    who.role == Role::Admin || owns(who, owner)
}

/// Lets the owner and admins manage something.
///
/// # Errors
/// 403 with `refusal` for everybody else.
pub fn may_manage(who: &Identity, owner: &str, refusal: &str) -> Result<(), ApiError> {
    if owns_or_admin(who, owner) { Ok(()) } else { Err(ApiError::forbidden(refusal)) }
}
