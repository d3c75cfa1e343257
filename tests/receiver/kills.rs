//! Nothing is lost, whenever the program dies.

use std::collections::HashSet;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use lpc_sandbox::{Options, Retry, Sandbox, Webhook};

use crate::program::{Program, Running};

const KILLS: usize = 50;
const SIGKILL: i32 = 9;

/// Threads that poll.
const POLLS: usize = 3;

/// As many as are under way at a time.
const LOAD: usize = 100;

#[test]
fn nothing_is_lost_when_the_program_is_killed_fifty_times() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let account = sandbox.new_account();
    let address = sandbox.reserve_receiver(&account.id);
    // What is not answered with 200 comes again, some milliseconds later.
    let retry = Retry::Retention { time: Duration::from_secs(3 * 24 * 60 * 60) };
    let url = format!("http://{address}/");
    let webhook = Webhook { retry, time_scale: 0.0005, ..Webhook::to(url) };
    sandbox.set_webhook(&account.id, webhook);
    let program = Program::new(&sandbox, &account);

    let (sent, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        // Also where the test fails, or the load would never end.
        let end = Ends(&over);
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if sandbox.pending(&account.id) < LOAD {
                    let number = sent.fetch_add(1, Ordering::Relaxed);
                    sandbox.notify(&account.id, text(number));
                }
                std::thread::yield_now();
            }
        });
        let mut random = Random::new();
        for kill in 1..=KILLS {
            let mut running = program.start(POLLS);
            let begun = program.progress();
            // From the first one that it handled to some dozens later.
            let handled = begun + 1 + random.below(300);
            wait_until(&program, &mut running, || program.progress() >= handled);
            for _ in 0..random.below(20_000) {
                std::hint::spin_loop();
            }
            assert!(!running.has_ended(), "kill {kill}: {}", program.output());
            assert_eq!(running.kill().signal(), Some(SIGKILL), "kill {kill}");
        }
        drop(end);
    });

    let mut running = program.start(POLLS);
    wait_until(&program, &mut running, || sandbox.pending(&account.id) == 0);
    drop(running);
    // All were answered with 200 by now; what was not handled is in the store, or lost. What starts
    // anew gives all of the store out before what comes then, and one thread handles it in turn.
    let mut running = program.start(1);
    let sent = sent.into_inner();
    let last = sent.to_string();
    sandbox.notify(&account.id, text(sent));
    wait_until(&program, &mut running, || program.handled().contains(&last));
    // It may be handled before the service is answered.
    wait_until(&program, &mut running, || sandbox.pending(&account.id) == 0);
    assert_eq!(running.kill().signal(), Some(SIGKILL));
    let handled: HashSet<String> = program.handled().into_iter().collect();
    let lost = (0..sent).filter(|number| !handled.contains(&number.to_string()));
    assert_eq!(lost.collect::<Vec<_>>(), [0; 0], "of {sent}");

    let deliveries = sandbox.deliveries(&account.id);
    let delivered: HashSet<usize> =
        deliveries.iter().filter(|d| d.delivered()).map(|d| d.notification).collect();
    assert_eq!(delivered.len(), sent + 1, "all was answered with 200");
    assert!(deliveries.len() > sent + 1, "no kill hit a delivery");
}

/// One of eight conversations; the service tells what happens in one in order.
fn text(number: usize) -> String {
    let (conversation, sequence) = (number % 8, number / 8);
    format!(
        r#"{{"kind":"notification","type":"ms.MessagingEventNotification","body":{{"changes":[
        {{"sequence":{sequence},"conversationId":"{conversation}","dialogId":"{conversation}",
        "event":{{"type":"ContentEvent","contentType":"text/plain","message":"{number}"}}}}]}}}}"#
    )
}

fn wait_until(program: &Program, running: &mut Running, mut done: impl FnMut() -> bool) {
    while !done() {
        assert!(!running.has_ended(), "it ended by itself: {}", program.output());
        std::thread::yield_now();
    }
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Numbers that differ each time (xorshift).
struct Random(u64);

impl Random {
    fn new() -> Random {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Random(now.as_nanos() as u64 | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
