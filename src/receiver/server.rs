//! The HTTP server: accepts connections, speaks TLS, and hands each request to the endpoint. One
//! thread serves them all.

use std::convert::Infallible;
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::base::log::{Log, LogLevel};
use crate::receiver::connection_limit::{ConnectionLimit, Slot};
use crate::receiver::endpoint::Endpoint;
use crate::receiver::no_sigpipe::NoSigpipe;

/// The service has read and written everything in 5 s, or gives up.
const LONGEST_HANDSHAKE: Duration = Duration::from_secs(5);

/// Connections at once; for one more, another has to go.
const MOST_CONNECTIONS: usize = 512;

/// What it takes to serve connections.
pub(crate) struct Server {
    pub tls: Option<TlsAcceptor>,
    /// Whether the service must show a certificate: then a failed handshake may be the service's.
    pub demands_certificate: bool,
    pub endpoint: Endpoint,
    pub log: Log,
}

impl Server {
    /// Serves until told to stop, on a runtime of the calling thread.
    pub(crate) fn run(
        self,
        listener: TcpListener,
        stop: oneshot::Receiver<()>,
    ) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::select! {
                _ = stop => {}
                () = Arc::new(self).accept(&listener) => {}
            }
            // A child after a fork holds the socket, too: nobody would be refused there.
            let _ = SockRef::from(&listener).shutdown(Shutdown::Both);
            Ok(())
        })
    }

    /// Takes connections in, for ever.
    async fn accept(self: Arc<Self>, listener: &tokio::net::TcpListener) {
        let limit = ConnectionLimit::new(MOST_CONNECTIONS);
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors: others must end before the next one is accepted.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let slot = limit.slot().await;
            tokio::spawn(self.clone().serve_until_evicted(stream, slot));
        }
    }

    async fn serve_until_evicted(self: Arc<Self>, stream: TcpStream, slot: Slot) {
        tokio::select! {
            biased;
            () = slot.evicted() => {
                self.log.write(LogLevel::Debug, || {
                    "receiver: too many connections: the one that idles longest ends".to_owned()
                });
            }
            () = self.serve(stream, &slot) => {}
        }
    }

    async fn serve(&self, stream: TcpStream, slot: &Slot) {
        // A system that refuses is only slower.
        let _ = stream.set_nodelay(true);
        let stream = NoSigpipe(stream);
        match self.tls.clone() {
            None => self.serve_http(stream, slot).await,
            Some(tls) => match timeout(LONGEST_HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.serve_http(stream, slot).await,
                Ok(Err(why)) => {
                    let level =
                        if self.demands_certificate { LogLevel::Warn } else { LogLevel::Debug };
                    self.log.write(level, || format!("receiver: no TLS: {why}"));
                }
                Err(_) => {}
            },
        }
    }

    async fn serve_http(&self, stream: impl AsyncRead + AsyncWrite + Unpin, slot: &Slot) {
        let answer = service_fn(|request| async move {
            Ok::<_, Infallible>(self.endpoint.answer(request, slot).await)
        });
        // An error means that the other side left: nothing to do about it.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(60))
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), answer)
            .await;
    }
}
