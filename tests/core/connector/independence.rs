//! Consumers do not wait for each other, and what each says goes out in order.

use lpc_sandbox::{Answer, Route};
use lpconnector::Connector;

use crate::connector::connector;
use crate::scene::{Scene, until};

/// As many as there are workers usually: nobody is left who has nothing to do.
const STALLED: usize = 8;
const OTHERS: usize = 100;
const LINES: usize = 3;

fn say(connector: &Connector, consumer: &str, text: &str) {
    connector.submit_text(consumer, text, None).unwrap();
}

#[test]
fn who_stalls_or_is_refused_delays_nobody_else() {
    for store in ["memory", "sqlite"] {
        let scene = Scene::new();
        // What stalls does so longer than the test.
        let (connector, _directory) = connector(&scene, store, &[("call.timeout.ms", "600000")]);
        let stats = || connector.stats().unwrap();
        let sent = |count: usize| until(|| (stats().sent == count as u64).then_some(()));
        let stalled: Vec<String> = (0..STALLED).map(|n| format!("stalled {n}")).collect();
        stalled.iter().for_each(|consumer| say(&connector, consumer, "Hi"));
        say(&connector, "refused", "Hi");
        say(&connector, "away", "Hi");
        sent(STALLED + 2);

        let requests = || scene.requests_on(Route::Send).len();
        let before = requests();
        stalled.iter().for_each(|_| scene.answer(Route::Send, Answer::Stall));
        for text in ["stalls", "waits for it"] {
            stalled.iter().for_each(|consumer| say(&connector, consumer, text));
        }
        until(|| (requests() == before + STALLED).then_some(()));
        scene.answer_with(Route::Send, 400, r#"{"body":{"msg":"no"}}"#);
        say(&connector, "refused", "is refused");
        until(|| (stats().failed == 1).then_some(()));
        scene.answer_with(Route::Send, 503, "");
        say(&connector, "away", "comes later");
        until(|| (stats().put_off == 1).then_some(()));

        for line in 0..LINES {
            for n in 0..OTHERS {
                say(&connector, &format!("other {n}"), &line.to_string());
            }
        }
        say(&connector, "refused", "goes on");
        // The one that was put off goes once the service answers others.
        sent(STALLED + 2 + OTHERS * LINES + 2);
        assert_eq!((stats().waiting, stats().failed), (2 * STALLED as u64, 1), "{:?}", stats());

        let all = scene.sandbox.conversations(&scene.account.id).into_iter().map(|it| {
            let events = it["events"].as_array().unwrap().iter();
            let texts = events.filter_map(|event| event["event"]["message"].as_str());
            texts.collect::<Vec<_>>().join(", ")
        });
        let count = |texts: &str, all: &[String]| all.iter().filter(|it| *it == texts).count();
        let all: Vec<String> = all.collect();
        assert_eq!(count("0, 1, 2", &all), OTHERS, "{all:?}");
        assert_eq!(count("Hi", &all), STALLED, "{all:?}");
        assert_eq!(count("Hi, goes on", &all) + count("Hi, comes later", &all), 2, "{all:?}");
    }
}
