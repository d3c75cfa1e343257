//! How late calls end: after their deadline, or after a shutdown, whatever stalls meanwhile.
//!
//! `make lateness` runs it, on Linux. It fails where one call is later than [`ALLOWED`]. Names that
//! take long to look up are left out: that needs a resolver of its own.
#![allow(clippy::unwrap_used)] // What cannot be measured ends the program.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use lpc_sandbox::{Fault, FaultProxy, Then};
use lpconnector::{
    AttachOptions, Attachment, Client, Config, Conversation, Error, LogLevel, Status,
};
use scene::Scene;
use socket2::{Domain, Socket, Type};

#[path = "../tests/core/scene.rs"]
#[allow(dead_code)] // The tests use all of it.
mod scene;

/// Milliseconds.
const ALLOWED: f64 = 100.0;
const ROUNDS: usize = 5;

type Options<'a> = [(&'a str, &'a str)];

const DEADLINE: Duration = Duration::from_millis(500);
const CONNECTING: &Options = &[("connect.timeout.ms", "500")];
const REQUESTING: &Options = &[("request.timeout.ms", "500")];
const CALLING: &Options = &[("call.timeout.ms", "500")];
/// For calls that only a shutdown is to end.
const HOUR: &Options = &[
    ("connect.timeout.ms", "3600000"),
    ("request.timeout.ms", "3600000"),
    ("call.timeout.ms", "3600000"),
];

