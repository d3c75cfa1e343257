//! TLS: a CA made at the start, and a certificate of it for the names of the loopback interface.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tempfile::NamedTempFile;

use crate::base::options::{Options, TlsVersions};

/// What the sandbox needs to speak TLS.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    /// As a client: it trusts its own CA alone, and shows a certificate of it where clients of its
    /// own need one.
    pub(crate) client_config: Arc<ClientConfig>,
    pub(crate) files: Files,
}

/// What others need for it, as PEM.
pub(crate) struct Files {
    /// The CA certificate.
    pub(crate) ca: PemFile,
    /// A client's certificate and its private key, where clients need one.
    pub(crate) client: Option<(PemFile, PemFile)>,
    /// The certificate and the private key of a server that receives notifications.
    pub(crate) receiver: (PemFile, PemFile),
}

/// A file for others.
pub(crate) enum PemFile {
    /// Removed when dropped.
    Temporary(NamedTempFile),
    /// Where the caller wanted it; it stays.
    Given(PathBuf),
}

impl PemFile {
    fn write(path: &Path, pem: &str) -> io::Result<PemFile> {
        fs::write(path, pem)?;
        Ok(PemFile::Given(path.to_owned()))
    }

    /// `what` becomes part of its name.
    fn temporary(what: &str, pem: &str) -> io::Result<PemFile> {
        let prefix = format!("lpc-sandbox-{what}-");
        let file = tempfile::Builder::new().prefix(&prefix).suffix(".pem").tempfile()?;
        fs::write(file.path(), pem)?;
        Ok(PemFile::Temporary(file))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            PemFile::Temporary(file) => file.path(),
            PemFile::Given(path) => path,
        }
    }
}

impl Identity {
    pub(crate) fn new(options: &Options) -> io::Result<Identity> {
        let ca = KeyPair::generate()
            .and_then(|key| CertifiedIssuer::self_signed(ca_parameters(), key))
            .map_err(io::Error::other)?;
        let (certificate, key) = server_certificate(&ca, &options.hosts)?;
        let private_key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).map_err(io::Error::other)?;
        let roots = Arc::new(roots);
        let versions = versions(options.tls_versions);
        let client_config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(io::Error::other)?
            .with_root_certificates(roots.clone());
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(io::Error::other)?;
        let (config, client_config, client) = if options.client_certificates {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(io::Error::other)?;
            let (shown, key) = client_certificate(&ca, "lpc-sandbox service")?;
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            let client_config = client_config
                .with_client_auth_cert(vec![shown.der().clone()], key)
                .map_err(io::Error::other)?;
            let config = config.with_client_cert_verifier(verifier);
            (config, client_config, Some(client_files(&ca)?))
        } else {
            (config.with_no_client_auth(), client_config.with_no_client_auth(), None)
        };
        // The CA as well, as some servers do: what does not know it can tell that from a chain that breaks off.
        let mut config = config
            .with_single_cert(vec![certificate.der().clone(), ca.der().clone()], private_key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (certificate, key) = server_certificate(&ca, &options.hosts)?;
        let receiver = (
            PemFile::temporary("receiver", &certificate.pem())?,
            PemFile::temporary("receiver-key", &key.serialize_pem())?,
        );
        let ca = match &options.ca_file {
            Some(path) => PemFile::write(path, &ca.pem())?,
            None => PemFile::temporary("ca", &ca.pem())?,
        };
        let files = Files { ca, client, receiver };
        Ok(Identity { config: Arc::new(config), client_config: Arc::new(client_config), files })
    }
}

fn versions(versions: TlsVersions) -> Vec<&'static SupportedProtocolVersion> {
    match versions {
        TlsVersions::All => vec![&TLS12, &TLS13],
        TlsVersions::Only12 => vec![&TLS12],
        TlsVersions::Only13 => vec![&TLS13],
    }
}

/// Makes a server's certificate for the names of the loopback interface and for `hosts`, with its
/// key.
fn server_certificate(
    ca: &CertifiedIssuer<'_, KeyPair>,
    hosts: &[String],
) -> io::Result<(Certificate, KeyPair)> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = leaf_parameters(hosts)
        .and_then(|leaf| leaf.signed_by(&key, ca))
        .map_err(io::Error::other)?;
    Ok((certificate, key))
}

/// Makes a client's certificate with its key.
fn client_certificate(
    ca: &CertifiedIssuer<'_, KeyPair>,
    name: &str,
) -> io::Result<(Certificate, KeyPair)> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut client = parameters(CertificateParams::default(), name);
    client.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    // Strict verifiers ask for it.
    client.use_authority_key_identifier_extension = true;
    let certificate = client.signed_by(&key, ca).map_err(io::Error::other)?;
    Ok((certificate, key))
}

fn client_files(ca: &CertifiedIssuer<'_, KeyPair>) -> io::Result<(PemFile, PemFile)> {
    let (certificate, key) = client_certificate(ca, "lpc-sandbox client")?;
    Ok((
        PemFile::temporary("client", &certificate.pem())?,
        PemFile::temporary("client-key", &key.serialize_pem())?,
    ))
}

fn ca_parameters() -> CertificateParams {
    let mut parameters = parameters(CertificateParams::default(), "lpc-sandbox CA");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn leaf_parameters(hosts: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let names: Vec<String> = names.into_iter().chain(hosts.iter().cloned()).collect();
    let mut parameters = parameters(CertificateParams::new(names)?, "lpc-sandbox");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict verifiers ask for it.
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

fn parameters(mut parameters: CertificateParams, name: &str) -> CertificateParams {
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2049, 12, 31);
    parameters
}
