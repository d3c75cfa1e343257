//! Locks: taken whatever happened to their last holder, and waited for until a deadline.
//!
//! The library never holds a plain lock while it talks to the network, because a waiting thread
//! could not give up.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::base::deadline::Deadline;
use crate::base::error::Error;
use crate::base::interrupt;

/// Locks even if another thread panicked with the lock held: the state behind these locks is
/// valid between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a change, or until the deadline, or for a moment: whoever waits looks again.
///
/// # Errors
/// [`Status::Timeout`](crate::base::error::Status::Timeout) after the deadline,
/// [`Status::Closed`](crate::base::error::Status::Closed) if the caller wants its thread back.
pub(crate) fn wait<'a, T>(
    mutex: &'a Mutex<T>,
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Deadline,
) -> Result<MutexGuard<'a, T>, Error> {
    let left = interrupt::slice(deadline.remaining()?);
    let (guard, waited) = changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
    if !waited.timed_out() {
        return Ok(guard);
    }
    drop(guard);
    interrupt::ask()?;
    Ok(lock(mutex))
}
