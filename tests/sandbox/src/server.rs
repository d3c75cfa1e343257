//! The listeners: connections come in here and are served until they end.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::answer::Payload;
use crate::state::State;
use crate::{control, service};

/// What is served on a port.
#[derive(Clone)]
pub(crate) enum Door {
    /// The services, with TLS or without.
    Services(Option<Arc<ServerConfig>>),
    /// The control API.
    Control,
}

/// Binds a port of 127.0.0.1; 0 is a free one.
pub(crate) fn bind(port: u16) -> io::Result<StdListener> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts connections for ever.
pub(crate) async fn serve(listener: TcpListener, door: Door, state: Arc<State>) {
    let connections = AtomicU64::new(0);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = connections.fetch_add(1, Ordering::Relaxed) + 1;
                tokio::spawn(connect(stream, door.clone(), state.clone(), connection));
            }
            // Out of file descriptors: others must end before the next one can be accepted.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connect(stream: TcpStream, door: Door, state: Arc<State>, connection: u64) {
    // Without it small answers would wait; a system that refuses is only slower.
    let _ = stream.set_nodelay(true);
    match door {
        Door::Services(None) => {
            converse(stream, move |request| service::answer(state.clone(), connection, request))
                .await;
        }
        Door::Services(Some(config)) => match TlsAcceptor::from(config).accept(stream).await {
            Ok(stream) => {
                converse(stream, move |request| {
                    service::answer(state.clone(), connection, request)
                })
                .await;
            }
            Err(error) => {
                state.logger.note(&format!("#{connection} TLS handshake failed: {error}"))
            }
        },
        Door::Control => {
            converse(stream, move |request| control::answer(state.clone(), request)).await
        }
    }
}

/// Serves the requests of one connection, one after the other.
async fn converse<S, H, A>(stream: S, handler: H)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(hyper::Request<Incoming>) -> A,
    A: Future<Output = io::Result<Response<Payload>>>,
{
    // An error means that the client left or that the test wanted the connection closed: nothing to do about it.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(handler)).await;
}
