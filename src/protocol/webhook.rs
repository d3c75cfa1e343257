//! Whether a webhook is what the service signed.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;

use crate::base::error::{Error, Status};

/// The most signatures that one header may hold: each costs a hash of the body, for anybody who
/// sends one.
const MOST_SIGNATURES: usize = 8;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Checks that `body` was signed with one of `secrets`.
///
/// `secrets`: the client secret of the app install; while it is replaced, the old and the new one.
/// `body`: the bytes as they came; JSON that was read and written again has another signature.
/// `signature`: the header `x-liveperson-signature`: `sha1=` or `sha256=` in any letter case, then
/// the HMAC of the body in base64 or hexadecimal. Space around it is fine, and so are several with
/// commas between them: one that matches is enough.
///
/// The time that a comparison takes tells nothing about the signature that was expected. Any thread
/// may call this.
///
/// # Errors
/// [`Status::Signature`] if the signature does not match, or is none: missing, of an unknown
/// algorithm, neither base64 nor hexadecimal, of a wrong length, or more than 8 at once. What was
/// received is not repeated in the error. [`Status::InvalidArgument`] if there is no secret, or an
/// empty one, with which anybody could sign.
pub fn verify_webhook(secrets: &[&str], body: &[u8], signature: &str) -> Result<(), Error> {
    if secrets.is_empty() {
        return Err(Error::invalid("secrets is empty; it takes at least one"));
    }
    if secrets.iter().any(|secret| secret.is_empty()) {
        return Err(Error::invalid("a secret is empty"));
    }
    Signatures::read(signature)?.verify(secrets, body)
}

/// The header with which the service would send this body.
#[cfg(feature = "probe")]
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    format!("sha1={}", BASE64.encode(hmac::sign(&key, body)))
}

/// What a header holds, before there is a body to check it with.
pub(crate) struct Signatures(Vec<Signature>);

impl Signatures {
    /// Those of a header; an error if nothing in it can be a signature.
    pub(crate) fn read(header: &str) -> Result<Signatures, Error> {
        let parts: Vec<&str> = header
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .take(MOST_SIGNATURES + 1)
            .collect();
        if parts.is_empty() {
            return Err(refused("is missing"));
        }
        if parts.len() > MOST_SIGNATURES {
            return Err(refused(&format!("holds more than {MOST_SIGNATURES} signatures")));
        }
        let (mut signatures, mut malformed) = (Vec::new(), None);
        for part in parts {
            match Signature::read(part) {
                Ok(signature) => signatures.push(signature),
                Err(error) => malformed = malformed.or(Some(error)),
            }
        }
        match malformed {
            // What is wrong with the form of one says less than that another does not match.
            Some(error) if signatures.is_empty() => Err(error),
            _ => Ok(Signatures(signatures)),
        }
    }

    /// Whether one of them is of this body and one of these secrets, of which none is empty.
    pub(crate) fn verify(&self, secrets: &[&str], body: &[u8]) -> Result<(), Error> {
        if self.0.iter().any(|signature| signature.matches(secrets, body)) {
            return Ok(());
        }
        Err(refused("does not match: the body is not as it was sent, or the secret is another one"))
    }
}

struct Signature {
    algorithm: hmac::Algorithm,
    tag: Vec<u8>,
}

impl Signature {
    fn read(text: &str) -> Result<Signature, Error> {
        // The padding of base64 is no name in front of a value.
        let named = text.split_once('=').filter(|(_, value)| !value.trim_matches('=').is_empty());
        let Some((name, value)) = named else {
            return Err(refused("does not begin with its algorithm, 'sha1=' or 'sha256='"));
        };
        let (algorithm, name) = match name.to_ascii_lowercase().as_str() {
            "sha1" => (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "sha1"),
            "sha256" => (hmac::HMAC_SHA256, "sha256"),
            _ => return Err(refused("is of an unknown algorithm; known: sha1 and sha256")),
        };
        let length = algorithm.digest_algorithm().output_len();
        // The two differ in length, so that what could be either is what fits.
        let hex = if value.len() == 2 * length { from_hex(value) } else { None };
        let Some(tag) = hex.or_else(|| BASE64.decode(value).ok()).or_else(|| from_hex(value))
        else {
            return Err(refused("is neither base64 nor hexadecimal"));
        };
        if tag.len() != length {
            let got = tag.len();
            return Err(refused(&format!("has {got} bytes; {name} has {length}")));
        }
        Ok(Signature { algorithm, tag })
    }