/// What stalls, and how many milliseconds too late a call ended to which it happened.
type Stall = (&'static str, fn() -> f64);

const STALLS: [Stall; 17] = [
    ("connect: the listener's queue is full", || {
        let deaf = Deaf::new();
        let options = [CONNECTING, &[("domain.messaging", &deaf.url)]].concat();
        Line::new(false, &options).late(Status::Timeout)
    }),
    ("TLS handshake: nothing comes", || handshake(Fault::Silent)),
    ("TLS handshake: it breaks off", || handshake(Fault::Stall)),
    ("TLS handshake: it drips", || handshake(DRIP)),
    ("request: nothing comes, plain", || answer(false, Fault::Stall)),
    ("request: nothing comes, TLS", || answer(true, Fault::Stall)),
    ("answer: it drips, plain", || answer(false, DRIP)),
    ("answer: it drips, TLS", || answer(true, DRIP)),
    ("answer: chunks without end", || {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        let then = Then::Repeat(b"1\r\nx\r\n".to_vec());
        answer(false, Fault::Instead { bytes: head, then })
    }),
    ("proxy: no answer to CONNECT", || {
        let (_silent, proxy) = silent();
        let scene = Scene::over_tls(&[CONNECTING, &[("proxy.url", &proxy)]].concat());
        late(Status::Timeout, || scene.open().map(drop))
    }),
    ("file: nobody reads it", || {
        let (_silent, storage) = silent();
        let line = Line::new(false, &[CALLING, &[("domain.storage", &storage)]].concat());
        // More than the buffers of both ends hold, and as much as the sandbox takes.
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        png.resize(3 * 1024 * 1024, 0);
        let file = Attachment::from_bytes(&png, "PNG");
        late(Status::Timeout, || line.conversation.send_file(&file).map(drop))
    }),
    ("turn: another send does not end", turn),
    ("back-off: the next one does not fit", || {
        let retries = [("retry.max.attempts", "100"), ("retry.backoff.ms", "50")];
        let line = Line::behind_a_proxy(false, &[CALLING, &retries].concat());
        line.proxy().refuse();
        line.late(Status::Connect)
    }),
    ("token: it is too soon for another", || {
        let line = Line::new(false, CALLING);
        line.revoke_tokens();
        line.conversation.send_text("with a second one").unwrap();
        line.revoke_tokens();
        line.late(Status::Unauthorized)
    }),
    ("shutdown: while connecting", || {
        let deaf = Deaf::new();
        let line = Line::new(false, &[HOUR, &[("domain.messaging", &deaf.url)]].concat());
        line.late_after_shutdown(|| deaf.somebody_connects())
    }),
    ("shutdown: while nothing comes", || {
        let line = Line::behind_a_proxy(true, HOUR);
        line.conversation.send_text("first").unwrap();
        line.proxy().next(Fault::Stall);
        line.late_after_shutdown(|| line.scene.texts().len() == 2)
    }),
    ("shutdown: during a back-off", || {
        let retries = [("retry.max.attempts", "2"), ("retry.backoff.ms", "1800000")];
        let line = Line::behind_a_proxy(false, &[HOUR, &retries].concat());
        line.proxy().refuse();
        line.late_after_shutdown(|| line.client.stats().retries == 1)
    }),
];

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<40}{:>9}{:>9}", "late by, in ms", "median", "worst").unwrap();
    let mut worst_of_all = f64::MIN;
    for (name, measure) in STALLS {
        let mut late: Vec<f64> = (0..ROUNDS).map(|_| measure()).collect();
        late.sort_by(f64::total_cmp);
        let (median, worst) = (late[ROUNDS / 2], late[ROUNDS - 1]);
        worst_of_all = worst_of_all.max(worst);
        writeln!(out, "{name:<40}{median:>9.1}{worst:>9.1}").unwrap();
    }
    writeln!(out, "{:<40}{worst_of_all:>18.1}", "worst of all").unwrap();
    if worst_of_all > ALLOWED {
        writeln!(out, "Too late: {ALLOWED} ms are allowed.").unwrap();
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// How long after its deadline this call fails; negative where it does before.
fn late(expected: Status, call: impl FnOnce() -> Result<(), Error>) -> f64 {
    let begun = Instant::now();
    let error = call().unwrap_err();
    let took = begun.elapsed();
    assert_eq!(error.status(), expected, "{error}");
    (took.as_secs_f64() - DEADLINE.as_secs_f64()) * 1000.0
}

fn handshake(fault: Fault) -> f64 {
    let line = Line::behind_a_proxy(true, CONNECTING);
    line.proxy().next(fault);
    line.late(Status::Timeout)
}

fn answer(tls: bool, fault: Fault) -> f64 {
    // Endless chunks are to be ended by the deadline and by no limit.
    let options = [REQUESTING, &[("response.max.bytes", "1073741824")]].concat();
    let line = Line::behind_a_proxy(tls, &options);
    line.conversation.send_text("first").unwrap();
    line.proxy().next(fault);
    line.late(Status::Timeout)
}

/// Slower than a whole answer may take, though each byte comes in time.
const DRIP: Fault = Fault::Drip { pause: Duration::from_millis(20) };

/// Another thread has the turn for as long as its log function does not return.
fn turn() -> f64 {
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (first, released) = (AtomicBool::new(true), Mutex::new(released));
    let line = Line::with(false, false, CALLING, move |config| {
        config.set_log(LogLevel::Debug, move |_, line: &str| {
            if line.starts_with("sending a text") && first.swap(false, Ordering::SeqCst) {
                begun.send(()).unwrap();
                // Ends when the other end is dropped.
                let _ = released.lock().unwrap().recv();
            }
        });
    });
    std::thread::scope(|scope| {
        scope.spawn(|| line.conversation.send_text("first").unwrap());
        begins.recv().unwrap();
        let late = line.late(Status::Timeout);
        drop(release);
        late
    })
}

/// A client that has its tokens, and a conversation.
struct Line {
    scene: Scene,
    proxy: Option<FaultProxy>,
    client: Client,
    conversation: Conversation,
}

impl Line {
    fn new(tls: bool, options: &Options) -> Line {
        Line::with(tls, false, options, |_| {})
    }

    /// Messages, and nothing before them, go through a proxy that breaks what it is told to.
    fn behind_a_proxy(tls: bool, options: &Options) -> Line {
        Line::with(tls, true, options, |_| {})
    }

    fn with(tls: bool, proxied: bool, options: &Options, more: impl FnOnce(&mut Config)) -> Line {
        let scene = if tls { Scene::over_tls(&[]) } else { Scene::new() };
        let id = scene.conversation().id().to_owned();
        let mut config = scene.config(options);
        let proxy = proxied.then(|| scene.sandbox.fault_proxy().unwrap());
        if let Some(proxy) = &proxy {
            let scheme = if tls { "https" } else { "http" };
            config.set("domain.messaging", &format!("{scheme}://{}", proxy.address())).unwrap();
        }
        more(&mut config);
        let client = Client::new(&config).unwrap();
        let consumer = client.consumer("John_Doe_facebook12345").unwrap();
        consumer.jws().unwrap();
        let conversation = consumer.attach(&id, &AttachOptions::new()).unwrap();
        Line { scene, proxy, client, conversation }
    }

    fn revoke_tokens(&self) {
        self.scene.sandbox.revoke_tokens(&self.scene.account.id);
    }

    fn proxy(&self) -> &FaultProxy {
        self.proxy.as_ref().unwrap()
    }

    fn late(&self, expected: Status) -> f64 {
        late(expected, || self.conversation.send_text("x").map(drop))
    }

    /// How long after a shutdown a call fails that has come to the point where it `waits`.
    fn late_after_shutdown(&self, waits: impl Fn() -> bool) -> f64 {
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| {
                let error = self.conversation.send_text("x").unwrap_err();
                (Instant::now(), error)
            });
            while !waits() && !sending.is_finished() {
                std::thread::yield_now();
            }
            let shut_down = Instant::now();
            self.client.shutdown();
            let (ended, error) = sending.join().unwrap();
            assert_eq!(error.status(), Status::Closed, "{error}");
            (ended - shut_down).as_secs_f64() * 1000.0
        })
    }
}

/// A server that takes connections and does nothing with them, and its URL.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// A server that takes no connection: its queue is full, so the system does not answer for it.
struct Deaf {
    url: String,
    port: u16,
    _held: (Socket, Vec<TcpStream>),
}

impl Deaf {
    fn new() -> Deaf {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let mut held = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            held.push(stream);
        }
        Deaf { url: format!("http://{address}"), port: address.port(), _held: (socket, held) }
    }

    /// Whether a connection to it is being made: it is in the state SYN_SENT.
    fn somebody_connects(&self) -> bool {
        let sockets = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        sockets.contains(&format!("0100007F:{:04X} 02", self.port))
    }
}
