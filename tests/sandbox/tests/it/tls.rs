//! HTTPS with a certificate that only this sandbox's CA vouches for.

use std::collections::HashSet;
use std::net::TcpStream;
use std::time::Duration;

use lpc_sandbox::{Options, Sandbox, TlsVersions};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::driver::{Driver, agent, call, shared, text};

pub fn sandbox() -> Sandbox {
    Sandbox::start(Options { tls: true, ..Options::default() }).expect("the sandbox starts")
}

pub fn trusting(sandbox: &Sandbox) -> Agent {
    client(sandbox, None)
}

/// Trusts the CA of `sandbox`, and shows the client certificate of `issuer`.
fn certified(sandbox: &Sandbox, issuer: &Sandbox) -> Agent {
    let (certificate, key) = issuer.client_certificate().expect("a client certificate");
    let certificate = std::fs::read(certificate).expect("readable");
    let certificate = Certificate::from_pem(&certificate).expect("a certificate");
    let key = std::fs::read_to_string(key).expect("readable");
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"), "PKCS#8");
    let key = PrivateKey::from_pem(key.as_bytes()).expect("a key");
    client(sandbox, Some(ClientCert::new_with_certs(&[certificate], key)))
}

fn client(sandbox: &Sandbox, certificate: Option<ClientCert>) -> Agent {
    let pem = std::fs::read(sandbox.ca_file().expect("a CA file")).expect("readable");
    let root = Certificate::from_pem(&pem).expect("a certificate");
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[root]))
        .client_cert(certificate)
        .build();
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
fn further_names_are_in_the_certificate() {
    let hosts = ["brand.example", "10.1.2.3"].map(str::to_owned).to_vec();
    let options = Options { tls: true, hosts, ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    for (name, fits) in [
        ("brand.example", true),
        ("10.1.2.3", true),
        ("localhost", true),
        ("127.0.0.1", true),
        ("other.example", false),
        ("10.1.2.4", false),
    ] {
        assert_eq!(shakes_hands_as(&sandbox, &TLS13, name), fits, "{name}");
    }
    let hosts = vec!["ä".to_owned()];
    assert!(Sandbox::start(Options { tls: true, hosts, ..Options::default() }).is_err());
}

#[test]
fn the_domain_api_is_there_without_tls_too() {
    let sandbox = sandbox();
    let account = sandbox.new_account();
    let domains = sandbox.domain_url().expect("a Domain API");
    assert!(domains.starts_with("http://127.0.0.1:"), "{domains}");
    let services = sandbox.url().strip_prefix("https://").expect("TLS");
    let port = services.rsplit_once(':').expect("a port").1;
    let path = |service: &str| format!("/api/account/{}/service/{service}", account.id);
    let ask = |path: &str, headers: &[(&str, &str)]| {
        call(&agent(), "GET", &format!("{domains}{path}"), headers, &[]).expect("an answer")
    };
    let one = path("sentinel/baseURI.json?version=1.0");
    assert_eq!(ask(&one, &[]).json()["baseURI"], services);
    for host in ["localhost", "localhost:80"] {
        let reply = ask(&one, &[("Host", host)]).json();
        assert_eq!(reply["baseURI"], format!("localhost:{port}"));
    }
    let all = ask(&path("baseURI?version=1.0"), &[]).json();
    let all = all["baseURIs"].as_array().expect("a list").clone();
    assert!(!all.is_empty() && all.iter().all(|entry| entry["baseURI"] == services));
    // Nothing else is served there.
    for elsewhere in ["/sentinel/well-known/jwks", "/v1/AUTH_async-images/x/y", "/accounts"] {
        assert_eq!(ask(elsewhere, &[]).status, 404, "{elsewhere}");
    }

    let all = format!("{}{}", sandbox.url(), path("baseURI.json?version=1.0"));
    call(&trusting(&sandbox), "GET", &all, &[], &[]).expect("an answer");
    let requests = sandbox.requests(&account.id);
    let connections: HashSet<u64> = requests.iter().map(|request| request.connection).collect();
    assert_eq!((requests.len(), connections.len()), (5, 5), "each was a connection of its own");
    assert!(shared().domain_url().is_none());
}

#[test]
fn a_client_certificate_is_demanded() {
    let demanding = |tls_versions| {
        let client_certificates = true;
        let options =
            Options { tls: true, client_certificates, tls_versions, ..Options::default() };
        Sandbox::start(options).expect("the sandbox starts")
    };
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let (sandbox, other) = (demanding(versions), demanding(versions));
        let url = format!("{}/sentinel/well-known/jwks", sandbox.url());
        let reply = call(&certified(&sandbox, &sandbox), "GET", &url, &[], &[]);
        assert_eq!(reply.expect("an answer").status, 200, "{versions:?}");
        assert!(call(&trusting(&sandbox), "GET", &url, &[], &[]).is_err(), "without, {versions:?}");
        let stranger = certified(&sandbox, &other);
        assert!(call(&stranger, "GET", &url, &[], &[]).is_err(), "of another CA, {versions:?}");
        assert_eq!(sandbox.key_requests().len(), 1, "{versions:?}");
    }
}

