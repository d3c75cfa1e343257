//! The service for benchmarks: the smallest correct answers, for far less than any client costs.
//!
//! Prints one line of JSON, the variables for clients over plain http and over https, and serves
//! until its standard input ends. A GET of /counts gives what was asked so far. BENCH_ROUND_TRIP_MS
//! puts it so far away.
#![allow(clippy::unwrap_used)] // A service that cannot be set up ends the program.

mod far;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::far::Far;

const ACCOUNT: &str = "le12345678";
/// What the id of each conversation begins with; its number follows.
const CONVERSATION: &str = "8602832d-dce1-446b-8445-";

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let tls = Arc::new(tls(&ca));
    let plain = listen(|stream| {
        let _ = serve(stream, |_| None); // A client that leaves is no fault.
    });
    let secure = listen(move |stream| {
        let stream = StreamOwned::new(ServerConnection::new(tls.clone()).unwrap(), stream);
        let _ = serve(stream, |stream| stream.conn.handshake_kind());
    });
    let mut http = variables("http", plain);
    http["LPC_ALLOW_PLAINTEXT"] = "true".into();
    let mut https = variables("https", secure);
    https["LPC_TLS_CA_FILE"] = ca.to_str().unwrap().into();
    let counts = format!("http://localhost:{plain}/counts");
    let ready = json!({"pid": std::process::id(), "counts": counts, "http": http, "https": https});
    let mut out = io::stdout();
    writeln!(out, "{ready}").unwrap();
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
}

/// What the library reads, and, as PEER_*, what clients need that know of no discovery and tokens.
fn variables(scheme: &str, port: u16) -> Value {
    let url = format!("{scheme}://localhost:{port}");
    json!({
        "LPC_ACCOUNT_ID": ACCOUNT,
        "LPC_CLIENT_ID": "bd8a3c3a-0a2c-4a0b-9a3e-3c6a3f6d1f11",
        "LPC_CLIENT_SECRET": "rl9hacst6kqilbofup64n11ga3",
        "LPC_DOMAIN_API_URL": url,
        "LPC_DOMAIN_ALLOWED_SUFFIXES": "localhost",
        "LPC_PROXY_URL": "none",
        "PEER_SEND_URL": format!("{url}/api/account/{ACCOUNT}/messaging/consumer/conversation/send?v=3"),
        "PEER_APP_JWT": app_jwt(),
        "PEER_CONSUMER_JWS": consumer_jws(),
        "PEER_CONVERSATION": conversation(),
    })
}

/// As long as the service's, and signed by nobody.
fn token(claims: &Value) -> String {
    let header = json!({"kid": "bench", "typ": "JWT", "alg": "RS256"});
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.{}", encode(&header), encode(claims), "s".repeat(342))
}

fn app_jwt() -> String {
    token(&json!({
        "aud": ACCOUNT, "azp": "bd8a3c3a-0a2c-4a0b-9a3e-3c6a3f6d1f11", "scope": "msg.consumer",
        "iss": "Sentinel", "iat": 1_700_000_000, "exp": 4_000_000_000_u64,
    }))
}

/// Of another consumer each time.
fn consumer_jws() -> String {
    let lp_consumer_id = format!("{:064}", CONSUMERS.fetch_add(1, Relaxed));
    token(&json!({
        "account_id": ACCOUNT, "ext_consumer_id": "bench", "lp_consumer_id": lp_consumer_id,
    }))
}

/// The id of another one each time.
fn conversation() -> String {
    format!("{CONVERSATION}{:012x}", CONVERSATIONS.fetch_add(1, Relaxed))
}

fn tls(ca_file: &Path) -> ServerConfig {
    let mut of_ca = CertificateParams::default();
    // Unlike the leaf's: the same name would mean that the leaf signed itself.
    of_ca.distinguished_name.push(DnType::CommonName, "benchmark CA");
    of_ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let ca = CertifiedIssuer::self_signed(of_ca, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(ca_file, ca.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    // Strict verifiers ask for it.
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    config.ticketer = ring::Ticketer::new().unwrap();
    config
}

/// Serves each connection on a thread of its own; gives the port.
fn listen(serve: impl Fn(Far<TcpStream>) + Send + Sync + 'static) -> u16 {
    let round_trip = std::env::var("BENCH_ROUND_TRIP_MS").ok().map(|ms| ms.parse().unwrap());
    let round_trip = Duration::from_millis(round_trip.unwrap_or(0));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), serve) = (stream, serve.clone()) else { continue };
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || serve(Far::new(stream, round_trip)));
        }
    });
    port
}

static CONSUMERS: AtomicU64 = AtomicU64::new(0);
static CONVERSATIONS: AtomicU64 = AtomicU64::new(0);
static REQUESTS: AtomicU64 = AtomicU64::new(0);
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
static FULL_HANDSHAKES: AtomicU64 = AtomicU64::new(0);
static RESUMED_HANDSHAKES: AtomicU64 = AtomicU64::new(0);

