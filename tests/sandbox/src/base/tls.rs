//! TLS: a CA made at the start, and a certificate of it for the names of the loopback interface.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::base::options::{Options, TlsVersions};
use crate::base::pem::{Pair, PemFile, Vault};

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

impl Identity {
    /// `vault`: where CA, certificates and keys are kept for the next sandbox.
    pub(crate) fn new(options: &Options, vault: Vault<'_>) -> io::Result<Identity> {
        let made = vault.pair("ca", new_ca)?;
        let key = KeyPair::from_pem(&made.key).map_err(io::Error::other)?;
        let ca = Issuer::new(ca_parameters(), key);
        let der = made.certificate_der()?;
        vault.keep_for(&options.hosts.join("\n"), &["server", "receiver"])?;
        let server = vault.pair("server", || server_certificate(&ca, &options.hosts))?;
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(der.clone()).map_err(io::Error::other)?;
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
            let shown = vault.pair("service", || client_certificate(&ca, "lpc-sandbox service"))?;
            let client_config = client_config
                .with_client_auth_cert(vec![shown.certificate_der()?], shown.key_der()?)
                .map_err(io::Error::other)?;
            let config = config.with_client_cert_verifier(verifier);
            let client = vault.pair("client", || client_certificate(&ca, "lpc-sandbox client"))?;
            (config, client_config, Some(vault.files("client", &client)?))
        } else {
            (config.with_no_client_auth(), client_config.with_no_client_auth(), None)
        };
        // The CA as well, as some servers do: what does not know it can tell that from a chain that breaks off.
        let mut config = config
            .with_single_cert(vec![server.certificate_der()?, der], server.key_der()?)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let receiver = vault.pair("receiver", || server_certificate(&ca, &options.hosts))?;
        let receiver = vault.files("receiver", &receiver)?;
        let ca = match &options.ca_file {
            Some(path) => PemFile::write(path, &made.certificate)?,
            None => vault.certificate_file("ca", &made)?,
        };
        let files = Files { ca, client, receiver };
        Ok(Identity { config: Arc::new(config), client_config: Arc::new(client_config), files })
    }
}

/// Makes a CA.
fn new_ca() -> io::Result<Pair> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = ca_parameters().self_signed(&key).map_err(io::Error::other)?;
    Ok(Pair::new(&certificate, &key))
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
fn server_certificate(ca: &Issuer<'_, KeyPair>, hosts: &[String]) -> io::Result<Pair> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = leaf_parameters(hosts)
        .and_then(|leaf| leaf.signed_by(&key, ca))
        .map_err(io::Error::other)?;
    Ok(Pair::new(&certificate, &key))
}

/// Makes a client's certificate with its key.
fn client_certificate(ca: &Issuer<'_, KeyPair>, name: &str) -> io::Result<Pair> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut client = parameters(CertificateParams::default(), name);
    client.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    // Strict verifiers ask for it.
    client.use_authority_key_identifier_extension = true;
    let certificate = client.signed_by(&key, ca).map_err(io::Error::other)?;
    Ok(Pair::new(&certificate, &key))
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
