//! Locks that are loom's inside, made at their first use, because those of the standard library can be
//! made in constants.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LockResult, OnceLock, PoisonError};
use std::time::Duration;

use crate::clock::{Instant, Sleeper, register};

#[derive(Default)]
pub struct Mutex<T> {
    gate: OnceLock<Arc<loom::sync::Mutex<()>>>,
    /// Only who is through the gate takes it, so it is always free.
    value: std::sync::Mutex<T>,
}

pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    // In the order in which they are given up.
    value: std::sync::MutexGuard<'a, T>,
    gate: loom::sync::MutexGuard<'a, ()>,
}

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Mutex<T> {
        Mutex { gate: OnceLock::new(), value: std::sync::Mutex::new(value) }
    }

    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let gate = self.gate().lock().unwrap();
        Ok(self.behind(gate))
    }

    fn gate(&self) -> &Arc<loom::sync::Mutex<()>> {
        self.gate.get_or_init(|| Arc::new(loom::sync::Mutex::new(())))
    }

    fn behind<'a>(&'a self, gate: loom::sync::MutexGuard<'a, ()>) -> MutexGuard<'a, T> {
        let value = self.value.try_lock().unwrap_or_else(|why| match why {
            std::sync::TryLockError::Poisoned(poisoned) => poisoned.into_inner(),
            std::sync::TryLockError::WouldBlock => unreachable!("somebody came without the gate"),
        });
        MutexGuard { mutex: self, value, gate }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[derive(Default)]
pub struct Condvar {
    changed: OnceLock<Arc<loom::sync::Condvar>>,
}

pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

struct Waiting(AtomicUsize);

loom::lazy_static! {
    static ref WAITING: Waiting = Waiting(AtomicUsize::new(0));
}

/// How many threads wait for a condition.
pub fn waiting() -> usize {
    WAITING.0.load(SeqCst)
}

impl Condvar {
    pub const fn new() -> Condvar {
        Condvar { changed: OnceLock::new() }
    }

    fn changed(&self) -> &Arc<loom::sync::Condvar> {
        self.changed.get_or_init(|| Arc::new(loom::sync::Condvar::new()))
    }

    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let MutexGuard { mutex, value, gate } = guard;
        drop(value);
        WAITING.0.fetch_add(1, SeqCst);
        let gate = self.changed().wait(gate).unwrap();
        WAITING.0.fetch_sub(1, SeqCst);
        Ok(mutex.behind(gate))
    }

    /// Ends when somebody notifies, and when a model moves the clock far enough; never by itself.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let until = Instant::now() + time;
        let (gate, changed) = (guard.mutex.gate().clone(), self.changed().clone());
        register(Sleeper { until, gate, changed });
        let guard = self.wait(guard).unwrap_or_else(PoisonError::into_inner);
        Ok((guard, WaitTimeoutResult(Instant::now() >= until)))
    }

    pub fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        time: Duration,
        mut goes_on: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let until = Instant::now() + time;
        while goes_on(&mut guard) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            guard = self.wait_timeout(guard, left)?.0;
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    pub fn notify_one(&self) {
        self.changed().notify_one();
    }

    pub fn notify_all(&self) {
        self.changed().notify_all();
    }
}
