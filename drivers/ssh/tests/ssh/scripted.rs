//! An SSH server with accounts of its own, for logins that OpenSSH would ask the
//! machine's accounts about.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::ssh_key::rand_core::UnwrapErr;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session, VerifiedPublicKey, run_stream,
};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Pty};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How one server behaves, and what it noticed.
#[derive(Default, Clone)]
pub(crate) struct Script {
    pub(crate) password: Option<&'static str>,
    /// Questions, whether they are echoed, and the answers expected; one round each.
    pub(crate) questions: Vec<(&'static str, bool, &'static str)>,
    /// The key counts as the first of two factors.
    pub(crate) key_first: bool,
    pub(crate) banner: Option<&'static str>,
    pub(crate) anybody: bool,
    pub(crate) noticed: Arc<Mutex<Vec<String>>>,
}

pub(crate) struct Scripted {
    pub(crate) port: u16,
    pub(crate) noticed: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

pub(crate) async fn serve(script: Script) -> Scripted {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let noticed = script.noticed.clone();
    let config = Arc::new(config(&script));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            let account = Account { script: script.clone(), round: 0, key_done: false };
            let running = run_stream(config.clone(), socket, account).await.unwrap();
            connections.spawn(async move {
                // How the client hangs up is its own affair.
                let _ = running.await;
            });
        }
    });
    Scripted { port, noticed, _serving: serving }
}

fn config(script: &Script) -> Config {
    let mut rng = UnwrapErr(getrandom::SysRng);
    Config {
        keys: vec![PrivateKey::random(&mut rng, Algorithm::Ed25519).unwrap()],
        methods: methods(script, false),
        auth_rejection_time: Duration::from_millis(20),
        auth_rejection_time_initial: Some(Duration::ZERO),
        ..Config::default()
    }
}

fn methods(script: &Script, key_done: bool) -> MethodSet {
    let mut methods = MethodSet::empty();
    if script.key_first && !key_done {
        methods.push(MethodKind::PublicKey);
        return methods;
    }
    if script.password.is_some() {
        methods.push(MethodKind::Password);
    }
    if !script.questions.is_empty() {
        methods.push(MethodKind::KeyboardInteractive);
    }
    methods
}

struct Account {
    script: Script,
    round: usize,
    key_done: bool,
}

impl Account {
    fn note(&self, text: impl Into<String>) {
        self.script.noticed.lock().unwrap().push(text.into());
    }

    fn ask(&self) -> Auth {
        let (question, echo, _) = self.script.questions[self.round];
        Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Borrowed("Prove it\u{1b}[2J"),
            prompts: Cow::Owned(vec![(Cow::Borrowed(question), echo)]),
        }
    }

    fn reject(&self, partial_success: bool) -> Auth {
        let proceed_with_methods = Some(methods(&self.script, self.key_done));
        Auth::Reject { proceed_with_methods, partial_success }
    }
}

impl Handler for Account {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(self.script.banner.map(str::to_owned))
    }

    async fn auth_none(&mut self, user: &str) -> Result<Auth, Self::Error> {
        self.note(format!("none {user}"));
        Ok(if self.script.anybody { Auth::Accept } else { self.reject(false) })
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        self.note(format!("password {user} {password}"));
        let right = self.script.password == Some(password);
        Ok(if right { Auth::Accept } else { self.reject(false) })
    }

    async fn auth_publickey(
        &mut self,
        _: &str,
        _: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        self.note("key");
        self.key_done = self.script.key_first;
        Ok(self.reject(self.key_done))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut response) = response else {
            self.round = 0;
            return Ok(self.ask());
        };
        let answer = response.next().unwrap();
        self.note(format!("answer {}", String::from_utf8_lossy(&answer)));
        if answer != self.script.questions[self.round].2 {
            return Ok(self.reject(false));
        }
        self.round += 1;
        Ok(if self.round == self.script.questions.len() { Auth::Accept } else { self.ask() })
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)?;
        session.data(channel, "welcome in\r\n")
    }
}
