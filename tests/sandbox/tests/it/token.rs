//! Sentinel and IDP.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lpc_sandbox::serde_json::{self, Value, json};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::Verifier;
use rsa::{BigUint, RsaPublicKey};

use crate::driver::{Driver, Reply, call, shared};

const V1: &str = "/sentinel/api/account/{account}/app/token?v=1.0&grant_type=client_credentials";
const V2: &str = "/sentinel/api/v2/account/{account}/app/token";

fn ask(driver: &Driver<'_>, path: &str, headers: &[(&str, &str)], form: &str) -> Reply {
    let fill = |text: &str| {
        text.replace("{id}", &driver.account.client_id)
            .replace("{secret}", &driver.account.client_secret)
    };
    let url = fill(&driver.url(path));
    call(&driver.agent, "POST", &url, headers, fill(form).as_bytes()).expect("an answer")
}

/// A part of a token, decoded.
pub fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).expect("three parts");
    let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&json).expect("JSON")
}

pub fn claims(token: &str) -> Value {
    part(token, 1)
}

#[test]
fn credentials_are_taken_wherever_they_stand() {
    let driver = Driver::new();
    let in_query = format!("{V1}&client_id={{id}}&client_secret={{secret}}");
    let form = "client_id={id}&client_secret={secret}";
    let full_form = "client_id={id}&client_secret={secret}&grant_type=client_credentials";
    let cases = [
        (V1, form),
        (&*in_query, ""),
        ("/sentinel/api/account/{account}/app/token?v=1.0", full_form),
        (V2, full_form),
        ("/sentinel/api/account/{account}/app/token?v=2.0", full_form),
        (&*in_query.replace("v=1.0", "v=2.0"), ""),
        (&*in_query.replace("?v=1.0&", "?").replace("/api/", "/api/v2/"), ""),
        ("/sentinel/api/v2/account/{account}/app/token?grant_type=client_credentials", form),
    ];
    for (path, form) in cases {
        let reply = ask(&driver, path, &[], form);
        assert_eq!(reply.status, 200, "{path}");
        let reply = reply.json();
        assert_eq!(reply["token_type"], "Bearer");
        assert_eq!(reply["expires_in"], 3600);
        let claims = claims(reply["access_token"].as_str().expect("a token"));
        assert_eq!(claims["aud"], driver.account.id.as_str());
        assert_eq!(claims["azp"], driver.account.client_id.as_str());
        assert_eq!(claims["scope"], "msg.consumer");
        assert_eq!(claims["iss"], "Sentinel");
        let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(end, at)| end - at);
        assert_eq!(lifetime, Some(3600));
    }
}

#[test]
fn a_token_from_sentinel_opens_idp() {
    let mut driver = Driver::new();
    let reply = ask(&driver, V1, &[], "client_id={id}&client_secret={secret}").json();
    driver.app_jwt = reply["access_token"].as_str().expect("a token").to_owned();
    driver.consumer("bob");
}

#[test]
fn errors_have_the_form_of_oauth() {
    let driver = Driver::new();
    let both = "client_id={id}&client_secret={secret}";
    let nobody = "/sentinel/api/account/nobody/app/token?v=1.0&grant_type=client_credentials";
    let cases = [
        (V1, "client_id={id}&client_secret=wrong", 401, "invalid_client"),
        (V1, "client_id=wrong&client_secret={secret}", 401, "invalid_client"),
        (nobody, both, 401, "invalid_client"),
        (V1, "client_id={id}", 400, "invalid_request"),
        (V1, "client_secret={secret}", 400, "invalid_request"),
        ("/sentinel/api/account/{account}/app/token?v=1.0", both, 400, "invalid_request"),
        (
            "/sentinel/api/account/{account}/app/token?v=1.0&grant_type=password",
            both,
            400,
            "unsupported_grant_type",
        ),
        (
            "/sentinel/api/account/{account}/app/token?v=9&grant_type=client_credentials",
            both,
            400,
            "invalid_request",
        ),
        (V1, "client_id={id}&client_id=other&client_secret={secret}", 400, "invalid_request"),
        (V2, both, 400, "invalid_request"),
    ];
    for (path, form, status, error) in cases {
        let reply = ask(&driver, path, &[], form);
        assert_eq!((reply.status, reply.json()["error"].as_str()), (status, Some(error)), "{path}");
        assert!(reply.json()["error_description"].is_string());
    }
}

