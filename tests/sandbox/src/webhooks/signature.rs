//! How notifications are signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::base::hex::hex;

/// What the header x-liveperson-signature holds: the name of a hash, and the HMAC of the raw body
/// by it, with the client secret as the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    /// `sha1=` and base64: that of most accounts.
    #[default]
    Sha1Base64,
    /// `sha1=` and hexadecimal digits.
    Sha1Hex,
    /// `sha256=` and base64.
    Sha256Base64,
    /// `sha256=` and hexadecimal digits.
    Sha256Hex,
}

const ALL: [(Signature, &str); 4] = [
    (Signature::Sha1Base64, "sha1_base64"),
    (Signature::Sha1Hex, "sha1_hex"),
    (Signature::Sha256Base64, "sha256_base64"),
    (Signature::Sha256Hex, "sha256_hex"),
];

impl Signature {
    pub(crate) fn from_name(name: &str) -> Option<Signature> {
        ALL.iter().find(|(_, known)| *known == name).map(|(signature, _)| *signature)
    }

    /// All names, for an error.
    pub(crate) fn names() -> String {
        ALL.map(|(_, name)| name).join(", ")
    }

    /// The value of the header.
    pub(crate) fn of(self, secret: &str, body: &[u8]) -> String {
        let (name, algorithm) = match self {
            Signature::Sha1Base64 | Signature::Sha1Hex => {
                ("sha1", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)
            }
            Signature::Sha256Base64 | Signature::Sha256Hex => ("sha256", hmac::HMAC_SHA256),
        };
        let tag = hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), body);
        let value = match self {
            Signature::Sha1Base64 | Signature::Sha256Base64 => STANDARD.encode(tag),
            Signature::Sha1Hex | Signature::Sha256Hex => hex(tag.as_ref()),
        };
        format!("{name}={value}")
    }
}

#[cfg(test)]
mod tests {
    use super::Signature;

    #[test]
    fn the_signatures_are_those_of_the_service() {
        let secret = "rl9hacst6kqilbofup64n11ga3";
        let body = "{\"kind\":\"notification\",\"type\":\"ms.MessagingEventNotification\",\"body\":\
                    {\"changes\":[{\"sequence\":2,\"event\":{\"type\":\"ContentEvent\",\"message\":\
                    \"merci 👍 — où ?\",\"contentType\":\"text/plain\"},\"dialogId\":\
                    \"5491244f-e462-4c63-bf4e-faf4b2d3e7b5\"}]}}";
        let signed = Signature::Sha1Base64.of(secret, body.as_bytes());
        assert_eq!(signed, "sha1=afShHhdkuVP7pdfpl4F+C+hAwPA=");

        let id = "2969e404f3be1c8cdda63f0b72d205ab5afb3fe3e3d7d72ab58245f564fdfd91";
        let dialog = "b8b83fe9-75f0-46f2-baaa-2930f7192cfb";
        let body = format!(
            "{{\"kind\":\"notification\",\"body\":{{\"changes\":[{{\"originatorId\":\"{id}\",\
             \"originatorMetadata\":{{\"id\":\"{id}\",\"role\":\"CONSUMER\"}},\"event\":{{\
             \"type\":\"ChatStateEvent\",\"chatState\":\"PAUSE\"}},\"conversationId\":\
             \"{dialog}\",\"dialogId\":\"{dialog}\"}}]}},\
             \"type\":\"ms.MessagingEventNotification\"}}"
        );
        for (signature, expected) in [
            (Signature::Sha1Base64, "sha1=e/TfS0wv1HbvEsMqcBMmFLcMslI="),
            (Signature::Sha1Hex, "sha1=7bf4df4b4c2fd476ef12c32a70132614b70cb252"),
            (Signature::Sha256Base64, "sha256=PH84lxXVcKluSQQ3Fy8oaaZe1vDHZ3JZMNEQoQjUjsU="),
            (
                Signature::Sha256Hex,
                "sha256=3c7f389715d570a96e490437172f2869a65ed6f0c767725930d110a108d48ec5",
            ),
        ] {
            assert_eq!(signature.of(secret, body.as_bytes()), expected);
        }
    }
}
