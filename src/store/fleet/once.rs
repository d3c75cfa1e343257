//! Names by which the broker knows what it was given before.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// The same name for the same parts.
pub(super) fn named(kind: &str, parts: &[&str]) -> String {
    let lengths = parts.iter().map(|part| format!("{} ", part.len()));
    let whole: String = lengths.chain(parts.iter().map(|part| (*part).to_owned())).collect();
    kind.to_owned() + &hex(digest(&SHA256, whole.as_bytes()).as_ref())
}

pub(super) fn random_name(kind: &str) -> String {
    let mut bytes = [0; 16];
    // Without random numbers there would be no TLS either.
    let _ = SystemRandom::new().fill(&mut bytes);
    kind.to_owned() + &hex(&bytes)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
