//! Actions from submit to sent, and beside them what threads send that need no connector.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use lpconnector::{Client, Connector, OpenOptions, UpdateKind};
use serde_json::json;

use crate::child::tell;
use crate::itself::cpu_us;
use crate::service::{config, connector};

/// Of the connector, and of the program that sends without one.
const WORKERS: usize = 8;
const CONSUMERS: usize = 1000;
const TEXT: &str = "Thank you for waiting, how can I help?";

/// Texts of threads that call `send_text`: how many.
pub fn direct(words: &[&str]) {
    let count: usize = words[0].parse().unwrap();
    let client = Client::new(&config(&[])).unwrap();
    let open = |n: usize| client.consumer(&name(n)).unwrap().open(&OpenOptions::new()).unwrap();
    let conversations: Vec<_> = (0..CONSUMERS).map(open).collect();
    let (begun, used) = (Instant::now(), cpu_us());
    std::thread::scope(|scope| {
        for thread in 0..WORKERS {
            let conversations = &conversations;
            scope.spawn(move || {
                for n in (thread..count).step_by(WORKERS) {
                    conversations[n % CONSUMERS].send_text(TEXT).unwrap();
                }
            });
        }
    });
    let took = begun.elapsed();
    tell(&json!({
        "rate": count as f64 / took.as_secs_f64(),
        "cpu_us": (cpu_us() - used) as f64 / count as f64,
    }));
}

/// Texts through a connector: `connector.store`, whether they have keys, how many, how many threads
/// submit, and as many poll, and how many they submit a second (0: as many as they can).
pub fn run(words: &[&str]) {
    let [store, keyed, count, submitters, a_second] = words else { panic!("{words:?}") };
    let has_keys = *keyed == "keys";
    let number = |word: &str| word.parse::<usize>().unwrap();
    let (count, threads, a_second) = (number(count), number(submitters), number(a_second));
    let connector = connector(store, &[("connector.workers", &WORKERS.to_string())]);
    for n in 0..CONSUMERS {
        connector.submit_text(&name(n), TEXT, None).unwrap();
    }
    while connector.stats().unwrap().sent < CONSUMERS as u64 {
        std::thread::sleep(Duration::from_millis(10));
    }
    take(&connector, CONSUMERS, UpdateKind::Opened, threads);

    let (begun, used) = (Instant::now(), cpu_us());
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let submits: Vec<_> = (0..threads)
            .map(|thread| {
                let connector = &connector;
                scope.spawn(move || {
                    let submit = |n: usize| {
                        let at = if a_second == 0 { 0.0 } else { n as f64 / a_second as f64 };
                        let at = begun + Duration::from_secs_f64(at);
                        std::thread::sleep(at.saturating_duration_since(Instant::now()));
                        let key = has_keys.then(|| n.to_string());
                        let before = Instant::now();
                        connector.submit_text(&name(n), TEXT, key.as_deref()).unwrap();
                        before.elapsed()
                    };
                    (thread..count).step_by(threads).map(submit).collect::<Vec<_>>()
                })
            })
            .collect();
        if has_keys {
            take(&connector, count, UpdateKind::Sent, threads);
        }
        submits.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    // It returns once nothing waits.
    connector.shutdown(Duration::MAX);
    let (took, used) = (begun.elapsed(), cpu_us() - used);
    let stats = connector.stats().unwrap();
    assert_eq!((stats.sent, stats.failed), ((CONSUMERS + count) as u64, 0));
    times.sort();
    let ms = |share: f64| times[(share * (count - 1) as f64) as usize].as_secs_f64() * 1000.0;
    tell(&json!({
        "rate": count as f64 / took.as_secs_f64(),
        "cpu_us": used as f64 / count as f64,
        "p50_ms": ms(0.5), "p99_ms": ms(0.99),
    }));
}

/// Takes and acknowledges so many updates, all of this kind.
fn take(connector: &Connector, count: usize, kind: UpdateKind, threads: usize) {
    let taken = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while taken.fetch_add(1, Relaxed) < count {
                    let update = connector.poll(Duration::MAX).unwrap().unwrap();
                    assert_eq!(update.kind(), kind, "{update:?}");
                    connector.ack(&update).unwrap();
                }
            });
        }
    });
}

fn name(n: usize) -> String {
    format!("+49151{:08}", n % CONSUMERS)
}
