use fanlight_core::Parameters;
use regex::bytes::Regex;
use zeroize::Zeroizing;

use crate::plan::{PASSWORD_PROMPT, USERNAME_PROMPT};
use crate::prompt;

/// Bytes of a line in which a prompt is looked for.
const LONGEST_PROMPT: usize = 256;

/// Answers the login's prompts, each once, as guacd does, and notices how it ends where the
/// settings say what that looks like. It answers nothing any more as soon as somebody types:
/// a later prompt is not the login's.
pub(super) struct AutoLogin {
    /// The end of the line that is being printed.
    line: Vec<u8>,
    /// The user name before the password.
    answers: Vec<Answer>,
    /// What the two endings look like, until one of them came.
    signs: Option<Signs>,
}

struct Answer {
    prompt: Regex,
    text: Zeroizing<Vec<u8>>,
}

struct Signs {
    success: Regex,
    failure: Regex,
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    Failed,
}

/// What there was in a piece of output.
#[derive(Default)]
pub(super) struct Noticed {
    /// What to type: it is a prompt.
    pub(super) answer: Option<Zeroizing<Vec<u8>>>,
    pub(super) outcome: Option<Outcome>,
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
        let sign = |name| prompt::parse(parameters.get(name)?).ok();
        let signs = sign("login-success-regex").zip(sign("login-failure-regex"));
        let signs = signs.map(|(success, failure)| Signs { success, failure });
        Self { line: Vec::new(), answers: answers.collect(), signs }
    }

    /// Whether the login is still to end, and how will be seen.
    pub(super) fn is_awaited(&self) -> bool {
        self.signs.is_some()
    }

    /// Looks at what is printed.
    pub(super) fn watch(&mut self, printed: &[u8]) -> Noticed {
        let mut noticed = Noticed::default();
        if self.answers.is_empty() && self.signs.is_none() {
            return noticed;
        }
        let mut lines = printed.split(|byte| *byte == b'\n');
        // What is left behind the last line break is a line that goes on.
        let open = lines.next_back().unwrap_or_default();
        for ended in lines {
            self.lengthen(ended);
            noticed.outcome = noticed.outcome.or(self.outcome());
            self.line.clear();
        }
        self.lengthen(open);
        noticed.outcome = noticed.outcome.or(self.outcome());
        noticed.answer = self.answer();
        noticed
    }

    /// Answers nothing any more.
    pub(super) fn give_up(&mut self) {
        self.answers = Vec::new();
        self.line = Vec::new();
    }

    fn lengthen(&mut self, printed: &[u8]) {
        self.line.extend_from_slice(&printed[printed.len().saturating_sub(LONGEST_PROMPT)..]);
        let beyond = self.line.len().saturating_sub(LONGEST_PROMPT);
        self.line.drain(..beyond);
    }

    fn outcome(&mut self) -> Option<Outcome> {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let signs = self.signs.as_ref()?;
        let outcome = match () {
            () if signs.success.is_match(line) => Outcome::Succeeded,
            () if signs.failure.is_match(line) => Outcome::Failed,
            () => return None,
        };
        self.signs = None;
        Some(outcome)
    }

    fn answer(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let asked = self.answers.iter().position(|one| one.prompt.is_match(&self.line))?;
        self.line = Vec::new();
        Some(self.answers.remove(asked).text)
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
        let answer = login.watch(printed.as_bytes()).answer?;
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
            assert!(login.watch(&[b'x'; 4096]).answer.is_none());
        }
        assert_eq!(login.line.len(), LONGEST_PROMPT);
    }

    fn awaited() -> AutoLogin {
        let plan = Plan::new("telnet").set("password", "canary");
        let plan =
            plan.set("login-success-regex", "^Last login").set("login-failure-regex", "incorrect$");
        AutoLogin::from_parameters(&plan.parameters)
    }

    #[test]
    fn the_end_of_a_login_is_seen_in_every_line_and_once() {
        let outcome = |login: &mut AutoLogin, text: &str| login.watch(text.as_bytes()).outcome;
        let mut good = awaited();
        assert_eq!(outcome(&mut good, "No Last login here\r\nLast lo"), None);
        assert!(good.is_awaited());
        assert_eq!(outcome(&mut good, "gin: today\r\n$ "), Some(Outcome::Succeeded));
        assert!(!good.is_awaited());
        assert_eq!(outcome(&mut good, "\r\nLast login, incorrect\r\n"), None);
        let mut bad = awaited();
        let noticed = bad.watch(b"Password:");
        assert!(noticed.answer.is_some() && noticed.outcome.is_none());
        assert_eq!(outcome(&mut bad, "\r\nLogin incorrect\r\nlogin: "), Some(Outcome::Failed));
    }
}
