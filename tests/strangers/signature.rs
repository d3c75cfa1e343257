//! The signature of a notification as clients check it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lpc_sandbox::serde_json::{self, Value};
use ring::hmac;

use crate::client::Signed;

/// Whether the header fits the body, for a client that computes it so.
pub fn fits(header: &str, body: &[u8], secret: &str, signed: Signed) -> bool {
    let signed = match signed {
        Signed::Raw => body.to_vec(),
        Signed::Ascii => {
            let text = String::from_utf8_lossy(body);
            text.chars()
                .map(|it| u8::try_from(it).ok().filter(u8::is_ascii).unwrap_or(b'?'))
                .collect()
        }
        Signed::Rewritten => {
            serde_json::from_slice::<Value>(body).unwrap_or_default().to_string().into()
        }
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    header == format!("sha1={}", STANDARD.encode(hmac::sign(&key, &signed)))
}

#[test]
fn clients_differ_in_what_they_sign() {
    let of = |body: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"secret");
        format!("sha1={}", STANDARD.encode(hmac::sign(&key, body.as_bytes())))
    };
    for (body, expected) in [
        (r#"{"a":"e"}"#, [true, true, true]),
        (r#"{"a":"é"}"#, [true, false, true]),
        (r#"{"a": "e"}"#, [true, true, false]),
    ] {
        let header = of(body);
        let fit = [Signed::Raw, Signed::Ascii, Signed::Rewritten]
            .map(|signed| fits(&header, body.as_bytes(), "secret", signed));
        assert_eq!(fit, expected, "{body}");
    }
    assert!(!fits(&of("{}"), b"{}", "another", Signed::Raw));
}