#[test]
fn content_types_and_further_members_make_no_difference() {
    let driver = Driver::new();
    for content_type in ["text/plain", "application/json", "application/octet-stream", ""] {
        let headers = [("Content-Type", content_type), ("Authorization", &driver.app_jwt)];
        let form = "client_id={id}&client_secret={secret}&more=1";
        let headers_of_token = &headers[..1];
        assert_eq!(ask(&driver, V1, headers_of_token, form).status, 200, "{content_type}");
        let body = r#"{"ext_consumer_id":"bob","more":{"a":1}}"#;
        let url = driver.url("/api/account/{account}/consumer?v=1.0");
        let reply = call(&driver.agent, "POST", &url, &headers, body.as_bytes());
        assert_eq!(reply.expect("an answer").status, 201, "{content_type}");
    }
}

#[test]
fn http_basic_is_taken() {
    let driver = Driver::new();
    let basic = |secret: &str| {
        let credentials = STANDARD.encode(format!("{}:{secret}", driver.account.client_id));
        ask(&driver, V1, &[("Authorization", &format!("Basic {credentials}"))], "")
    };
    assert_eq!(basic(&driver.account.client_secret).status, 200);
    assert_eq!(basic("wrong").json()["error"], "invalid_client");
}

#[test]
fn an_account_has_a_lifetime_of_its_own() {
    let driver = Driver::new();
    shared().set_token_lifetime(&driver.account.id, Duration::from_secs(90));
    let reply = ask(&driver, V1, &[], "client_id={id}&client_secret={secret}").json();
    assert_eq!(reply["expires_in"], 90);
}

#[test]
fn the_key_set_proves_the_tokens() {
    let driver = Driver::new();
    let url = driver.url("/sentinel/well-known/jwks");
    let keys = call(&driver.agent, "GET", &url, &[], &[]).expect("an answer").json();
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["alg"]), (&json!("RSA"), &json!("RS256")));
    let number = |name: &str| {
        let text = key[name].as_str().expect("a number");
        BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(text).expect("base64url"))
    };
    let public = RsaPublicKey::new(number("n"), number("e")).expect("a key");
    let public = VerifyingKey::<Sha256>::new(public);
    for token in [&driver.app_jwt, &driver.consumer_jws] {
        assert_eq!(part(token, 0), json!({"kid": key["kid"], "typ": "JWT", "alg": "RS256"}));
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let signature = Signature::try_from(&*signature).expect("a signature");
        public.verify(signed.as_bytes(), &signature).expect("the signature is right");
    }
}

#[test]
fn the_same_consumer_keeps_its_id() {
    let driver = Driver::new();
    let (one, again, other) = (
        claims(&driver.consumer("John_Doe")),
        claims(&driver.consumer("John_Doe")),
        claims(&driver.consumer("Jane_Doe")),
    );
    assert_eq!(one["account_id"], driver.account.id.as_str());
    assert_eq!(one["ext_consumer_id"], "John_Doe");
    assert!(one.get("exp").is_none());
    let id = one["lp_consumer_id"].as_str().expect("an id");
    assert!(id.len() == 64 && id.chars().all(|digit| digit.is_ascii_hexdigit()));
    assert_eq!(one["lp_consumer_id"], again["lp_consumer_id"]);
    assert_ne!(one["lp_consumer_id"], other["lp_consumer_id"]);
    assert_ne!(
        one["lp_consumer_id"],
        claims(&Driver::new().consumer("John_Doe"))["lp_consumer_id"]
    );
}

#[test]
fn idp_refuses_what_names_no_consumer() {
    let driver = Driver::new();
    for body in ["", "{", "[]", "{}", r#"{"ext_consumer_id":""}"#, r#"{"ext_consumer_id":5}"#] {
        let reply = driver.identify(body);
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.json()["type"], ".ReqBody$ErrorResp", "{body}");
    }
}

#[test]
fn idp_asks_for_an_app_jwt() {
    let mut driver = Driver::new();
    for (token, code) in [("", 40105), ("no.such.token", 40102)] {
        driver.app_jwt = token.to_owned();
        let reply = driver.identify(r#"{"ext_consumer_id":"x"}"#);
        assert_eq!((reply.status, reply.error_code()), (401, json!(code)));
    }
}
