//! Certificates: checked always, against the roots that the caller names.

use std::io::Write;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

use base64::Engine;
use lpc_sandbox::{Options, Sandbox, TlsVersions};
use lpconnector::{Client, Config, Error, LogLevel, OpenOptions, Status};

use crate::scene::{self, Scene};

#[test]
fn the_ca_of_the_file_is_trusted() {
    let scene = Scene::over_tls(&[]);
    scene.conversation().send_text("over TLS").unwrap();
    assert_eq!(scene.texts(), ["over TLS"]);
}

#[test]
fn a_ca_that_nobody_named_is_not_trusted() {
    let scene = Scene::over_tls(&[("tls.ca.file", "")]);
    let error = scene.open().unwrap_err();
    assert_eq!(error.status(), Status::Tls);
    assert!(!error.maybe_delivered() && !error.is_retryable());
    assert!(error.message().contains("127.0.0.1"), "{error}");
    assert!(error.message().ends_with("; tls.ca.file names the roots to trust"), "{error}");
    assert_eq!(scene.requests().len(), 0);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let scene = Scene::over_tls(&[]);
    let port = scene.sandbox.url().rsplit(':').next().unwrap();
    // Leads to the sandbox, and is in no certificate of it.
    let other_name = format!("https://[::ffff:127.0.0.1]:{port}");
    let client = Client::new(&scene.config(&[("domain.api.url", &other_name)])).unwrap();
    let error = client.consumer("x").unwrap().jws().unwrap_err();
    assert_eq!(error.status(), Status::Tls, "{error}");
    assert!(!error.message().contains("tls.ca.file"), "other roots are no help: {error}");
}

#[test]
fn files_that_are_no_certificates_are_refused_when_the_client_is_made() {
    let scene = Scene::over_tls(&[]);
    let refused = |key, path: &str| {
        let mut options = vec![(key, path)];
        if key == "tls.client.cert.file" {
            options.push(("tls.client.key.file", path));
        }
        Client::new(&scene.config(&options)).unwrap_err()
    };
    let this_source = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for key in ["tls.ca.file", "tls.client.cert.file"] {
        let error = refused(key, "/nonexistent.pem");
        assert_eq!(error.status(), Status::Io);
        assert!(error.message().contains(key), "{error}");
        assert_eq!(refused(key, this_source).status(), Status::Config);
    }
    // A key, but of no certificate here.
    let rng = ring::rand::SystemRandom::new();
    let algorithm = &ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let key = ring::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
    let key = base64::engine::general_purpose::STANDARD.encode(key.as_ref());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pem");
    std::fs::write(
        &path,
        format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"),
    )
    .unwrap();
    let (ca, key) = (scene.sandbox.ca_file().unwrap().to_str().unwrap(), path.to_str().unwrap());
    let both = [("tls.client.cert.file", ca), ("tls.client.key.file", key)];
    let error = Client::new(&scene.config(&both)).unwrap_err();
    assert_eq!(error.status(), Status::Config);
    assert!(error.message().contains("no private key of the certificate"), "{error}");
    // A certificate is no key.
    let ca = scene.sandbox.ca_file().unwrap().to_str().unwrap();
    let both = [("tls.client.cert.file", ca), ("tls.client.key.file", ca)];
    assert_eq!(Client::new(&scene.config(&both)).unwrap_err().status(), Status::Config);
}

const VERSIONS: [TlsVersions; 3] = [TlsVersions::All, TlsVersions::Only12, TlsVersions::Only13];

/// A conversation with a sandbox that is not the shared one; also what was logged of retries.
fn converse(sandbox: &Sandbox, options: &[(&str, &str)]) -> (Result<(), Error>, Vec<String>) {
    let account = sandbox.new_account();
    let mut config = scene::config(sandbox, &account, options);
    let warned = Arc::new(Mutex::new(Vec::new()));
    let lines = warned.clone();
    config.set_log(LogLevel::Warn, move |level, line: &str| {
        if level == LogLevel::Warn {
            lines.lock().unwrap().push(line.to_owned());
        }
    });
    let client = Client::new(&config).unwrap();
    let opened = client.consumer("x").unwrap().open(&OpenOptions::new());
    let sent = opened.and_then(|conversation| conversation.send_text("over TLS"));
    let arrived = sandbox.requests(&account.id).len();
    assert_eq!(arrived > 0, sent.is_ok());
    (sent.map(drop), std::mem::take(&mut *warned.lock().unwrap()))
}

#[test]
fn versions_1_2_and_1_3_are_spoken() {
    for tls_versions in VERSIONS {
        let options = Options { tls: true, tls_versions, ..Options::default() };
        let (sent, _) = converse(&Sandbox::start(options).unwrap(), &[]);
        sent.unwrap_or_else(|why| panic!("{tls_versions:?}: {why}"));
    }
}

