//! A fleet whose nodes and broker die.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use lpc_sandbox::{Answer, Route};
use lpconnector::{Connector, LogLevel, Status, UpdateKind};

use crate::connector::fleet::{FOR_EVER, handed_out, node, out, put_off};
use crate::connector::nats_server::NatsServer;
use crate::connector::talks::{next, said};
use crate::scene::{Scene, until};

/// The quickest that is allowed.
const QUICK: [(&str, &str); 2] =
    [("connector.takeover.ms", "1000"), ("connector.nats.partitions", "4")];

/// A way to a server that may be frozen: what was sent stays there, and nobody is told. Or it may be cut.
struct Relay {
    port: u16,
    frozen: Arc<(Mutex<bool>, Condvar)>,
    /// None while it is cut.
    open: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Relay {
    fn to(port: u16) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Relay {
            port: listener.local_addr().unwrap().port(),
            frozen: Arc::default(),
            open: Arc::new(Mutex::new(Some(Vec::new()))),
        };
        let (frozen, open) = (relay.frozen.clone(), relay.open.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                match &mut *open.lock().unwrap() {
                    Some(open) => open.push(client.try_clone().unwrap()),
                    None => continue,
                }
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let frozen = frozen.clone();
                    std::thread::spawn(move || carry(from, to, &frozen));
                }
            }
        });
        relay
    }

    fn freeze(&self) {
        *self.frozen.0.lock().unwrap() = true;
    }

    fn thaw(&self) {
        *self.frozen.0.lock().unwrap() = false;
        self.frozen.1.notify_all();
    }

    fn cut(&self) {
        for client in self.open.lock().unwrap().take().unwrap() {
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        *self.open.lock().unwrap() = Some(Vec::new());
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, frozen: &(Mutex<bool>, Condvar)) {
    let mut bytes = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let is_frozen = frozen.0.lock().unwrap();
        drop(frozen.1.wait_while(is_frozen, |it| *it).unwrap());
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_node_that_is_cut_off_is_replaced_and_sends_nothing_when_it_is_back() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let relay = Relay::to(server.port());
    let store = format!("nats://127.0.0.1:{}/sms", relay.port);
    // Longer than it takes to be replaced.
    let pause = [("connector.pause.ms", "4000"), ("connector.echo.wait.ms", "1")];
    let options = [&QUICK[..], &pause, &[("connector.store", &store)]].concat();
    let first = Connector::new(&scene.config(&options)).unwrap();
    put_off(&scene, &first, "a", "one");
    let second = node(&scene, &server, &[&QUICK[..], &pause].concat());
    relay.freeze();
    let sent = next(&second, UpdateKind::Sent);
    assert_eq!((sent.consumer_id(), sent.key()), ("a", Some("one")));
    assert_eq!(first.stats().unwrap().sent, 0);
    relay.thaw();
    // It works again, and what it had is another's.
    until(|| first.submit_text("a", "two", Some("two")).is_ok().then_some(()));
    assert_eq!(next(&second, UpdateKind::Sent).key(), Some("two"));
    assert_eq!(scene.texts(), ["one", "two"]);
}

#[test]
fn an_update_that_was_not_kept_in_time_is_not_acknowledged_and_comes_again() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let relay = Relay::to(server.port());
    let store = format!("nats://127.0.0.1:{}/sms", relay.port);
    let options =
        [&QUICK[..], &[("connector.store", &store), ("receiver.listen", "127.0.0.1:0")]].concat();
    let node = Connector::new(&scene.config(&options)).unwrap();
    node.submit_text("a", "Hi", Some("k")).unwrap();
    let poll = || node.poll(Duration::from_secs(60)).unwrap().expect("an update");
    let update = poll();
    relay.freeze();
    // That takes longer than the takeover time.
    until(|| (is_well(&node) == 503).then_some(()));
    let refused = node.ack(&update).unwrap_err();
    assert_eq!(refused.status(), Status::Connect);
    assert!(refused.message().contains("it comes again"), "{refused}");
    // However often, until it did.
    assert_eq!(node.ack(&update).unwrap_err().status(), Status::Connect);
    relay.thaw();
    let again = poll();
    assert!(again.is_repeat() && again.kind() == update.kind());
    node.ack(&again).unwrap();
    next(&node, UpdateKind::Sent);
    until(|| (node.stats().unwrap().updates_waiting == 0).then_some(()));
}

