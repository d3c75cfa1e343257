//! What the network breaks, for real: a proxy between client and sandbox does it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use lpc_sandbox::{Fault, FaultProxy, Route, Then};
use lpconnector::{AttachOptions, Client, Config, Conversation, Error, Status};
use socket2::{Domain, SockRef, Socket, Type};

use crate::scene::{Scene, status_answer};

/// A client whose messages go through a proxy that breaks what it is told to; its tokens do not.
struct Wire {
    scene: Scene,
    proxy: FaultProxy,
    options: Vec<(&'static str, String)>,
}

impl Wire {
    fn new(options: &[(&'static str, &str)]) -> Wire {
        Wire::to(Scene::new(), "http", options)
    }

    fn over_tls(options: &[(&'static str, &str)]) -> Wire {
        Wire::to(Scene::over_tls(&[]), "https", options)
    }

    fn to(scene: Scene, scheme: &str, more: &[(&'static str, &str)]) -> Wire {
        let proxy = scene.sandbox.fault_proxy().unwrap();
        let mut options: Vec<(&'static str, String)> =
            more.iter().map(|(key, value)| (*key, value.to_string())).collect();
        options.push(("domain.messaging", format!("{scheme}://{}", proxy.address())));
        Wire { scene, proxy, options }
    }

    fn config(&self) -> Config {
        let options: Vec<(&str, &str)> =
            self.options.iter().map(|(key, value)| (*key, value.as_str())).collect();
        self.scene.config(&options)
    }

    /// A client that has its tokens, and a conversation, opened on the way past the proxy.
    fn conversation(&self) -> (Client, Conversation) {
        let id = self.scene.conversation().id().to_owned();
        let client = Client::new(&self.config()).unwrap();
        let consumer = client.consumer("John_Doe_facebook12345").unwrap();
        consumer.jws().unwrap();
        let conversation = consumer.attach(&id, &AttachOptions::new()).unwrap();
        (client, conversation)
    }

    /// As above, with a connection to the proxy in the pool.
    fn connected(&self) -> (Client, Conversation) {
        let (client, conversation) = self.conversation();
        conversation.send_text("first").unwrap();
        (client, conversation)
    }

    fn arrived(&self, text: &str) -> usize {
        self.scene.texts().iter().filter(|arrived| *arrived == text).count()
    }
}

/// Waits until something another thread does has been done.
fn until(done: impl Fn() -> bool) {
    while !done() {
        std::thread::yield_now();
    }
}

#[test]
fn refused() {
    let wire = Wire::new(&[("retry.max.attempts", "3"), ("retry.backoff.ms", "1")]);
    let (_client, conversation) = wire.conversation();
    wire.proxy.refuse();
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Status::Connect, 3), "{error}");
    assert!(!error.maybe_delivered() && error.message().contains("Connection refused"), "{error}");
    wire.proxy.accept().unwrap();
    conversation.send_text("y").unwrap();
    assert_eq!((wire.arrived("x"), wire.arrived("y")), (0, 1));
}

#[test]
fn reset_before_and_after_the_request_was_read() {
    for (fault, arrived) in
        [(Fault::ResetUnread, 0), (Fault::ResetRead, 1), (Fault::CutHead, 1), (Fault::CutBody, 1)]
    {
        for connected in [false, true] {
            let wire = Wire::new(&[("retry.max.attempts", "4"), ("retry.backoff.ms", "1")]);
            let (_client, conversation) =
                if connected { wire.connected() } else { wire.conversation() };
            wire.proxy.next(fault.clone());
            let error = conversation.send_text("x").unwrap_err();
            assert_eq!((error.status(), error.attempts()), (Status::Connect, 1), "{fault:?}");
            assert!(error.maybe_delivered(), "nobody here knows");
            assert_eq!(wire.arrived("x"), arrived);
            // What broke is not used again, and what does no harm is tried again.
            let before = wire.proxy.accepted();
            wire.proxy.next(fault.clone());
            assert_eq!(conversation.close().unwrap().attempts(), 2, "{fault:?}");
            assert_eq!(wire.proxy.accepted(), before + 2);
        }
    }
}

#[test]
fn reset_as_soon_as_it_is_accepted() {
    let wire = Wire::new(&[]);
    let (_client, conversation) = wire.conversation();
    wire.proxy.next(Fault::Reset);
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!(error.status(), Status::Connect, "{error}");
    assert_eq!(wire.arrived("x"), 0);
    conversation.send_text("y").unwrap();
}

#[test]
fn stalled() {
    // The tokens are there already, so that only the stalled request can be late.
    for (fault, arrived) in [(Fault::Silent, 0), (Fault::Stall, 1)] {
        let wire = Wire::new(&[("request.timeout.ms", "2000")]);
        let (_client, conversation) = wire.conversation();
        wire.proxy.next(fault);
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        assert!(error.maybe_delivered() && error.is_retryable());
        assert!(error.message().contains("within 2000 ms"), "{error}");
        assert_eq!(wire.arrived("x"), arrived);
        let before = wire.proxy.accepted();
        conversation.send_text("y").unwrap();
        assert_eq!(wire.proxy.accepted(), before + 1, "what stalled is not used again");
    }
}

#[test]
fn dripping() {
    let wire = Wire::new(&[("request.timeout.ms", "2000")]);
    let (_client, conversation) = wire.connected();
    // Slower than the whole answer may take, though each byte comes in time.
    wire.proxy.next(Fault::Drip { pause: Duration::from_millis(100) });
    let error = conversation.send_text("x").unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.maybe_delivered());
    // A slow answer is an answer.
    let wire = Wire::new(&[]);
    let (_client, conversation) = wire.connected();
    wire.proxy.next(Fault::Drip { pause: Duration::ZERO });
    conversation.send_text("y").unwrap();
    conversation.send_text("z").unwrap();
}

#[test]
fn the_whole_call_is_bounded_too() {
    let wire = Wire::new(&[
        ("call.timeout.ms", "1500"),
        ("retry.max.attempts", "100"),
        ("retry.backoff.ms", "1"),
        ("request.timeout.ms", "600"),
    ]);
    let (_client, conversation) = wire.connected();
    for _ in 0..10 {
        wire.proxy.next(Fault::Stall);
    }
    let error = conversation.close().unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!((2..=3).contains(&error.attempts()), "{error:?}");
}

#[test]
fn an_idle_connection_that_the_server_closed_is_noticed() {
    let wire = Wire::new(&[]);
    let (client, conversation) = wire.connected();
    for close in [true, false] {
        let before = wire.proxy.accepted();
        if close {
            wire.proxy.close_idle();
        } else {
            // Half-closed right behind the answer.
            wire.proxy.next(Fault::HalfClose);
            conversation.send_text("x").unwrap();
        }
        // Its end is there before the answer of a request that is made meanwhile.
        client.consumer("other").unwrap().jws().unwrap();
        assert_eq!(conversation.send_text("x").unwrap().attempts(), 1);
        assert_eq!(wire.proxy.accepted(), before + 1);
    }
    assert_eq!(wire.arrived("x"), 3);
}

#[test]
fn what_comes_behind_an_answer_is_not_taken_for_the_next_one() {
    let evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".to_vec();
    for surplus in [b"\n".to_vec(), evil] {
        let wire = Wire::new(&[]);
        let (_client, conversation) = wire.connected();
        wire.proxy.next(Fault::Surplus(surplus));
        conversation.send_text("x").unwrap();
        let before = wire.proxy.accepted();
        conversation.send_text("y").unwrap();
        assert_eq!(wire.proxy.accepted(), before + 1, "another connection");
    }
}

#[test]
fn a_server_that_keeps_connections_for_a_moment_only_is_believed() {
    let wire = Wire::new(&[]);
    let (client, conversation) = wire.connected();
    let consumer = client.consumer("John_Doe_facebook12345").unwrap();
    let answered_with = |keep_alive: &str| {
        let body = r#"{"code":"OK","body":{},"reqId":"7"}"#;
        wire.scene.answer(Route::Send, status_answer(200, &[("Keep-Alive", keep_alive)], body));
        consumer.send_json(br#"{"id":"7","type":"x","body":{}}"#).unwrap();
    };
    answered_with("timeout=60");
    let before = wire.proxy.accepted();
    answered_with("timeout=1");
    assert_eq!(wire.proxy.accepted(), before, "kept for a minute");
    conversation.send_text("x").unwrap();
    assert_eq!(wire.proxy.accepted(), before + 1, "kept for less than a second");
}

#[test]
fn idle_connections_are_closed_by_whoever_comes_by() {
    // What a client does to other hosts, or to none.
    let comes_by: [fn(&Client); 2] = [
        |client| drop(client.stats()),
        // One that finds no connection of its own to be used again.
        |client| {
            client.set_app_jwt(Some("a.b.c")).unwrap();
            client.consumer("another").unwrap().jws().unwrap_err();
        },
    ];
    for come_by in comes_by {
        let wire = Wire::new(&[("pool.idle.timeout.ms", "1")]);
        let (client, _conversation) = wire.connected();
        crate::scene::until(|| {
            come_by(&client);
            (wire.proxy.open() == 0).then_some(())
        });
    }
    // And with the client.
    let wire = Wire::new(&[("pool.idle.timeout.ms", "3600000")]);
    let (client, conversation) = wire.connected();
    assert_eq!(wire.proxy.open(), 1);
    drop((client, conversation));
    until(|| wire.proxy.open() == 0);
}

#[test]
fn no_more_connections_are_kept_than_configured() {
    let wire = Wire::new(&[("pool.max.connections", "2")]);
    let (client, conversation) = wire.conversation();
    let consumer = client.consumer("John_Doe_facebook12345").unwrap();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (consumer, id) = (&consumer, conversation.id());
            scope.spawn(move || {
                let conversation = consumer.attach(id, &AttachOptions::new()).unwrap();
                for _ in 0..5 {
                    conversation.send_text(&format!("{n}")).unwrap();
                }
            });
        }
    });
    until(|| wire.proxy.open() <= 2);
    let before = wire.proxy.accepted();
    for _ in 0..10 {
        conversation.send_text("x").unwrap();
    }
    assert_eq!(wire.proxy.accepted(), before, "those that are kept are used");
}

fn endless(options: &[(&'static str, &str)], head: &str, piece: &str) -> (Client, Error) {
    let wire = Wire::new(options);
    let (client, conversation) = wire.connected();
    let then = Then::Repeat(piece.as_bytes().to_vec());
    wire.proxy.next(Fault::Instead { bytes: head.as_bytes().to_vec(), then });
    let error = conversation.send_text("x").unwrap_err();
    assert!(error.maybe_delivered(), "{error}");
    // What is not to the protocol ends the connection.
    let before = wire.proxy.accepted();
    conversation.send_text("y").unwrap();
    assert_eq!(wire.proxy.accepted(), before + 1);
    (client, error)
}

#[test]
fn answers_without_end_are_cut_off() {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{OK}Transfer-Encoding: chunked\r\n\r\n");
    let long = format!("{OK}Content-Length: 1000000000000\r\n\r\n");
    let kilobyte = "x".repeat(1024);
    let chunk = format!("400\r\n{kilobyte}\r\n");
    for (head, piece) in [
        (chunked.as_str(), chunk.as_str()),
        (&long, &kilobyte),
        // Without a length, the end of the connection is the end of the answer.
        (&format!("{OK}\r\n"), &kilobyte),
        (OK, "X-Header: value\r\n"),
        (OK, &kilobyte),
        ("", &kilobyte),
        (&format!("{chunked}1;"), &kilobyte),
    ] {
        let (client, error) = endless(&[("response.max.bytes", "100000")], head, piece);
        assert_eq!(error.status(), Status::Protocol, "{head:?}: {error}");
        let received = client.stats().bytes_received;
        assert!(received < 1_000_000, "{head:?}: {received} bytes were read");
    }
}

#[test]
fn answers_that_keep_nothing_end_in_time() {
    let trailers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    for (head, piece) in [("", "HTTP/1.1 100 Continue\r\n\r\n"), (trailers, "X-Trailer: value\r\n")]
    {
        let (_, error) = endless(&[("request.timeout.ms", "2000")], head, piece);
        assert!(matches!(error.status(), Status::Timeout | Status::Protocol), "{error}");
    }
}

#[test]
fn answers_that_are_not_http_are_errors() {
    for bytes in [
        "garbage\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nBad Header: x\r\nContent-Length: 2\r\n\r\n{}",
        "\0\0\0\0",
        "HTTP/1.1 200 OK\r\n\r\n",
        // Whole, so that its connection would be used again before it closes.
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    ] {
        let wire = Wire::new(&[("request.timeout.ms", "3000")]);
        let (_client, conversation) = wire.connected();
        let bytes = bytes.as_bytes().to_vec();
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        wire.proxy.next(Fault::Instead { bytes, then: Then::Close });
        let error = conversation.send_text("x").unwrap_err();
        assert!(matches!(error.status(), Status::Protocol | Status::Connect), "{shown}: {error}");
        assert!(error.maybe_delivered());
        conversation.send_text("y").unwrap();
    }
}

#[test]
fn many_headers_are_too_many() {
    let wire = Wire::new(&[]);
    let (_client, conversation) = wire.connected();
    let headers = "X-Header: value\r\n".repeat(1000);
    let bytes = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 2\r\n\r\n{{}}").into_bytes();
    wire.proxy.next(Fault::Instead { bytes, then: Then::Close });
    assert_eq!(conversation.send_text("x").unwrap_err().status(), Status::Protocol);
}

#[test]
fn tls_that_fails() {
    // A TLS 1.1 ServerHello: what it begins is finished by nobody who demands TLS 1.2.
    let mut old = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    old.extend_from_slice(&[7; 32]);
    old.extend_from_slice(&[0, 0, 0x2f, 0]);
    for bytes in [b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), old] {
        let wire = Wire::over_tls(&[("retry.max.attempts", "4"), ("retry.backoff.ms", "1")]);
        let (_client, conversation) = wire.conversation();
        wire.proxy.next(Fault::Garbage(bytes));
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!((error.status(), error.attempts()), (Status::Tls, 1), "{error}");
        assert!(!error.maybe_delivered());
        assert_eq!(wire.proxy.accepted(), 1, "not tried again");
        conversation.send_text("y").unwrap();
    }
    // Broken off on the way: that is the connection, and tried again.
    for fault in [Fault::ResetUnread, Fault::ResetRead, Fault::Cut(10), Fault::Reset] {
        let wire = Wire::over_tls(&[("retry.max.attempts", "4"), ("retry.backoff.ms", "1")]);
        let (_client, conversation) = wire.conversation();
        wire.proxy.next(fault.clone());
        let response = conversation.send_text("x").unwrap();
        assert_eq!((response.attempts(), wire.arrived("x")), (2, 1), "{fault:?}");
    }
}

#[test]
fn a_tls_handshake_that_stalls_ends_in_time() {
    for fault in [Fault::Silent, Fault::Stall, Fault::Drip { pause: Duration::from_millis(100) }] {
        let wire = Wire::over_tls(&[("connect.timeout.ms", "2000")]);
        let (_client, conversation) = wire.conversation();
        wire.proxy.next(fault);
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        assert!(error.message().contains("connecting to 127.0.0.1"), "{error}");
        assert!(!error.maybe_delivered());
        assert_eq!(wire.arrived("x"), 0);
    }
}

#[test]
fn faults_inside_an_established_tls_connection() {
    for fault in [Fault::ResetUnread, Fault::ResetRead, Fault::Cut(10)] {
        let wire = Wire::over_tls(&[]);
        let (_client, conversation) = wire.connected();
        wire.proxy.next(fault.clone());
        let error = conversation.send_text("x").unwrap_err();
        assert_eq!(error.status(), Status::Connect, "{fault:?}: {error}");
        assert!(error.maybe_delivered());
        conversation.send_text("y").unwrap();
    }
    let wire = Wire::over_tls(&[("request.timeout.ms", "2000")]);
    let (client, conversation) = wire.connected();
    wire.proxy.next(Fault::Stall);
    assert_eq!(conversation.send_text("x").unwrap_err().status(), Status::Timeout);
    conversation.send_text("y").unwrap();
    let before = wire.proxy.accepted();
    conversation.send_text("y").unwrap();
    assert_eq!(wire.proxy.accepted(), before, "TLS connections are used again");
    wire.proxy.close_idle();
    client.consumer("other").unwrap().jws().unwrap();
    assert_eq!(conversation.send_text("z").unwrap().attempts(), 1);
    assert_eq!(wire.proxy.accepted(), before + 1);
}

#[test]
fn an_answer_without_a_length_ends_where_its_connection_is_closed_and_not_where_it_breaks() {
    let scene = Scene::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let storage = format!("http://{}", listener.local_addr().unwrap());
    let path = scene.sandbox.put_file(&scene.account.id, "a.png", *b"\x89PNG\r\n\x1a\nx");
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("a.png");
    let client = Client::new(&scene.config(&[("domain.storage", &storage)])).unwrap();
    let conversation = client.consumer("x").unwrap().open(&Default::default()).unwrap();
    for breaks in [true, false] {
        std::thread::scope(|scope| {
            let download = scope.spawn(|| conversation.download_file(&path, &to));
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf of").unwrap();
            if breaks {
                // What was sent must have been read, or the reset overtakes it.
                until(|| client.stats().bytes_received > 0 && unread(&stream) == 0);
                SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            }
            drop(stream);
            let outcome = download.join().unwrap();
            assert_eq!(outcome.is_err(), breaks, "{outcome:?}");
            assert_eq!(to.exists(), !breaks);
        });
    }
}

/// How many bytes that were sent have not been acknowledged by the other side.
fn unread(stream: &TcpStream) -> usize {
    let (ours, theirs) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
    let hex = |address: SocketAddr| match address {
        SocketAddr::V4(v4) => {
            format!("{:08X}:{:04X}", u32::from(*v4.ip()).swap_bytes(), v4.port())
        }
        SocketAddr::V6(_) => unreachable!("all is IPv4 here"),
    };
    // The other side's queue of what it received and has not read.
    let of_theirs = format!("{} {}", hex(theirs), hex(ours));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let line = table.lines().find(|line| line.contains(&of_theirs));
    let queue = line.and_then(|line| line.split_whitespace().nth(4)).unwrap_or("0:0");
    usize::from_str_radix(queue.split(':').nth(1).unwrap(), 16).unwrap()
}

/// A server that takes no connection: its queue is full, so the system does not answer for it.
struct Deaf {
    address: SocketAddr,
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
        Deaf { address, _held: (socket, held) }
    }
}

#[test]
fn a_connection_that_stalls_ends_in_time() {
    let deaf = Deaf::new();
    let url = format!("http://{}", deaf.address);
    // Nothing else would end it.
    let there = [("domain.messaging", url.as_str()), ("connect.timeout.ms", "300")];
    let hour = [("request.timeout.ms", "3600000"), ("call.timeout.ms", "3600000")];
    let scene = Scene::with(&[there, hour].concat());
    let error = scene.open().unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.message().contains("connecting to 127.0.0.1"), "{error}");
    assert!(!error.maybe_delivered());
}

const HOUR: [(&str, &str); 3] = [
    ("request.timeout.ms", "3600000"),
    ("call.timeout.ms", "3600000"),
    ("connect.timeout.ms", "3600000"),
];

/// A shutdown ends this call, though it would wait for an hour.
fn ends(client: &Client, conversation: &Conversation, waits: impl Fn() -> bool) -> Error {
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| conversation.send_text("x"));
        until(waits);
        client.shutdown();
        let error = sending.join().unwrap().unwrap_err();
        assert_eq!(error.status(), Status::Closed, "{error}");
        error
    })
}

