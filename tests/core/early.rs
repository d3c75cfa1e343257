//! Servers that answer while the request is still on its way.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use lpc_sandbox::{Options, Route, Sandbox};
use lpconnector::{AttachOptions, Attachment, Client, Config, Error, Status};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::scene::{Scene, until};

/// More than the buffers of both ends hold.
const MUCH: usize = 16 * 1024 * 1024;

/// Reads the head of each request and answers; what follows the head it does not read.
struct Hasty {
    url: String,
    /// In PEM.
    certificate: String,
    /// Those that it did not close.
    _open: Arc<Mutex<Vec<Box<dyn Send>>>>,
    asked: Arc<AtomicU64>,
}

impl Hasty {
    fn start(answer: &'static str, https: bool, closes: bool) -> Hasty {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (tls, certificate) = tls_of_its_own();
        let open = Arc::<Mutex<Vec<Box<dyn Send>>>>::default();
        let asked = Arc::<AtomicU64>::default();
        let scheme = if https { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (kept, counted) = (open.clone(), asked.clone());
        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                // Or a reset could overtake the answer.
                stream.set_nodelay(true).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let over: Box<dyn Send> = if https {
                    let tls = ServerConnection::new(tls.clone()).unwrap();
                    answer_at_once(StreamOwned::new(tls, stream), answer)
                } else {
                    answer_at_once(stream, answer)
                };
                if !closes {
                    kept.lock().unwrap().push(over);
                }
            }
        });
        Hasty { url, certificate, _open: open, asked }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// What a server at 127.0.0.1 speaks TLS with, and its certificate in PEM.
fn tls_of_its_own() -> (Arc<ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(tls), made.cert.pem())
}

fn answer_at_once(mut stream: impl Read + Write + Send + 'static, answer: &str) -> Box<dyn Send> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    stream.write_all(answer.as_bytes()).unwrap();
    stream.flush().unwrap();
    Box::new(stream)
}

/// One in whose storage there is room.
fn roomy(options: &[(&str, &str)]) -> Scene {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    let start = || {
        let options = Options { tls: true, max_file: 2 * MUCH, ..Options::default() };
        Sandbox::start(options).unwrap()
    };
    Scene::of(SANDBOX.get_or_init(start), options)
}

/// A client that trusts the sandbox and this server, and asks the latter for one service.
fn client(scene: &Scene, hasty: &Hasty, service: &str) -> Client {
    client_of(scene, &hasty.certificate, &[(service, &hasty.url)])
}

/// A client that trusts the sandbox and this certificate.
fn client_of(scene: &Scene, certificate: &str, options: &[(&str, &str)]) -> Client {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    let sandbox = std::fs::read_to_string(scene.sandbox.ca_file().unwrap()).unwrap();
    std::fs::write(&file, sandbox + certificate).unwrap();
    let mut config: Config = scene.config(&[
        ("tls.ca.file", file.to_str().unwrap()),
        ("allow.plaintext", "true"),
        ("retry.max.attempts", "4"),
        ("retry.backoff.ms", "1"),
        ("file.max.bytes", "100000000"),
    ]);
    options.iter().for_each(|(name, value)| config.set(name, value).unwrap());
    Client::new(&config).unwrap()
}

fn upload(answer: &'static str, https: bool, closes: bool) -> (Error, u64) {
    let hasty = Hasty::start(answer, https, closes);
    let scene = roomy(&[]);
    let client = client(&scene, &hasty, "domain.storage");
    let opened = client.consumer("x").unwrap().open(&Default::default()).unwrap();
    let told = Arc::<AtomicU64>::default();
    let most = told.clone();
    let progress = move |done, _| {
        most.fetch_max(done, Ordering::SeqCst);
    };
    opened.set_progress(Some(Box::new(progress)));
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(MUCH, 7);
    let error = opened.send_file(&Attachment::from_bytes(&png, "PNG")).unwrap_err();
    assert!(told.load(Ordering::SeqCst) < MUCH as u64, "what was not sent is told as sent");
    assert_eq!(scene.texts(), [""; 0]);
    (error, hasty.asked())
}

const TOO_LARGE: &str = "HTTP/1.1 413 Too Large\r\nContent-Length: 12\r\n\r\nno more room";
const EXPIRED: &str =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Expired\r\nContent-Length: 0\r\n\r\n";

