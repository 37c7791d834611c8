use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::vte::ansi::CursorShape;

use super::Dispatch;
use super::sgr;

/// Longest question, in bytes; those that are answered have two.
const LONGEST_QUESTION: usize = 64;
/// Marks a question about a setting ("DECRQSS"); what follows names it.
const SETTING: u8 = b'$';
/// Marks a question about a termcap entry ("XTGETTCAP").
const CAPABILITY: u8 = b'+';

impl Dispatch<'_> {
    pub(super) fn begin_question(&mut self, intermediates: &[u8], ignore: bool, action: char) {
        self.modes.question = match intermediates {
            [mark @ (b'$' | b'+')] if action == 'q' && !ignore => Some(vec![*mark]),
            _ => None,
        };
    }

    pub(super) fn add_to_question(&mut self, byte: u8) {
        if let Some(question) = &mut self.modes.question
            && question.len() < LONGEST_QUESTION
        {
            question.push(byte);
        }
    }

    pub(super) fn answer_question(&mut self) {
        let Some(question) = self.modes.question.take() else { return };
        let answer = match question.split_first() {
            Some((&SETTING, name)) => match self.setting(name) {
                Some(value) => format!("\x1bP1$r{value}\x1b\\"),
                None => "\x1bP0$r\x1b\\".to_owned(),
            },
            Some((&CAPABILITY, _)) => "\x1bP0+r\x1b\\".to_owned(),
            _ => return,
        };
        self.say(answer);
    }

    /// The value of a setting, as the sequence that sets it.
    fn setting(&self, name: &[u8]) -> Option<String> {
        let term = &*self.guard.term;
        Some(match name {
            b"m" => format!("{}m", sgr::describe(&term.grid().cursor.template)),
            b"r" => {
                let (top, bottom) = self.modes.margins.unwrap_or((1, term.screen_lines()));
                format!("{top};{bottom}r")
            }
            b" q" => {
                let style = term.cursor_style();
                let steady = match style.shape {
                    CursorShape::Underline => 4,
                    CursorShape::Beam => 6,
                    _ => 2,
                };
                format!("{} q", steady - u8::from(style.blinking))
            }
            b"\"p" => "62;1\"p".to_owned(),
            b"\"q" => "0\"q".to_owned(),
            b"t" => format!("{}t", term.screen_lines().max(24)),
            b"*|" => format!("{}*|", term.screen_lines()),
            b"$|" => format!("{}$|", term.columns()),
            _ => return None,
        })
    }
}
