//! Text that others wrote, as it may stand in a message of ours.

/// Foreign text in a message: short, and on one line.
pub(crate) fn shorten(text: &str) -> String {
    shorten_to(text, 100)
}

/// The same with more room.
pub(crate) fn shorten_to(text: &str, most: usize) -> String {
    // Most is: the code of an answer, for each of them.
    if text.len() <= most && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars().take(most) {
        match character {
            // Quotes and what people write stay as they are.
            '"' | '\'' | '\\' => short.push(character),
            other => short.extend(other.escape_debug()),
        }
    }
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_short_on_one_line_and_otherwise_as_it_was() {
        assert_eq!(shorten("a \"b\" 'c' \\ é\n\u{1}"), "a \"b\" 'c' \\ é\\n\\u{1}");
        assert_eq!(shorten(&"x".repeat(200)), format!("{}…", "x".repeat(100)));
    }
}
