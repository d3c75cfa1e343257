//! One HTTP request to an endpoint, on a connection of its own.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::body::{self, Body};
use axum::http::{Request, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::webhooks::delivery::Failure;
use crate::webhooks::webhook::Webhook;

/// How much of an answer's body is read. Nothing is done with it.
const MAX_BODY: usize = 64 * 1024;

/// Sends a request to the webhook's endpoint and gives back the status of the answer.
pub(crate) async fn send(
    request: Request<Body>,
    webhook: &Webhook,
    tls: Option<&TlsConnector>,
) -> Result<u16, Failure> {
    let uri: Uri = webhook.url.parse().map_err(Failure::new)?;
    let secure = uri.scheme_str() == Some("https");
    // The brackets of an IPv6 address belong to the URL.
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let connect = TcpStream::connect((host, port));
    if !secure {
        let stream = connected(webhook.connect_timeout, connect).await?;
        return exchange(stream, request, webhook.read_timeout).await;
    }
    let tls = tls.ok_or_else(|| Failure::new("there is no CA to trust"))?;
    let name = ServerName::try_from(host.to_owned()).map_err(Failure::new)?;
    let connect = async { tls.connect(name, connect.await?).await };
    let stream = connected(webhook.connect_timeout, connect).await?;
    exchange(stream, request, webhook.read_timeout).await
}

async fn connected<T>(
    most: Duration,
    connect: impl Future<Output = io::Result<T>>,
) -> Result<T, Failure> {
    match timeout(most, connect).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Failure {
            refused: error.kind() == io::ErrorKind::ConnectionRefused,
            reason: error.to_string(),
        }),
        Err(_) => Err(Failure::new("connecting took too long")),
    }
}

async fn exchange<S>(
    stream: S,
    request: Request<Body>,
    read_timeout: Duration,
) -> Result<u16, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(Failure::new)?;
    // Dropping it closes the connection.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let response = timeout(read_timeout, sender.send_request(request))
        .await
        .map_err(|_| Failure::new("the answer took too long"))?
        .map_err(Failure::new)?;
    let status = response.status().as_u16();
    // Read so that the endpoint can finish; the status has decided.
    let body = Body::new(response.into_body());
    let _ = timeout(read_timeout, body::to_bytes(body, MAX_BODY)).await;
    Ok(status)
}
