//! One node of the fleet, in a process of its own: it submits what it reads, and says what became of it, one line
//! for each.

use std::fmt::Display;
use std::io::{Write, stderr, stdin, stdout};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, SystemTime};

use lpconnector::{Config, Connector, EventKind, LogLevel, Status, Update, UpdateKind};

/// Set for a process that is to be one.
pub const IS_NODE: &str = "FLEET_IS_NODE";

/// The name of the test below.
pub const NAME: &str = "node::live";

const SUBMITTERS: usize = 8;
const POLLERS: usize = 4;

#[test]
#[ignore = "a part of the other tests"]
fn live() {
    // Without it, somebody ran all that is ignored.
    if std::env::var_os(IS_NODE).is_none() {
        return;
    }
    // Behind what the test's own program has begun to write.
    say("");
    let mut config = Config::new();
    config.load_env().unwrap();
    config.set_log(LogLevel::Info, |level, line| complain(format_args!("{level:?} {line}")));
    let connector = start(&config);
    say(format_args!("at {}", connector.url()));
    let (hands, texts) = mpsc::channel::<String>();
    let texts = Mutex::new(texts);
    std::thread::scope(|scope| {
        for _ in 0..SUBMITTERS {
            scope.spawn(|| submit(&connector, &texts));
        }
        for _ in 0..POLLERS {
            scope.spawn(|| be_told(&connector));
        }
        for line in stdin().lines() {
            hands.send(line.unwrap()).unwrap();
        }
        // Who had it is gone.
        std::process::exit(0);
    });
}

/// In one write, so that a kill leaves no half of it.
fn say(what: impl Display) {
    stdout().lock().write_all(format!("{what}\n").as_bytes()).unwrap();
}

/// For whoever looks at a test that failed.
fn complain(what: impl Display) {
    let _ = stderr().write_all(format!("{what}\n").as_bytes());
}

fn start(config: &Config) -> Connector {
    loop {
        match Connector::new(config) {
            Ok(connector) => return connector,
            Err(why) if why.status() == Status::Config => panic!("{why}"),
            // The brokers are away, or not all there yet.
            Err(why) => say(format_args!("waits {why}")),
        }
    }
}

/// Each line is a consumer and a text's number.
fn submit(connector: &Connector, texts: &Mutex<mpsc::Receiver<String>>) {
    loop {
        let Ok(text) = texts.lock().unwrap().recv() else { return };
        let (consumer, _) = text.split_once(' ').unwrap();
        match connector.submit_text(consumer, &text, Some(&text)) {
            Ok(()) => say(format_args!("accepted {text}")),
            Err(why) if why.status() == Status::Connect => say(format_args!("refused {text}")),
            Err(why) => panic!("{text}: {why}"),
        }
    }
}

fn be_told(connector: &Connector) {
    loop {
        let update = connector.poll(Duration::MAX).unwrap().unwrap();
        if let Some(line) = line(&update) {
            say(line);
        }
        // Where the brokers are away, it comes again.
        let _ = connector.ack(&update);
    }
}

/// By which what several nodes say is put in order.
fn now() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos()
}

fn line(update: &Update) -> Option<String> {
    let key = || update.key().unwrap();
    match update.kind() {
        UpdateKind::Sent => Some(format!("sent {}", key())),
        UpdateKind::Failed => Some(format!("failed {} {:?}", key(), update.error())),
        UpdateKind::Event => {
            let event = &update.notification().unwrap().events()[0];
            let (dialog, sequence) = (event.dialog_id(), update.sequence()?);
            (event.kind() == EventKind::Text).then(|| format!("told {} {dialog} {sequence}", now()))
        }
        _ => None,
    }
}
