//! Quick connect: an address that opens a machine, for links in other systems.

mod form;
mod query;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fanlight_core::FieldError;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::ApiError;
use super::book::connect as connect_entry;
use super::one_time::Follower;
use super::sessions::tell;
use super::sign_in_pages::with_next;
use crate::App;
use crate::access::{ClientAddress, Identity, MaybeIdentity, Role, hash_token, sign_in_cookie};
use crate::audit::Action;
use crate::book::{EntryView, Overrides};
use crate::sessions::Grant;
use form::Form as Page;
use query::{Target, read};

const PATH: &str = "/api/connect";
/// How the name of a field for a value of one's own begins.
const PERSONAL: &str = "personal.";

/// What to open: an entry of the address book by `scope`, `folder` and `entry`, or else a
/// target by itself. Secrets are refused here.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query, which is read by hand to name what is wrong")]
pub(super) struct ConnectQuery {
    /// Id of the driver; `ssh` unless given.
    protocol: Option<String>,
    /// Name or address of the target.
    hostname: Option<String>,
    /// Its port, unless it is the protocol's own.
    port: Option<u16>,
    /// The account.
    username: Option<String>,
    /// The page, for sessions that open one.
    url: Option<String>,
    /// `shared` or `instance`.
    scope: Option<String>,
    /// Folder of the address book.
    folder: Option<String>,
    /// Entry of the folder.
    entry: Option<String>,
    /// Width of the screen in pixels.
    width: Option<u32>,
    /// Height of the screen in pixels.
    height: Option<u32>,
    /// Dots per inch.
    dpi: Option<u32>,
}

/// What the form of a quick connect sends.
#[derive(Deserialize, ToSchema)]
pub(super) struct ConnectForm {
    /// Account for this session.
    #[serde(default)]
    username: String,
    /// Password for this session.
    #[serde(default)]
    #[schema(value_type = String, write_only, format = Password)]
    password: fanlight_core::Secret,
    /// Private key for this session.
    #[serde(default)]
    #[schema(value_type = String, write_only, format = Password)]
    private_key: fanlight_core::Secret,
    /// Domain for this session.
    #[serde(default)]
    domain: String,
    /// Proves that the form is of this gateway.
    #[serde(default)]
    csrf_token: String,
    /// `personal.corp_password`: a value of one's own for this session, for what an entry
    /// names so.
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, String>, additional_properties)]
    others: BTreeMap<String, fanlight_core::Secret>,
}

impl ConnectForm {
    /// The values of one's own that were entered.
    fn personal(&self) -> Result<BTreeMap<String, fanlight_core::Secret>, ApiError> {
        let mut personal = BTreeMap::new();
        for (field, value) in &self.others {
            let Some(name) = field.strip_prefix(PERSONAL) else {
                let unknown = FieldError::new(field, "is not a known field");
                return Err(ApiError::invalid(vec![unknown]));
            };
            if !value.expose().is_empty() {
                personal.insert(name.to_owned(), value.clone());
            }
        }
        Ok(personal)
    }
}

/// Makes a session and leads the browser to it; asks for credentials where an entry has none
/// to use. Who is not signed in does that first.
#[utoipa::path(get, path = "/api/connect", tag = "Quick connect", params(ConnectQuery),
    responses((status = 200, description = "A form for credentials, or a question.",
            content_type = "text/html", body = String),
        (status = 302, description = "To the session's page, or to sign in."),
        (status = 403, description = "The role or the folder does not allow it."),
        (status = 404, description = "There is no such entry."),
        (status = 429, description = "Too many sessions are open."),
        (status = 502, description = "The target's name does not resolve."),
        (status = 503, description = "The address book is not available."),
        (status = 504, description = "The address book or a name server took too long.")))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    follower: Result<Follower, ApiError>,
    who: MaybeIdentity,
    client: ClientAddress,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = Asked { app, client, headers, query: query.unwrap_or_default() };
    if let Err(error) = follower {
        return asked.explain(error);
    }
    let Some(who) = who.0 else { return asked.to_sign_in(StatusCode::FOUND) };
    let done = asked.open(&who).await;
    done.unwrap_or_else(|error| asked.explain(error))
}

/// Makes a session with the credentials of the form, which are used for it alone.
#[utoipa::path(post, path = "/api/connect", tag = "Quick connect", params(ConnectQuery),
    request_body(content = ConnectForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the session's page, or to sign in."),
        (status = 403, description = "The role or the folder does not allow it, or the form is \
            not of this gateway."),
        (status = 404, description = "There is no such entry."),
        (status = 409, description = "The form again: credentials are required.",
            content_type = "text/html", body = String),
        (status = 429, description = "Too many sessions are open."),
        (status = 502, description = "The target's name does not resolve."),
        (status = 503, description = "The address book is not available."),
        (status = 504, description = "The address book or a name server took too long.")))]
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    who: MaybeIdentity,
    client: ClientAddress,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    form: Result<Form<ConnectForm>, FormRejection>,
) -> Response {
    let asked = Asked { app, client, headers, query: query.unwrap_or_default() };
    let Some(who) = who.0 else { return asked.to_sign_in(StatusCode::SEE_OTHER) };
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return asked.explain(rejection.into()),
    };
    let done = asked.submit(&who, form).await;
    done.unwrap_or_else(|error| asked.explain(error))
}

/// One request, and what is needed to answer it.
struct Asked {
    app: Arc<App>,
    client: ClientAddress,
    headers: HeaderMap,
    query: String,
}

