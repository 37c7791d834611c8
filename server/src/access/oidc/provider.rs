use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthorizationCode, ClaimsVerificationError, Client, ClientId,
    ClientSecret, EmptyExtraTokenFields, EndSessionUrl, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IdTokenClaims, IdTokenFields, IssuerUrl, LogoutHint, LogoutRequest, Nonce,
    OAuth2TokenResponse as _, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadata,
    RedirectUrl, RequestTokenError, SignatureVerificationError, StandardErrorResponse,
    StandardTokenResponse, TokenResponse as _, UserInfoClaims, UserInfoError,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use url::Url;

use super::OidcError;
use super::claims::{OtherClaims, Person, subject, text};
use super::http::{Http, HttpError};
use crate::config::OidcConfig;

/// Signatures by the provider's private key. Those by a shared secret (HS256) and none at
/// all are left out: whoever knows the client's secret could make them.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What the provider says of itself beside the standard's own names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct FurtherMetadata {
    end_session_endpoint: Option<EndSessionUrl>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for FurtherMetadata {}

impl FurtherMetadata {
    /// Whether every answer names its issuer (RFC 9207).
    pub(super) fn says_issuer(&self) -> bool {
        self.authorization_response_iss_parameter_supported
    }
}

pub(super) type Metadata = ProviderMetadata<
    FurtherMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub(super) type Tokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

pub(super) type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
type UserInfo = UserInfoClaims<OtherClaims, CoreGenderClaim>;

type OidcClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why single sign-on cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OidcConfigError {
    /// An address that is none.
    #[error("{0}")]
    Url(#[from] url::ParseError),
    /// The file with the authorities cannot be used.
    #[error("{0}: {1}")]
    Ca(PathBuf, #[source] std::io::Error),
}

/// The provider, as this gateway is its client. It is asked when it is needed first, and
/// again until it answers: it need not be there when the gateway starts.
pub struct Oidc {
    config: OidcConfig,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    after_sign_out: PostLogoutRedirectUrl,
    http: Http,
    known: Mutex<Option<Known>>,
}

struct Known {
    metadata: Arc<Metadata>,
    since: Instant,
}

impl Oidc {
    /// Prepares to ask the provider. Browsers reach this gateway at `base_url`.
    ///
    /// # Errors
    /// A file of authorities that cannot be read.
    pub fn new(config: OidcConfig, base_url: &str) -> Result<Self, OidcConfigError> {
        let ca = || config.ca.clone().unwrap_or_default();
        let http = Http::new(&config).map_err(|error| OidcConfigError::Ca(ca(), error))?;
        Ok(Self {
            issuer: IssuerUrl::new(config.issuer.clone())?,
            redirect: RedirectUrl::new(format!("{base_url}/auth/callback"))?,
            after_sign_out: PostLogoutRedirectUrl::new(format!("{base_url}/login"))?,
            http,
            known: Mutex::new(None),
            config,
        })
    }

    pub(super) fn config(&self) -> &OidcConfig {
        &self.config
    }

    /// The role of people whom nothing else gives one.
    pub fn default_role(&self) -> crate::access::Role {
        self.config.default_role
    }

    /// How long somebody may take at the provider.
    pub fn flow_lifetime(&self) -> std::time::Duration {
        self.config.flow_lifetime
    }

    /// Where to send a browser that signs out here, so that it signs out at the provider as
    /// well; `None` where that is switched off, or not offered. `id_token` is the one that the
    /// browser signed in with: a provider that is shown it need not ask the person.
    pub async fn sign_out_url(&self, email: Option<&str>, id_token: Option<&str>) -> Option<Url> {
        if !self.config.sign_out_at_provider {
            return None;
        }
        let metadata = self.metadata().await.ok()?;
        let endpoint = metadata.additional_metadata().end_session_endpoint.clone()?;
        let mut request = LogoutRequest::from(endpoint)
            .set_client_id(ClientId::new(self.config.client_id.clone()))
            .set_post_logout_redirect_uri(self.after_sign_out.clone());
        if let Some(email) = email {
            request = request.set_logout_hint(LogoutHint::new(email.to_owned()));
        }
        let mut url = request.http_get_url();
        if let Some(id_token) = id_token {
            url.query_pairs_mut().append_pair("id_token_hint", id_token);
        }
        Some(url)
    }

    /// What the provider says of itself, its keys included.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        let known = self.known.lock().as_ref().map(|known| {
            (Arc::clone(&known.metadata), known.since.elapsed() < self.config.discovery_lifetime)
        });
        match known {
            Some((metadata, true)) => Ok(metadata),
            Some((old, false)) => Ok(self.discover().await.unwrap_or(old)),
            None => self.discover().await,
        }
    }

    async fn discover(&self) -> Result<Arc<Metadata>, OidcError> {
        let found = Metadata::discover_async(self.issuer.clone(), &self.http).await;
        let metadata = found.map_err(|error| {
            let detail = match error {
                openidconnect::DiscoveryError::Request(cause) => cause.to_string(),
                other => other.to_string(),
            };
            tracing::warn!(detail, issuer = self.config.issuer, "single sign-on is not available");
            OidcError::Unavailable(detail)
        })?;
        let metadata = Arc::new(metadata);
        let known = Known { metadata: Arc::clone(&metadata), since: Instant::now() };
        *self.known.lock() = Some(known);
        Ok(metadata)
    }

    pub(super) fn client(&self, metadata: &Metadata) -> OidcClient {
        let secret = self.config.client_secret.as_ref();
        OidcClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.config.client_id.clone()),
            secret.map(|secret| ClientSecret::new(secret.expose().clone())),
        )
        .set_redirect_uri(self.redirect.clone())
    }

    pub(super) async fn exchange(
        &self,
        metadata: &Metadata,
        code: AuthorizationCode,
        verifier: PkceCodeVerifier,
    ) -> Result<Tokens, OidcError> {
        let client = self.client(metadata);
        let request = client.exchange_code(code);
        let request = request.map_err(|error| OidcError::Unavailable(error.to_string()))?;
        let request = request.set_pkce_verifier(verifier);
        request.request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(refusal) => OidcError::Untrusted(refusal.to_string()),
            RequestTokenError::Request(cause) => OidcError::Unavailable(cause.to_string()),
            // The rest may quote tokens.
            RequestTokenError::Parse(error, _) => {
                OidcError::Untrusted(format!("the tokens cannot be read, at {}", error.path()))
            }
            RequestTokenError::Other(_) => OidcError::Untrusted("no tokens came".to_owned()),
        })
    }

    /// The claims of the ID token, if it is good. A key that is not known may be new: the
    /// provider is asked once more.
    pub(super) async fn verify(
        &self,
        metadata: Arc<Metadata>,
        tokens: &Tokens,
        nonce: &Nonce,
    ) -> Result<Claims, OidcError> {
        let verified = match self.verify_with(&metadata, tokens, nonce) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => self.verify_with(&*self.discover().await?, tokens, nonce),
            other => other,
        };
        verified.map_err(|error| OidcError::Untrusted(explain(&error)))
    }

    fn verify_with(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        nonce: &Nonce,
    ) -> Result<Claims, ClaimsVerificationError> {
        let missing = || ClaimsVerificationError::Other("no ID token came".to_owned());
        let client = self.client(metadata);
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        tokens.id_token().ok_or_else(missing)?.claims(&verifier, nonce).cloned()
    }

    /// Who it is: from the ID token, and from the user information where that is silent.
    pub(super) async fn describe(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        claims: &Claims,
    ) -> Result<Person, OidcError> {
        let name = &self.config.groups_claim;
        let mut groups = claims.additional_claims().groups(name);
        let mut email = claims.email().and_then(|email| text(email));
        let mut email_verified = claims.email_verified();
        let mut called = first_name(claims.name(), claims.preferred_username());
        if groups.is_none() || email.is_none() || email_verified.is_none() || called.is_none() {
            let more = self.user_info(metadata, tokens, claims).await?;
            if let Some(more) = more {
                groups = groups.or_else(|| more.additional_claims().groups(name));
                email = email.or_else(|| more.email().and_then(|email| text(email)));
                email_verified = email_verified.or_else(|| more.email_verified());
                called = called.or_else(|| first_name(more.name(), more.preferred_username()));
            }
        }
        let subject = subject(claims.subject())?;
        let id_token = tokens.id_token().map(ToString::to_string).unwrap_or_default();
        Ok(Person {
            id_token: id_token.into(),
            issuer: self.config.issuer.clone(),
            name: called.or_else(|| email.clone()).unwrap_or_else(|| subject.clone()),
            subject,
            email,
            email_verified,
            groups: groups.unwrap_or_default(),
        })
    }

    /// The user information, where the provider has any. It must be about the same person
    /// (OpenID Connect Core, section 5.3.2).
    async fn user_info(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        claims: &Claims,
    ) -> Result<Option<UserInfo>, OidcError> {
        let client = self.client(metadata);
        let person = Some(claims.subject().clone());
        let Ok(request) = client.user_info(tokens.access_token().clone(), person) else {
            return Ok(None);
        };
        let info: Result<UserInfo, UserInfoError<HttpError>> =
            request.request_async(&self.http).await;
        info.map(Some).map_err(|error| match error {
            UserInfoError::ClaimsVerification(error) => OidcError::Untrusted(explain(&error)),
            UserInfoError::Request(cause) => OidcError::Unavailable(cause.to_string()),
            UserInfoError::Response(status, ..) => {
                OidcError::Unavailable(format!("the user information answers {status}"))
            }
            _ => OidcError::Untrusted("the user information cannot be read".to_owned()),
        })
    }
}

fn explain(error: &ClaimsVerificationError) -> String {
    match error {
        ClaimsVerificationError::SignatureVerification(cause) => format!("{error}: {cause}"),
        // It quotes both nonces.
        ClaimsVerificationError::InvalidNonce(_) => "the nonce is another".to_owned(),
        other => other.to_string(),
    }
}

fn first_name(
    name: Option<&openidconnect::LocalizedClaim<openidconnect::EndUserName>>,
    username: Option<&openidconnect::EndUserUsername>,
) -> Option<String> {
    let name = name.and_then(|all| all.get(None).or_else(|| all.iter().next().map(|(_, n)| n)));
    name.and_then(|name| text(name)).or_else(|| username.and_then(|name| text(name)))
}
