//! AppJWTs: what one says, and whether Sentinel signed it for an account.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
// Signatures are checked here, or by the service; this only reads.
use jsonwebtoken::dangerous::insecure_decode_claims;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use serde::Deserialize;
use serde_json::value::RawValue;
use webpki::RawPublicKeyEntity;

use crate::base::error::{Error, Status};
use crate::base::text::shorten;
use crate::protocol::json::{each_item, is_array, members, text};

/// Sentinel v1 signs with this key, always.
const SENTINEL_V1: &str = "\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvGQctwBFFZBaSu+LC4LVk/4/XyVQmhcwM5a91lT7BwZug/Gt\
pR+ZGpKkiZSgTehRdBJKSPjv5K6D8/cBm28OV11Mekjn1PJrveSXrRsfUbOqIHgpfVtnkxN3ZaV6GSWQrrZArkpbAm+K\
f5o5jxFPhCadB8BdRGCbMI3rFEkYSFqnmptI3olIAtAjmtbLJnwYZyXl2WZXMBmORLXnV9aTMGp4uFZdX+QbK808q55z\
xSB5HM3N9B8NLUP1TELc6N2dhWk2RwR/C9WvQYH/UAnxqVEwrAXt+rb+YWuu92Dj4NLAmpEYbRQi+S+5Y6t5g6kX/QMQ\
/ycdFOW/WA3JoptUSQIDAQAB";

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

/// The keys of Sentinel v2, by `kid`.
#[derive(Default)]
pub(crate) struct KeySet(HashMap<String, PublicKey>);

impl KeySet {
    /// Reads a JSON Web Key Set; keys of other kinds are left out. `None`: it is none.
    pub(crate) fn read(json: &[u8]) -> Option<KeySet> {
        let whole: &RawValue = serde_json::from_slice(json).ok()?;
        let [keys] = members(Some(whole), ["keys"]);
        let keys = keys.filter(|keys| is_array(keys))?;
        let read = |key| {
            let [kty, kid, n, e] = members(Some(key), ["kty", "kid", "n", "e"]).map(text);
            let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
            let components = RsaPublicKeyComponents { n: decode(&n)?, e: decode(&e)? };
            (kty == "RSA" && !kid.is_empty()).then_some((kid, PublicKey::Components(components)))
        };
        let mut set = HashMap::new();
        each_item(Some(keys), |key| set.extend(read(key)));
        Some(KeySet(set))
    }

    pub(crate) fn has(&self, kid: &str) -> bool {
        self.0.contains_key(kid)
    }
}

/// The key that a token names (`kid`), if it is signed as Sentinel signs.
///
/// # Errors
/// [`Status::Unauthorized`], here and below: what is wrong with the token.
pub(crate) fn kid(jwt: &str) -> Result<Option<String>, Error> {
    let header = jsonwebtoken::decode_header(jwt).map_err(|_| wrong("its header is no JWT's"))?;
    if header.alg != Algorithm::RS256 {
        return Err(wrong(&format!("it is signed with {:?} and not RS256", header.alg)));
    }
    Ok(header.kid)
}

/// Checks that a token is signed with Sentinel v1's key, or with the one given in its place.
pub(crate) fn verify_v1(jwt: &str, key: Option<&str>, account_id: &str) -> Result<(), Error> {
    kid(jwt)?;
    let key = PublicKey::from_base64(key.unwrap_or(SENTINEL_V1));
    verify(jwt, key.as_ref(), account_id)
}

/// Checks that a token is signed with a key of Sentinel v2's set.
pub(crate) fn verify_v2(jwt: &str, keys: &KeySet, account_id: &str) -> Result<(), Error> {
    let kid = kid_of_v2(jwt)?;
    let unknown = || wrong(&format!("Sentinel's key set has no key '{}'", shorten(&kid)));
    verify(jwt, Some(keys.0.get(&kid).ok_or_else(unknown)?), account_id)
}

/// The key that a token of Sentinel v2 must name.
pub(crate) fn kid_of_v2(jwt: &str) -> Result<String, Error> {
    kid(jwt)?.ok_or_else(|| wrong("it does not say which key signed it (kid)"))
}

fn verify(jwt: &str, key: Option<&PublicKey>, account_id: &str) -> Result<(), Error> {
    if !key.is_some_and(|key| signed_by(key, jwt)) {
        return Err(wrong("its signature does not match Sentinel's key"));
    }
    check_claims(jwt, account_id)
}

/// The `exp` of a token, in seconds since 1970; `None` where it has none, or one that is no number.
pub(crate) fn expiry(jwt: &str) -> Result<Option<f64>, &'static str> {
    #[derive(Deserialize)]
    struct Claims {
        exp: Box<RawValue>,
    }
    let claims: Claims =
        insecure_decode_claims(jwt).map_err(|_| "is not a JWT with an exp claim")?;
    Ok(text(Some(&claims.exp)).parse().ok())
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
    let claims: Box<RawValue> =
        insecure_decode_claims(jwt).map_err(|_| wrong("its claims cannot be read"))?;
    let [aud, iss] = members(Some(&claims), ["aud", "iss"]);
    // One, or several; a token is not long.
    let mut audience = Vec::new();
    each_item(aud, |one| audience.push(text(Some(one))));
    let iss = text(iss);
    if !audience.iter().any(|one| one == account_id) {
        let audience = shorten(&audience.join(", "));
        return Err(wrong(&format!("its aud is '{audience}' and not the account {account_id}")));
    }
    // Sources differ in its case.
    if !iss.eq_ignore_ascii_case("Sentinel") {
        let other = shorten(&iss);
        return Err(wrong(&format!("its iss is '{other}' and not Sentinel")));
    }
    Ok(())
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
            (r#"{"aud":"le1","iss":7}"#, "its iss is '7'"),
        ] {
            let refused = check(claims).unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
