//! Who is asking, and what they may: credentials become an [`Identity`], and each route
//! says with its registration which [`Role`] it needs.

mod address;
mod authenticate;
mod brake;
mod cookie;
mod guard;
mod identity;
mod origin;
mod token;

pub use address::{ClientAddress, neighbourhood};
pub use authenticate::{
    authenticate, authenticate_key, identity_behind, still_valid, subject_has_access,
};
pub use brake::FailureBrake;
pub use cookie::{clear_cookie, set_cookie, sign_in_cookie};
pub use guard::{Access, guard};
pub use identity::{AuthType, Credential, Identity, MaybeIdentity, Role};
pub use origin::{is_foreign_write, is_own_origin};
pub use token::{NewToken, hash_token};
