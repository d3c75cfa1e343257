//! The tokens: AppJWT and ConsumerJWS, signed with one RSA key for the whole process.

use std::fmt::Write;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::rand_core::OsRng;
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{Keypair, SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Map, Value, json};

struct Key {
    id: String,
    private: SigningKey<Sha256>,
    public: VerifyingKey<Sha256>,
}

/// The process has one key: making it takes longer than everything else a sandbox does.
fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| {
        // Fails only where the operating system has no random numbers.
        let private = RsaPrivateKey::new(&mut OsRng, 2048).expect("random numbers");
        let public = RsaPublicKey::from(&private);
        let id = format!("sandbox-{}", &hex(&Sha256::digest(public.n().to_bytes_be()))[..8]);
        let private = SigningKey::new(private);
        Key { id, public: private.verifying_key(), private }
    })
}

/// Makes the key now rather than at the first token.
pub(crate) fn prepare() {
    key();
}

/// The public key as a JSON Web Key Set.
pub(crate) fn key_set() -> Value {
    let public: &RsaPublicKey = key().public.as_ref();
    json!({"keys": [{
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key().id,
        "n": URL_SAFE_NO_PAD.encode(public.n().to_bytes_be()),
        "e": URL_SAFE_NO_PAD.encode(public.e().to_bytes_be()),
    }]})
}

/// The compact form of a token with these claims.
pub(crate) fn sign(claims: &Value) -> String {
    let header = json!({"kid": key().id, "typ": "JWT", "alg": "RS256"});
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = key().private.sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// The claims of a token that this process signed. None for any other text.
pub(crate) fn verify(token: &str) -> Option<Map<String, Value>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = Signature::try_from(URL_SAFE_NO_PAD.decode(signature).ok()?.as_slice()).ok()?;
    key().public.verify(signed.as_bytes(), &signature).ok()?;
    let (_, claims) = signed.split_once('.')?;
    claims_of(claims)
}

/// The claims of a token, whoever signed it: good enough for a line of the log.
pub(crate) fn peek(token: &str) -> Option<Map<String, Value>> {
    claims_of(token.split('.').nth(1)?)
}

fn claims_of(encoded: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

/// The id by which the service knows a consumer: 64 hex digits, always the same ones for the same
/// consumer.
pub(crate) fn lp_consumer_id(account_id: &str, ext_consumer_id: &str) -> String {
    hex(&Sha256::digest(format!("{account_id}/{ext_consumer_id}")))
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    // A clock before 1970 is not worth an error path.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() as i64)
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