impl Asked {
    async fn open(&self, who: &Identity) -> Result<Response, ApiError> {
        self.refuse_embedding()?;
        let target = read(&self.query)?;
        self.require_role(who, &target)?;
        let entry = self.entry_of(who, &target).await?;
        if let Some(entry) = entry.as_ref().filter(|entry| entry.asks_credentials) {
            return Ok(self.form(entry, None).into_response());
        }
        if self.must_confirm() {
            return Ok(Page::question(&self.own_path(), &self.csrf_token(), &target.label()));
        }
        match (self.connect(who, target, Overrides::default(), StatusCode::FOUND).await, entry) {
            (Err(error), Some(entry)) if error.status() == StatusCode::CONFLICT => {
                Ok(self.form(&entry, Some(&error)).into_response())
            }
            (done, _) => done,
        }
    }

    async fn entry_of(&self, who: &Identity, to: &Target) -> Result<Option<EntryView>, ApiError> {
        Ok(match to {
            Target::Entry { path, .. } => Some(self.app.book.entry(who, path).await?),
            Target::AdHoc(_) => None,
        })
    }

    async fn submit(&self, who: &Identity, form: ConnectForm) -> Result<Response, ApiError> {
        let by_cookie = self.cookie().is_some();
        if by_cookie && form.csrf_token != self.csrf_token() {
            return Err(ApiError::forbidden(
                "This form is not of this gateway, or you signed in anew since. Go back and \
                 open the link again.",
            ));
        }
        let target = read(&self.query)?;
        self.require_role(who, &target)?;
        let text = |text: String| (!text.is_empty()).then_some(text);
        let secret =
            |secret: fanlight_core::Secret| (!secret.expose().is_empty()).then_some(secret);
        let overrides = Overrides {
            personal: form.personal()?,
            username: text(form.username),
            password: secret(form.password),
            // Browsers send CRLF, which no key file has.
            private_key: secret(form.private_key)
                .map(|key| fanlight_core::Secret::new(key.expose().replace("\r\n", "\n"))),
            domain: text(form.domain),
            ..Overrides::default()
        };
        let entry = self.entry_of(who, &target).await?;
        match (self.connect(who, target, overrides, StatusCode::SEE_OTHER).await, entry) {
            (Err(error), Some(entry)) if error.status() == StatusCode::CONFLICT => {
                Ok((StatusCode::CONFLICT, self.form(&entry, Some(&error))).into_response())
            }
            (done, _) => done,
        }
    }

    async fn connect(
        &self,
        who: &Identity,
        target: Target,
        overrides: Overrides,
        status: StatusCode,
    ) -> Result<Response, ApiError> {
        let Self { app, client, .. } = self;
        let created = match target {
            Target::Entry { path, size } => {
                let [width, height, dpi] = size;
                let overrides = Overrides { width, height, dpi, ..overrides };
                connect_entry(app, who, *client, &path, &overrides).await?
            }
            Target::AdHoc(mut fields) => {
                let once = overrides.bring_credentials();
                fields.extend(overrides.for_request());
                let grant = if once { Grant::Once } else { Grant::Role };
                let created = app.sessions.create(who, fields, grant).await;
                let created = created.map_err(|error| error.naming("session_type", "protocol"))?;
                tell(app, who, *client, &created.live, Action::SessionCreate).await;
                created
            }
        };
        let page = format!("/client/{}", created.live.id);
        Ok((status, [(header::LOCATION, page)]).into_response())
    }

    /// A page of another site may lead here, but not load this in the background.
    fn refuse_embedding(&self) -> Result<(), ApiError> {
        let dest = self.headers.get("sec-fetch-dest");
        if dest.is_none_or(|dest| dest == "document") {
            return Ok(());
        }
        Err(ApiError::forbidden("This address is for a person to follow, not for a page to load."))
    }

    fn must_confirm(&self) -> bool {
        let site = self.headers.get("sec-fetch-site");
        self.app.config.quick_connect_confirm
            && self.cookie().is_some()
            && site.is_none_or(|site| site != "same-origin" && site != "none")
    }

    fn require_role(&self, who: &Identity, target: &Target) -> Result<(), ApiError> {
        let least = match target {
            Target::Entry { .. } => Role::Operator,
            Target::AdHoc(_) => Role::Poweruser,
        };
        if who.role >= least {
            return Ok(());
        }
        Err(ApiError::forbidden(format!("This needs the role {} or higher.", least.name())))
    }

    fn form(&self, entry: &EntryView, error: Option<&ApiError>) -> Response {
        let driver = self.app.drivers.get(&entry.session_type);
        Page::credentials(&self.own_path(), &self.csrf_token(), entry, driver, error)
    }

    fn own_path(&self) -> String {
        format!("{PATH}?{}", self.query)
    }

    fn cookie(&self) -> Option<&str> {
        sign_in_cookie(&self.headers, &self.app.config.server)
    }

    /// Follows from the sign-in, which no other site knows.
    fn csrf_token(&self) -> String {
        let secret = self.cookie().unwrap_or_default();
        hash_token(&format!("quick connect {secret} {}", self.query))
    }

    fn to_sign_in(&self, status: StatusCode) -> Response {
        // What must not stand in an address must not go into the next one, either.
        if let Err(error) = read(&self.query) {
            return self.explain(error);
        }
        let by = if self.app.oidc.is_some() { "/auth/login" } else { "/login" };
        let there = with_next(by, &self.own_path());
        (status, [(header::LOCATION, there)]).into_response()
    }

    /// In words for a person at a browser, in JSON for programs.
    fn explain(&self, error: ApiError) -> Response {
        error.for_person(&self.headers, "This link could not be opened")
    }
}
