//! The RSA keys that sign the tokens: one for the whole process, and a second one where an account
//! rotates.

use std::io;
use std::sync::{Mutex, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{Keypair, SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};

use crate::base::hex::hex;
use crate::base::lock::lock;

// Making a key takes longer than everything else a sandbox does.
static FIRST: OnceLock<Key> = OnceLock::new();
static SECOND: OnceLock<Key> = OnceLock::new();
/// Those of earlier processes.
static KEPT: Mutex<Vec<&Key>> = Mutex::new(Vec::new());

pub(crate) struct Key {
    pub(crate) id: String,
    private: SigningKey<Sha256>,
    public: VerifyingKey<Sha256>,
}

/// The key that signs until an account rotates.
pub(crate) fn first() -> &'static Key {
    FIRST.get_or_init(Key::new)
}

/// The key that signs after that.
pub(crate) fn second() -> &'static Key {
    SECOND.get_or_init(Key::new)
}

/// The key of this id, if there is one yet.
pub(crate) fn find(id: &str) -> Option<&'static Key> {
    let own = [&FIRST, &SECOND].into_iter().filter_map(OnceLock::get).find(|key| key.id == id);
    own.or_else(|| lock(&KEPT).iter().find(|key| key.id == id).copied())
}

/// The key of an earlier process, from its PKCS#8.
pub(crate) fn kept(pem: &str) -> io::Result<&'static Key> {
    let private = RsaPrivateKey::from_pkcs8_pem(pem).map_err(io::Error::other)?;
    let key = Key::of(private);
    if let Some(known) = find(&key.id) {
        return Ok(known);
    }
    // Keys last as long as the process, and there are two for each state that it opens.
    let key: &'static Key = Box::leak(Box::new(key));
    lock(&KEPT).push(key);
    Ok(key)
}

impl Key {
    fn new() -> Key {
        // Fails only where the operating system has no random numbers.
        Key::of(RsaPrivateKey::new(&mut OsRng, 2048).expect("random numbers"))
    }

    fn of(private: RsaPrivateKey) -> Key {
        let public = RsaPublicKey::from(&private);
        let id = format!("sandbox-{}", &hex(&Sha256::digest(public.n().to_bytes_be()))[..8]);
        let private = SigningKey::new(private);
        Key { id, public: private.verifying_key(), private }
    }

    /// As PKCS#8, for a later process.
    pub(crate) fn to_pem(&self) -> String {
        let private: &RsaPrivateKey = self.private.as_ref();
        let pem = private.to_pkcs8_pem(LineEnding::LF).expect("a key that was made can be told");
        pem.to_string()
    }

    pub(crate) fn sign(&self, text: &str) -> Vec<u8> {
        self.private.sign(text.as_bytes()).to_vec()
    }

    pub(crate) fn signed(&self, text: &str, signature: &[u8]) -> bool {
        Signature::try_from(signature)
            .is_ok_and(|signature| self.public.verify(text.as_bytes(), &signature).is_ok())
    }

    /// The public key as a JSON Web Key.
    pub(crate) fn jwk(&self) -> Value {
        let public: &RsaPublicKey = self.public.as_ref();
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(public.n().to_bytes_be()),
            "e": URL_SAFE_NO_PAD.encode(public.e().to_bytes_be()),
        })
    }

    /// The public key as a SubjectPublicKeyInfo, base64 of its DER.
    pub(crate) fn subject_public_key_info(&self) -> String {
        let der =
            self.public.as_ref().to_public_key_der().expect("a key that was made can be told");
        STANDARD.encode(der.as_bytes())
    }
}
