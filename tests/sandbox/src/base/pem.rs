//! Certificates and their keys as PEM, in files for others.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rcgen::{Certificate, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::NamedTempFile;

/// A file for others.
pub(crate) enum PemFile {
    /// Removed when dropped.
    Temporary(NamedTempFile),
    /// Where the caller wanted it; it stays.
    Given(PathBuf),
}

impl PemFile {
    pub(crate) fn write(path: &Path, pem: &str) -> io::Result<PemFile> {
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

/// A certificate and its private key.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    pub(crate) fn new(certificate: &Certificate, key: &KeyPair) -> Pair {
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    pub(crate) fn certificate_der(&self) -> io::Result<CertificateDer<'static>> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(io::Error::other)
    }

    pub(crate) fn key_der(&self) -> io::Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(io::Error::other)
    }
}

/// Where pairs are kept for the next sandbox; None: nowhere.
#[derive(Clone, Copy)]
pub(crate) struct Vault<'a>(pub(crate) Option<&'a Path>);

impl Vault<'_> {
    /// The pair of this name, made where there is none yet.
    pub(crate) fn pair(
        self,
        name: &str,
        make: impl FnOnce() -> io::Result<Pair>,
    ) -> io::Result<Pair> {
        let Some(directory) = self.0 else { return make() };
        let [certificate, key] = paths(directory, name);
        // The certificate is written last: where it is, its key is.
        match fs::read_to_string(&certificate) {
            Ok(certificate) => Ok(Pair { certificate, key: fs::read_to_string(key)? }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pair = make()?;
                replace(&key, &pair.key)?;
                replace(&certificate, &pair.certificate)?;
                Ok(pair)
            }
            Err(error) => Err(error),
        }
    }

    /// The files of a pair: where it is kept, or temporary ones.
    pub(crate) fn files(self, name: &str, pair: &Pair) -> io::Result<(PemFile, PemFile)> {
        match self.0 {
            Some(directory) => {
                let [certificate, key] = paths(directory, name);
                Ok((PemFile::Given(certificate), PemFile::Given(key)))
            }
            None => Ok((
                PemFile::temporary(name, &pair.certificate)?,
                PemFile::temporary(&format!("{name}-key"), &pair.key)?,
            )),
        }
    }

    /// The file of a certificate alone.
    pub(crate) fn certificate_file(self, name: &str, pair: &Pair) -> io::Result<PemFile> {
        match self.0 {
            Some(directory) => {
                let [certificate, _] = paths(directory, name);
                Ok(PemFile::Given(certificate))
            }
            None => PemFile::temporary(name, &pair.certificate),
        }
    }

    /// Forgets pairs that were made for another text than this one.
    pub(crate) fn keep_for(self, text: &str, pairs: &[&str]) -> io::Result<()> {
        let Some(directory) = self.0 else { return Ok(()) };
        let noted = directory.join("names.txt");
        if fs::read_to_string(&noted).is_ok_and(|noted| noted == text) {
            return Ok(());
        }
        for certificate in pairs.iter().map(|name| paths(directory, name)[0].clone()) {
            match fs::remove_file(certificate) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        replace(&noted, text)
    }
}

fn paths(directory: &Path, name: &str) -> [PathBuf; 2] {
    [directory.join(format!("{name}.pem")), directory.join(format!("{name}-key.pem"))]
}

/// Writes a whole file or none, for its owner alone.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
