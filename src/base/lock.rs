//! Locks: taken whatever happened to their last holder, and waited for until a deadline.
//!
//! The library never holds a plain lock while it talks to the network, because a waiting thread
//! could not give up.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::base::deadline::Deadline;
use crate::base::error::Error;

/// Locks even if another thread panicked with the lock held: the state behind these locks is
/// valid between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a change, or until the deadline.
pub(crate) fn wait<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Deadline,
) -> Result<MutexGuard<'a, T>, Error> {
    let left = deadline.remaining()?;
    let (guard, _) = changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
    Ok(guard)
}
