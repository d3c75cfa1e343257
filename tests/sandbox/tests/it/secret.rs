//! A client secret that is replaced.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{Account, Signature, Webhook};

use crate::control::control;
use crate::driver::{Driver, call, text};
use crate::endpoint::Endpoint;

/// The status with which this secret gets a token.
fn login(driver: &Driver<'_>, secret: &str) -> u16 {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={secret}",
        driver.account.client_id
    );
    let url = driver.url("/sentinel/api/v2/account/{account}/app/token");
    call(&driver.agent, "POST", &url, &[], form.as_bytes()).expect("an answer").status
}

#[test]
fn only_the_new_secret_is_taken_and_signs() {
    let endpoint = Endpoint::new();
    let driver = Driver::new();
    let (sandbox, account) = (driver.sandbox, &driver.account.id);
    sandbox.set_webhook(account, Webhook::to(endpoint.url()));
    let id = driver.open();
    endpoint.next();
    let old = &driver.account.client_secret;
    assert_eq!(login(&driver, old), 200);
    let path = format!("/accounts/{account}/client-secret");
    let replace = |by_hand: bool, secret: &str| {
        if by_hand {
            assert_eq!(control("PUT", &path, &json!({"client_secret": secret})).status, 200);
        } else {
            sandbox.set_client_secret(account, secret);
        }
    };
    // Whose secret never changes: so it says what the signature must be.
    let witness = Account::new("Brand44", "a client", "second");
    sandbox.add_account(&witness);
    for (by_hand, replaced, secret) in [(false, &**old, "first"), (true, "first", "second")] {
        replace(by_hand, secret);
        assert_eq!((login(&driver, replaced), login(&driver, secret)), (401, 200), "{secret}");
        assert_eq!(driver.send(&text(&id, secret)).status, 200, "the token is still valid");
        let told = endpoint.next();
        assert_eq!(told.text(), secret);
        let signed = sandbox.sign(&witness.id, &told.body, Signature::default());
        assert_eq!(told.header("x-liveperson-signature") == signed, secret == "second");
    }
}

#[test]
fn what_is_no_secret_is_refused() {
    let driver = Driver::new();
    let path = format!("/accounts/{}/client-secret", driver.account.id);
    for (path, body, status) in [
        (&*path, json!({"client_secret": ""}), 400),
        (&path, json!({"client_secret": 5}), 400),
        (&path, json!({}), 400),
        (&path, json!({"client_secret": "new", "secret": "new"}), 400),
        ("/accounts/nobody/client-secret", json!({"client_secret": "new"}), 404),
    ] {
        let reply = control("PUT", path, &body);
        assert_eq!(reply.status, status, "{body}");
        assert!(reply.json()["error"].is_string(), "{body}");
    }
    let empty = || driver.sandbox.set_client_secret(&driver.account.id, "");
    assert!(catch_unwind(AssertUnwindSafe(empty)).is_err());
    assert_eq!(login(&driver, &driver.account.client_secret), 200);
}
