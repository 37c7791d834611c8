use std::convert::Infallible;
use std::sync::Arc;
use std::sync::Once;
use std::time::Duration;

use fanlight_core::{Cause, Host, Input, Secret, SessionError, Step};
use fanlight_engine::terminal::prompt::{self, Question};
use fanlight_engine::terminal::{Terminal, TerminalSize};
use tokio::sync::mpsc;

/// The session's terminal and the people in front of it. They get to see it when there
/// is something to see: until then their pages show the steps of connecting.
pub(super) struct Console {
    terminal: Arc<Terminal>,
    pub(super) host: Arc<dyn Host>,
    prompt_limit: Duration,
    shown: Once,
}

impl Console {
    pub(super) fn new(
        terminal: Arc<Terminal>,
        host: Arc<dyn Host>,
        prompt_limit: Duration,
    ) -> Self {
        Self { terminal, host, prompt_limit, shown: Once::new() }
    }

    pub(super) fn step(&self, name: impl Into<String>) {
        self.host.step(Step::running(name));
    }

    pub(super) fn step_done(&self, name: &str) {
        self.host.step(Step::done(name));
    }

    pub(super) fn show(&self) {
        if !self.host.is_trial() {
            self.shown.call_once(|| self.host.show(self.terminal.clone()));
        }
    }

    pub(super) async fn rest_when_quiet(&self) -> Infallible {
        self.terminal.rest_when_quiet().await
    }

    pub(super) fn size(&self) -> TerminalSize {
        self.terminal.size()
    }

    /// What the remote side printed. Returns what the terminal answers it.
    pub(super) fn feed(&self, output: &[u8]) -> Vec<u8> {
        self.terminal.feed(output).report(&*self.host)
    }

    /// What a viewer did. Returns what is to be sent, and the new size if it changed.
    pub(super) fn input(&self, input: &Input) -> (Vec<u8>, Option<TerminalSize>) {
        let mut effects = self.terminal.input(input);
        let size = effects.resized.take();
        (effects.report(&*self.host), size)
    }

    /// Prints text for the person at login.
    pub(super) fn print(&self, text: &str) {
        self.show();
        prompt::print(&self.terminal, &*self.host, text);
    }

    pub(super) async fn ask(
        &self,
        input: &mut mpsc::Receiver<Input>,
        text: &str,
        echo: bool,
    ) -> Result<Secret, SessionError> {
        if self.host.is_trial() {
            return Err(SessionError::new(
                Cause::LoginFailed,
                "A user name, password or passphrase is missing, and in a dry run nobody can \
                 type it.",
            ));
        }
        self.show();
        let question = Question { text, echo, limit: self.prompt_limit };
        prompt::ask(&self.terminal, &*self.host, input, question).await
    }
}
