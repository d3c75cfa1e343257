//! Fault proxies in front of plain HTTP.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use lpc_sandbox::{Account, Fault, FaultProxy, Request, Then};

use crate::driver::{Driver, agent, call, shared};

/// Waits for what happens a moment later.
pub fn until(mut happened: impl FnMut() -> bool) {
    while !happened() {
        std::thread::yield_now();
    }
}

/// A proxy in front of the shared sandbox, and an account to ask for.
struct Scene {
    proxy: FaultProxy,
    account: Account,
}

impl Scene {
    fn new() -> Scene {
        let proxy = shared().fault_proxy().expect("the proxy starts");
        Scene { proxy, account: shared().new_account() }
    }

    fn with(fault: Fault) -> Scene {
        let scene = Scene::new();
        scene.proxy.next(fault);
        scene
    }

    fn connect(&self) -> TcpStream {
        connect(&self.proxy)
    }

    fn request(&self) -> String {
        let path = format!("/api/account/{}/service/idp/baseURI.json?version=1.0", self.account.id);
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.proxy.address())
    }

    /// Sends a request over a connection of its own and reads what comes, to the end.
    fn ask(&self) -> std::io::Result<Vec<u8>> {
        let mut client = self.connect();
        client.write_all(self.request().as_bytes())?;
        rest(&mut client)
    }

    /// A whole answer.
    fn answer(&self, client: &mut TcpStream) -> Vec<u8> {
        client.write_all(self.request().as_bytes()).expect("the request goes out");
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut byte = [0];
            client.read_exact(&mut byte).expect("an answer");
            answer.push(byte[0]);
        }
        answer
    }

    fn requests(&self) -> Vec<Request> {
        shared().requests(&self.account.id)
    }
}

/// A connection that gives up before a test would hang.
fn connect(proxy: &FaultProxy) -> TcpStream {
    let client = TcpStream::connect(proxy.address()).expect("a connection");
    client.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    client
}

