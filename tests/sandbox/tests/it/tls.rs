//! HTTPS with a certificate that only this sandbox's CA vouches for.

use std::time::Duration;

use lpc_sandbox::{Options, Sandbox};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::driver::{Driver, agent, call, text};

fn sandbox() -> Sandbox {
    Sandbox::start(Options { tls: true, ..Options::default() }).expect("the sandbox starts")
}

fn trusting(sandbox: &Sandbox) -> Agent {
    let pem = std::fs::read(sandbox.ca_file().expect("a CA file")).expect("readable");
    let root = Certificate::from_pem(&pem).expect("a certificate");
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root])).build();
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(30)))
        .tls_config(tls)
        .build()
        .into()
}

#[test]
fn who_trusts_the_ca_gets_through() {
    let sandbox = sandbox();
    assert!(sandbox.url().starts_with("https://127.0.0.1:"));
    let account = sandbox.new_account();
    let variables = sandbox.variables(&account);
    let ca_file = sandbox.ca_file().expect("a CA file").display().to_string();
    assert!(variables.contains(&("LPC_TLS_CA_FILE", ca_file)));
    assert!(variables.iter().all(|(name, _)| *name != "LPC_ALLOW_PLAINTEXT"));

    let agent = trusting(&sandbox);
    let by_name = sandbox.url().replace("127.0.0.1", "localhost");
    for url in [sandbox.url(), &by_name] {
        let keys = call(&agent, "GET", &format!("{url}/sentinel/well-known/jwks"), &[], &[]);
        assert_eq!(keys.expect("an answer").status, 200, "{url}");
    }
}

#[test]
fn a_whole_conversation_goes_over_tls() {
    let sandbox = sandbox();
    let account = sandbox.new_account();
    let app_jwt = sandbox.issue_app_jwt(&account.id, 3600, &[]);
    let mut driver = Driver {
        sandbox: &sandbox,
        agent: trusting(&sandbox),
        account,
        app_jwt,
        consumer_jws: String::new(),
    };
    driver.consumer_jws = driver.consumer("alice");
    let id = driver.open();
    assert_eq!(driver.send(&text(&id, "Hello")).status, 200);
    let requests = sandbox.requests(&driver.account.id);
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.connection == 1), "one connection for all");
}

#[test]
fn who_does_not_trust_the_ca_does_not() {
    let (sandbox, other) = (sandbox(), sandbox());
    let url = format!("{}/sentinel/well-known/jwks", sandbox.url());
    assert!(call(&agent(), "GET", &url, &[], &[]).is_err());
    assert!(call(&trusting(&other), "GET", &url, &[], &[]).is_err());
}

#[test]
fn a_temporary_ca_file_goes_and_a_given_one_stays() {
    let sandbox = sandbox();
    let temporary = sandbox.ca_file().expect("a CA file").to_owned();
    assert!(temporary.exists());
    drop(sandbox);
    assert!(!temporary.exists());

    let given = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("given-ca.pem");
    let options = Options { tls: true, ca_file: Some(given.clone()), ..Options::default() };
    drop(Sandbox::start(options).expect("the sandbox starts"));
    assert!(std::fs::read_to_string(&given).expect("readable").contains("BEGIN CERTIFICATE"));
    std::fs::remove_file(given).expect("removable");
}
