//! The keys of the tokens.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lpc_sandbox::serde_json::{Value, json};
use lpc_sandbox::{Forged, Options, Sandbox};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use rsa::{BigUint, RsaPublicKey};

use crate::control::control;
use crate::driver::{Driver, call, shared, text};
use crate::token::part;

/// The keys of the key set: id and key.
fn keys(driver: &Driver<'_>) -> Vec<(Value, VerifyingKey<Sha256>)> {
    let url = driver.url("/sentinel/well-known/jwks");
    let keys = call(&driver.agent, "GET", &url, &[], &[]).expect("an answer").json();
    let number = |key: &Value, name: &str| {
        let text = key[name].as_str().expect("a number");
        BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(text).expect("base64url"))
    };
    let keys = keys["keys"].as_array().expect("keys");
    keys.iter()
        .map(|key| {
            let public = RsaPublicKey::new(number(key, "n"), number(key, "e")).expect("a key");
            (key["kid"].clone(), VerifyingKey::new(public))
        })
        .collect()
}

fn signed(token: &str, key: &VerifyingKey<Sha256>) -> bool {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    Signature::try_from(&*signature)
        .is_ok_and(|signature| key.verify(signed.as_bytes(), &signature).is_ok())
}

#[test]
fn the_public_key_is_that_of_the_tokens() {
    let driver = Driver::new();
    let der = STANDARD.decode(driver.sandbox.public_key()).expect("base64");
    let public = RsaPublicKey::from_public_key_der(&der).expect("a SubjectPublicKeyInfo");
    assert!(signed(&driver.app_jwt, &VerifyingKey::new(public)));
    let shown = control("GET", "/public-key", &Value::Null).json();
    assert_eq!(shown, json!({"public_key": driver.sandbox.public_key()}));
}

#[test]
fn a_rotated_account_signs_with_the_second_key() {
    let sandbox = Sandbox::start(Options::default()).expect("the sandbox starts");
    let (mut driver, other) = (Driver::on(&sandbox), Driver::on(&sandbox));
    let old = keys(&driver);
    assert_eq!(old.len(), 1);
    sandbox.rotate_key(&driver.account.id);
    sandbox.rotate_key(&driver.account.id);
    let new = keys(&driver);
    assert_eq!((new.len(), &new[0].0), (2, &old[0].0));

    let token = sandbox.issue_app_jwt(&driver.account.id, 3600, &[]);
    let before = std::mem::replace(&mut driver.app_jwt, token);
    let consumer = driver.consumer("alice");
    for (token, key) in [
        (&before, 0),
        (&driver.app_jwt, 1),
        (&consumer, 1),
        (&sandbox.issue_app_jwt(&other.account.id, 3600, &[]), 0),
    ] {
        let (id, public) = &new[key];
        assert_eq!(part(token, 0)["kid"], *id);
        assert!(signed(token, public) && !signed(token, &new[1 - key].1));
    }
    // Tokens of both keys are valid, in any mixture.
    for app_jwt in [&before, &driver.app_jwt] {
        for consumer_jws in [&driver.consumer_jws, &consumer] {
            let mixed = Driver {
                sandbox: &sandbox,
                account: driver.account.clone(),
                agent: driver.agent.clone(),
                app_jwt: app_jwt.clone(),
                consumer_jws: consumer_jws.clone(),
            };
            let id = mixed.open();
            sandbox.close_conversation(&driver.account.id, &id);
        }
    }
    assert_eq!(sandbox.conversations(&driver.account.id).len(), 4);
    let requests = sandbox.key_requests();
    assert_eq!(requests.len(), 2, "two requests for the key set");
    assert!(requests.iter().all(|request| request.status == Some(200)));
}

#[test]
fn forged_tokens_are_refused() {
    let mut driver = Driver::new();
    let (id, public) = keys(&driver).remove(0);
    let cases = [
        (Forged::UnknownKid, "unknown_kid", json!("RS256"), true),
        (Forged::BrokenSignature, "broken_signature", json!("RS256"), false),
        (Forged::NoKid, "no_kid", json!("RS256"), true),
        (Forged::NoneAlgorithm, "none_algorithm", json!("none"), false),
    ];
    for (forged, name, algorithm, is_signed) in cases {
        let token = driver.sandbox.forge_app_jwt(&driver.account.id, forged);
        let path = format!("/accounts/{}/tokens", driver.account.id);
        let same = control("POST", &path, &json!({"forged": name})).json();
        let same = same["token"].as_str().expect("a token");
        for token in [&*token, same] {
            let header = part(token, 0);
            let kid = match forged {
                Forged::UnknownKid => json!("sandbox-unknown"),
                Forged::NoKid => Value::Null,
                _ => id.clone(),
            };
            assert_eq!((&header["kid"], &header["alg"]), (&kid, &algorithm), "{name}");
            assert_eq!(part(token, 1)["aud"], driver.account.id.as_str());
            assert_eq!(signed(token, &public), is_signed, "{name}");
            assert_eq!(token.ends_with('.'), forged == Forged::NoneAlgorithm, "{name}");
            driver.app_jwt = token.to_owned();
            assert_eq!(driver.send(&text("x", "Hello")).error_code(), 40102, "{name}");
        }
    }
}

#[test]
fn the_control_api_rotates_and_counts() {
    let driver = Driver::new();
    let before = control("GET", "/key-requests", &Value::Null).json();
    let path = format!("/accounts/{}/rotate-key", driver.account.id);
    assert_eq!(control("POST", &path, &Value::Null).text, "{}");
    let keys = keys(&driver);
    assert_eq!(keys.len(), 2);
    assert_eq!(part(&driver.consumer("bob"), 0)["kid"], keys[1].0);
    let after = control("GET", "/key-requests", &Value::Null).json();
    let count = |requests: &Value| requests.as_array().expect("an array").len();
    assert!(count(&after) > count(&before));
    let last = after.as_array().and_then(|requests| requests.last()).expect("a request");
    assert_eq!(
        (&last["route"], &last["path"]),
        (&json!("keys"), &json!("/sentinel/well-known/jwks"))
    );
    assert!(count(&after) <= shared().key_requests().len());
}
