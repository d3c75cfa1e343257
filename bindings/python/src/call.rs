//! A call of the core.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lpconnector::{Error, interruptible};
use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;

use crate::ending::{Inside, come_back, stay};
use crate::error::raise;

/// How long Ctrl-C has to wait at most.
pub(crate) const SLICE: Duration = Duration::from_millis(100);

/// What a signal handler raised while the core was at work.
type Raised = Arc<Mutex<Option<PyErr>>>;

thread_local! {
    /// That of the call under way in the main thread.
    static UNDER_WAY: RefCell<Option<Raised>> = const { RefCell::new(None) };
}

/// The call further out, which goes on.
struct Outer(Option<Raised>);

impl Drop for Outer {
    fn drop(&mut self) {
        UNDER_WAY.set(self.0.take());
    }
}

/// Makes a call of the core that may wait, without the GIL; its error becomes an exception.
///
/// In the main thread signal handlers run meanwhile; what one raises ends the call, and what came of
/// the call is its context.
pub(crate) fn call<T: Send>(
    py: Python<'_>,
    make: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    if !has_signals(py)? {
        let (outcome, _inside) = away(py, make);
        return outcome.map_err(|error| raise(py, &error));
    }
    let raised = Raised::default();
    let keep = raised.clone();
    let _outer = Outer(UNDER_WAY.replace(Some(raised.clone())));
    let (outcome, _inside) = away(py, || interruptible(move || handle_signals(&keep), make));
    let outcome = outcome.map_err(|error| raise(py, &error));
    let raised = raised.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(raised) = raised else { return outcome };
    if let Err(error) = outcome {
        raised.value(py).setattr("__context__", error.value(py))?;
    }
    Err(raised)
}

/// Does what may wait for another thread without the GIL.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    away(py, work).0
}

/// As [`detached`], for work that may take long and asks nobody meanwhile. In the main thread signal
/// handlers run; once one raises something, `cut_short` is called, which ends the work. Inside a function
/// of the program that the core called, the core sees to it that it takes no time.
pub(crate) fn until_signal(
    py: Python<'_>,
    work: impl Fn() + Sync,
    cut_short: impl Fn() + Sync,
) -> PyResult<()> {
    if !has_signals(py)? || UNDER_WAY.with_borrow(Option::is_some) {
        detached(py, &work);
        return Ok(());
    }
    let (is_done, waits) = (AtomicBool::new(false), std::thread::current());
    std::thread::scope(|scope| {
        let working = std::thread::Builder::new().spawn_scoped(scope, || {
            work();
            is_done.store(true, SeqCst);
            waits.unpark();
        });
        if working.is_err() {
            detached(py, &work);
            return Ok(());
        }
        let mut raised = Ok(());
        while !is_done.load(SeqCst) {
            detached(py, || std::thread::park_timeout(SLICE));
            if raised.is_ok() {
                raised = py.check_signals();
                if raised.is_err() {
                    detached(py, &cut_short);
                }
            }
        }
        raised
    })
}

/// As [`detached`], and the interpreter does not end as long as the second is kept.
fn away<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> (T, Inside) {
    py.detach(|| (work(), come_back()))
}

/// Whether this thread runs signal handlers.
fn has_signals(py: Python<'_>) -> PyResult<bool> {
    let _inside = stay(py);
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    threading.call_method0("get_ident")?.eq(main)
}

/// What a function of the program raised that the core called. What is meant for the program and not
/// for that function, such as Ctrl-C or an exit while it ran, ends the call under way; anything else is
/// given back.
pub(crate) fn keep(py: Python<'_>, error: PyErr) -> Option<PyErr> {
    if error.is_instance_of::<PyException>(py) {
        return Some(error);
    }
    if let Some(raised) = UNDER_WAY.with_borrow(Clone::clone) {
        raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        return None;
    }
    if !error.is_instance_of::<PyKeyboardInterrupt>(py) {
        return Some(error);
    }
    // It comes again in the main thread.
    py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main")).err()
}

/// Whether a handler raised something.
fn handle_signals(raised: &Raised) -> bool {
    if raised.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
        return true;
    }
    let handled = Python::try_attach(|py| py.check_signals());
    let Some(Err(error)) = handled else { return false };
    *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    true
}
