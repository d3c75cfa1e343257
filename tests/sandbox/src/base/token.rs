//! The tokens: AppJWT and ConsumerJWS, written and read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::base::forged::Forged;
use crate::base::key::{self, Key};

/// The compact form of a token with these claims.
pub(crate) fn sign(claims: &Value, key: &Key) -> String {
    compact(&header(key), claims, |text| key.sign(text))
}

/// A token that nobody should take.
pub(crate) fn forge(claims: &Value, key: &Key, forged: Forged) -> String {
    let mut header = header(key);
    match forged {
        Forged::UnknownKid => header["kid"] = "sandbox-unknown".into(),
        Forged::BrokenSignature => {}
        Forged::NoKid => header = json!({"typ": "JWT", "alg": "RS256"}),
        Forged::NoneAlgorithm => header["alg"] = "none".into(),
    }
    compact(&header, claims, |text| match forged {
        Forged::UnknownKid | Forged::NoKid => key.sign(text),
        // Of another text.
        Forged::BrokenSignature => key.sign(""),
        Forged::NoneAlgorithm => Vec::new(),
    })
}

fn header(key: &Key) -> Value {
    json!({"kid": key.id, "typ": "JWT", "alg": "RS256"})
}

fn compact(header: &Value, claims: &Value, sign: impl FnOnce(&str) -> Vec<u8>) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = sign(&signed);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The claims of a token that one of the keys signed. None for any other text.
pub(crate) fn verify(token: &str) -> Option<Map<String, Value>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header = object(header)?;
    if header.get("alg")? != "RS256" {
        return None;
    }
    let key = key::find(header.get("kid")?.as_str()?)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if key.signed(signed, &signature) { object(claims) } else { None }
}

/// The claims of a token, whoever signed it: good enough for a line of the log.
pub(crate) fn peek(token: &str) -> Option<Map<String, Value>> {
    object(token.split('.').nth(1)?)
}

fn object(encoded: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}
