//! Whom we trust, and who we are, in TLS.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
#[cfg(feature = "receiver")]
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::base::error::{Error, Status};
use crate::config::configuration::{Settings, read_small};

/// Nothing older is spoken, as a client or as a server.
const VERSIONS: &[&rustls::SupportedProtocolVersion] =
    &[&rustls::version::TLS13, &rustls::version::TLS12];

/// Reads the files that the settings name.
///
/// # Errors
/// [`Status::Io`] for a file that cannot be read, [`Status::Config`] for one that holds no
/// certificate or key.
pub(crate) fn config(settings: &Settings) -> Result<ClientConfig, Error> {
    // Named here, because the process-wide default belongs to the program, not to a library.
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(VERSIONS)
        .map_err(|why| Error::new(Status::Internal, format!("TLS cannot be set up: {why}")))?;
    let builder = match &settings.tls_ca_file {
        Some(path) => builder.with_root_certificates(roots("tls.ca.file", path)?),
        None => match Verifier::new(provider) {
            // "Dangerous" is any verifier but that of rustls; this one asks the system.
            Ok(verifier) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
            // A bare container may have no roots.
            Err(_) => builder.with_root_certificates(RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            }),
        },
    };
    match &settings.tls_client_files {
        None => Ok(builder.with_no_client_auth()),
        Some((cert, path)) => {
            const KEY: &str = "tls.client.key.file";
            let chain = certificates("tls.client.cert.file", cert)?;
            let pem = zeroize::Zeroizing::new(read(KEY, path)?);
            let key = PrivateKeyDer::from_pem_slice(&pem)
                .map_err(|_| holds_no(KEY, path, "private key in PEM"))?;
            let whose = "private key of the certificate in tls.client.cert.file";
            builder.with_client_auth_cert(chain, key).map_err(|_| holds_no(KEY, path, whose))
        }
    }
}

/// TLS for the receiver, with a certificate of its own.
#[cfg(feature = "receiver")]
pub(crate) fn acceptor(
    cert: &str,
    path: &str,
    client_ca: Option<&str>,
) -> Result<tokio_rustls::TlsAcceptor, Error> {
    const KEY: &str = "receiver.tls.key.file";
    const CLIENT_CA: &str = "receiver.tls.client.ca.file";
    let chain = certificates("receiver.tls.cert.file", cert)?;
    let pem = zeroize::Zeroizing::new(read(KEY, path)?);
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| holds_no(KEY, path, "private key in PEM"))?;
    let whose = "private key of the certificate in receiver.tls.cert.file";
    let provider = Arc::new(ring::default_provider());
    let verifier = match client_ca {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(path) => {
            let roots = Arc::new(roots(CLIENT_CA, path)?);
            WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
                .build()
                .map_err(|_| holds_no(CLIENT_CA, path, "certificate that can be a root"))?
        }
    };
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(VERSIONS)
        .map_err(|why| Error::new(Status::Internal, format!("TLS cannot be set up: {why}")))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|_| holds_no(KEY, path, whose))?;
    Ok(Arc::new(config).into())
}

/// Those whom a file says to trust.
fn roots(key: &str, path: &str) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(key, path)?);
    if added == 0 {
        return Err(holds_no(key, path, "certificate that can be a root"));
    }
    Ok(roots)
}

fn certificates(key: &str, path: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = read(key, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Err(_) => Err(holds_no(key, path, "readable PEM")),
        Ok(none) if none.is_empty() => Err(holds_no(key, path, "certificate in PEM")),
        Ok(certificates) => Ok(certificates),
    }
}

fn read(key: &str, path: &str) -> Result<Vec<u8>, Error> {
    read_small(Path::new(path)).map_err(|why| {
        Error::new(Status::Io, format!("cannot read the file '{path}' of option '{key}': {why}"))
    })
}

fn holds_no(key: &str, path: &str, what: &str) -> Error {
    Error::new(Status::Config, format!("the file '{path}' of option '{key}' holds no {what}"))
}
