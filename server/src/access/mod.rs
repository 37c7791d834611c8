//! Who is asking, and what they may: credentials become an [`Identity`], and each route
//! says with its registration which [`Role`] it needs.

mod address;
mod attempt;
mod authenticate;
mod brake;
mod cookie;
mod guard;
mod identity;
mod next;
pub mod oidc;
mod origin;
mod ownership;
mod token;
mod token_uses;

pub use address::{ClientAddress, neighbourhood};
pub(crate) use attempt::Told;
pub use authenticate::{
    authenticate, authenticate_key, identity_behind, still_valid, subject_has_access,
};
pub use brake::FailureBrake;
pub use cookie::{
    clear_cookie, flow_cookie, id_token_cookie, set_cookie, set_flow_cookie, set_id_token_cookie,
    sign_in_cookie,
};
pub use guard::{Access, guard};
pub use identity::{AuthType, Credential, Identity, MaybeIdentity, NoSuchRole, Role};
pub use next::own_path;
pub use origin::{is_foreign_write, is_own_origin};
pub use ownership::{may_manage, owns, owns_or_admin};
pub use token::{NewToken, USER_TOKEN_PREFIX, hash_token};
pub use token_uses::TokenUses;
