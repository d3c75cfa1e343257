//! How much memory a million actions have that wait for a service which cannot be reached.

use std::time::Duration;

use serde_json::json;

use crate::child::{measured, tell};
use crate::itself::resident;
use crate::service::{Service, connector};
use crate::{Reached, say};

const COUNT: usize = 1_000_000;
const CONSUMERS: usize = 10_000;
const THREADS: usize = 4;

/// Bytes of the whole process.
const MOST: u64 = 400_000_000;

/// Where nobody listens.
pub const NOWHERE: (&str, &str) = ("domain.messaging", "https://localhost:1");

pub fn measure() -> Reached {
    let service = Service::start(0);
    let held = measured(&format!("backlog memory {COUNT}"), &service)["resident"].as_u64().unwrap();
    say(
        &format!("{COUNT} actions of {CONSUMERS} consumers wait, memory"),
        &format!("{} MB", held / 1_000_000),
        &format!("≤ {} MB", MOST / 1_000_000),
        held <= MOST,
    )
}

/// Submits as many actions to such a store, each with a key, and says what the process holds then.
pub fn run(words: &[&str]) {
    let [store, count] = words else { panic!("{words:?}") };
    let count: usize = count.parse().unwrap();
    let connector = connector(store, &[NOWHERE]);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let connector = &connector;
            scope.spawn(move || {
                for n in (thread..count).step_by(THREADS) {
                    let consumer = format!("+49151{:08}", n % CONSUMERS);
                    let key = format!("sms-{n:08}");
                    connector
                        .submit_text(&consumer, "On my way, see you soon.", Some(&key))
                        .unwrap();
                }
            });
        }
    });
    let mut stats = connector.stats().unwrap();
    // That of a fleet is a second old.
    while stats.waiting != count as u64 {
        std::thread::sleep(Duration::from_millis(100));
        stats = connector.stats().unwrap();
    }
    assert_eq!(stats.failed, 0);
    tell(&json!({ "resident": resident(), "put_off": stats.put_off }));
}