/// Answers the requests of one connection until the client leaves. Its buffers grow to the largest
/// request and stay.
fn serve<S: Read + Write>(
    mut stream: S,
    handshake: impl Fn(&S) -> Option<HandshakeKind>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut answer = Vec::with_capacity(4096);
    let mut filled = 0;
    let mut counted = false;
    loop {
        let Some(request) = Request::read(&mut stream, &mut buffer, &mut filled)? else {
            return Ok(());
        };
        if request.path != "/counts" {
            REQUESTS.fetch_add(1, Relaxed);
            if !counted {
                counted = true;
                CONNECTIONS.fetch_add(1, Relaxed);
                match handshake(&stream) {
                    Some(HandshakeKind::Resumed) => RESUMED_HANDSHAKES.fetch_add(1, Relaxed),
                    Some(_) => FULL_HANDSHAKES.fetch_add(1, Relaxed),
                    None => 0,
                };
            }
        }
        respond(&request, &mut answer);
        let end = request.end;
        stream.write_all(&answer)?;
        buffer.copy_within(end..filled, 0);
        filled -= end;
    }
}

struct Request<'a> {
    path: &'a str,
    host: &'a str,
    body: &'a [u8],
    /// Where the next request begins.
    end: usize,
}

impl Request<'_> {
    /// The next whole request; `None` once the client has left.
    fn read<'b>(
        stream: &mut impl Read,
        buffer: &'b mut Vec<u8>,
        filled: &mut usize,
    ) -> io::Result<Option<Request<'b>>> {
        let mut end = None;
        while end.is_none_or(|end| *filled < end) {
            if end.is_some_and(|end| buffer.len() < end) || buffer.len() == *filled {
                buffer.resize(end.unwrap_or(0).max(2 * buffer.len()), 0);
            }
            let more = stream.read(&mut buffer[*filled..])?;
            if more == 0 {
                return Ok(None);
            }
            *filled += more;
            if end.is_none() {
                end = Request::parse(&buffer[..*filled])?.map(|(request, _)| request.end);
            }
        }
        let (request, head) = Request::parse(&buffer[..*filled])?.unwrap();
        Ok(Some(Request { body: &buffer[head..request.end], ..request }))
    }

    /// A request, without its body, and the length of its head, once that is complete.
    fn parse(bytes: &[u8]) -> io::Result<Option<(Request<'_>, usize)>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(head) = parsed.parse(bytes).map_err(io::Error::other)?
        else {
            return Ok(None);
        };
        let (mut length, mut host) = (0, "");
        for header in parsed.headers.iter() {
            let text = || std::str::from_utf8(header.value).map_err(io::Error::other);
            if header.name.eq_ignore_ascii_case("content-length") {
                length = text()?.parse().map_err(io::Error::other)?;
            } else if header.name.eq_ignore_ascii_case("host") {
                host = text()?;
            }
        }
        let path = parsed.path.unwrap_or_default();
        Ok(Some((Request { path, host, body: &[], end: head + length }, head)))
    }
}

/// Writes the answer to a request, head and body.
fn respond(request: &Request, answer: &mut Vec<u8>) {
    let path = request.path;
    if path.contains("/conversation/send?") {
        let id = id(request.body);
        const BEFORE: &[u8] = br#"{"code":"OK","body":{"sequence":0},"reqId":""#;
        head(answer, "200 OK", BEFORE.len() + id.len() + 2);
        answer.extend_from_slice(BEFORE);
        answer.extend_from_slice(id);
        answer.extend_from_slice(b"\"}");
        return;
    }
    let (status, body) = if path == "/counts" {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let counts = json!({
            "requests": read(&REQUESTS),
            "connections": read(&CONNECTIONS),
            "full_handshakes": read(&FULL_HANDSHAKES),
            "resumed_handshakes": read(&RESUMED_HANDSHAKES),
        });
        ("200 OK", counts)
    } else if path.contains("/service/baseURI.json") {
        let services = ["asyncMessagingEnt", "sentinel", "idp", "swift"].map(
            |service| json!({"service": service, "account": ACCOUNT, "baseURI": request.host}),
        );
        ("200 OK", json!({"baseURIs": services}))
    } else if path.contains("/app/token") {
        ("200 OK", json!({"access_token": app_jwt(), "token_type": "Bearer"}))
    } else if path.contains("/consumer?") {
        ("201 Created", json!({"token": consumer_jws()}))
    } else if path.contains("/messaging/consumer/conversation?") {
        let requests: Vec<Value> = serde_json::from_slice(request.body).unwrap_or_default();
        let id = conversation();
        let answers = requests.iter().map(
            |request| json!({"code": "OK", "body": {"conversationId": id}, "reqId": request["id"]}),
        );
        ("200 OK", answers.collect())
    } else {
        ("404 Not Found", json!({}))
    };
    let body = body.to_string();
    head(answer, status, body.len());
    answer.extend_from_slice(body.as_bytes());
}

fn head(answer: &mut Vec<u8>, status: &str, length: usize) {
    answer.clear();
    let fixed = "content-type: application/json\r\ncontent-length:";
    // Writing to a Vec cannot fail.
    let _ = write!(answer, "HTTP/1.1 {status}\r\n{fixed} {length}\r\n\r\n");
}

/// The text of the first `"id":"…"`: clients write theirs before anything long.
fn id(body: &[u8]) -> &[u8] {
    const KEY: &[u8] = b"\"id\":\"";
    let Some(at) = body.windows(KEY.len()).position(|part| part == KEY) else { return b"" };
    let text = &body[at + KEY.len()..];
    text.split(|byte| *byte == b'"').next().unwrap_or_default()
}
