//! A request as it came in.

use std::convert::Infallible;
use std::fmt;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use futures_util::StreamExt;

use crate::protocol::oddity;
use crate::protocol::route::Route;

/// A request that came in, as the test looks at it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The service that was asked.
    pub route: Route,
    /// The method, for example `POST`.
    pub method: String,
    /// Path and query, as they were sent.
    pub path: String,
    /// The headers in the order of the server's map, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; of a body over the limit its beginning, up to the limit.
    pub body: Vec<u8>,
    /// The status it was answered with. None: not answered yet, or never.
    pub status: Option<u16>,
    /// The number of the connection it came over, counted from 1 for each sandbox.
    pub connection: u64,
    /// What is in the body that the protocol does not document, in words: often a typing error.
    pub oddities: Vec<String>,
}

impl Request {
    /// The value of the header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Shows neither query nor headers nor body: they hold secrets, and test output is kept.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("route", &self.route)
            .field("method", &self.method)
            .field("path", &self.path.split('?').next().unwrap_or_default())
            .field("status", &self.status)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// The number of a connection: an extension of each request.
#[derive(Clone, Copy)]
pub(crate) struct Connection(pub(crate) u64);

/// A request that has been read to its end. A middleware makes it, and all
/// behind that extract it.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) too_large: bool,
    pub(crate) connection: u64,
}

impl<S: Sync> FromRequestParts<S> for Received {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Received, Infallible> {
        Ok(parts.extensions.get().cloned().expect("every router reads its requests"))
    }
}

impl Received {
    /// Reads the whole request. The rest of a body over the limit is read and dropped: a client
    /// that is still writing would never see the answer.
    pub(crate) async fn read(
        parts: &Parts,
        body: Body,
        max_body: usize,
        Connection(connection): Connection,
    ) -> Result<Received, axum::Error> {
        let mut chunks = body.into_data_stream();
        let mut body = Vec::new();
        let mut too_large = false;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            let room = max_body - body.len();
            too_large |= chunk.len() > room;
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(Received {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
            body: body.into(),
            too_large,
            connection,
        })
    }

    /// The header's value; an empty one counts as missing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// The first value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// All headers as text.
    pub(crate) fn headers_as_text(headers: &HeaderMap) -> Vec<(String, String)> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = headers.iter();
        headers.map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
    }

    pub(crate) fn record(&self, route: Route) -> Request {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        Request {
            route,
            method: self.method.clone(),
            path: format!("{}{query}", self.path),
            headers: Received::headers_as_text(&self.headers),
            body: self.body.to_vec(),
            status: None,
            connection: self.connection,
            oddities: oddity::of(route, &self.body),
        }
    }
}
