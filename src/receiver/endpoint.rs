//! The HTTP endpoint to which the service posts: one thread, and every request answered in time.

use std::convert::Infallible;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ALLOW, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::inbox::{Inbox, Offer};
use crate::error::Error;
use crate::log::{Log, LogLevel};
use crate::notification::Notification;
use crate::webhook::verify_webhook;

const SIGNATURE: &str = "x-liveperson-signature";

/// The service has read and written everything in 5 s, or gives up.
const SLOWEST_PEER: Duration = Duration::from_secs(5);

/// Connections at once; more wait until one ends.
const MOST_CONNECTIONS: usize = 512;

/// What an endpoint needs to judge a request.
pub(crate) struct Endpoint {
    pub path: String,
    pub secrets: Vec<secrecy::SecretString>,
    pub body_max_bytes: usize,
    pub ack_timeout: Duration,
    pub tls: Option<TlsAcceptor>,
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
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut stop = pin!(stop);
        loop {
            let next = async {
                let place = places.clone().acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                _ = &mut stop => return Ok(()),
                next = next => next,
            };
            match accepted {
                Ok((stream, _)) => {
                    let endpoint = endpoint.clone();
                    tokio::spawn(async move {
                        endpoint.connection(stream).await;
                        drop(place);
                    });
                }
                // Out of file descriptors: others must end before the next one can be accepted.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    })
}

impl Endpoint {
    async fn connection(self: Arc<Self>, stream: tokio::net::TcpStream) {
        // A system that refuses is only slower.
        let _ = stream.set_nodelay(true);
        match self.tls.clone() {
            None => self.requests(stream).await,
            Some(tls) => match timeout(SLOWEST_PEER, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.requests(stream).await,
                Ok(Err(why)) => {
                    self.log.write(LogLevel::Debug, || format!("receiver: no TLS: {why}"));
                }
                Err(_) => {}
            },
        }
    }

    async fn requests(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let service = service_fn(|request| {
            let endpoint = self.clone();
            async move { Ok::<_, Infallible>(endpoint.answer(request).await) }
        });
        // An error means that the other side left: nothing to do about it.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(60))
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Empty<Bytes>> {
        let (status, why) = match self.judge(request).await {
            Ok(()) => (StatusCode::OK, None),
            Err((status, why)) => (status, Some(why)),
        };
        match why {
            None => self.log.write(LogLevel::Debug, || "receiver: 200".to_owned()),
            Some(why) => {
                self.log.write(LogLevel::Warn, || format!("receiver: {}: {why}", status.as_u16()));
            }
        }
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }

    /// Whether the notification in a request is the program's now.
    async fn judge(&self, request: Request<Incoming>) -> Result<(), (StatusCode, String)> {
        let refuse = |status, why: &str| Err((status, why.to_owned()));
        if request.uri().path() != self.path {
            return refuse(StatusCode::NOT_FOUND, "another path");
        }
        if request.method() != Method::POST {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "not a POST");
        }
        let signature = request.headers().get(SIGNATURE).cloned();
        let Some(signature) = signature.as_ref().and_then(|value| value.to_str().ok()) else {
            return refuse(StatusCode::UNAUTHORIZED, "no signature");
        };
        let most = self.body_max_bytes;
        if request.body().size_hint().lower() > most as u64 {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "longer than receiver.body.max.bytes");
        }
        let body = Limited::new(request.into_body(), most).collect();
        let body = match timeout(SLOWEST_PEER, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(why)) if why.is::<http_body_util::LengthLimitError>() => {
                return refuse(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "longer than receiver.body.max.bytes",
                );
            }
            Ok(Err(_)) => return refuse(StatusCode::BAD_REQUEST, "its body broke off"),
            Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "its body did not come"),
        };
        let secrets: Vec<&str> =
            self.secrets.iter().map(secrecy::ExposeSecret::expose_secret).collect();
        let of = |status| move |error: Error| (status, error.message().to_owned());
        verify_webhook(&secrets, &body, signature).map_err(of(StatusCode::UNAUTHORIZED))?;
        let notification = Notification::parse(&body).map_err(of(StatusCode::BAD_REQUEST))?;

        match self.inbox.offer(notification) {
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
