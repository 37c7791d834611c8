//! An independent reading of the Guacamole protocol, for what tests see on the wire.

use anyhow::{Context, Result, ensure};

/// One instruction, in the text that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// Its first element.
    pub opcode: &'a str,
    /// The elements behind.
    pub arguments: Vec<&'a str>,
}

impl<'a> Instruction<'a> {
    /// Argument `index`, empty if there is none.
    pub fn argument(&self, index: usize) -> &'a str {
        self.arguments.get(index).copied().unwrap_or_default()
    }
}

/// The instructions of a message, which holds whole ones only.
///
/// # Errors
/// When it does not.
pub fn instructions(mut text: &str) -> Result<Vec<Instruction<'_>>> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let (first, rest) = instruction(text)?;
        found.push(first);
        text = rest;
    }
    Ok(found)
}

fn instruction(mut text: &str) -> Result<(Instruction<'_>, &str)> {
    let mut elements = Vec::new();
    loop {
        let (length, rest) = text.split_once('.').context("no length")?;
        let (element, rest) = split_characters(rest, length.parse()?)?;
        elements.push(element);
        text = rest.get(1..).context("an instruction is cut off")?;
        match rest.as_bytes()[0] {
            b',' => {}
            b';' => break,
            other => anyhow::bail!("{other} ends an element"),
        }
    }
    let opcode = elements.remove(0);
    Ok((Instruction { opcode, arguments: elements }, text))
}

/// Splits behind `count` Unicode code points.
fn split_characters(text: &str, count: usize) -> Result<(&str, &str)> {
    if text.get(..count).is_some_and(str::is_ascii) {
        return Ok(text.split_at(count));
    }
    let mut ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = if count == 0 { Some(0) } else { ends.nth(count - 1) };
    ensure!(end.is_some(), "an element is cut off");
    Ok(text.split_at(end.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_38a_lengths_are_code_points() {
        let read = instructions("4.name,3.a🙂ü,0.;3.nop;").unwrap_or_default();
        let name = Instruction { opcode: "name", arguments: vec!["a🙂ü", ""] };
        assert_eq!(read, [name, Instruction { opcode: "nop", arguments: vec![] }]);
        assert!(instructions("3.nop").is_err());
        assert!(instructions("9.nop;").is_err());
    }
}
