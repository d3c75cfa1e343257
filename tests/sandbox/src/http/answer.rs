//! What goes back: real answers, and canned ones that a test put in their place.

use std::{future, io};

use axum::Extension;
use axum::body::{self, Body};
use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use tokio::task;

/// What a test wants in place of the real answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// This answer; the request has no effect.
    Status {
        /// HTTP status, 200 to 599.
        status: u16,
        /// Headers, sent as they are. Content-Length and Transfer-Encoding are not allowed: the
        /// body decides.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// No answer: the request is read and then left alone until the client leaves or the sandbox
    /// stops.
    Stall,
    /// The connection is closed without an answer; the request has no effect.
    Reset,
    /// The request takes effect, but the connection is closed in place of the answer.
    Lose,
    /// The request takes effect, but the connection is closed in the middle of the real answer's
    /// body.
    Cut,
}

impl Answer {
    /// Says what is wrong with this answer, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Answer::Status { status, headers, .. } = self else { return Ok(()) };
        if !(200..=599).contains(status) {
            return Err(format!("status {status} is not between 200 and 599"));
        }
        for (name, value) in headers {
            let known = HeaderName::try_from(name.as_str())
                .map_err(|_| format!("{name:?} is no header name"))?;
            HeaderValue::try_from(value.as_str())
                .map_err(|_| format!("the value of header {name} is not allowed"))?;
            if known == CONTENT_LENGTH || known == TRANSFER_ENCODING {
                return Err(format!("header {name} is not allowed: the body decides it"));
            }
        }
        Ok(())
    }
}

/// The answer of these parts, which were checked when it was queued.
pub(crate) fn canned(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).expect("a checked status");
    for (name, value) in headers {
        response.headers_mut().append(
            HeaderName::try_from(name).expect("a checked header name"),
            HeaderValue::try_from(value).expect("a checked header value"),
        );
    }
    response
}

/// How an answer breaks off. A router cannot do it: it marks the response with this extension, and
/// [`deliver`] breaks off.
#[derive(Clone, Copy)]
pub(crate) enum Break {
    /// Nothing comes, ever.
    Stall,
    /// The connection is closed in place of the answer.
    Close,
    /// The connection is closed in the middle of the body.
    Cut,
}

impl IntoResponse for Break {
    fn into_response(self) -> Response {
        Extension(self).into_response()
    }
}

/// Gives an answer of a router to its connection. An error closes the connection.
pub(crate) async fn deliver(mut response: Response) -> io::Result<Response> {
    match response.extensions().get() {
        None => {
            // A canned one may have a body that is not sent; axum has counted it.
            if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
                response.headers_mut().remove(CONTENT_LENGTH);
            }
            Ok(response)
        }
        // hyper drops this future when the client leaves.
        Some(Break::Stall) => future::pending().await,
        Some(Break::Close) => Err(closed()),
        Some(Break::Cut) => {
            // The header Content-Length stays that of the whole body.
            let (parts, body) = response.into_parts();
            let whole = body::to_bytes(body, usize::MAX).await.map_err(io::Error::other)?;
            if whole.is_empty() {
                // Nothing would be missing.
                return Err(closed());
            }
            let half = stream::iter([Ok(whole.slice(..whole.len() / 2))]);
            let end = stream::once(async {
                // hyper writes out what it holds while the body is pending; after an error it
                // would drop it.
                task::yield_now().await;
                Err(closed())
            });
            Ok(Response::from_parts(parts, Body::from_stream(half.chain(end))))
        }
    }
}

fn closed() -> io::Error {
    io::Error::other("closed on request")
}
