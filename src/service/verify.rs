//! Whether an AppJWT is what Sentinel signed for this account (`token.verify`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use serde::Deserialize;
use serde_json::Value;
use ureq::http::Method;
use webpki::RawPublicKeyEntity;

use crate::base::error::{Error, Status};
use crate::base::stats::Operation;
use crate::config::configuration::shorten;
use crate::net::transport::Outgoing;
use crate::service::call::Call;
use crate::service::domains::Service;
use crate::service::request::exchange;

/// Sentinel v1 signs with this key, always.
const SENTINEL_V1: &str = "\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvGQctwBFFZBaSu+LC4LVk/4/XyVQmhcwM5a91lT7BwZug/Gt\
pR+ZGpKkiZSgTehRdBJKSPjv5K6D8/cBm28OV11Mekjn1PJrveSXrRsfUbOqIHgpfVtnkxN3ZaV6GSWQrrZArkpbAm+K\
f5o5jxFPhCadB8BdRGCbMI3rFEkYSFqnmptI3olIAtAjmtbLJnwYZyXl2WZXMBmORLXnV9aTMGp4uFZdX+QbK808q55z\
xSB5HM3N9B8NLUP1TELc6N2dhWk2RwR/C9WvQYH/UAnxqVEwrAXt+rb+YWuu92Dj4NLAmpEYbRQi+S+5Y6t5g6kX/QMQ\
/ycdFOW/WA3JoptUSQIDAQAB";

/// A token signed with an unknown key may mean that there is a new one; it may as well be forged.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// An RSA key that signs tokens.
#[derive(Debug)]
pub(crate) enum PublicKey {
    /// SubjectPublicKeyInfo in DER.
    Spki(Vec<u8>),
    /// Modulus and exponent, as a key set has them.
    Components(RsaPublicKeyComponents<Vec<u8>>),
}

impl PublicKey {
    pub(crate) fn from_base64(text: &str) -> Option<PublicKey> {
        let der = STANDARD.decode(text).ok()?;
        RawPublicKeyEntity::try_from(&SubjectPublicKeyInfoDer::from(der.as_slice())).ok()?;
        Some(PublicKey::Spki(der))
    }

    fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            PublicKey::Spki(der) => {
                let der = SubjectPublicKeyInfoDer::from(der.as_slice());
                let rsa = webpki::ring::RSA_PKCS1_2048_8192_SHA256;
                RawPublicKeyEntity::try_from(&der)
                    .is_ok_and(|key| key.verify_signature(rsa, message, signature).is_ok())
            }
            PublicKey::Components(key) => {
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}

/// The key set of Sentinel v2, by `kid`.
#[derive(Clone)]
pub(crate) struct KeySet {
    keys: Arc<HashMap<String, PublicKey>>,
    /// When it was fetched for a `kid` that the one before did not have.
    asked_again: Option<Instant>,
}

/// Checks signature, `aud` and `iss` of an AppJWT that Sentinel gave.
///
/// # Errors
/// [`Status::Unauthorized`] with what is wrong; what [`exchange`] gives where the key set cannot
/// be had.
pub(crate) fn verify(call: Call, jwt: &str) -> Result<(), Error> {
    let settings = call.settings();
    let header = jsonwebtoken::decode_header(jwt).map_err(|_| wrong("its header is no JWT's"))?;
    if header.alg != Algorithm::RS256 {
        return Err(wrong(&format!("it is signed with {:?} and not RS256", header.alg)));
    }
    let signed = if settings.token_api_version == 2 {
        let kid = header.kid.ok_or_else(|| wrong("it does not say which key signed it (kid)"))?;
        let set = key_set_with(call, &kid)?;
        let unknown = || wrong(&format!("Sentinel's key set has no key '{}'", shorten(&kid)));
        signed_by(set.keys.get(&kid).ok_or_else(unknown)?, jwt)
    } else {
        let key = settings.token_public_key.as_deref().unwrap_or(SENTINEL_V1);
        PublicKey::from_base64(key).is_some_and(|key| signed_by(&key, jwt))
    };
    if !signed {
        return Err(wrong("its signature does not match Sentinel's key"));
    }
    check_claims(jwt, &settings.account_id)
}

fn wrong(what: &str) -> Error {
    Error::new(
        Status::Unauthorized,
        format!("the AppJWT that Sentinel gave is not to be trusted (token.verify): {what}"),
    )
}

fn signed_by(key: &PublicKey, jwt: &str) -> bool {
    let Some((message, signature)) = jwt.rsplit_once('.') else { return false };
    URL_SAFE_NO_PAD
        .decode(signature)
        .is_ok_and(|signature| key.signed(message.as_bytes(), &signature))
}

fn check_claims(jwt: &str, account_id: &str) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        aud: Value,
        #[serde(default)]
        iss: Value,
    }

    let claims: Claims =
        insecure_decode_claims(jwt).map_err(|_| wrong("its claims cannot be read"))?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let audience: Vec<String> = match &claims.aud {
        Value::Null => Vec::new(),
        Value::Array(several) => several.iter().map(text).collect(),
        one => vec![text(one)],
    };
    if !audience.iter().any(|one| one == account_id) {
        let audience = shorten(&audience.join(", "));
        return Err(wrong(&format!("its aud is '{audience}' and not the account {account_id}")));
    }
    // Sources differ in its case.
    if !claims.iss.as_str().is_some_and(|iss| iss.eq_ignore_ascii_case("Sentinel")) {
        let other = shorten(claims.iss.as_str().unwrap_or_default());
        return Err(wrong(&format!("its iss is '{other}' and not Sentinel")));
    }
    Ok(())
}

