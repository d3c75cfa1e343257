//! Signatures, by code that the library does not use.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};

pub fn sha1(secret: &str, body: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    hmac.update(body);
    hmac.finalize().into_bytes().to_vec()
}

pub fn sha256(secret: &str, body: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    hmac.update(body);
    hmac.finalize().into_bytes().to_vec()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The four ways in which the service may write the signature of a body.
pub fn all(secret: &str, body: &[u8]) -> [String; 4] {
    let (sha1, sha256) = (sha1(secret, body), sha256(secret, body));
    [
        format!("sha1={}", STANDARD.encode(&sha1)),
        format!("sha1={}", hex(&sha1)),
        format!("sha256={}", STANDARD.encode(&sha256)),
        format!("sha256={}", hex(&sha256)),
    ]
}
