//! The HTTP endpoint to which the service posts: one thread, and every request answered in time.

use std::convert::Infallible;
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ALLOW, EXPECT, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::inbox::{Inbox, Offer};
use super::places::{Place, Places};
use super::stream::Stream;
use crate::base::error::Error;
use crate::base::log::{Log, LogLevel};
use crate::config::accounts::Accounts;
use crate::protocol::notification::Notification;

const SIGNATURE: &str = "x-liveperson-signature";

/// The service has read and written everything in 5 s, or gives up.
const SLOWEST_PEER: Duration = Duration::from_secs(5);

/// Connections at once; for one more, another has to go.
const MOST_CONNECTIONS: usize = 512;

/// What is still read of a body that is refused, so that who sends all of it before it looks for an
/// answer finds one: an answer in front of unread bytes is lost.
const MOST_DRAINED: usize = 4 << 20;
const LONGEST_DRAIN: Duration = Duration::from_secs(2);

/// What an endpoint needs to judge a request.
pub(crate) struct Endpoint {
    pub path: String,
    /// Replaced as a whole.
    pub accounts: Arc<ArcSwap<Accounts>>,
    pub body_max_bytes: usize,
    pub ack_timeout: Duration,
    pub tls: Option<TlsAcceptor>,
    /// Whether the service must show a certificate: then a failed handshake may be the service's.
    pub demands_certificate: bool,
    pub inbox: Arc<Inbox>,
    pub log: Log,
}

/// Serves until told to stop, on a runtime of the calling thread.
pub(crate) fn serve(
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    stop: oneshot::Receiver<()>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let places = Places::new(MOST_CONNECTIONS);
        let serve = async {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of file descriptors: others must end before the next one is accepted.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let place = places.take().await;
                tokio::spawn(endpoint.clone().connection(stream, place));
            }
        };
        tokio::select! {
            _ = stop => {}
            () = serve => {}
        }
        // A child after a fork holds the socket, too: nobody would be refused there.
        let _ = SockRef::from(&listener).shutdown(Shutdown::Both);
        Ok(())
    })
}

impl Endpoint {
    async fn connection(self: Arc<Self>, stream: tokio::net::TcpStream, place: Place) {
        tokio::select! {
            biased;
            () = place.ended() => {
                self.log.write(LogLevel::Debug, || {
                    "receiver: too many connections: the one that idles longest ends".to_owned()
                });
            }
            () = self.exchange(stream, &place) => {}
        }
    }

    async fn exchange(&self, stream: tokio::net::TcpStream, place: &Place) {
        // A system that refuses is only slower.
        let _ = stream.set_nodelay(true);
        let stream = Stream(stream);
        match self.tls.clone() {
            None => self.requests(stream, place).await,
            Some(tls) => match timeout(SLOWEST_PEER, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.requests(stream, place).await,
                Ok(Err(why)) => {
                    let level =
                        if self.demands_certificate { LogLevel::Warn } else { LogLevel::Debug };
                    self.log.write(level, || format!("receiver: no TLS: {why}"));
                }
                Err(_) => {}
            },
        }
    }

    async fn requests(&self, stream: impl AsyncRead + AsyncWrite + Unpin, place: &Place) {
        let service =
            service_fn(
                |request| async move { Ok::<_, Infallible>(self.answer(request, place).await) },
            );
        // An error means that the other side left: nothing to do about it.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(60))
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>, place: &Place) -> Response<Empty<Bytes>> {
        let (parts, mut body) = request.into_parts();
        let status = match self.judge(&parts, &mut body, place).await {
            Ok(()) => {
                self.log.write(LogLevel::Debug, || "receiver: 200".to_owned());
                StatusCode::OK
            }
            Err((status, why)) => {
                self.log.write(LogLevel::Warn, || format!("receiver: {}: {why}", status.as_u16()));
                drain(&parts.headers, &mut body).await;
                status
            }
        };
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }

    /// Whether the notification in a request is the program's now.
    async fn judge(
        &self,
        parts: &Parts,
        body: &mut Incoming,
        place: &Place,
    ) -> Result<(), (StatusCode, String)> {
        let refuse = |status, why: &str| Err((status, why.to_owned()));
        if parts.uri.path() != self.path {
            return refuse(StatusCode::NOT_FOUND, "another path");
        }
        if parts.method != Method::POST {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "not a POST");
        }
        let signature = parts.headers.get(SIGNATURE);
        let Some(signature) = signature.and_then(|value| value.to_str().ok()) else {
            return refuse(StatusCode::UNAUTHORIZED, "no signature");
        };
        let accounts = self.accounts.load_full();
        let addressed = accounts
            .addressed(&parts.headers)
            .map_err(|foreign| (StatusCode::UNAUTHORIZED, foreign))?;
        let too_large = || {
            let why = "longer than receiver.body.max.bytes".to_owned();
            Err((StatusCode::PAYLOAD_TOO_LARGE, why))
        };
        let most = self.body_max_bytes;
        if body.size_hint().lower() > most as u64 {
            return too_large();
        }
        let body = match timeout(SLOWEST_PEER, Limited::new(body, most).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(why)) if why.is::<LengthLimitError>() => return too_large(),
            Ok(Err(_)) => return refuse(StatusCode::BAD_REQUEST, "its body broke off"),
            Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "its body did not come"),
        };
        let of = |status| move |error: Error| (status, error.message().to_owned());
        let account = addressed.verify(&body, signature).map_err(of(StatusCode::UNAUTHORIZED))?;
        let _busy = place.busy();
        // A refusal would stop the account's whole stream, for days: what cannot be understood is
        // the program's to look at.
        let (notification, odd) = Notification::signed(&body);
        if let Some(why) = odd {
            self.log.write(LogLevel::Warn, || format!("receiver: handed out raw: {why}"));
        }

        match self.inbox.offer(notification.with_account(account)) {
            Offer::Taken => Ok(()),
            Offer::Full => refuse(StatusCode::SERVICE_UNAVAILABLE, "the queue is full"),
            Offer::Failed(why) => Err(of(StatusCode::SERVICE_UNAVAILABLE)(why)),
            Offer::Pending { id, acknowledged } => {
                match timeout(self.ack_timeout, acknowledged).await {
                    Ok(Ok(())) => Ok(()),
                    _ => {
                        self.inbox.give_up(id);
                        let why = "the program did not acknowledge it in time";
                        refuse(StatusCode::SERVICE_UNAVAILABLE, why)
                    }
                }
            }
        }
    }
}

/// Reads on for a while, so that the answer is not lost.
async fn drain(headers: &HeaderMap, body: &mut Incoming) {
    let announced = body.size_hint().lower() as usize;
    // Who asks first sends nothing after a refusal.
    if body.is_end_stream() || announced > MOST_DRAINED || headers.contains_key(EXPECT) {
        return;
    }
    let mut left = MOST_DRAINED;
    let read = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // After that long, the answer goes out all the same.
    let _ = timeout(LONGEST_DRAIN, read).await;
}