#[test]
fn what_a_node_never_sent_and_lost_meanwhile_is_in_no_doubt() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let relay = Relay::to(server.port());
    let store = format!("nats://127.0.0.1:{}/sms", relay.port);
    let options = [
        ("connector.store", &*store),
        ("call.timeout.ms", "1000"),
        // It is about to be sent all the time, and asks first whether it may.
        ("connector.pause.ms", "100"),
        ("connector.pause.max.ms", "100"),
        ("connector.echo.wait.ms", "86400000"),
    ];
    let node = Connector::new(&scene.config(&[&QUICK[..], &options].concat())).unwrap();
    for _ in 0..20 {
        scene.answer_with(Route::Consumer, 503, "");
    }
    put_off(&scene, &node, "a", "one");
    relay.freeze();
    // That takes longer than the takeover time.
    for _ in 0..3 {
        assert_eq!(node.submit_text("c", "x", None).unwrap_err().status(), Status::Connect);
    }
    assert_eq!(scene.texts(), [""; 0]);
    relay.thaw();
    assert_eq!(next(&node, UpdateKind::Sent).key(), Some("one"));
}

#[test]
fn what_comes_again_to_the_node_that_has_it_is_sent_once() {
    let (server, scene) = (NatsServer::start(), Scene::new());
    let relay = Relay::to(server.port());
    let store = format!("nats://127.0.0.1:{}/sms", relay.port);
    let options = [
        ("connector.store", &*store),
        ("receiver.listen", "127.0.0.1:0"),
        // It takes so long that it comes again meanwhile, but lately.
        ("connector.takeover.ms", "3000"),
        ("request.timeout.ms", "7500"),
        ("retry.max.attempts", "2"),
        ("retry.backoff.ms", "1"),
        ("connector.echo.wait.ms", "86400000"),
    ];
    let node = Connector::new(&scene.config(&[&QUICK[1..], &options].concat())).unwrap();
    scene.answer(Route::Consumer, Answer::Stall);
    node.submit_text("a", "one", Some("one")).unwrap();
    until(|| (!scene.requests_on(Route::Consumer).is_empty()).then_some(()));
    relay.freeze();
    until(|| (is_well(&node) == 503).then_some(()));
    relay.thaw();
    until(|| (handed_out(&server, "out-3") == 2).then_some(()));
    assert_eq!(next(&node, UpdateKind::Sent).key(), Some("one"));
    node.submit_text("a", "two", Some("two")).unwrap();
    assert_eq!(next(&node, UpdateKind::Sent).key(), Some("two"));
    assert_eq!(scene.texts(), ["one", "two"]);
}

#[test]
fn what_waited_for_the_way_to_the_broker_is_in_no_doubt() {
    let (server, scene) = (NatsServer::start_newer(), Scene::new());
    let relay = Relay::to(server.port());
    let store = format!("nats://127.0.0.1:{}/sms", relay.port);
    let options = [
        ("connector.store", &*store),
        ("receiver.listen", "127.0.0.1:0"),
        ("connector.nats.partitions", "64"),
        ("call.timeout.ms", "60000"),
        ("connector.echo.wait.ms", "86400000"),
    ];
    let node = Connector::new(&scene.config(&options)).unwrap();
    relay.cut();
    until(|| (is_well(&node) == 503).then_some(()));
    std::thread::scope(|scope| {
        for n in 0..20 {
            let node = &node;
            scope.spawn(move || node.submit_text(&format!("c{n}"), "Hi", None).unwrap());
        }
        relay.mend();
    });
    until(|| (node.stats().unwrap().sent == 20).then_some(()));
    assert_eq!(scene.texts().len(), 20);
}

/// Asks the node's endpoint; gives back the status of the answer.
fn ask(node: &Connector, head: &str, body: &[u8]) -> u16 {
    let address: SocketAddr = node.url().split('/').nth(2).unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "{head}Host: node\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
        .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer[9..12].parse().unwrap()
}

fn is_well(node: &Connector) -> u16 {
    ask(node, "GET /healthz HTTP/1.1\r\n", b"")
}

fn post(node: &Connector, (body, signature): &(Vec<u8>, String)) -> u16 {
    ask(node, &format!("POST / HTTP/1.1\r\nX-LivePerson-Signature: {signature}\r\n"), body)
}

#[test]
fn a_broker_that_is_killed_is_waited_for() {
    is_waited_for(NatsServer::start());
}

#[test]
fn a_newer_broker_that_is_killed_is_waited_for() {
    is_waited_for(NatsServer::start_newer());
}