    fn matches(&self, secrets: &[&str], body: &[u8]) -> bool {
        secrets.iter().any(|secret| {
            let key = hmac::Key::new(self.algorithm, secret.as_bytes());
            hmac::verify(&key, body, &self.tag).is_ok()
        })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

fn refused(what: &str) -> Error {
    Error::new(Status::Signature, format!("the webhook's signature {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 2202 and RFC 4231, test case 2 of each.
    const KEY: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const SHA1: &str = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    const SHA1_BASE64: &str = "7/zfauXrL6LSdBbV8YTfnCWafHk=";
    const SHA256: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA256_BASE64: &str = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";

    #[test]
    fn every_way_to_write_a_signature_is_taken() {
        for signature in [
            format!("sha1={SHA1}"),
            format!("SHA1={}", SHA1.to_uppercase()),
            format!("sha1={SHA1_BASE64}"),
            format!("sha256={SHA256}"),
            format!("Sha256={}", SHA256.to_uppercase()),
            format!("sha256={SHA256_BASE64}"),
            format!("sha256={}", SHA256_BASE64.trim_end_matches('=')),
            format!(" \tsha1={SHA1_BASE64}\r\n"),
            format!("sha1=bogus, md5=x,, sha256={SHA256}"),
            format!("sha256={SHA256},sha1={}", SHA1.replace('e', "f")),
        ] {
            verify_webhook(&[KEY], BODY, &signature).unwrap_or_else(|e| panic!("{signature}: {e}"));
        }
    }

    #[test]
    fn any_of_several_secrets_will_do() {
        let signature = format!("sha1={SHA1}");
        for secrets in [&["old", KEY][..], &[KEY, "new"], &["a", "b", KEY, "c"]] {
            assert!(verify_webhook(secrets, BODY, &signature).is_ok());
        }
        let error = verify_webhook(&["old", "new"], BODY, &signature).unwrap_err();
        assert_eq!(error.status(), Status::Signature);
    }

    #[test]
    fn what_is_wrong_is_said_and_nothing_is_repeated() {
        let flipped = SHA1_BASE64.replace("7/z", "7/y");
        let nine = vec![format!("sha1={SHA1}"); 9].join(",");
        for (signature, why) in [
            ("", "is missing"),
            (" , ,", "is missing"),
            (SHA1, "does not begin with its algorithm, 'sha1=' or 'sha256='"),
            (SHA1_BASE64, "does not begin with its algorithm, 'sha1=' or 'sha256='"),
            ("sha1=", "does not begin with its algorithm, 'sha1=' or 'sha256='"),
            (&format!("sha512={SHA1}"), "is of an unknown algorithm; known: sha1 and sha256"),
            (&format!("ſha1={SHA1}"), "is of an unknown algorithm; known: sha1 and sha256"),
            (&format!("sha1={SHA1_BASE64}!"), "is neither base64 nor hexadecimal"),
            ("sha1=abc", "has 2 bytes; sha1 has 20"),
            (&format!("sha256={SHA1_BASE64}"), "has 20 bytes; sha256 has 32"),
            (&format!("sha256={SHA1}"), "has 30 bytes; sha256 has 32"),
            (&format!("sha1={flipped}"), "does not match: "),
            (&format!("sha256={SHA1}, sha1={flipped}"), "does not match: "),
            (&nine, "holds more than 8 signatures"),
        ] {
            let error = verify_webhook(&[KEY], BODY, signature).unwrap_err();
            assert_eq!(error.status(), Status::Signature, "{signature}");
            let message = error.message();
            let begin = format!("the webhook's signature {why}");
            assert!(message.starts_with(&begin), "{signature}: {message}");
            for hidden in [KEY, SHA1, &SHA1_BASE64[..27], &flipped] {
                assert!(!format!("{error:?}").contains(hidden), "{signature}: {message}");
            }
        }
    }

    #[test]
    fn base64_is_read_in_one_way_only() {
        // The last digit carries bits that no byte has: another digit must not mean the same.
        let other = SHA1_BASE64.replace("Hk=", "Hl=");
        assert_ne!(other, SHA1_BASE64);
        assert!(verify_webhook(&[KEY], BODY, &format!("sha1={other}")).is_err());
    }

    #[test]
    fn without_a_secret_nothing_is_verified() {
        for secrets in [&[][..], &[""], &[KEY, ""]] {
            let error = verify_webhook(secrets, BODY, &format!("sha1={SHA1}")).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
        }
    }
}