#[test]
fn a_shutdown_ends_a_call_that_connects() {
    let deaf = Deaf::new();
    let url = format!("http://{}", deaf.address);
    let scene = Scene::with(&[&HOUR[..], &[("domain.messaging", url.as_str())]].concat());
    let consumer = scene.consumer();
    consumer.jws().unwrap();
    let conversation = consumer.attach("c", &AttachOptions::new()).unwrap();
    let sockets = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let before = sockets();
    // Other tests open files, too: a shutdown that comes early must end the call as well.
    let error = ends(&scene.client, &conversation, || sockets() != before);
    assert!(!error.maybe_delivered());
}

#[test]
fn a_shutdown_ends_a_call_in_a_handshake_and_one_that_waits_for_its_answer() {
    let wire = Wire::over_tls(&HOUR);
    let (client, conversation) = wire.conversation();
    wire.proxy.next(Fault::Silent);
    let error = ends(&client, &conversation, || wire.proxy.accepted() == 1);
    assert!(!error.maybe_delivered());

    let wire = Wire::over_tls(&HOUR);
    let (client, conversation) = wire.connected();
    wire.proxy.next(Fault::Stall);
    let error = ends(&client, &conversation, || wire.arrived("x") == 1);
    assert!(error.maybe_delivered());
}

#[test]
fn a_shutdown_ends_calls_that_wait_for_others() {
    let wire = Wire::new(&HOUR);
    let (client, conversation) = wire.connected();
    wire.proxy.next(Fault::Stall);
    std::thread::scope(|scope| {
        // One is under way, the others wait for their turn.
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| conversation.send_text("x"))).collect();
        until(|| wire.arrived("x") == 1);
        client.shutdown();
        for call in calls {
            assert_eq!(call.join().unwrap().unwrap_err().status(), Status::Closed);
        }
    });
    assert_eq!(wire.arrived("x"), 1);
}

#[test]
fn a_file_that_nobody_takes_ends_in_time() {
    // More than the buffers of both ends hold.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let storage = format!("http://{}", silent.local_addr().unwrap());
    let scene = Scene::with(&[
        ("domain.storage", storage.as_str()),
        ("request.timeout.ms", "2000"),
        ("file.max.bytes", "100000000"),
    ]);
    let sandbox_limit = 3 * 1024 * 1024;
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(sandbox_limit, 0);
    let file = lpconnector::Attachment::from_bytes(&png, "PNG");
    let error = scene.conversation().send_file(&file).unwrap_err();
    assert_eq!(error.status(), Status::Timeout, "{error}");
}
