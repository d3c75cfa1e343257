//! HTTP proxies that are reached over TLS: socat in front of tinyproxy.

use std::path::{Path, PathBuf};
use std::process::Command;

use lpconnector::Status;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::http::{asked, tinyproxy};
use crate::process::Server;
use crate::scene::Scene;
use crate::through::{fails, works};

/// A certificate for 127.0.0.1 and who vouches for it.
struct Certificate {
    ca: String,
    /// Chain and key.
    file: PathBuf,
    directory: TempDir,
}

impl Certificate {
    fn new() -> Certificate {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "the proxy's CA");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let ca = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned()];
        let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();

        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("proxy.pem");
        std::fs::write(&file, format!("{}{}", leaf.pem(), key.serialize_pem())).unwrap();
        Certificate { ca: ca.pem(), file, directory }
    }

    /// A file with this CA and that of the sandbox.
    fn both(&self) -> PathBuf {
        let scene = Scene::over_tls(&[]);
        let sandbox = std::fs::read_to_string(scene.sandbox.ca_file().unwrap()).unwrap();
        let file = self.directory.path().join("both.pem");
        std::fs::write(&file, format!("{sandbox}{}", self.ca)).unwrap();
        file
    }
}

/// Takes TLS off on the way to another server. Its processes for single connections end when that
/// server does.
fn socat(certificate: &Path, to: &Server) -> Server {
    Server::start(|port, _| {
        let mut command = Command::new("socat");
        let file = certificate.display();
        command.arg(format!(
            "OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,cert={file},verify=0"
        ));
        command.arg(format!("TCP:{}", to.address()));
        command
    })
}

#[test]
#[ignore = "needs tinyproxy and socat: make test-proxies"]
fn one_whose_ca_is_trusted() {
    let certificate = Certificate::new();
    let proxy = tinyproxy("BasicAuth connector sesame");
    let tls = socat(&certificate.file, &proxy);
    let url = format!("https://connector:sesame@{}", tls.address());
    let both = certificate.both();
    let port = works(&[("proxy.url", &url), ("tls.ca.file", both.to_str().unwrap())]);
    assert_eq!(asked(&proxy), [format!("127.0.0.1:{port}")]);
}

#[test]
#[ignore = "needs tinyproxy and socat: make test-proxies"]
fn one_whose_ca_is_not_trusted() {
    let certificate = Certificate::new();
    let proxy = tinyproxy("");
    let tls = socat(&certificate.file, &proxy);
    let url = format!("https://{}", tls.address());
    let error = fails(&[("proxy.url", &url), ("retry.max.attempts", "4")]);
    assert_eq!((error.status(), error.attempts()), (Status::Tls, 1), "{error}");
    assert!(error.message().contains(&tls.address()), "{error}");
    assert!(asked(&proxy).is_empty());
}
