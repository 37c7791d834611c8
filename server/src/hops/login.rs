use std::sync::Arc;

use fanlight_core::{Cause, SessionError};
use fanlight_ssh::russh::client::{
    AuthResult, Handle, KeyboardInteractiveAuthResponse as Reply, Prompt,
};
use fanlight_ssh::russh::{Error, MethodKind, MethodSet};
use fanlight_ssh::{explain, log_in_by_key, open_private_key};

use super::JumpHost;
use super::peer::Peer;

/// Rounds of questions in one attempt; a server that never stops asking is refused.
const MAX_ROUNDS: usize = 16;

/// Logs in with what was given for the jump host. Nobody is asked.
///
/// # Errors
/// `LoginFailed`, with what was tried and what the server offers; `Lost`.
pub(super) async fn log_in(handle: &mut Handle<Peer>, host: &JumpHost) -> Result<(), SessionError> {
    let endpoint = host.endpoint();
    let broken = |error: Error| explain(&error, &endpoint);
    // Tells which methods the server offers.
    let mut result = handle.authenticate_none(host.username.as_str()).await.map_err(broken)?;
    let mut tried: Vec<MethodKind> = Vec::new();
    let methods = [MethodKind::PublicKey, MethodKind::Password, MethodKind::KeyboardInteractive];
    loop {
        let AuthResult::Failure { remaining_methods: offered, .. } = result else { return Ok(()) };
        let next = methods.into_iter().find(|method| {
            offered.contains(method) && !tried.contains(method) && can(host, *method)
        });
        let Some(method) = next else { return Err(refused(host, &tried, &offered)) };
        tried.push(method);
        result = match method {
            MethodKind::PublicKey => by_key(handle, host).await?,
            MethodKind::Password => by_password(handle, host).await.map_err(broken)?,
            _ => by_questions(handle, host).await.map_err(broken)?,
        };
    }
}

fn can(host: &JumpHost, method: MethodKind) -> bool {
    match method {
        MethodKind::PublicKey => host.private_key.is_some(),
        _ => host.password.is_some(),
    }
}

async fn by_key(handle: &mut Handle<Peer>, host: &JumpHost) -> Result<AuthResult, SessionError> {
    let pem = host.private_key.clone().unwrap_or_default();
    let key = open_private_key(pem, host.passphrase.clone()).await.map_err(|fault| {
        SessionError::new(Cause::LoginFailed, format!("The private key {}.", fault.message()))
    })?;
    let attempt = log_in_by_key(handle, &host.username, Arc::new(key)).await;
    attempt.map_err(|error| explain(&error, &host.endpoint()))
}

async fn by_password(handle: &mut Handle<Peer>, host: &JumpHost) -> Result<AuthResult, Error> {
    let password = host.password.as_ref().map_or("", |password| password.expose());
    handle.authenticate_password(host.username.as_str(), password).await
}

/// Answers the one hidden question that servers have instead of the password method.
async fn by_questions(handle: &mut Handle<Peer>, host: &JumpHost) -> Result<AuthResult, Error> {
    let mut password = host.password.as_ref();
    let user = host.username.as_str();
    let mut reply = handle.authenticate_keyboard_interactive_start(user, None).await?;
    for _ in 0..MAX_ROUNDS {
        let answers = match reply {
            Reply::Success => return Ok(AuthResult::Success),
            Reply::Failure { remaining_methods, partial_success } => {
                return Ok(AuthResult::Failure { remaining_methods, partial_success });
            }
            Reply::InfoRequest { prompts, .. } => match prompts.as_slice() {
                [] => Vec::new(),
                [Prompt { echo: false, .. }] => match password.take() {
                    Some(password) => vec![password.expose().clone()],
                    None => break,
                },
                _ => break,
            },
        };
        reply = handle.authenticate_keyboard_interactive_respond(answers).await?;
    }
    Ok(AuthResult::Failure { remaining_methods: MethodSet::empty(), partial_success: false })
}

fn refused(host: &JumpHost, tried: &[MethodKind], offered: &MethodSet) -> SessionError {
    let user = &host.username;
    let names = |methods: &[MethodKind]| {
        let words: Vec<&str> = methods.iter().map(<&str>::from).collect();
        if words.is_empty() { "no other method".to_owned() } else { words.join(", ") }
    };
    let message = if tried.is_empty() {
        format!("It lets {user} log in only by {}: give a fitting credential.", names(offered))
    } else {
        format!("It did not let {user} in: tried {}; it offers {}.", names(tried), names(offered))
    };
    SessionError::new(Cause::LoginFailed, message)
}
