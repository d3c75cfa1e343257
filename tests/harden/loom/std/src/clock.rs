//! A clock that stands still until a model moves it.

use std::ops::Add;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A moment since the model began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    pub fn now() -> Instant {
        Instant(*CLOCK.now.lock().unwrap())
    }

    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }

    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, more: Duration) -> Instant {
        Instant(self.0 + more)
    }
}

/// Who waits until a moment: whoever moves the clock wakes all whose moment has come.
#[derive(Clone)]
pub(crate) struct Sleeper {
    pub until: Instant,
    pub gate: Arc<loom::sync::Mutex<()>>,
    pub changed: Arc<loom::sync::Condvar>,
}

#[derive(Default)]
struct Clock {
    now: Mutex<Duration>,
    sleepers: Mutex<Vec<Sleeper>>,
}

loom::lazy_static! {
    static ref CLOCK: Clock = Clock::default();
}

pub(crate) fn register(sleeper: Sleeper) {
    CLOCK.sleepers.lock().unwrap().push(sleeper);
}

/// Lets so much time pass.
pub fn advance(time: Duration) {
    // Any thread may come before this.
    loom::thread::yield_now();
    *CLOCK.now.lock().unwrap() += time;
    let now = Instant::now();
    let sleepers = CLOCK.sleepers.lock().unwrap().clone();
    for sleeper in sleepers.iter().filter(|sleeper| sleeper.until <= now) {
        // With the lock, so that it is not between its look at the clock and its sleep.
        let _gate = sleeper.gate.lock().unwrap();
        sleeper.changed.notify_all();
    }
}