fn is_waited_for(mut server: NatsServer) {
    let scene = Scene::new();
    let store = server.store("sms");
    let mut config = scene.config(&[
        ("connector.store", &store),
        ("receiver.listen", "127.0.0.1:0"),
        ("call.timeout.ms", "1000"),
        ("connector.pause.ms", "1000"),
        // What the broker does not answer is no doubt about what the service has.
        ("connector.echo.wait.ms", "86400000"),
        QUICK[1],
    ]);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    config.set_log(LogLevel::Debug, move |level, line| {
        if line.starts_with("connector: ") {
            sink.lock().unwrap().push((level, line.to_owned()));
        }
    });
    let logged = |wanted| -> Vec<String> {
        let lines = lines.lock().unwrap();
        lines.iter().filter(|(it, _)| *it == wanted).map(|(_, line)| line.clone()).collect()
    };
    let node = Connector::new(&config).unwrap();
    node.submit_text("a", "Hi", Some("Hi")).unwrap();
    let sent = next(&node, UpdateKind::Sent);
    let webhooks = [0, 1].map(|n| said(&scene, sent.conversation_id(), n));
    assert_eq!((post(&node, &webhooks[0]), is_well(&node)), (200, 200));
    put_off(&scene, &node, "b", "accepted");

    server.kill();
    let began = Instant::now();
    std::thread::scope(|scope| {
        // None waits for the others.
        for n in 0..20 {
            let node = &node;
            scope.spawn(move || {
                let refused = node.submit_text("c", &n.to_string(), None).unwrap_err();
                assert_eq!(refused.status(), Status::Connect, "{refused}");
                assert!(refused.maybe_delivered(), "an answer may be lost");
            });
        }
        scope.spawn(|| assert_eq!(post(&node, &webhooks[1]), 503));
    });
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    until(|| (is_well(&node) == 503).then_some(()));
    // However often it is looked for.
    until(|| (logged(LogLevel::Debug).len() >= 5).then_some(()));

    server.start_again();
    let began = Instant::now();
    until(|| (is_well(&node) == 200).then_some(()));
    // Nothing has to come first that was sent away meanwhile: where this is 503, nothing may come.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(post(&node, &webhooks[1]), 200);
    let mut told = Vec::new();
    while told.len() < 2 {
        told.extend(text_of_what_is_settled(&node));
    }
    assert_eq!(told, [("a".to_owned(), "0".to_owned()), ("a".to_owned(), "1".to_owned())]);
    until(|| scene.texts().contains(&"accepted".to_owned()).then_some(()));
    let lost = "connector: the connection to NATS was lost, and is made again";
    assert_eq!(logged(LogLevel::Warn), [lost]);
    assert_eq!(logged(LogLevel::Info), ["connector: NATS is there again"]);
    assert_eq!(logged(LogLevel::Error), [""; 0]);
}

/// Of the next update. A broker that was killed may have forgotten that the node has it: then it comes again.
fn text_of_what_is_settled(node: &Connector) -> Option<(String, String)> {
    let update = node.poll(Duration::from_secs(60)).unwrap().expect("an update");
    if let Err(refused) = node.ack(&update) {
        assert_eq!(refused.status(), Status::Connect, "{refused}");
        return None;
    }
    let event = update.notification()?.events()[0].text().to_owned();
    Some((update.consumer_id().to_owned(), event))
}

#[test]
fn what_a_broker_forgot_that_a_node_sends_another_does_not_send_as_well() {
    let (mut server, scene) = (NatsServer::start_newer(), Scene::new());
    let options = [&FOR_EVER[..], &[QUICK[1]]].concat();
    let first = node(&scene, &server, &options);
    // After the first of a lane, it writes down a while later what it hands out.
    for text in ["zero", "one"] {
        if text == "one" {
            scene.answer(Route::Send, Answer::Lose);
        }
        first.submit_text("a", text, Some(text)).unwrap();
        if text == "zero" {
            next(&first, UpdateKind::Sent);
        }
    }
    until(|| (first.stats().unwrap().put_off == 1).then_some(()));
    server.kill();
    server.start_again();
    let second = node(&scene, &server, &options);
    until(|| (out(&server, "out-3") == 1).then_some(()));
    // Of another partition.
    second.submit_text("c", "another", None).unwrap();
    until(|| scene.texts().contains(&"another".to_owned()).then_some(()));
    assert_eq!(scene.texts(), ["zero", "one", "another"]);
}

#[test]
fn a_key_is_the_same_at_all_nodes_and_after_a_kill_of_the_broker() {
    let (mut server, scene) = (NatsServer::start(), Scene::new());
    let nodes = [(); 2].map(|()| node(&scene, &server, &QUICK));
    for node in &nodes {
        node.submit_text("a", "one", Some("one")).unwrap();
    }
    assert_eq!(next(&nodes[0], UpdateKind::Sent).key(), Some("one"));
    server.kill();
    server.start_again();
    // They know nothing but what the broker tells.
    let later = [(); 2].map(|()| node(&scene, &server, &QUICK));
    for node in &later {
        node.submit_text("a", "one", Some("one")).unwrap();
    }
    later[0].submit_text("a", "two", Some("two")).unwrap();
    assert_eq!(next(&later[1], UpdateKind::Sent).key(), Some("two"));
    assert_eq!(scene.texts(), ["one", "two"]);
    assert_eq!(scene.requests_on(Route::Send).len(), 1);
}
