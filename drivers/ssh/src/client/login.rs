use std::sync::Arc;

use fanlight_core::{Cause, Endpoint, Input, Parameters, Route, Secret, SessionError};
use russh::client::AuthResult;
use russh::{MethodKind, MethodSet};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Limits;
use super::connect::Connection;
use super::console::Console;
use super::peer::Ending;
use fanlight_ssh::{explain, too_slow};

/// Attempts that a person may get wrong.
pub(super) const TYPED_TRIES: usize = 3;

/// What a person is told who got something wrong.
pub(super) const NOT_ACCEPTED: &str = "That was not accepted. Try again.\n";

/// One login: what it knows, and what was tried so far.
pub(super) struct Login<'a> {
    pub(super) parameters: &'a Parameters,
    pub(super) endpoint: &'a Endpoint,
    console: Arc<Console>,
    limits: Limits,
    offered: Vec<MethodKind>,
    tried: Vec<MethodKind>,
    /// The server accepted one factor and wants another.
    partly: bool,
    /// Attempts that a person typed the answers for.
    typed: usize,
    /// keyboard-interactive asked nothing: there is no use in repeating it.
    pub(super) no_questions: bool,
}

/// What goes with each login method.
pub(super) struct Desk<'c> {
    pub(super) connection: &'c mut Connection,
    pub(super) input: &'c mut mpsc::Receiver<Input>,
    pub(super) user: String,
}

impl<'a> Login<'a> {
    pub(super) fn new(
        parameters: &'a Parameters,
        target: &'a Route,
        console: Arc<Console>,
        limits: Limits,
    ) -> Self {
        Self {
            parameters,
            endpoint: &target.endpoint,
            console,
            limits,
            offered: Vec::new(),
            tried: Vec::new(),
            partly: false,
            typed: 0,
            no_questions: false,
        }
    }

    /// Logs in by the given credentials; where one is missing, by asking for it.
    pub(super) async fn run(
        mut self,
        connection: &mut Connection,
        input: &mut mpsc::Receiver<Input>,
    ) -> Result<(), SessionError> {
        let user = self.user(input).await?;
        self.console.step(format!("Log in as {user}"));
        let mut desk = Desk { connection, input, user };
        // Tells which methods the server offers; some devices let anybody in.
        let probe = desk.connection.handle.authenticate_none(desk.user.as_str());
        let mut result = self.limited(probe).await?;
        // Ends: each round spends a credential or one of the answers that may be typed.
        while !self.accepted(result, &mut desk).await? {
            let Some(method) = self.next_method() else {
                return Err(self.refused(&desk.user));
            };
            result = match method {
                MethodKind::PublicKey => self.by_key(&mut desk).await?,
                MethodKind::KeyboardInteractive => self.by_questions(&mut desk).await?,
                _ => self.by_password(&mut desk).await?,
            };
            self.tried.push(method);
        }
        Ok(())
    }

    /// Takes the server's word on the last attempt.
    async fn accepted(
        &mut self,
        result: AuthResult,
        desk: &mut Desk<'_>,
    ) -> Result<bool, SessionError> {
        let AuthResult::Failure { remaining_methods, partial_success } = result else {
            return Ok(true);
        };
        if remaining_methods.is_empty() && desk.connection.handle.is_closed() {
            return Err(self.broken_off(desk).await);
        }
        self.offered = remaining_methods.to_vec();
        self.partly |= partial_success;
        Ok(false)
    }

    fn next_method(&self) -> Option<MethodKind> {
        let offers = |method| self.offered.contains(&method);
        let (key, password) = (self.has("private-key"), self.has("password"));
        if key && offers(MethodKind::PublicKey) && !self.has_tried(MethodKind::PublicKey) {
            return Some(MethodKind::PublicKey);
        }
        // Whoever gave credentials wants them used, not a prompt when they are wrong.
        let may_type = (self.partly || !(key || password)) && self.typed < TYPED_TRIES;
        [MethodKind::KeyboardInteractive, MethodKind::Password].into_iter().find(|method| {
            let silent = *method == MethodKind::KeyboardInteractive && self.no_questions;
            let supplied = password && !self.has_tried(*method);
            offers(*method) && (supplied || (may_type && !silent))
        })
    }

