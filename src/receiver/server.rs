//! The HTTP server: accepts connections, speaks TLS, and hands each request to the endpoint. One
//! thread serves them all.

use std::convert::Infallible;
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::base::left_behind::LeftBehind;
use crate::base::log::{Log, LogLevel};
use crate::receiver::certificates::Certificates;
use crate::receiver::connection_limit::{ConnectionLimit, Slot};
use crate::receiver::counters::Counters;
use crate::receiver::endpoint::Endpoint;
use crate::receiver::line_limit::LineLimit;
use crate::receiver::socket::Socket;

/// The service has read and written everything in 5 s, or gives up.
const LONGEST_HANDSHAKE: Duration = Duration::from_secs(5);

/// Connections at once; for one more, another has to go.
const MOST_CONNECTIONS: usize = 512;

/// What it takes to serve connections.
pub(crate) struct Server {
    pub certificates: Option<Certificates>,
    /// Whether the service must show a certificate: then a failed handshake may be the service's.
    pub demands_certificate: bool,
    pub endpoint: Endpoint,
    pub counters: Arc<Counters>,
    /// What is logged of handshakes that fail.
    pub no_tls: LineLimit,
    pub log: Log,
}

impl Server {
    /// Serves until told to stop, on a runtime of the calling thread. Tells once whether it began.
    pub(crate) fn run(
        self,
        listener: TcpListener,
        began: mpsc::Sender<std::io::Result<()>>,
        stop: oneshot::Receiver<()>,
    ) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(why) => return drop(began.send(Err(why))),
        };
        runtime.block_on(async {
            let listener = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => listener,
                Err(why) => return drop(began.send(Err(why))),
            };
            let _in_children = LeftBehind::new(&listener);
            // Nobody is told where the one who asks is gone: then it stops at once, too.
            let _ = began.send(Ok(()));
            tokio::select! {
                _ = stop => {}
                () = Arc::new(self).accept(&listener) => {}
            }
            // What was acknowledged just now is still answered: that is ready, and has its turn, on each
            // connection. Nobody is waited for.
            for _ in 0..=Handle::current().metrics().num_alive_tasks() {
                tokio::task::yield_now().await;
            }
            // A child made without fork() may hold the socket until it runs another program: nobody
            // would be refused there.
            let _ = SockRef::from(&listener).shutdown(Shutdown::Both);
        });
    }

    /// Takes connections in, for ever.
    async fn accept(self: Arc<Self>, listener: &tokio::net::TcpListener) {
        let limit = ConnectionLimit::new(MOST_CONNECTIONS, self.counters.clone());
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors: others must end before the next one is accepted.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let stream = Socket::new(stream, self.counters.clone());
            let slot = limit.slot().await;
            tokio::spawn(self.clone().serve_until_evicted(stream, slot));
        }
    }

    async fn serve_until_evicted(self: Arc<Self>, stream: Socket, slot: Slot) {
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

    async fn serve(&self, stream: Socket, slot: &Slot) {
        let Some(certificates) = &self.certificates else {
            return self.serve_http(stream, slot).await;
        };
        let handshake = async { certificates.acceptor().await.accept(stream).await };
        match timeout(LONGEST_HANDSHAKE, handshake).await {
            Ok(Ok(stream)) => self.serve_http(stream, slot).await,
            Ok(Err(why)) => {
                let line = || format!("receiver: no TLS: {why}");
                if self.demands_certificate {
                    self.no_tls.write(&self.log, line);
                } else {
                    self.log.write(LogLevel::Debug, line);
                }
            }
            Err(_) => {}
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
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(stream), answer)
            .await;
    }
}
