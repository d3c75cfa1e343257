//! The listeners: connections come in here and are served until they end.

use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::base::log::Logger;
use crate::http::answer;
use crate::http::hangup::Hangup;
use crate::http::request::Connection;

/// What is served on a port: a router, with TLS or without.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) router: Router,
    pub(crate) tls: Option<TlsAcceptor>,
    /// How many connections there were, at all doors that share this number.
    pub(crate) connections: Arc<AtomicU64>,
    pub(crate) logger: Arc<Logger>,
}

/// Binds a port of 127.0.0.1; 0 is a free one.
pub(crate) fn bind(port: u16) -> io::Result<StdListener> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts connections for ever.
pub(crate) async fn serve(listener: TcpListener, door: Door) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = Connection(1 + door.connections.fetch_add(1, Ordering::Relaxed));
                tokio::spawn(connect(stream, door.clone(), connection));
            }
            // Out of file descriptors: others must end before the next one can be accepted.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connect(stream: TcpStream, door: Door, connection: Connection) {
    // Without it small answers would wait; a system that refuses is only slower.
    let _ = stream.set_nodelay(true);
    match door.tls {
        None => converse(stream, door.router, connection).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => converse(stream, door.router, connection).await,
            Err(error) => {
                let Connection(number) = connection;
                door.logger.note(&format!("#{number} TLS handshake failed: {error}"));
            }
        },
    }
}

/// Serves the requests of one connection, one after the other.
async fn converse<S>(stream: S, router: Router, connection: Connection)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let hangup = Hangup::default();
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(connection);
        request.extensions_mut().insert(hangup.clone());
        let answer = router.clone().oneshot(request);
        async {
            let Ok(response) = answer.await;
            answer::deliver(response).await
        }
    });
    // An error means that the client left or that the test wanted the connection closed: nothing
    // to do about it.
    let conversation = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = conversation => {}
        () = hangup.called() => {}
    }
}