    async fn by_password(&mut self, desk: &mut Desk<'_>) -> Result<AuthResult, SessionError> {
        let password = match self.supplied_password(MethodKind::Password) {
            Some(password) => password,
            None => {
                self.start_typing();
                let question = format!("{}@{}'s password: ", desk.user, self.host());
                self.ask(desk.input, &question, false).await?
            }
        };
        let word = password.expose().as_str();
        let attempt = desk.connection.handle.authenticate_password(desk.user.as_str(), word);
        self.limited(attempt).await
    }

    /// The given password, once per method: after that a person has to type.
    pub(super) fn supplied_password(&self, method: MethodKind) -> Option<Secret> {
        let password = self.parameters.get("password")?;
        (!self.has_tried(method)).then(|| Secret::new(password.to_owned()))
    }

    async fn user(&self, input: &mut mpsc::Receiver<Input>) -> Result<String, SessionError> {
        if let Some(user) = self.parameters.get("username") {
            return Ok(user.to_owned());
        }
        self.console.step("Ask for the user name");
        for _ in 0..TYPED_TRIES {
            let answer = self.ask(input, "login: ", true).await?;
            if !answer.expose().is_empty() {
                return Ok(answer.expose().clone());
            }
        }
        Err(SessionError::new(Cause::LoginFailed, "No user name was given."))
    }

    /// Asks the person in front of the terminal.
    pub(super) async fn ask(
        &self,
        input: &mut mpsc::Receiver<Input>,
        question: &str,
        echo: bool,
    ) -> Result<Secret, SessionError> {
        if self.parameters.is_true("read-only") {
            return Err(SessionError::new(
                Cause::LoginFailed,
                "A user name or password is missing, and in a read-only session nobody can type it.",
            ));
        }
        self.console.ask(input, question, echo).await
    }

    /// Begins an attempt that a person types the answers for.
    pub(super) fn start_typing(&mut self) {
        if self.typed > 0 && !self.partly {
            self.say(NOT_ACCEPTED);
        }
        self.typed += 1;
    }

    pub(super) fn say(&self, text: &str) {
        self.console.print(text);
    }

    /// Waits for the server, but not for ever.
    pub(super) async fn limited<T>(
        &self,
        exchange: impl Future<Output = Result<T, russh::Error>>,
    ) -> Result<T, SessionError> {
        timeout(self.limits.response, exchange)
            .await
            .map_err(|_| too_slow(self.endpoint, "answer the login"))?
            .map_err(|error| explain(&error, self.endpoint))
    }

    pub(super) fn host(&self) -> String {
        match self.endpoint {
            Endpoint::Tcp(host, _) => host.to_string(),
            Endpoint::Unix(_) => "localhost".into(),
        }
    }

    fn has(&self, parameter: &str) -> bool {
        self.parameters.get(parameter).is_some()
    }

    fn has_tried(&self, method: MethodKind) -> bool {
        self.tried.contains(&method)
    }

    /// What to say when the server hung up during the login. One that said why mostly
    /// had enough of wrong credentials.
    async fn broken_off(&self, desk: &mut Desk<'_>) -> SessionError {
        match desk.connection.ended().await {
            Ending::Said(text) if !self.tried.is_empty() => {
                SessionError::new(Cause::LoginFailed, text)
            }
            ending => ending.into_result().err().unwrap_or_else(|| self.refused(&desk.user)),
        }
    }

    fn refused(&self, user: &str) -> SessionError {
        let offered = names(&self.offered);
        let text = if self.tried.is_empty() {
            format!(
                "{} lets {user} log in only by {offered}: give a fitting credential.",
                self.endpoint
            )
        } else {
            let tried = names(&self.tried);
            format!("{} did not let {user} in: tried {tried}; it offers {offered}.", self.endpoint)
        };
        SessionError::new(Cause::LoginFailed, text)
    }
}

/// A failure as russh tells it from an exchange of several steps.
pub(super) fn failure(remaining_methods: MethodSet, partial_success: bool) -> AuthResult {
    AuthResult::Failure { remaining_methods, partial_success }
}

fn names(methods: &[MethodKind]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in methods.iter().map(<&str>::from) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() { "no method".into() } else { words.join(", ") }
}
