//! The service behind a recorder, or the program that it tells: one request, on a connection of its
//! own.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{self, Body, Bytes};
use axum::http::response::Parts;
use axum::http::{Request, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How much of a body is taken.
pub(crate) const MAX_BODY: usize = 64 * 1024 * 1024;
/// For connecting, and for the answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where requests go.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) secure: bool,
    /// Host, and port where it is another than the usual one.
    pub(crate) authority: String,
}

impl Origin {
    /// The origin of a URL without a path, or with one that nothing looks at.
    pub(crate) fn of(url: &str) -> Result<Origin, String> {
        // It would be in each line of the recording; the message does not repeat it either.
        let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
        if behind.split(['/', '?', '#']).next().unwrap_or_default().contains('@') {
            return Err("the URL must name no user and no password".to_owned());
        }
        let uri: Uri = url.parse().map_err(|_| format!("{url:?} is no URL"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(format!("{url:?} must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| format!("{url:?} names no host"))?;
        Ok(Origin { secure, authority: authority.to_string() })
    }
}

/// Trusts the system's roots, or this CA alone.
pub(crate) fn connector(ca_file: Option<&Path>) -> io::Result<TlsConnector> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let config = match ca_file {
        None => config.with_platform_verifier().map_err(io::Error::other)?,
        Some(path) => {
            let wrong = |reason: String| io::Error::other(format!("{}: {reason}", path.display()));
            let mut roots = RootCertStore::empty();
            let certificate =
                CertificateDer::from_pem_file(path).map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            config.with_root_certificates(roots)
        }
    };
    Ok(TlsConnector::from(Arc::new(config.with_no_client_auth())))
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(
    origin: &Origin,
    request: Request<Body>,
    tls: &TlsConnector,
) -> io::Result<(Parts, Bytes)> {
    let uri: Uri = origin.authority.parse().map_err(io::Error::other)?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if origin.secure { 443 } else { 80 });
    let stream = in_time(TcpStream::connect((host, port))).await?;
    if !origin.secure {
        return in_time(exchange(stream, request)).await;
    }
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let stream = in_time(tls.connect(name, stream)).await?;
    in_time(exchange(stream, request)).await
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn exchange<S>(stream: S, request: Request<Body>) -> io::Result<(Parts, Bytes)>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // Dropping it closes the connection.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    let (parts, body) = response.into_parts();
    let body = body::to_bytes(Body::new(body), MAX_BODY).await.map_err(io::Error::other)?;
    Ok((parts, body))
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn a_url_with_a_password_is_refused_and_not_repeated() {
        for url in ["https://ann:s3cret@host/x", "ftp://ann:s3cret@host", "http://:s3cret@h:x"] {
            let reason = Origin::of(url).err().expect("it is refused");
            assert!(reason.contains("no password") && !reason.contains("s3cret"), "{reason}");
        }
        let origin = Origin::of("http://host:81/x?a=b@c").unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(origin.authority, "host:81");
    }
}