fn rest(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn kind<T>(result: std::io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn without_a_fault_it_passes_everything_on() {
    let scene = Scene::new();
    let base = format!("http://{}", scene.proxy.address());
    let agent = agent();
    let url =
        format!("{base}/api/account/{}/service/idp/baseURI.json?version=1.0", scene.account.id);
    let found = call(&agent, "GET", &url, &[], &[]).expect("an answer").json();
    assert_eq!(found["baseURI"], scene.proxy.address(), "the name the client used");

    let token = shared().issue_app_jwt(&scene.account.id, 3600, &[]);
    let url = format!("{base}/api/account/{}/consumer?v=1.0", scene.account.id);
    // More than any buffer on the way holds.
    let body = format!("{{\"ext_consumer_id\":\"{}\"}}", "x".repeat(1024 * 1024 - 100));
    for _ in 0..2 {
        let reply = call(&agent, "POST", &url, &[("Authorization", &token)], body.as_bytes());
        assert_eq!(reply.expect("an answer").status, 201);
    }
    assert_eq!((scene.proxy.accepted(), scene.proxy.open()), (1, 1));
    drop(agent);
    until(|| scene.proxy.open() == 0);
    assert_eq!(scene.proxy.accepted(), 1);
}

#[test]
fn connections_fail_as_they_are_accepted() {
    let scene = Scene::with(Fault::Reset);
    let mut reset = scene.connect();
    assert_eq!(kind(rest(&mut reset)), Some(ErrorKind::ConnectionReset));
    until(|| scene.proxy.open() == 0);

    scene.proxy.next(Fault::Garbage(b"no TLS".to_vec()));
    let mut garbage = scene.connect();
    garbage.write_all(b"anything").expect("it goes out");
    assert_eq!(rest(&mut garbage).expect("an end"), b"no TLS");
    assert_eq!(scene.proxy.open(), 1);
    drop(garbage);
    until(|| scene.proxy.open() == 0);

    scene.proxy.next(Fault::Silent);
    let mut silent = scene.connect();
    silent.set_nonblocking(true).expect("it does not block");
    until(|| scene.proxy.accepted() == 3);
    // Nobody reads, so the client can write only as much as the systems hold.
    let mut written = 0;
    loop {
        let before = written;
        while let Ok(length) = silent.write(&[b'x'; 64 * 1024]) {
            written += length;
        }
        if written == before {
            break;
        }
        assert!(written < 256 * 1024 * 1024, "somebody reads");
        // Meanwhile a reader would have read.
        scene.answer(&mut scene.connect());
    }
    assert!(scene.proxy.open() > 0);
    drop(silent);
}

#[test]
fn a_silent_connection_is_open_until_the_client_leaves() {
    let scene = Scene::with(Fault::Silent);
    let mut client = scene.connect();
    client.write_all(scene.request().as_bytes()).expect("it goes out");
    until(|| scene.proxy.open() == 1);
    drop(client);
    until(|| scene.proxy.open() == 0);
    assert!(scene.requests().is_empty());
}

#[test]
fn a_reset_comes_before_or_after_the_request_takes_effect() {
    let scene = Scene::with(Fault::ResetUnread);
    assert_eq!(kind(scene.ask()), Some(ErrorKind::ConnectionReset));
    assert!(scene.requests().is_empty());

    scene.proxy.next(Fault::ResetRead);
    assert_eq!(kind(scene.ask()), Some(ErrorKind::ConnectionReset));
    assert_eq!(scene.requests().pop().and_then(|request| request.status), Some(200));
    until(|| scene.proxy.open() == 0);
}

#[test]
fn an_answer_is_cut() {
    let scene = Scene::new();
    let whole = scene.answer(&mut scene.connect());
    let head = whole.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
    let cases = [
        (Fault::CutHead, head / 2),
        (Fault::CutBody, head + (whole.len() - head) / 2),
        (Fault::Cut(0), 0),
        (Fault::Cut(20), 20),
        (Fault::Cut(1_000_000), whole.len()),
    ];
    for (fault, length) in cases {
        scene.proxy.next(fault.clone());
        let cut = scene.ask().expect("an end");
        assert_eq!(cut.len(), length, "{fault:?}");
        // Further on is the date.
        assert_eq!(cut[..length.min(20)], whole[..length.min(20)], "{fault:?}");
    }
    assert_eq!(scene.requests().len(), 6, "all requests took effect");
}

#[test]
fn an_answer_drips() {
    let scene = Scene::with(Fault::Drip { pause: Duration::from_millis(5) });
    let mut client = scene.connect();
    client.write_all(scene.request().as_bytes()).expect("the request goes out");
    let mut first = [0; 1024];
    let length = client.read(&mut first).expect("a beginning");
    assert!(!first[..length].ends_with(b"}"), "all of it came at once");
    while first[0] != b'}' {
        client.read_exact(&mut first[..1]).expect("the rest");
    }
    scene.answer(&mut client);
    assert_eq!(scene.proxy.accepted(), 1, "the connection stays");
}

#[test]
fn an_answer_is_withheld() {
    let scene = Scene::with(Fault::Stall);
    let mut client = scene.connect();
    client.write_all(scene.request().as_bytes()).expect("the request goes out");
    until(|| scene.requests().first().is_some_and(|request| request.status == Some(200)));
    // What another connection gets came after what this one did not get.
    scene.answer(&mut scene.connect());
    scene.proxy.close_idle();
    assert_eq!(rest(&mut client).expect("an end"), b"");
    drop(client);
    until(|| scene.proxy.open() == 0);
}

#[test]
fn a_half_closed_connection_is_still_read() {
    let scene = Scene::with(Fault::HalfClose);
    let mut client = scene.connect();
    let whole = scene.answer(&mut client);
    assert!(whole.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(rest(&mut client).expect("an end"), b"");
    // More than any buffer on the way holds: somebody reads it.
    client.write_all(&vec![b'x'; 64 * 1024 * 1024]).expect("it goes out");
    drop(client);
    until(|| scene.proxy.open() == 0);
    assert_eq!(scene.requests().len(), 1);
}

#[test]
fn an_answer_has_more_than_it_says() {
    let scene = Scene::with(Fault::Surplus(b"HTTP/1.1 200 OK\r\n\r\n{}".to_vec()));
    let mut client = scene.connect();
    let mut both = scene.answer(&mut client);
    both.extend(scene.answer(&mut client));
    let heads = both.windows(9).filter(|text| text == b"HTTP/1.1 ").count();
    assert_eq!(heads, 2, "the surplus stands in place of the second answer");
    assert!(both.ends_with(b"OK\r\n\r\n{}"));
    assert_eq!(scene.proxy.accepted(), 1, "the connection stays");
}

#[test]
fn something_else_is_the_answer() {
    let instead = |then| Fault::Instead { bytes: b"HTTP/1.1 200 OK\r\n".to_vec(), then };
    let scene = Scene::with(instead(Then::Close));
    assert_eq!(scene.ask().expect("an end"), b"HTTP/1.1 200 OK\r\n");

    for then in [Then::Stall, Then::Repeat(Vec::new())] {
        scene.proxy.next(instead(then));
        let mut client = scene.connect();
        client.write_all(scene.request().as_bytes()).expect("the request goes out");
        client.read_exact(&mut [0; 17]).expect("the bytes");
        scene.proxy.close_idle();
        assert_eq!(rest(&mut client).expect("an end"), b"");
    }

    scene.proxy.next(instead(Then::Repeat(b"x: y\r\n".to_vec())));
    let mut client = scene.connect();
    client.write_all(scene.request().as_bytes()).expect("the request goes out");
    let mut much = vec![0; 17 + 6 * 100_000];
    client.read_exact(&mut much).expect("no end");
    assert!(much.ends_with(b"x: y\r\nx: y\r\n"));
    drop(client);
    until(|| scene.proxy.open() == 0);
    assert!(scene.requests().is_empty());
}

#[test]
fn a_request_in_pieces_is_one_request() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = server.local_addr().expect("an address").to_string();
    let proxy = FaultProxy::start(&target).expect("the proxy starts");
    proxy.next(Fault::Surplus(b"?".to_vec()));
    let mut client = connect(&proxy);
    let mut held = None;
    for piece in ["POST / HTTP/1.1\r\nContent-", "Length: 4\r\n\r\n", "1", "234"] {
        client.write_all(piece.as_bytes()).expect("it goes out");
        // The next one is not sent before this one went through.
        let (server, _) = held.get_or_insert_with(|| server.accept().expect("a connection"));
        server.read_exact(&mut vec![0; piece.len()]).expect("the piece");
    }
    let (mut server, _) = held.expect("a connection");
    for piece in ["HTTP/1.1 200 OK\r\nContent-Length: 1", "\r\n\r\n", "!"] {
        server.write_all(piece.as_bytes()).expect("it goes out");
    }
    let mut answer = vec![0; "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!?".len()];
    client.read_exact(&mut answer).expect("an answer");
    assert!(answer.ends_with(b"\r\n\r\n!?"));

    let begins = b"GET / HTTP/1.1\r\n";
    client.write_all(begins).expect("it goes out");
    server.read_exact(&mut [0; 16]).expect("the beginning");
    proxy.next(Fault::ResetUnread);
    client.write_all(b"\r\n").expect("it goes out");
    server.read_exact(&mut [0; 2]).expect("the end");
    client.write_all(begins).expect("it goes out");
    assert_eq!(kind(rest(&mut client)), Some(ErrorKind::ConnectionReset));
}

#[test]
fn connects_are_refused_for_a_while() {
    let scene = Scene::new();
    let mut first = scene.connect();
    scene.answer(&mut first);
    scene.proxy.refuse();
    scene.proxy.refuse();
    let refused = TcpStream::connect(scene.proxy.address());
    assert_eq!(kind(refused), Some(ErrorKind::ConnectionRefused));
    scene.answer(&mut first);
    scene.proxy.accept().expect("it listens");
    scene.proxy.accept().expect("it listens");
    scene.answer(&mut scene.connect());
    for _ in 0..20 {
        // Connected, and perhaps not accepted yet.
        let mut client = scene.connect();
        scene.proxy.refuse();
        scene.answer(&mut client);
        scene.proxy.accept().expect("it listens");
    }
    assert_eq!(scene.proxy.accepted(), 22);
}

#[test]
fn open_connections_are_closed() {
    let scene = Scene::new();
    let (mut one, mut two) = (scene.connect(), scene.connect());
    scene.answer(&mut one);
    scene.answer(&mut two);
    scene.proxy.close_idle();
    assert_eq!(scene.proxy.open(), 2, "the clients did not leave");
    assert_eq!(rest(&mut one).expect("an end"), b"");
    // As with a server that closed, what comes now is answered with a reset.
    two.write_all(scene.request().as_bytes()).expect("it goes out");
    until(|| scene.proxy.open() == 1);
    until(|| two.write(b"x").is_err());
    drop(one);
    until(|| scene.proxy.open() == 0);
    scene.answer(&mut scene.connect());
    assert_eq!(scene.requests().len(), 3);
}

#[test]
fn what_the_server_does_to_a_connection_reaches_the_client() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = server.local_addr().expect("an address").to_string();
    let proxy = FaultProxy::start(&target).expect("the proxy starts");
    let mut client = connect(&proxy);
    client.write_all(b"GET").expect("it goes out");
    let (mut connection, _) = server.accept().expect("a connection");
    connection.read_exact(&mut [0; 3]).expect("the bytes");
    drop(connection);
    assert_eq!(rest(&mut client).expect("an end"), b"");
    drop(server);
    let mut client = connect(&proxy);
    client.write_all(b"GET").expect("it goes out");
    assert_eq!(kind(rest(&mut client)), Some(ErrorKind::ConnectionReset));
    assert_eq!(kind(FaultProxy::start("localhost")), Some(ErrorKind::InvalidInput));
}

#[test]
fn a_dropped_proxy_is_gone() {
    let scene = Scene::new();
    let mut client = scene.connect();
    scene.answer(&mut client);
    let address = scene.proxy.address();
    drop(scene);
    assert_eq!(kind(TcpStream::connect(address)), Some(ErrorKind::ConnectionRefused));
    assert_eq!(rest(&mut client).expect("an end"), b"");
}

#[test]
fn a_client_keeps_its_conversation_through_it() {
    let driver = Driver::new();
    let id = driver.open();
    let proxy = driver.sandbox.fault_proxy().expect("the proxy starts");
    let path =
        format!("/api/account/{}/messaging/consumer/conversation/send?v=3", driver.account.id);
    let url = format!("http://{}{path}", proxy.address());
    let headers = [("Authorization", &*driver.app_jwt), ("X-LP-ON-BEHALF", &*driver.consumer_jws)];
    let send = |text: &str| {
        let message = crate::driver::text(&id, text).to_string();
        call(&driver.agent, "POST", &url, &headers, message.as_bytes())
    };
    for (fault, took_effect) in
        [(Fault::ResetUnread, 0), (Fault::ResetRead, 1), (Fault::CutBody, 2)]
    {
        proxy.next(fault.clone());
        assert!(send("Hello").is_err(), "{fault:?}");
        let events = driver.conversation()["events"].as_array().map(Vec::len);
        assert_eq!(events, Some(took_effect), "{fault:?}");
    }
    assert_eq!(send("Hello").expect("an answer").json()["body"]["sequence"], 2);
}
