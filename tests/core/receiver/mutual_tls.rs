//! The service shows a certificate, where the receiver demands one.

use std::sync::{Arc, Mutex};

use lpconnector::LogLevel;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

use super::*;

/// A CA with one certificate for the loopback address, each in PEM.
pub(super) struct Made {
    pub ca: String,
    pub certificate: String,
    pub key: String,
}

pub(super) fn make() -> Made {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().pem();
    Made { ca: ca_pem, certificate, key: key.serialize_pem() }
}

/// Posts over TLS, with this certificate or none; the status, or none where nobody answers.
pub(super) fn post_over_tls(
    address: SocketAddr,
    server: &Made,
    own: Option<&Made>,
    body: &str,
) -> Option<u16> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.ca.as_bytes()).unwrap()).unwrap();
    let provider = ring::default_provider().into();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => config.with_no_client_auth(),
        Some(own) => {
            let chain = vec![CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut tls = ClientConnection::new(config.into(), name).unwrap();
    let mut socket = connect(address);
    let mut stream = Stream::new(&mut tls, &mut socket);
    stream.write_all(body.as_bytes()).ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}

#[test]
fn who_shows_no_certificate_of_the_ca_is_not_heard() {
    let (server, service, stranger) = (make(), make(), make());
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, pem: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    };
    let options = [
        ("receiver.tls.cert.file", file("cert.pem", &server.certificate)),
        ("receiver.tls.key.file", file("key.pem", &server.key)),
        ("receiver.tls.client.ca.file", file("ca.pem", &service.ca)),
    ];
    let options = [0, 1, 2].map(|i: usize| (options[i].0, options[i].1.as_str()));
    let scene = Scene::new();
    let mut config = scene.config(&options);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    config.set_log(LogLevel::Warn, move |_, line| sink.lock().unwrap().push(line.to_owned()));
    let post = Post { receiver: Receiver::new(&config).unwrap(), scene };
    let request = |sequence| post.request(&text("c", sequence, "x"));
    assert_eq!(post_over_tls(post.address(), &server, None, &request(0)), None);
    assert_eq!(post_over_tls(post.address(), &server, Some(&stranger), &request(1)), None);
    assert_eq!(post_over_tls(post.address(), &server, Some(&service), &request(2)), Some(200));
    assert_eq!(post.next().events()[0].sequence(), Some(2));
    assert!(post.texts().is_empty());
    // Who looks why nothing arrives finds it in the log.
    let lines = lines.lock().unwrap();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("no TLS")), "{lines:?}");

    let without = post.scene.config(&options[2..]);
    let error = Receiver::new(&without).unwrap_err();
    assert!(error.message().contains("'receiver.tls.cert.file' is missing"), "{error}");
}
