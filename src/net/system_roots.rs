//! The roots that the system trusts.

use std::sync::{Arc, Mutex};

use once_cell::race::OnceBox;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::base::lock::lock;
use crate::base::process::PerProcess;

/// Asks the system's roots, which are read at the first certificate that is to be verified, once for all
/// clients of the process.
#[derive(Debug)]
pub(crate) struct SystemRoots {
    provider: Arc<CryptoProvider>,
}

impl SystemRoots {
    pub(crate) fn new(provider: Arc<CryptoProvider>) -> SystemRoots {
        SystemRoots { provider }
    }

    fn verifier(&self) -> Result<&'static dyn ServerCertVerifier, Error> {
        static VERIFIER: OnceBox<Arc<dyn ServerCertVerifier>> = OnceBox::new();
        // A child does not wait for a thread of its parent that reads them.
        static TURN: PerProcess<Mutex<()>> = PerProcess::new();
        if let Some(verifier) = VERIFIER.get() {
            return Ok(&**verifier);
        }
        let turn = TURN.get(Mutex::default);
        let _turn = lock(&turn);
        let verifier = VERIFIER.get_or_try_init(|| read(&self.provider).map(Box::new))?;
        Ok(&**verifier)
    }
}

fn read(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    if let Ok(verifier) = Verifier::new(provider.clone()) {
        return Ok(Arc::new(verifier));
    }
    // A bare container may have no roots.
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    Ok(verifier.build().map_err(|why| Error::General(why.to_string()))?)
}

impl ServerCertVerifier for SystemRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verifier()?.verify_server_cert(end_entity, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
