use fanlight_core::Parameters;
use regex::bytes::Regex;
use zeroize::Zeroizing;

use crate::plan::{PASSWORD_PROMPT, USERNAME_PROMPT};
use crate::prompt;

/// Bytes of a line in which a prompt is looked for.
const LONGEST_PROMPT: usize = 256;

/// Answers the login's prompts, each once, as guacd does. It gives up as soon as somebody
/// types: a later prompt is not the login's.
pub(super) struct AutoLogin {
    /// The end of the line that is being printed.
    line: Vec<u8>,
    /// The user name before the password.
    answers: Vec<Answer>,
}

struct Answer {
    prompt: Regex,
    text: Zeroizing<Vec<u8>>,
}

impl AutoLogin {
    pub(super) fn from_parameters(parameters: &Parameters) -> Self {
        let known = [
            ("username", "username-regex", USERNAME_PROMPT),
            ("password", "password-regex", PASSWORD_PROMPT),
        ];
        let answers = known.into_iter().filter_map(|(name, prompt, usual)| {
            let text = parameters.get(name)?;
            // It was checked with the settings; one that is not understood never matches.
            let prompt = prompt::parse(parameters.get(prompt).unwrap_or(usual)).ok()?;
            let text = Zeroizing::new([text.as_bytes(), b"\r"].concat());
            Some(Answer { prompt, text })
        });
        Self { line: Vec::new(), answers: answers.collect() }
    }

    /// Looks at what is printed. Returns what to type, if it is a prompt.
    pub(super) fn watch(&mut self, printed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if self.answers.is_empty() {
            return None;
        }
        let begin = printed.iter().rposition(|byte| *byte == b'\n').map(|end| end + 1);
        if begin.is_some() {
            self.line.clear();
        }
        self.line.extend_from_slice(&printed[begin.unwrap_or(0)..]);
        let beyond = self.line.len().saturating_sub(LONGEST_PROMPT);
        self.line.drain(..beyond);
        let asked = self.answers.iter().position(|one| one.prompt.is_match(&self.line))?;
        self.line = Vec::new();
        Some(self.answers.remove(asked).text)
    }

    /// Answers nothing any more.
    pub(super) fn give_up(&mut self) {
        self.answers = Vec::new();
        self.line = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanlight_core::Plan;

    fn login() -> AutoLogin {
        let plan = Plan::new("telnet").set("username", "jürgen").set("password", "canary");
        AutoLogin::from_parameters(&plan.parameters)
    }

    fn typed(login: &mut AutoLogin, printed: &str) -> Option<String> {
        let answer = login.watch(printed.as_bytes())?;
        Some(String::from_utf8_lossy(&answer).into())
    }

    #[test]
    fn each_prompt_is_answered_once_however_it_comes() {
        let mut login = login();
        assert_eq!(typed(&mut login, "Debian GNU/Linux 12\r\nhost lo"), None);
        assert_eq!(typed(&mut login, "gin: "), Some("jürgen\r".into()));
        assert_eq!(typed(&mut login, "jürgen\r\nlogin: "), None);
        assert_eq!(typed(&mut login, "\r\nPassword: "), Some("canary\r".into()));
        assert_eq!(typed(&mut login, "\r\nPassword: "), None);
    }

    #[test]
    fn bar_80_a_password_is_not_typed_at_a_later_prompt_or_into_a_line_that_is_over() {
        let mut login = login();
        assert_eq!(typed(&mut login, "Change your password: see below\r\n$ "), None);
        login.give_up();
        assert_eq!(typed(&mut login, "[sudo] Password: "), None);
    }

    #[test]
    fn bar_38_an_endless_line_is_not_kept() {
        let mut login = login();
        for _ in 0..1000 {
            assert_eq!(login.watch(&[b'x'; 4096]), None);
        }
        assert_eq!(login.line.len(), LONGEST_PROMPT);
    }
}
