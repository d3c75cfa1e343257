//! Whom we trust, and who we are, in TLS.

use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "probe")]
use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
#[cfg(feature = "receiver")]
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::base::error::{Error, Status};
#[cfg(feature = "receiver")]
use crate::base::file_stamp::FileStamp;
use crate::base::small_file::read_small;
use crate::net::system_roots::SystemRoots;
#[cfg(feature = "probe")]
use crate::net::witness::Witness;

/// Nothing older is spoken, as a client or as a server.
const VERSIONS: &[&rustls::SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// A file of certificates or of a key, and the option that names it.
#[derive(Clone)]
pub(crate) struct TlsFile {
    pub option: &'static str,
    pub path: String,
}

/// Who we are: a certificate and its key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub certificate: TlsFile,
    pub key: TlsFile,
}

/// TLS for connections that we make. `roots`: the only ones to trust; the system's without.
///
/// # Errors
/// [`Status::Io`] for a file that cannot be read, [`Status::Config`] for one that holds no
/// certificate or key.
pub(crate) fn client_config(
    roots: Option<&TlsFile>,
    identity: Option<&Identity>,
) -> Result<ClientConfig, Error> {
    // Named here, because the process-wide default belongs to the program, not to a library.
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(VERSIONS)
        .map_err(|why| Error::new(Status::Internal, format!("TLS cannot be set up: {why}")))?;
    // "Dangerous" is any verifier that is named; these are rustls' own, and the system.
    let builder =
        builder.dangerous().with_custom_certificate_verifier(server_verifier(roots, provider)?);
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(identity) => {
            let (chain, key) = identity.read()?;
            builder.with_client_auth_cert(chain, key).map_err(|_| identity.is_mismatched())
        }
    }
}

fn server_verifier(
    roots: Option<&TlsFile>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let Some(file) = roots else { return Ok(Arc::new(SystemRoots::new(provider))) };
    let builder =
        WebPkiServerVerifier::builder_with_provider(Arc::new(read_roots(file)?), provider);
    let built = builder.build();
    Ok(built.map_err(|_| file.holds_no("certificate that can be a root"))?)
}

/// As [`client_config`], for who wants to know which certificates servers show.
#[cfg(feature = "probe")]
pub(crate) fn witnessed(
    roots: Option<&TlsFile>,
    identity: Option<&Identity>,
) -> Result<(ClientConfig, Arc<Witness>), Error> {
    let provider = Arc::new(ring::default_provider());
    let witness = Arc::new(Witness::new(server_verifier(roots, provider)?));
    let mut config = client_config(roots, identity)?;
    config.dangerous().set_certificate_verifier(witness.clone());
    // A session that is resumed shows no certificate.
    config.resumption = Resumption::disabled();
    Ok((config, witness))
}

impl Identity {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
        let chain = certificates(&self.certificate)?;
        let pem = zeroize::Zeroizing::new(self.key.read()?);
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|_| self.key.holds_no("private key in PEM"))?;
        Ok((chain, key))
    }

    fn is_mismatched(&self) -> Error {
        let certificate = self.certificate.option;
        self.key.holds_no(&format!("private key of the certificate in {certificate}"))
    }
}

/// What TLS for connections that others make to us is made of.
#[cfg(feature = "receiver")]
#[derive(Clone)]
pub(crate) struct ServerFiles {
    pub identity: Identity,
    /// Who connects must show a certificate of one of these.
    pub client_roots: Option<TlsFile>,
}

/// What changes with the content of files.
#[cfg(feature = "receiver")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stamps(Vec<Option<FileStamp>>);

#[cfg(feature = "receiver")]
impl ServerFiles {
    pub(crate) fn acceptor(&self) -> Result<tokio_rustls::TlsAcceptor, Error> {
        let (chain, key) = self.identity.read()?;
        let provider = Arc::new(ring::default_provider());
        let verifier = match &self.client_roots {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(file) => {
                let roots = Arc::new(read_roots(file)?);
                WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
                    .build()
                    .map_err(|_| file.holds_no("certificate that can be a root"))?
            }
        };
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(VERSIONS)
            .map_err(|why| Error::new(Status::Internal, format!("TLS cannot be set up: {why}")))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|_| self.identity.is_mismatched())?;
        Ok(Arc::new(config).into())
    }

    /// Taken before the files are read, they tell later whether what was read is what is there.
    pub(crate) fn stamps(&self) -> Stamps {
        let Identity { certificate, key } = &self.identity;
        let files = [certificate, key].into_iter().chain(&self.client_roots);
        Stamps(files.map(|file| FileStamp::of(Path::new(&file.path))).collect())
    }
}

/// Those whom a file says to trust.
fn read_roots(file: &TlsFile) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(file)?);
    if added == 0 {
        return Err(file.holds_no("certificate that can be a root"));
    }
    Ok(roots)
}

fn certificates(file: &TlsFile) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = file.read()?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Err(_) => Err(file.holds_no("readable PEM")),
        Ok(none) if none.is_empty() => Err(file.holds_no("certificate in PEM")),
        Ok(certificates) => Ok(certificates),
    }
}

impl TlsFile {
    pub(crate) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let TlsFile { option, path } = self;
        read_small(Path::new(path)).map_err(|why| {
            let message = format!("cannot read the file '{path}' of option '{option}': {why}");
            Error::of_file(Path::new(path), &why, message)
        })
    }

    pub(crate) fn holds_no(&self, what: &str) -> Error {
        let TlsFile { option, path } = self;
        let message = format!("the file '{path}' of option '{option}' holds no {what}");
        Error::new(Status::Config, message)
    }
}
