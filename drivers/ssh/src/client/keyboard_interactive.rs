use fanlight_core::{Secret, SessionError};
use russh::MethodKind;
use russh::client::{AuthResult, KeyboardInteractiveAuthResponse as Reply, Prompt};

use super::login::{Desk, Login, failure};

/// Rounds of questions in one attempt; a server that never stops asking is refused.
const MAX_ROUNDS: usize = 16;
/// Questions in one round.
const MAX_QUESTIONS: usize = 16;

impl Login<'_> {
    /// Shows the server's questions in the terminal and sends the answers back. A single
    /// hidden one is taken for the password, once.
    pub(super) async fn by_questions(
        &mut self,
        desk: &mut Desk<'_>,
    ) -> Result<AuthResult, SessionError> {
        let mut password = self.supplied_password(MethodKind::KeyboardInteractive);
        let handle = &mut desk.connection.handle;
        let start = handle.authenticate_keyboard_interactive_start(desk.user.as_str(), None);
        let mut reply = self.limited(start).await?;
        let (mut asked, mut typing) = (false, false);
        for _ in 0..MAX_ROUNDS {
            let answers = match reply {
                Reply::Success => return Ok(AuthResult::Success),
                Reply::Failure { remaining_methods, partial_success } => {
                    self.no_questions |= !asked;
                    return Ok(failure(remaining_methods, partial_success));
                }
                Reply::InfoRequest { name, instructions, prompts } => {
                    asked |= !prompts.is_empty();
                    self.introduce(&name, &instructions);
                    match known_answers(&prompts, &mut password) {
                        Some(answers) => answers,
                        None => {
                            if !std::mem::replace(&mut typing, true) {
                                self.start_typing();
                            }
                            self.typed_answers(desk, &prompts).await?
                        }
                    }
                }
            };
            let answers = answers.iter().map(|answer| answer.expose().clone()).collect();
            let exchange =
                desk.connection.handle.authenticate_keyboard_interactive_respond(answers);
            reply = self.limited(exchange).await?;
        }
        self.no_questions = true;
        Ok(failure(russh::MethodSet::empty(), false))
    }

    fn introduce(&self, name: &str, instructions: &str) {
        for text in [name, instructions].into_iter().filter(|text| !text.trim().is_empty()) {
            self.say(&format!("{}\n", text.trim_end()));
        }
    }

    async fn typed_answers(
        &self,
        desk: &mut Desk<'_>,
        prompts: &[Prompt],
    ) -> Result<Vec<Secret>, SessionError> {
        let mut answers = Vec::new();
        for prompt in prompts.iter().take(MAX_QUESTIONS) {
            answers.push(self.ask(desk.input, &prompt.prompt, prompt.echo).await?);
        }
        Ok(answers)
    }
}

/// No questions need no answers, and a single hidden one gets the password.
fn known_answers(prompts: &[Prompt], password: &mut Option<Secret>) -> Option<Vec<Secret>> {
    match prompts {
        [] => Some(Vec::new()),
        [Prompt { echo: false, .. }] => password.take().map(|password| vec![password]),
        _ => None,
    }
}
