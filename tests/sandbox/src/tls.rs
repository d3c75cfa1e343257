//! TLS: a CA made at the start, and a certificate of it for the names of the loopback interface.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;

/// What a server needs to speak TLS, and a client to trust it.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_file: CaFile,
}

/// The file with the CA certificate.
pub(crate) enum CaFile {
    /// Removed when dropped.
    Temporary(NamedTempFile),
    /// Where the caller wanted it; it stays.
    Given(PathBuf),
}

impl CaFile {
    fn write(path: Option<&Path>, pem: &str) -> io::Result<CaFile> {
        match path {
            Some(path) => {
                std::fs::write(path, pem)?;
                Ok(CaFile::Given(path.to_owned()))
            }
            None => {
                let file =
                    tempfile::Builder::new().prefix("lpc-sandbox-ca-").suffix(".pem").tempfile()?;
                std::fs::write(file.path(), pem)?;
                Ok(CaFile::Temporary(file))
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            CaFile::Temporary(file) => file.path(),
            CaFile::Given(path) => path,
        }
    }
}

impl Identity {
    pub(crate) fn new(ca_file: Option<&Path>) -> io::Result<Identity> {
        let ca = CertifiedIssuer::self_signed(
            ca_parameters(),
            KeyPair::generate().map_err(io::Error::other)?,
        )
        .map_err(io::Error::other)?;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = leaf_parameters()
            .and_then(|leaf| leaf.signed_by(&key, &ca))
            .map_err(io::Error::other)?;

        let private_key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private_key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Identity { config: Arc::new(config), ca_file: CaFile::write(ca_file, &ca.pem())? })
    }
}

fn ca_parameters() -> CertificateParams {
    let mut parameters = parameters(CertificateParams::default(), "lpc-sandbox CA");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn leaf_parameters() -> Result<CertificateParams, rcgen::Error> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
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
