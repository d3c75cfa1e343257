//! What goes back: real answers, and canned ones that a test put in their place.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{Response, StatusCode};
use serde_json::Value;

/// What a test wants in place of the real answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// This answer; the request has no effect.
    Status {
        /// HTTP status, 200 to 599.
        status: u16,
        /// Headers, sent as they are. Content-Length and Transfer-Encoding are not allowed: the body decides.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// No answer: the request is read and then left alone until the client leaves or the sandbox stops.
    Stall,
    /// The connection is closed without an answer; the request has no effect.
    Reset,
    /// The request takes effect, but the connection is closed in place of the answer.
    Lose,
    /// The request takes effect, but the connection is closed in the middle of the real answer's body.
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

/// A complete answer of a service.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Reply {
        Reply {
            status,
            headers: vec![(CONTENT_TYPE.to_string(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn into_response(self) -> Response<Payload> {
        let Reply { status, headers, body } = self;
        response(status, headers, Payload::Whole(Bytes::from(body)))
    }

    /// The answer whose body breaks off in its middle.
    pub(crate) fn into_cut_response(mut self) -> Response<Payload> {
        let length = self.body.len();
        self.body.truncate(length / 2);
        let Reply { status, headers, body } =
            self.with_header(CONTENT_LENGTH.as_str(), &length.to_string());
        response(status, headers, Payload::Half(Bytes::from(body)))
    }
}

fn response(status: u16, headers: Vec<(String, String)>, payload: Payload) -> Response<Payload> {
    let mut response = Response::new(payload);
    // Canned answers were checked when they were queued, and the services use valid ones only.
    *response.status_mut() = StatusCode::from_u16(status).expect("a checked status");
    for (name, value) in headers {
        response.headers_mut().append(
            HeaderName::try_from(name).expect("a checked header name"),
            HeaderValue::try_from(value).expect("a checked header value"),
        );
    }
    response
}

/// The body of an answer.
pub(crate) enum Payload {
    /// All of it.
    Whole(Bytes),
    /// The first half; a second one never comes.
    Half(Bytes),
    /// The first half is out.
    Broken,
    /// Nothing is left.
    Done,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match std::mem::replace(&mut *self, Payload::Done) {
            Payload::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Payload::Half(bytes) => {
                *self = Payload::Broken;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Payload::Broken => {
                *self = Payload::Done;
                // hyper writes out what it holds while the body is pending; after an error it would drop it.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Payload::Done => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Payload::Done)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Payload::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Payload::Half(_) | Payload::Broken => SizeHint::new(),
            Payload::Done => SizeHint::with_exact(0),
        }
    }
}
