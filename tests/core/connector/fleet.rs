//! Several connectors share a store in NATS: each is a node of a fleet, as processes on other machines are.

use std::collections::BTreeSet;
use std::time::Duration;

use lpc_sandbox::Agent;
use lpconnector::{Connector, UpdateKind};

use crate::connector::nats_server::NatsServer;
use crate::connector::talks::{next, tell, text};
use crate::scene::Scene;

const LISTENS: (&str, &str) = ("receiver.listen", "127.0.0.1:0");

fn node(scene: &Scene, server: &NatsServer, options: &[(&str, &str)]) -> Connector {
    let store = server.store("sms");
    let options = [&[("connector.store", &*store), LISTENS], options].concat();
    Connector::new(&scene.config(&options)).unwrap()
}

#[test]
fn agents_answer_each_consumer_of_any_node() {
    let server = NatsServer::start();
    let scene = Scene::new();
    scene.sandbox.set_agent(&scene.account.id, Some(Agent::Echo));
    let nodes = [(); 2].map(|()| node(&scene, &server, &[]));
    tell(&scene, &nodes[1]);
    for round in 0..3 {
        let mut expected = BTreeSet::new();
        for n in 0..6 {
            let (consumer, said) = (format!("c{n}"), format!("{round} of {n}"));
            nodes[n % 2].submit_text(&consumer, &said, Some(&said)).unwrap();
            expected.insert((consumer, format!("You said: {said}")));
        }
        let mut answered = BTreeSet::new();
        while answered.len() < expected.len() {
            answered.insert(text(&nodes[0]));
        }
        assert_eq!(answered, expected);
    }
    assert_eq!(next(&nodes[0], UpdateKind::Event).kind(), UpdateKind::Event);
    assert!(nodes[0].poll(Duration::ZERO).is_ok());
}
