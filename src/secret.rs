//! Tokens in memory that is wiped, and answers cleaned of them.

use bytes::Bytes;
use ureq::http::HeaderValue;
use zeroize::Zeroizing;

/// A token as the value of a header. Clones share one piece of memory, which is wiped when the
/// last is dropped; `Debug` does not show it.
#[derive(Clone, Debug)]
pub(crate) struct Token(HeaderValue);

impl Token {
    /// Takes visible ASCII only, so that nothing can slip into a header; `None` otherwise.
    pub(crate) fn new(text: &str) -> Option<Token> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
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

    pub(crate) fn expose(&self) -> &str {
        // Visible ASCII always converts.
        self.0.to_str().unwrap_or_default()
    }
}

/// What is shorter is no secret, and could stand in any answer by chance.
const SHORTEST: usize = 8;

/// What a server said without the secrets that it may have echoed.
pub(crate) fn redact(mut said: Vec<u8>, secrets: &[&str]) -> Vec<u8> {
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        let text = String::from_utf8_lossy(&said);
        if text.contains(secret) {
            said = text.replace(secret, "***").into_bytes();
        }
    }
    said
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

    #[test]
    fn echoed_secrets_are_replaced_and_other_bytes_kept() {
        let secrets = ["a-t0ken-", "a-s3cret", "ab", ""];
        let said = redact(b"ab a-t0ken- a-t0ken-a-s3cret".to_vec(), &secrets);
        assert_eq!(said, b"ab *** ******");
        assert_eq!(redact(vec![0xff, b'a'], &secrets), [0xff, b'a']);
    }
}
