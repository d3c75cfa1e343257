//! Whom we trust, and who we are, in TLS.

use std::path::Path;
use std::sync::Arc;

use once_cell::race::OnceBool;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::config::{Settings, read_small};
use crate::error::{Error, Status};

/// Reads the files that the settings name.
///
/// # Errors
/// [`Status::Io`] for a file that cannot be read, [`Status::Config`] for one that holds no
/// certificate or key.
pub(crate) fn config(settings: &Settings) -> Result<TlsConfig, Error> {
    // Named here, because the process-wide default belongs to the program, not to a library.
    let provider = Arc::new(ring::default_provider());
    let roots = match &settings.tls_ca_file {
        Some(path) => certificates("tls.ca.file", path)?.into(),
        None if platform_has_roots(&provider) => RootCerts::PlatformVerifier,
        None => RootCerts::WebPki,
    };
    let client = match &settings.tls_client_files {
        Some((cert, key)) => {
            let chain = certificates("tls.client.cert.file", cert)?;
            let key = private_key(&provider, &chain, key)?;
            Some(ClientCert::new_with_certs(&chain, key))
        }
        None => None,
    };
    Ok(TlsConfig::builder()
        .root_certs(roots)
        .client_cert(client)
        .unversioned_rustls_crypto_provider(provider)
        .build())
}

/// Whether this machine has root certificates; a bare container may have none.
fn platform_has_roots(provider: &Arc<CryptoProvider>) -> bool {
    static HAS_ROOTS: OnceBool = OnceBool::new();
    HAS_ROOTS.get_or_init(|| rustls_platform_verifier::Verifier::new(provider.clone()).is_ok())
}

fn certificates(key: &str, path: &str) -> Result<Vec<Certificate<'static>>, Error> {
    let pem = read(key, path)?;
    let found: Result<Vec<_>, _> = parse_pem(&pem).collect();
    let found = found.map_err(|_| holds_no(key, path, "readable PEM"))?;
    let certificates: Vec<_> = found
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        Err(holds_no(key, path, "certificate in PEM"))
    } else {
        Ok(certificates)
    }
}

fn private_key(
    provider: &CryptoProvider,
    chain: &[Certificate],
    path: &str,
) -> Result<PrivateKey<'static>, Error> {
    const KEY: &str = "tls.client.key.file";
    let no_key = || holds_no(KEY, path, "private key in PEM");
    let pem = zeroize::Zeroizing::new(read(KEY, path)?);

    // Tried here, because ureq tries it with the first request, and panics.
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_key())?;
    let chain = chain.iter().map(|one| CertificateDer::from(one.der()).into_owned()).collect();
    CertifiedKey::from_der(chain, key, provider).map_err(|_| {
        holds_no(KEY, path, "private key of the certificate in tls.client.cert.file")
    })?;
    PrivateKey::from_pem(&pem).map_err(|_| no_key())
}

fn read(key: &str, path: &str) -> Result<Vec<u8>, Error> {
    read_small(Path::new(path)).map_err(|why| {
        Error::new(Status::Io, format!("cannot read the file '{path}' of option '{key}': {why}"))
    })
}

fn holds_no(key: &str, path: &str, what: &str) -> Error {
    Error::new(Status::Config, format!("the file '{path}' of option '{key}' holds no {what}"))
}
