//! The end of the interpreter.
//!
//! A thread that wants the GIL while the interpreter ends is killed, or held up for ever, by some versions
//! in a way that aborts the process. So before it ends `end` closes the way in: a thread that is in has
//! the time to leave, one that comes later tells nobody, and one that comes back from a call stays away.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How long threads that are in may take to leave: a function that never returns must not keep the
/// process.
const LONGEST: Duration = Duration::from_secs(3);

/// How many threads are in; above that whether the way is closed, and how often the process forked.
static STATE: AtomicU64 = AtomicU64::new(0);
const CLOSED: u64 = 1 << 32;
const FORK: u64 = 1 << 33;

/// The thread that ends the interpreter, which has it for itself in the end.
static ENDING: OnceLock<ThreadId> = OnceLock::new();

thread_local! {
    /// Whether this thread is in already, in a function further out.
    static IS_IN: Cell<bool> = const { Cell::new(false) };
}

/// What has threads of its own, which end before the interpreter does.
pub(crate) trait Ends: Send + Sync + 'static {
    fn end(&self);
}

impl Ends for lpconnector::Receiver {
    fn end(&self) {
        self.shutdown();
    }
}

impl Ends for lpconnector::Connector {
    fn end(&self) {
        self.shutdown(Duration::ZERO);
    }
}

/// The receivers and connectors that there may be.
static HANDLES: Mutex<Vec<Weak<dyn Ends>>> = Mutex::new(Vec::new());

/// While a thread has it, the interpreter does not end.
pub(crate) struct Inside {
    /// How often the process had forked; `None` where nobody waits for this thread.
    forks: Option<u64>,
}

/// Lets a thread in that wants the GIL; not once the interpreter ends.
pub(crate) fn enter() -> Option<Inside> {
    if IS_IN.get() {
        return Some(Inside { forks: None });
    }
    let entered =
        STATE.fetch_update(SeqCst, SeqCst, |state| (state & CLOSED == 0).then_some(state + 1));
    match entered {
        Ok(before) => {
            IS_IN.set(true);
            Some(Inside { forks: Some(before / FORK) })
        }
        Err(_) => {
            (ENDING.get() == Some(&std::thread::current().id())).then_some(Inside { forks: None })
        }
    }
}

/// As [`enter`], for a thread that must have the GIL to go on: once the interpreter ends it stays here,
/// until the process ends.
///
/// Exit handlers that were registered before this package's run after it, and may wait for the thread: where
/// there is an interpreter after all that time, it is one that still runs those.
pub(crate) fn come_back() -> Inside {
    if let Some(inside) = enter() {
        return inside;
    }
    let begun = Instant::now();
    while let Some(left) = LONGEST.checked_sub(begun.elapsed()) {
        std::thread::park_timeout(left);
    }
    while Python::try_attach(|_| ()).is_none() {
        std::thread::park();
    }
    Inside { forks: None }
}

/// For what runs Python's code on a thread that has the GIL: that may give it away, and want it again.
pub(crate) fn stay(py: Python<'_>) -> Inside {
    enter().unwrap_or_else(|| py.detach(come_back))
}

impl Drop for Inside {
    fn drop(&mut self) {
        let Some(forks) = self.forks else { return };
        IS_IN.set(false);
        // In a child that was forked meanwhile, this thread was not counted.
        let _ = STATE
            .fetch_update(SeqCst, SeqCst, |state| (state / FORK == forks).then_some(state - 1));
    }
}

/// Has a handle shut down before the interpreter ends.
pub(crate) fn register(handle: Arc<dyn Ends>) {
    let mut handles = HANDLES.lock().unwrap_or_else(PoisonError::into_inner);
    handles.retain(|one| one.strong_count() > 0);
    handles.push(Arc::downgrade(&handle));
}

/// For `atexit`: shuts receivers and connectors down, and closes the way in.
#[pyfunction]
#[pyo3(name = "_end")]
pub(crate) fn end(py: Python<'_>) {
    let _ = ENDING.set(std::thread::current().id());
    py.detach(|| {
        let begun = Instant::now();
        let until = |is_over: &dyn Fn() -> bool| {
            while !is_over() && begun.elapsed() < LONGEST {
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let handles = std::mem::take(&mut *HANDLES.lock().unwrap_or_else(PoisonError::into_inner));
        let handles: Vec<_> = handles.iter().filter_map(Weak::upgrade).collect();
        if !handles.is_empty() {
            // On a thread of its own, because it waits for theirs.
            let stop = move || handles.iter().for_each(|handle| handle.end());
            if let Ok(stopping) = std::thread::Builder::new().spawn(stop) {
                until(&|| stopping.is_finished());
            }
        }
        STATE.fetch_or(CLOSED, SeqCst);
        until(&|| STATE.load(SeqCst).is_multiple_of(CLOSED));
    });
}

/// For `os.register_at_fork`: the threads that were in are the parent's.
#[pyfunction]
#[pyo3(name = "_forked")]
pub(crate) fn forked() {
    let _ = STATE.fetch_update(SeqCst, SeqCst, |state| Some((state / FORK + 1) * FORK));
}
