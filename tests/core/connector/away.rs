//! The service is away for a while and comes back as it was.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lpc_sandbox::{Account, Agent, Options, Retry, Sandbox, Webhook};
use lpconnector::{Connector, EventKind, UpdateKind};

use crate::scene::config;

const CONSUMERS: usize = 3;
const TEXTS: usize = 8;

fn start(state: &Path) -> Sandbox {
    let state = Some(state.to_owned());
    Sandbox::start(Options { state, ..Options::default() }).unwrap()
}

/// Submits so many texts of each consumer, from this one on.
fn submit(connector: &Connector, from: usize, to: usize) {
    for number in from..to {
        for consumer in 0..CONSUMERS {
            let key = format!("{consumer}-{number}");
            connector
                .submit_text(&format!("c{consumer}"), &number.to_string(), Some(&key))
                .unwrap();
        }
    }
}

/// Waits until the agent has given so many answers, and adds them.
fn answers(connector: &Connector, count: usize, all: &mut BTreeMap<String, Vec<String>>) {
    let mut heard = 0;
    while heard < count {
        let update = connector.poll(Duration::from_secs(60)).unwrap().expect("an update");
        connector.ack(&update).unwrap();
        assert_ne!(update.kind(), UpdateKind::Failed, "{:?}", update.error());
        let Some(event) = update.notification().and_then(|told| told.events().first()) else {
            continue;
        };
        if update.kind() == UpdateKind::Event && event.kind() == EventKind::Text {
            let consumer = update.consumer_id().to_owned();
            all.entry(consumer).or_default().push(event.text().to_owned());
            heard += 1;
        }
    }
}

/// What the consumers said in the service's eyes, by consumer.
fn arrived(sandbox: &Sandbox, account: &Account) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for conversation in sandbox.conversations(&account.id) {
        let consumer = conversation["consumer"]["ext_consumer_id"].as_str().unwrap();
        let events = conversation["events"].as_array().unwrap();
        let own = events.iter().filter(|event| event["role"] == "CONSUMER");
        let texts = own.filter_map(|event| event["event"]["message"].as_str().map(str::to_owned));
        all.entry(consumer.to_owned()).or_default().extend(texts);
    }
    all
}

#[test]
fn nothing_is_lost_or_repeated_and_the_order_stays_when_the_service_starts_again() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let sandbox = start(&state);
    let account = sandbox.new_account();
    sandbox.set_agent(&account.id, Some(Agent::Echo));
    let address = sandbox.reserve_receiver(&account.id);
    let retry = Retry::Retention { time: Duration::from_secs(24 * 60 * 60) };
    let url = format!("http://{address}/");
    sandbox.set_webhook(&account.id, Webhook { retry, time_scale: 0.001, ..Webhook::to(url) });
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let options = [
        ("connector.store", store.as_str()),
        ("connector.pause.ms", "1"),
        ("connector.pause.max.ms", "20"),
        // Until the service says whether it arrived.
        ("connector.echo.wait.ms", "86400000"),
    ];
    let connector = Connector::new(&config(&sandbox, &account, &options)).unwrap();

    let mut heard = BTreeMap::new();
    submit(&connector, 0, 3);
    answers(&connector, CONSUMERS, &mut heard);
    // While others are under way.
    drop(sandbox);
    submit(&connector, 3, 6);
    let sandbox = start(&state);
    answers(&connector, 2 * CONSUMERS, &mut heard);
    drop(sandbox);
    let sandbox = start(&state);
    submit(&connector, 6, TEXTS);
    answers(&connector, (TEXTS - 3) * CONSUMERS, &mut heard);

    let texts = |text: fn(usize) -> String| {
        let each = |consumer| (format!("c{consumer}"), (0..TEXTS).map(text).collect());
        (0..CONSUMERS).map(each).collect::<BTreeMap<String, Vec<String>>>()
    };
    assert_eq!(heard, texts(|number| format!("You said: {number}")));
    assert_eq!(arrived(&sandbox, &account), texts(|number| number.to_string()));
    assert_eq!(sandbox.conversations(&account.id).len(), CONSUMERS, "each went on");
}
