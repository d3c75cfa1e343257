//! The end of a client, and the sleeps that it cuts short.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Status};
use crate::base::interrupt;
use crate::base::lock::lock;

/// Belongs to one process; whether the client was shut down is told to those forked later, too.
pub(crate) struct Shutdown {
    begun: Arc<AtomicBool>,
    sleepers: Mutex<()>,
    changed: Condvar,
}

impl Shutdown {
    /// `begun`: what all processes of a client read.
    pub(crate) fn new(begun: Arc<AtomicBool>) -> Shutdown {
        Shutdown { begun, sleepers: Mutex::new(()), changed: Condvar::new() }
    }

    /// # Errors
    /// [`Status::Closed`] once the client was shut down, and where the caller wanted its thread back.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check(&self.begun)?;
        interrupt::check()
    }

    /// Sleeps so long, or until the shutdown, or until the caller wants its thread back.
    pub(crate) fn sleep(&self, time: Duration) {
        self.sleep_unless(time, || false);
    }

    /// The same, or until something that [`wake`](Shutdown::wake) is called after.
    pub(crate) fn sleep_unless(&self, time: Duration, is_over: impl Fn() -> bool) {
        let begun = Instant::now();
        let ends = || self.begun.load(SeqCst) || is_over();
        loop {
            let left = interrupt::slice(time.saturating_sub(begun.elapsed()));
            let guard = lock(&self.sleepers);
            let slept = self.changed.wait_timeout_while(guard, left, |()| !ends());
            drop(slept.unwrap_or_else(PoisonError::into_inner));
            if begun.elapsed() >= time || ends() || interrupt::ask().is_err() {
                return;
            }
        }
    }

    /// Has those who sleep look why: once `begun` is set, or what they sleep for is over.
    pub(crate) fn wake(&self) {
        // With the lock, so that nobody is between the look and the sleep.
        let _guard = lock(&self.sleepers);
        self.changed.notify_all();
    }
}

/// As [`Shutdown::check`], where there is nothing of this process yet.
pub(crate) fn check(begun: &AtomicBool) -> Result<(), Error> {
    if begun.load(SeqCst) {
        return Err(Error::new(Status::Closed, "the client was shut down"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_cuts_sleeps_short_those_to_come_included() {
        const HOUR: Duration = Duration::from_secs(3600);

        let begun = Arc::new(AtomicBool::new(false));
        let shutdown = Shutdown::new(begun.clone());
        assert!(shutdown.check().is_ok());
        std::thread::scope(|scope| {
            scope.spawn(|| shutdown.sleep(HOUR));
            begun.store(true, SeqCst);
            shutdown.wake();
        });
        shutdown.sleep(HOUR);
        assert_eq!(shutdown.check().unwrap_err().status(), Status::Closed);
        Shutdown::new(Arc::default()).sleep(Duration::from_millis(1));
    }
}
