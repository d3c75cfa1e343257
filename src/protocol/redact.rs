//! Answers cleaned of the secrets that a server echoed.

use memchr::{memchr, memmem};
use serde_json::Value;

/// What is shorter is no secret, and could stand in any answer by chance.
const SHORTEST: usize = 8;

/// What a server said without the secrets that it may have echoed.
pub(crate) fn redact(mut said: Vec<u8>, secrets: &[&[u8]]) -> Vec<u8> {
    let secrets = || secrets.iter().copied().filter(|secret| secret.len() >= SHORTEST);
    for secret in secrets() {
        // Mostly its beginning is not there, and a long text is dear to search for.
        if memmem::find(&said, &secret[..SHORTEST]).is_some()
            && memmem::find(&said, secret).is_some()
        {
            said = String::from_utf8_lossy(&said).replace(text(secret), "***").into_bytes();
        }
    }
    // In JSON, a secret can be written with escapes: \/ or \u0041.
    if memchr(b'\\', &said).is_some()
        && let Ok(mut json) = serde_json::from_slice(&said)
        && redact_json(&mut json, &secrets().map(text).collect::<Vec<&str>>())
    {
        said = json.to_string().into_bytes();
    }
    said
}

/// A secret, all of which are text.
fn text(secret: &[u8]) -> &str {
    std::str::from_utf8(secret).unwrap_or_default()
}

/// Replaces secrets in every text of a JSON value; says whether there were any.
fn redact_json(json: &mut Value, secrets: &[&str]) -> bool {
    let hide = |text: &str| -> Option<String> {
        let found = secrets.iter().any(|secret| text.contains(secret));
        let hidden = |text: String, secret: &&str| text.replace(secret, "***");
        found.then(|| secrets.iter().fold(text.to_owned(), hidden))
    };
    match json {
        Value::String(text) => match hide(text) {
            Some(hidden) => {
                *text = hidden;
                true
            }
            None => false,
        },
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= redact_json(item, secrets);
            }
            found
        }
        Value::Object(members) => {
            let mut found = false;
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut value)| {
                    found |= redact_json(&mut value, secrets);
                    let hidden = hide(&name);
                    found |= hidden.is_some();
                    (hidden.unwrap_or(name), value)
                })
                .collect();
            found
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoed_secrets_are_replaced_and_other_bytes_kept() {
        let secrets = ["a-t0ken-", "a-s3cret", "ab", ""].map(str::as_bytes);
        let said = redact(b"ab a-t0ken- a-t0ken-a-s3cret".to_vec(), &secrets);
        assert_eq!(said, b"ab *** ******");
        assert_eq!(redact(vec![0xff, b'a'], &secrets), [0xff, b'a']);
        let alike = b"\xff another-t0ken".to_vec();
        assert_eq!(redact(alike.clone(), &[b"another-t0ken-of-ours"]), alike, "only its beginning");
        let escaped = br#"{"a-t0ken\u002d":[1,"x\/a\u002ds3cret"],"b":"\n"}"#.to_vec();
        assert_eq!(redact(escaped, &secrets), br#"{"***":[1,"x/***"],"b":"\n"}"#);
        let harmless = br#"{ "a": "\/ab" }"#.to_vec();
        assert_eq!(redact(harmless.clone(), &secrets), harmless, "byte for byte");
    }
}