#[test]
fn a_file_that_is_refused_on_its_way() {
    for https in [false, true] {
        for closes in [false, true] {
            let (error, asked) = upload(TOO_LARGE, https, closes);
            let shown = format!("https {https}, closes {closes}: {error}");
            assert_eq!((error.status(), error.http_status()), (Status::Rejected, 413), "{shown}");
            assert_eq!((error.body(), asked), (&b"no more room"[..], 1), "{shown}");
            assert!(!error.maybe_delivered(), "{shown}");
            // The place is asked for again, once.
            let (error, asked) = upload(EXPIRED, https, closes);
            let shown = format!("https {https}, closes {closes}: {error}");
            assert_eq!(
                (error.status(), error.http_status()),
                (Status::Unauthorized, 401),
                "{shown}"
            );
            assert_eq!(asked, 2, "{shown}");
        }
    }
}

#[test]
fn a_message_that_is_refused_on_its_way() {
    let scene = Scene::over_tls(&[]);
    let opened = scene.conversation();
    let consumer = scene.consumer();
    let jws = consumer.jws().unwrap();
    let id = opened.id().to_owned();
    for https in [false, true] {
        for closes in [false, true] {
            let hasty = Hasty::start(TOO_LARGE, https, closes);
            let client = client(&scene, &hasty, "domain.messaging");
            let consumer = client.consumer_from_jws(jws).unwrap();
            let conversation = consumer.attach(&id, &AttachOptions::new()).unwrap();
            let error = conversation.send_text(&"x".repeat(MUCH)).unwrap_err();
            let shown = format!("https {https}, closes {closes}: {error}");
            assert_eq!((error.status(), error.http_status()), (Status::Rejected, 413), "{shown}");
            assert!(!error.maybe_delivered() && hasty.asked() == 1, "{shown}");
        }
    }
    assert_eq!(scene.requests_on(Route::Send).len(), 0);
}

/// Its head ends the sending, and what was not sent of a record does not keep the rest from being read.
#[test]
fn a_refusal_whose_words_come_later() {
    const HEAD: &str = "HTTP/1.1 413 Too Large\r\nContent-Length: 12\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Or the whole file would be on its way.
    socket2::SockRef::from(&listener).set_recv_buffer_size(64 * 1024).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (tls, certificate) = tls_of_its_own();
    let scene = roomy(&[]);
    let options = [("domain.storage", &*url), ("request.timeout.ms", "5000")];
    let client = client_of(&scene, &certificate, &options);
    let opened = client.consumer("x").unwrap().open(&Default::default()).unwrap();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(MUCH, 7);
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| opened.send_file(&Attachment::from_bytes(&png, "PNG")));
        let stream = accepted(&listener, || sending.is_finished());
        let mut stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), stream);
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        // Each piece is read before the next one comes. The padding is more than what TLS sends first.
        let padding = "x".repeat(8000);
        let head = format!("{HEAD}X-Padding: {padding}\r\n\r\n");
        let pieces = std::iter::once(head.as_bytes()).chain(b"no more room".chunks(1));
        for piece in pieces {
            let before = client.stats().bytes_received;
            stream.write_all(piece).unwrap();
            let came = || client.stats().bytes_received >= before + piece.len() as u64;
            until(|| (came() || sending.is_finished()).then_some(()));
        }
        let error = sending.join().unwrap().unwrap_err();
        assert_eq!((error.status(), error.http_status()), (Status::Rejected, 413), "{error}");
        assert_eq!(error.body(), b"no more room");
    });
}

/// A refusal that breaks off is one; a part of its words is not passed on.
#[test]
fn a_refusal_that_breaks_off() {
    const CUT: &str = "HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nyou sent Bear";
    let (error, asked) = upload(CUT, false, true);
    assert_eq!((error.status(), error.http_status(), asked), (Status::Rejected, 403, 1), "{error}");
    assert_eq!(error.body(), b"");
    assert!(error.is_retryable() && error.to_string().contains("broke off"), "{error}");
}

/// The next connection; it comes, or the call is over.
fn accepted(listener: &TcpListener, is_over: impl Fn() -> bool) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let (stream, _) = until(|| {
        assert!(!is_over(), "it ended without a connection");
        listener.accept().ok()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

/// One that takes what comes has not refused: all of it goes out.
#[test]
fn an_early_answer_that_is_no_refusal_ends_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let scene = roomy(&[
        ("domain.storage", url.as_str()),
        ("allow.plaintext", "true"),
        ("file.max.bytes", "100000000"),
    ]);
    let conversation = scene.conversation();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(MUCH, 7);
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| conversation.send_file(&Attachment::from_bytes(&png, "PNG")));
        let mut stream = accepted(&listener, || sending.is_finished());
        stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").unwrap();
        let (mut piece, mut came) = (vec![0; 1 << 20], 0);
        while came < MUCH {
            let amount = stream.read(&mut piece).unwrap();
            assert!(amount > 0, "it ended after {came} bytes");
            came += amount;
        }
        // The file is where the sandbox does not know of it.
        let error = sending.join().unwrap().unwrap_err();
        assert!(error.message().starts_with("publishing the file: "), "{error}");
    });
}
