/// The first instruction of `text` as its elements, and what follows it. `None` if it is
/// not well formed.
pub(super) fn first_instruction(text: &str) -> Option<(Vec<&str>, &str)> {
    let (mut elements, mut rest) = (Vec::new(), text);
    loop {
        let (length, after) = rest.split_once('.')?;
        let end = after.char_indices().nth(length.parse().ok()?)?.0;
        elements.push(&after[..end]);
        let (separator, following) = after[end..].split_at_checked(1)?;
        rest = following;
        match separator {
            "," => {}
            ";" => return Some((elements, rest)),
            _ => return None,
        }
    }
}
