//! The listeners of a recorder: each stands before one service, hands on and writes down.

use std::collections::HashMap;
use std::io;
use std::net::TcpListener as StdListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING,
};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;

use crate::base::lock::lock;
use crate::base::log::Logger;
use crate::http::request::Received;
use crate::http::routing::read;
use crate::http::server::{self, Door};
use crate::protocol::file;
use crate::recording::exchange::{Answered, Exchange, Payload, Side};
use crate::recording::tape::Tape;
use crate::recording::upstream::{self, MAX_BODY, Origin};

/// What all of them share.
pub(crate) struct Desk {
    pub(crate) tls: TlsConnector,
    pub(crate) tape: Arc<Tape>,
    pub(crate) logger: Arc<Logger>,
    pub(crate) began: Instant,
    /// Where each service is to be found, by its origin.
    pub(crate) gates: Mutex<HashMap<Origin, String>>,
}

/// One of the recorder's listeners.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) desk: Arc<Desk>,
    pub(crate) origin: Origin,
    pub(crate) side: Side,
    /// Of the program that is told; None: as it was asked for.
    pub(crate) path: Option<String>,
}

impl Gate {
    /// Listens. Must be called in the context of the runtime.
    pub(crate) fn open(self, listener: StdListener) -> io::Result<()> {
        let logger = self.desk.logger.clone();
        let router =
            Router::new().fallback(pass).layer(from_fn_with_state(MAX_BODY, read)).with_state(self);
        let connections = Arc::default();
        let door = Door { router, tls: None, connections, logger, conditions: None };
        tokio::spawn(server::serve(TcpListener::from_std(listener)?, door));
        Ok(())
    }
}

impl Desk {
    /// Where the client finds the service of this origin: at a port of its own.
    fn gate(self: &Arc<Desk>, origin: Origin) -> io::Result<String> {
        let mut gates = lock(&self.gates);
        if let Some(authority) = gates.get(&origin) {
            return Ok(authority.clone());
        }
        let listener = server::bind(0)?;
        let authority = listener.local_addr()?.to_string();
        gates.insert(origin.clone(), authority.clone());
        Gate { desk: self.clone(), origin, side: Side::Client, path: None }.open(listener)?;
        Ok(authority)
    }
}

/// Hands a request on, and its answer back.
async fn pass(State(gate): State<Gate>, received: Received) -> Response {
    let began = Instant::now();
    if received.too_large {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let sent = match forward(&gate, &received) {
        Ok(request) => upstream::send(&gate.origin, request, &gate.desk.tls).await,
        Err(error) => Err(io::Error::other(error)),
    };
    let is_file = file::holds(&received.path);
    let answer = sent.as_ref().ok().map(|(parts, body)| Answered {
        status: parts.status.as_u16(),
        headers: listed(&parts.headers),
        body: payload(&parts.headers, body, is_file),
    });
    let micros = |length: Duration| u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
    gate.desk.tape.write(&Exchange {
        at_us: micros(began.duration_since(gate.desk.began)),
        took_us: micros(began.elapsed()),
        from: gate.side,
        host: if gate.side == Side::Client { gate.origin.authority.clone() } else { String::new() },
        method: received.method.clone(),
        path: if gate.side == Side::Client { received.path.clone() } else { "/".to_owned() },
        query: if gate.side == Side::Client {
            form_urlencoded::parse(received.query.as_bytes()).into_owned().collect()
        } else {
            Vec::new()
        },
        headers: listed(&received.headers),
        body: payload(&received.headers, &received.body, is_file),
        answer,
    });
    match sent {
        Ok((parts, body)) => {
            let body = point_back(&gate, &received.path, &body).unwrap_or(body);
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = parts.status;
            *response.headers_mut() = end_to_end(parts.headers);
            response
        }
        Err(error) => {
            gate.desk.logger.note(&format!("no answer of {}: {error}", gate.origin.authority));
            let said = format!("lpc-sandbox record: no answer of the service: {error}\n");
            (StatusCode::BAD_GATEWAY, said).into_response()
        }
    }
}

fn forward(gate: &Gate, received: &Received) -> Result<Request<Body>, axum::http::Error> {
    let query =
        if received.query.is_empty() { String::new() } else { format!("?{}", received.query) };
    let asked = format!("{}{query}", received.path);
    let mut request = Request::builder()
        .method(received.method.as_str())
        .uri(gate.path.as_ref().unwrap_or(&asked))
        .body(Body::from(received.body.clone()))?;
    let mut headers = end_to_end(received.headers.clone());
    // What is packed cannot be cleaned.
    headers.remove(ACCEPT_ENCODING);
    headers.insert(HOST, gate.origin.authority.parse()?);
    *request.headers_mut() = headers;
    Ok(request)
}

/// Without what is said between two neighbours.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers
        .iter()
        // The recorder's own, and what the body says.
        .filter(|(name, _)| ![HOST, CONTENT_LENGTH, CONNECTION].contains(name))
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect()
}

fn payload(headers: &HeaderMap, body: &Bytes, is_file: bool) -> Payload {
    if body.is_empty() {
        return Payload::None;
    }
    if is_file {
        return Payload::Bytes(body.len());
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if let Ok(value) = serde_json::from_slice(body) {
        return Payload::Json(value);
    }
    match str::from_utf8(body) {
        Ok(_) if kind.starts_with("application/x-www-form-urlencoded") => {
            Payload::Form(form_urlencoded::parse(body).into_owned().collect())
        }
        Ok(text) => Payload::Text(text.to_owned()),
        Err(_) => Payload::Bytes(body.len()),
    }
}

/// An answer of the Domain API in which the services are behind the recorder. None: it is another.
fn point_back(gate: &Gate, path: &str, body: &Bytes) -> Option<Bytes> {
    if !path.contains("/service/") {
        return None;
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    let secure = gate.origin.secure;
    rewrite(&mut value, &|host| {
        let origin = Origin { secure, authority: host.to_owned() };
        gate.desk.gate(origin).unwrap_or_else(|error| {
            gate.desk.logger.note(&format!("no port for {host}: {error}"));
            host.to_owned()
        })
    });
    Some(value.to_string().into())
}

/// Puts something else in the place of each baseURI.
pub(crate) fn rewrite(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(host) if name == "baseURI" => *host = change(host),
                    other => rewrite(other, change),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, change)),
        _ => {}
    }
}
