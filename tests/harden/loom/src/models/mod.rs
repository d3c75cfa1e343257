//! What must hold, whatever the order.

mod cached;
mod fifo_lock;
mod pool;
mod process;
mod shutdown;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::base::deadline::Deadline;

type Model = fn();

pub const ALL: &[(&str, Model)] = &[
    ("fifo_lock::one_at_a_time", fifo_lock::one_at_a_time),
    ("fifo_lock::in_the_order_of_asking", fifo_lock::in_the_order_of_asking),
    ("fifo_lock::who_gives_up_leaves_the_queue", fifo_lock::who_gives_up_leaves_the_queue),
    ("process::one_value_for_all", process::one_value_for_all),
    ("process::a_child_makes_its_own", process::a_child_makes_its_own),
    ("shutdown::every_sleep_ends", shutdown::every_sleep_ends),
    ("pool::each_connection_has_one_user", pool::each_connection_has_one_user),
    ("pool::none_is_closed_under_the_lock", pool::none_is_closed_under_the_lock),
    ("cached::one_fetches_for_all", cached::one_fetches_for_all),
    ("cached::a_failure_is_shared_and_hangs_nobody", cached::a_failure_is_shared_and_hangs_nobody),
    ("cached::the_old_value_serves_meanwhile", cached::the_old_value_serves_meanwhile),
    ("cached::a_panic_frees_who_waits", cached::a_panic_frees_who_waits),
    ("cached::who_waits_gives_up_in_time", cached::who_waits_gives_up_in_time),
    ("cached::a_restart_is_not_overlooked", cached::a_restart_is_not_overlooked),
];

/// Plays a model in every order, but for those that switch threads in the midst of their work more
/// than three times.
pub fn play(name: &str, model: Model) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    let orders = Arc::new(core::sync::atomic::AtomicU64::new(0));
    let counted = orders.clone();
    // So that it stands before what a model that fails says.
    print!("{name}: ");
    std::io::stdout().flush().unwrap();
    builder.check(move || {
        counted.fetch_add(1, Relaxed);
        model();
    });
    println!("{} orders", orders.load(Relaxed));
}

/// A deadline that never comes: the clock stands still.
pub fn never() -> Deadline {
    Deadline::after(Duration::from_secs(3600))
}

/// Fails where two threads are in it at the same time.
#[derive(Default)]
pub struct Alone(core::sync::atomic::AtomicBool);

impl Alone {
    pub fn with<T>(&self, act: impl FnOnce() -> T) -> T {
        assert!(!self.0.swap(true, Relaxed), "two at once");
        let outcome = act();
        // Another thread may come, if anything lets it.
        loom::thread::yield_now();
        self.0.store(false, Relaxed);
        outcome
    }
}

/// A number that costs loom no orders.
#[derive(Default)]
pub struct Count(core::sync::atomic::AtomicU64);

impl Count {
    pub fn up(&self) -> u64 {
        self.0.fetch_add(1, Relaxed) + 1
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
