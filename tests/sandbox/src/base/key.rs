//! The RSA keys that sign the tokens: one for the whole process, and a second one where an account
//! rotates.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::EncodePublicKey;
use rsa::rand_core::OsRng;
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{Keypair, SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};

use crate::base::hex::hex;

// Making a key takes longer than everything else a sandbox does.
static FIRST: OnceLock<Key> = OnceLock::new();
static SECOND: OnceLock<Key> = OnceLock::new();

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
    [&FIRST, &SECOND].into_iter().filter_map(OnceLock::get).find(|key| key.id == id)
}

impl Key {
    fn new() -> Key {
        // Fails only where the operating system has no random numbers.
        let private = RsaPrivateKey::new(&mut OsRng, 2048).expect("random numbers");
        let public = RsaPublicKey::from(&private);
        let id = format!("sandbox-{}", &hex(&Sha256::digest(public.n().to_bytes_be()))[..8]);
        let private = SigningKey::new(private);
        Key { id, public: private.verifying_key(), private }
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
