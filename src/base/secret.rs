//! Tokens, and other bytes that hold secrets, in memory that is wiped.

use std::io::{self, Read};

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

/// Reads to the end. What room there was before is wiped where it is too little; `room`: for so many
/// bytes it is enough.
pub(crate) fn read_to_end(mut source: impl Read, room: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // One more, because the end is seen only where there is room for what could follow.
    let mut whole = Zeroizing::new(Vec::with_capacity(room + 1));
    loop {
        let left = whole.capacity() - whole.len();
        // No more than that, so that it never grows by itself.
        if source.by_ref().take(left as u64).read_to_end(&mut whole)? < left {
            return Ok(whole);
        }
        let mut larger = Zeroizing::new(Vec::with_capacity(2 * whole.capacity()));
        larger.extend_from_slice(&whole);
        whole = larger;
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

    #[test]
    fn a_source_is_read_to_its_end_however_little_room_there_was() {
        // For an interpreter the longest would take half an hour.
        let longest = if cfg!(miri) { 1001 } else { 100_000 };
        for length in [0, 1, 7, 8, 9, 1000, longest] {
            let bytes = vec![7; length];
            for room in [0, 8, length, 2 * length] {
                let read = read_to_end(&*bytes, room).unwrap();
                assert!(*read == bytes, "{length} {room}");
                assert!(room < length || read.capacity() == room + 1, "moved: {length} {room}");
            }
        }
    }
}
