//! Single sign-on: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).
//!
//! The browser gets a cookie with a random secret. Nonce and PKCE verifier follow from it by
//! hashing, so that the database holds nothing with which a sign-in could be taken over.

mod claims;
mod http;
mod provider;

use openidconnect::core::CoreResponseType;
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    Scope,
};
use serde::Deserialize;
use url::Url;

pub use claims::Person;
pub use provider::{Oidc, OidcConfigError};

use super::{NewToken, hash_token};
use crate::api::ApiError;
use provider::Metadata;

/// How much of the state's hash names a flow's cookie: enough to tell the flows of one
/// browser apart.
const NAME_LENGTH: usize = 16;

/// Why somebody could not be signed in. The detail is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider does not answer, or not as it should.
    #[error("the provider is not available: {0}")]
    Unavailable(String),
    /// The person or the provider said no.
    #[error("the provider refused: {0}")]
    Denied(String),
    /// What came back does not prove who it is.
    #[error("the provider's answer was refused: {0}")]
    Untrusted(String),
    /// The provider has not verified the e-mail address.
    #[error("the e-mail address is not verified")]
    UnverifiedEmail,
    /// Ours.
    #[error(transparent)]
    Internal(#[from] ApiError),
}

/// A browser on its way to the provider.
pub struct Departure {
    /// Where to send it.
    pub url: Url,
    /// What the provider has to give back.
    pub flow: Flow,
    /// The secret of the browser's cookie.
    pub secret: String,
}

/// One sign-in at the provider.
pub struct Flow {
    /// What stands in the name of its cookie.
    pub name: String,
    /// The hash that its row is found by.
    pub state_hash: String,
}

impl Flow {
    /// The flow with that `state`.
    pub fn of(state: &str) -> Self {
        let state_hash = hash_token(state);
        Self { name: state_hash.chars().take(NAME_LENGTH).collect(), state_hash }
    }
}

/// What the provider sends a browser back with.
#[derive(Debug, Default, Deserialize)]
pub struct Answer {
    /// The code to be exchanged.
    pub code: Option<String>,
    /// As it was sent.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why not.
    pub error: Option<String>,
}

fn nonce(secret: &str) -> Nonce {
    Nonce::new(hash_token(&format!("nonce {secret}")))
}

fn verifier(secret: &str) -> PkceCodeVerifier {
    PkceCodeVerifier::new(hash_token(&format!("verifier {secret}")))
}

impl Oidc {
    /// Begins a sign-in.
    ///
    /// # Errors
    /// Where the provider cannot be asked how.
    pub async fn begin(&self) -> Result<Departure, OidcError> {
        let metadata = self.metadata().await?;
        let (state, secret) = (NewToken::generate("")?, NewToken::generate("")?);
        let secret = secret.secret.expose().clone();
        let state = state.secret.expose().clone();
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier(&secret));
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (sent, nonce) = (CsrfToken::new(state.clone()), nonce(&secret));
        let client = self.client(&metadata);
        let request = client.authorize_url(flow, || sent, || nonce);
        let scopes = ["profile", "email"].into_iter().map(str::to_owned);
        let scopes = scopes.chain(self.config().scopes.clone()).map(Scope::new);
        let (url, ..) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Ok(Departure { url, flow: Flow::of(&state), secret })
    }

    /// Finds out who came back. The caller has made sure that the state is that of this
    /// browser, and used it up.
    ///
    /// # Errors
    /// Whatever keeps the answer from proving it.
    pub async fn complete(&self, answer: Answer, secret: &str) -> Result<Person, OidcError> {
        let metadata = self.metadata().await?;
        check_issuer(&answer, &metadata)?;
        if let Some(error) = answer.error {
            return Err(OidcError::Denied(error));
        }
        let code = answer.code.ok_or_else(|| OidcError::Untrusted("no code".to_owned()))?;
        let code = AuthorizationCode::new(code);
        let tokens = self.exchange(&metadata, code, verifier(secret)).await?;
        let claims = self.verify(metadata.clone(), &tokens, &nonce(secret)).await?;
        let person = self.describe(&metadata, &tokens, &claims).await?;
        if person.email_verified == Some(false) && !self.config().allow_unverified_email {
            return Err(OidcError::UnverifiedEmail);
        }
        Ok(person)
    }
}

/// RFC 9207, section 2.4: an answer of another provider must not pass for one of this.
fn check_issuer(answer: &Answer, metadata: &Metadata) -> Result<(), OidcError> {
    let announced = metadata.additional_metadata().says_issuer();
    match &answer.iss {
        Some(issuer) if issuer == metadata.issuer().as_str() => Ok(()),
        None if !announced => Ok(()),
        other => Err(OidcError::Untrusted(format!("the answer's issuer is {other:?}"))),
    }
}