#[test]
fn the_files_of_a_client_certificate_go_with_the_sandbox() {
    let options = Options { tls: true, client_certificates: true, ..Options::default() };
    let sandbox = Sandbox::start(options).expect("the sandbox starts");
    let variables = sandbox.variables(&sandbox.new_account());
    let (certificate, key) = sandbox.client_certificate().expect("a client certificate");
    let files = [certificate.to_owned(), key.to_owned()];
    for (name, file) in ["LPC_TLS_CLIENT_CERT_FILE", "LPC_TLS_CLIENT_KEY_FILE"].iter().zip(&files) {
        assert!(variables.contains(&(name, file.display().to_string())), "{name}");
        assert!(file.exists());
    }
    drop(sandbox);
    assert!(files.iter().all(|file| !file.exists()));

    assert!(self::sandbox().client_certificate().is_none());
    let without_tls = Options { client_certificates: true, ..Options::default() };
    assert!(Sandbox::start(without_tls).is_err());
}

#[test]
fn versions_are_chosen() {
    let cases = [
        (TlsVersions::All, true, true),
        (TlsVersions::Only12, true, false),
        (TlsVersions::Only13, false, true),
    ];
    for (tls_versions, with_12, with_13) in cases {
        let options = Options { tls: true, tls_versions, ..Options::default() };
        let sandbox = Sandbox::start(options).expect("the sandbox starts");
        assert_eq!(shakes_hands(&sandbox, &TLS12), with_12, "{tls_versions:?} and 1.2");
        assert_eq!(shakes_hands(&sandbox, &TLS13), with_13, "{tls_versions:?} and 1.3");
    }
}

/// Whether a client that speaks this version alone gets through the handshake.
fn shakes_hands(sandbox: &Sandbox, version: &'static SupportedProtocolVersion) -> bool {
    shakes_hands_as(sandbox, version, "127.0.0.1")
}

/// The same for a client that knows the sandbox by this name.
fn shakes_hands_as(
    sandbox: &Sandbox,
    version: &'static SupportedProtocolVersion,
    name: &'static str,
) -> bool {
    let pem = std::fs::read(sandbox.ca_file().expect("a CA file")).expect("readable");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).expect("a certificate")).expect("a root");
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = name.try_into().expect("a name");
    let mut connection = ClientConnection::new(config.into(), name).expect("a client");
    let authority = sandbox.url().strip_prefix("https://").expect("TLS");
    let mut stream = TcpStream::connect(authority).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    while connection.is_handshaking() {
        if connection.complete_io(&mut stream).is_err() {
            return false;
        }
    }
    true
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
