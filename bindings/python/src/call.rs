//! A call of the core.

use std::sync::{Arc, Mutex, PoisonError};

use lpconnector::{Error, interruptible};
use pyo3::prelude::*;

use crate::ending::{Inside, come_back, stay};
use crate::error::raise;

/// What a signal handler raised while the core waited.
type Raised = Arc<Mutex<Option<PyErr>>>;

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

/// Whether a handler raised something.
fn handle_signals(raised: &Raised) -> bool {
    let handled = Python::try_attach(|py| py.check_signals());
    let Some(Err(error)) = handled else { return false };
    *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    true
}
