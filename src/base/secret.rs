//! Tokens in memory that is wiped.

use bytes::Bytes;
use ureq::http::HeaderValue;
use zeroize::Zeroizing;

/// The longest token that is taken, in bytes: what every HTTP server takes as a header, and more.
pub(crate) const LONGEST: usize = 16 * 1024;

/// A token as the value of a header. Clones share one piece of memory, which is wiped when the
/// last is dropped; `Debug` does not show it.
#[derive(Clone, Debug)]
pub(crate) struct Token(HeaderValue);

impl Token {
    /// Takes visible ASCII only, so that nothing can slip into a header; `None` otherwise.
    pub(crate) fn new(text: &str) -> Option<Token> {
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let wiped = Bytes::from_owner(Zeroizing::new(text.as_bytes().to_vec()));
        let mut value = HeaderValue::from_maybe_shared(wiped).ok()?;
        value.set_sensitive(true);
        Some(Token(value))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn expose(&self) -> &str {
        // Visible ASCII always converts.
        self.0.to_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_header_value_and_debug_hides_it() {
        let token = Token::new("abc.DEF-_").unwrap();
        assert_eq!(token.expose(), "abc.DEF-_");
        assert!(!format!("{token:?}").contains("abc"));
        for bad in ["", "a b", "a\r\nX: y", "é", "a\0"] {
            assert!(Token::new(bad).is_none(), "{bad:?}");
        }
    }
}
