//! The roots that the system trusts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::sleep;
use std::time::Duration;

use once_cell::race::OnceBox;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::base::fork::generation;

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
        static VERIFIER: OnceBox<Verifier> = OnceBox::new();
        loop {
            if let Some(verifier) = VERIFIER.get() {
                return Ok(verifier);
            }
            if let Some(_turn) = Turn::take() {
                let read = || Verifier::new(self.provider.clone()).map(Box::new);
                // What cannot be read now may be there for the next certificate.
                return match VERIFIER.get_or_try_init(read) {
                    Ok(verifier) => Ok(verifier),
                    Err(_) => self.without_a_system(),
                };
            }
            // It takes some milliseconds, once. A lock would be one that a forked child may find held for ever.
            sleep(Duration::from_millis(1));
        }
    }

    /// A bare container may have no roots.
    fn without_a_system(&self) -> Result<&'static dyn ServerCertVerifier, Error> {
        static BUILT_IN: OnceBox<Arc<WebPkiServerVerifier>> = OnceBox::new();
        let make = || {
            let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            let provider = self.provider.clone();
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()
        };
        let made = BUILT_IN.get_or_try_init(|| make().map(Box::new));
        Ok(&**made.map_err(|why| Error::General(why.to_string()))?)
    }
}

/// The process in which a thread reads the roots; 0 for none. A child does not wait for a thread of its parent.
static READING: AtomicU64 = AtomicU64::new(0);

struct Turn;

impl Turn {
    fn take() -> Option<Turn> {
        let (mine, reading) = (generation(), READING.load(SeqCst));
        let is_free = reading != mine;
        // Made only then: one that is dropped ends the turn.
        (is_free && READING.compare_exchange(reading, mine, SeqCst, SeqCst).is_ok()).then(|| Turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        READING.store(0, SeqCst);
    }
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
