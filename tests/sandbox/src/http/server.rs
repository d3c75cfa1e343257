//! The listeners: connections come in here and are served until they end.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
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
use crate::base::socket::bind as bind_again;
use crate::http::answer;
use crate::http::conditions::Conditions;
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
    /// Those of the service. None: this door is always open.
    pub(crate) conditions: Option<Arc<Conditions>>,
}

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Binds a port of 127.0.0.1; 0 is a free one.
pub(crate) fn bind(port: u16) -> io::Result<StdListener> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts connections for ever, but for outages.
pub(crate) async fn serve(mut listener: TcpListener, door: Door) {
    let Some(conditions) = door.conditions.clone() else {
        loop {
            admit(&listener, &door).await;
        }
    };
    loop {
        tokio::select! {
            () = admit(&listener, &door) => continue,
            () = conditions.refusing() => {}
        }
        // Those that wait to be accepted are reset.
        let Ok(address) = listener.local_addr() else { return };
        drop(listener);
        listener = away(address, &conditions).await;
    }
}

/// Refuses connections until the outage is over. The port stays ours.
async fn away(address: SocketAddr, conditions: &Conditions) -> TcpListener {
    let mut reserved = bind_again(address).ok();
    conditions.listening().await;
    loop {
        let socket = reserved.take().map_or_else(|| bind_again(address), Ok);
        match socket.and_then(|socket| socket.listen(BACKLOG)) {
            Ok(listener) => return listener,
            // Somebody else has it just now.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn admit(listener: &TcpListener, door: &Door) {
    match listener.accept().await {
        Ok((stream, _)) => {
            let connection = Connection(1 + door.connections.fetch_add(1, Ordering::Relaxed));
            let outage = door.conditions.as_ref().map(|conditions| conditions.next());
            let served = connect(stream, door.clone(), connection);
            tokio::spawn(async move {
                match outage {
                    None => served.await,
                    Some(outage) => tokio::select! { () = served => {}, () = outage => {} },
                }
            });
        }
        // Out of file descriptors: others must end before the next one can be accepted.
        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
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
