//! Texts of others on a terminal.

use std::fmt::Write;

/// The text in one line, without what would move a cursor, change colours, or turn the order of letters.
pub(crate) fn readable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        // Writing to a String cannot fail.
        let _ = match letter {
            '\n' => write!(shown, "\\n"),
            _ if is_hidden(letter) => write!(shown, "{}", letter.escape_unicode()),
            _ => write!(shown, "{letter}"),
        };
    }
    shown
}

fn is_hidden(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(readable("Grüße, \"Ann\" \u{1f600} नमस्ते"), "Grüße, \"Ann\" \u{1f600} नमस्ते");
        assert_eq!(readable("two\nlines\r"), "two\\nlines\\u{d}");
        assert_eq!(readable("\u{1b}[2J \u{202e}abc\u{9b}"), "\\u{1b}[2J \\u{202e}abc\\u{9b}");
    }
}