/// The key set, fetched once, and again where this key is not in it; that not more than once in a
/// minute.
fn key_set_with(call: Call, kid: &str) -> Result<KeySet, Error> {
    let keys = &call.local.keys;
    let known = keys.get(call.deadline, |_| true, |_| true, |by| fetch(call.by(by), None))?;
    if known.keys.contains_key(kid) {
        return Ok(known);
    }
    keys.get(
        call.deadline,
        |set| {
            let lately = |at: Instant| at.elapsed() < ASK_AGAIN_AFTER;
            set.keys.contains_key(kid) || set.asked_again.is_some_and(lately)
        },
        |_| true,
        |by| fetch(call.by(by), Some(Instant::now())),
    )
}

fn fetch(call: Call, asked_again: Option<Instant>) -> Result<KeySet, Error> {
    const DOING: &str = "fetching Sentinel's key set";

    let url = call.base_url(Service::Sentinel)?.join("/sentinel/well-known/jwks")?;
    let answer = exchange(call, &Outgoing::new(DOING, Operation::Keys, Method::GET, url))?;
    let set: JwkSet = serde_json::from_slice(&answer.body).map_err(|_| {
        Error::new(Status::Protocol, format!("{DOING}: the answer is not a JSON Web Key Set"))
    })?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let keys = set.keys.into_iter().filter_map(|jwk| {
        let AlgorithmParameters::RSA(rsa) = jwk.algorithm else { return None };
        let components = RsaPublicKeyComponents { n: decode(&rsa.n)?, e: decode(&rsa.e)? };
        Some((jwk.common.key_id?, PublicKey::Components(components)))
    });
    Ok(KeySet { keys: Arc::new(keys.collect()), asked_again })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_sentinel_v1_is_a_key() {
        assert!(PublicKey::from_base64(SENTINEL_V1).is_some());
        for bad in ["", "AAAA", "no base64", &SENTINEL_V1[..100]] {
            assert!(PublicKey::from_base64(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn claims_must_be_for_the_account_and_from_sentinel() {
        let check = |claims: &str| {
            let jwt = ["{\"alg\":\"RS256\"}", claims, ""].map(|part| URL_SAFE_NO_PAD.encode(part));
            check_claims(&jwt.join("."), "le1").map_err(|error| error.message().to_owned())
        };
        assert_eq!(check(r#"{"aud":"le1","iss":"Sentinel"}"#), Ok(()));
        assert_eq!(check(r#"{"aud":["x","le1"],"iss":"sentinel"}"#), Ok(()));
        for (claims, says) in [
            (r#"{"aud":"le2","iss":"Sentinel"}"#, "its aud is 'le2' and not the account le1"),
            (r#"{"iss":"Sentinel"}"#, "its aud is ''"),
            (r#"{"aud":"le1","iss":"Evil"}"#, "its iss is 'Evil' and not Sentinel"),
            (r#"{"aud":"le1"}"#, "its iss is ''"),
            (r#"{"aud":5,"iss":7}"#, "its aud is '5'"),
            (r#"{"aud":"le1","iss":7}"#, "its iss is ''"),
        ] {
            let refused = check(claims).unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
