//! Locks, and what a panic under one means.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock. That another thread panicked under it is no reason to stop: no code panics there
/// in a way that leaves the state half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