#[test]
fn a_server_that_wants_a_certificate_gets_ours() {
    for tls_versions in VERSIONS {
        let sandbox = demanding(tls_versions);
        let (certificate, key) = sandbox.client_certificate().unwrap();
        let files = [
            ("tls.client.cert.file", certificate.to_str().unwrap()),
            ("tls.client.key.file", key.to_str().unwrap()),
        ];
        let (sent, _) = converse(&sandbox, &files);
        sent.unwrap_or_else(|why| panic!("{tls_versions:?}: {why}"));
    }
}

#[test]
fn a_server_that_wants_a_certificate_gets_nothing_without_one() {
    let options = [
        ("tls.client.cert.file", ""),
        ("tls.client.key.file", ""),
        ("retry.max.attempts", "4"),
        ("retry.backoff.ms", "1"),
    ];
    for tls_versions in VERSIONS {
        let (sent, retries) = converse(&demanding(tls_versions), &options);
        let error = sent.unwrap_err();
        assert!(!error.maybe_delivered(), "{error}");
        assert!(error.message().contains("127.0.0.1"), "{error}");
        // Also where we still wrote when the server had ended the connection.
        assert_eq!(
            (error.status(), error.attempts()),
            (Status::Tls, 1),
            "{tls_versions:?}: {error}"
        );
        assert!(error.message().contains("received fatal alert"), "{error}");
        assert!(retries.is_empty(), "tried again: {retries:?}");
    }
}

fn demanding(tls_versions: TlsVersions) -> Sandbox {
    let client_certificates = true;
    let options = Options { tls: true, client_certificates, tls_versions, ..Options::default() };
    Sandbox::start(options).unwrap()
}

/// No test of its own: what the test below runs in a process that has its own system's roots.
#[test]
#[ignore = "run by another test"]
fn ten_clients() {
    if std::env::var_os("LPC_ACCOUNT_ID").is_none() {
        return;
    }
    std::thread::scope(|scope| {
        for n in 0..10 {
            scope.spawn(move || {
                let mut config = Config::new();
                config.load_env().unwrap();
                let client = Client::new(&config).unwrap();
                client.consumer(&n.to_string()).unwrap().open(&OpenOptions::new()).unwrap();
            });
        }
    });
}

/// No test of its own either.
#[test]
#[ignore = "run by another test"]
fn roots_that_come_late() {
    let Some(roots) = std::env::var_os("TEST_ROOTS") else { return };
    let mut config = Config::new();
    config.load_env().unwrap();
    let client = Client::new(&config).unwrap();
    let consumer = client.consumer("x").unwrap();
    assert_eq!(consumer.open(&OpenOptions::new()).unwrap_err().status(), Status::Tls);
    std::fs::copy(roots, std::env::var_os("SSL_CERT_FILE").unwrap()).unwrap();
    consumer.open(&OpenOptions::new()).unwrap();
}

#[test]
fn roots_of_the_system_that_could_not_be_read_are_looked_for_again() {
    let scene = Scene::over_tls(&[]);
    let directory = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "tls::roots_that_come_late"]).env_clear();
    child.envs(scene.sandbox.variables(&scene.account)).env_remove("LPC_TLS_CA_FILE");
    child.env("TEST_ROOTS", scene.sandbox.ca_file().unwrap());
    let output = child.env("SSL_CERT_FILE", directory.path().join("none yet")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(scene.sandbox.conversations(&scene.account.id).len(), 1);
}

/// How often ten clients of a process read the roots of the system.
#[cfg(unix)]
fn reads_of_roots(sandbox: &Sandbox) -> usize {
    let account = sandbox.new_account();
    let directory = tempfile::tempdir().unwrap();
    // Who reads them has to wait for them here.
    let roots = directory.path().join("roots.pem");
    let make = || {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &roots, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    };
    make();
    let pem = sandbox.ca_file().map(|file| std::fs::read(file).unwrap()).unwrap_or_default();
    let (is_over, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                let mut reader = std::fs::OpenOptions::new().write(true).open(&roots).unwrap();
                if is_over.load(Relaxed) {
                    return;
                }
                // The next one waits at another.
                std::fs::remove_file(&roots).unwrap();
                make();
                reader.write_all(&pem).unwrap();
                reads.fetch_add(1, Relaxed);
            }
        });
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--ignored", "--exact", "tls::ten_clients"]).env_clear();
        child.envs(sandbox.variables(&account)).env_remove("LPC_TLS_CA_FILE");
        let output = child.env("SSL_CERT_FILE", &roots).output().unwrap();
        is_over.store(true, Relaxed);
        let _nobody = std::fs::OpenOptions::new().read(true).write(true).open(&roots).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    });
    assert_eq!(sandbox.conversations(&account.id).len(), 10);
    reads.into_inner()
}

#[test]
#[cfg(unix)]
fn the_roots_of_the_system_are_read_once_and_only_for_tls() {
    let options = Options { tls: true, ..Options::default() };
    assert_eq!(reads_of_roots(&Sandbox::start(options).unwrap()), 1);
    assert_eq!(reads_of_roots(&Sandbox::start(Options::default()).unwrap()), 0);
}
