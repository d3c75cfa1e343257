//! How soon another node of a fleet sends what one had that was killed.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout};
use std::time::{Duration, Instant};

use lpconnector::UpdateKind;

use crate::child::{print, started};
use crate::nats_server::NatsServer;
use crate::service::{Service, connector};
use crate::{Reached, say};

const KILLS: usize = 50;
/// Fleets at once.
const FLEETS: usize = 10;
/// `connector.takeover.ms`, the default.
const WANTED: Duration = Duration::from_secs(10);

pub fn measure() -> Reached {
    let service = Service::start(0);
    let server = NatsServer::start();
    let mut took: Vec<Duration> = Vec::new();
    for round in 0..KILLS / FLEETS {
        std::thread::scope(|scope| {
            let one = |fleet: usize| {
                let store = server.store(&format!("bench{round}-{fleet}"));
                // Anywhere between two of its signs of life, of which it gives three in that time.
                let lived = WANTED / 3 * fleet as u32 / FLEETS as u32;
                let service = &service;
                scope.spawn(move || take_over(&store, service, lived))
            };
            let all: Vec<_> = (0..FLEETS).map(one).collect();
            took.extend(all.into_iter().map(|one| one.join().unwrap()));
        });
    }
    took.sort();
    let (median, worst) = (took[KILLS / 2].as_secs_f64(), took[KILLS - 1].as_secs_f64());
    let what = format!("an action of a killed node is sent by another, {KILLS} kills");
    let figures = format!("{median:.1} s, worst {worst:.1}");
    // A moment more, in which it is sent.
    let most = WANTED.as_secs_f64() + 0.5;
    say(&what, &figures, &format!("≤ {} s", WANTED.as_secs()), worst <= most)
}

/// Kills a node that has an action, and gives the time until another one has sent it.
fn take_over(store: &str, service: &Service, lived: Duration) -> Duration {
    let (mut first, mut said) = start(&format!("holds {store}"), service);
    assert_eq!(said.next().unwrap().unwrap(), "has it");
    let (mut second, mut said) = start(&format!("takes {store}"), service);
    assert_eq!(said.next().unwrap().unwrap(), "ready");
    std::thread::sleep(lived);
    first.kill().unwrap();
    let killed = Instant::now();
    assert_eq!(said.next().unwrap().unwrap(), "sent");
    let took = killed.elapsed();
    for child in [&mut first, &mut second] {
        child.wait().unwrap();
    }
    took
}

fn start(order: &str, service: &Service) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = started(order, service);
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, said)
}

/// Has an action, and reaches no service.
pub fn hold(words: &[&str]) {
    let node = connector(words[0], &[("domain.api.url", "https://127.0.0.1:1")]);
    node.submit_text("+4915112345678", "Hi", Some("Hi")).unwrap();
    while node.stats().unwrap().put_off == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    print("has it");
    loop {
        std::thread::park();
    }
}

/// Says when the action was sent.
pub fn take(words: &[&str]) {
    // What was begun there waits for the service's word, too, beyond the time that is measured here.
    let node = connector(words[0], &[("connector.echo.wait.ms", "1")]);
    print("ready");
    loop {
        let update = node.poll(Duration::MAX).unwrap().unwrap();
        node.ack(&update).unwrap();
        if update.kind() == UpdateKind::Sent {
            print("sent");
            return;
        }
    }
}
