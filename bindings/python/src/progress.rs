//! The function that is told how far a file is.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::call::keep;
use crate::ending;

/// A conversation's progress callback.
///
/// It is kept here, not in the core, so that Python's garbage collector sees it: a callback often
/// refers to its own conversation.
#[derive(Default)]
pub(crate) struct Progress {
    callback: Mutex<Option<Py<PyAny>>>,
}

impl Progress {
    pub(crate) fn set(&self, callback: Option<Py<PyAny>>) {
        let mut place = self.callback.lock().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, callback);
        // Dropping it can run code of the caller's, which may come back here.
        drop(place);
        drop(old);
    }

    /// The function for the core, which calls it without the GIL.
    pub(crate) fn teller(self: &Arc<Self>) -> Box<dyn Fn(u64, u64) + Send + Sync> {
        let this = self.clone();
        Box::new(move |done, total| {
            // While the interpreter ends, there is nobody left to tell.
            let Some(_inside) = ending::enter() else { return };
            Python::try_attach(|py| this.tell(py, done, total));
        })
    }

    fn tell(&self, py: Python<'_>, done: u64, total: u64) {
        let place = self.callback.lock().unwrap_or_else(PoisonError::into_inner);
        let callback = place.as_ref().map(|callback| callback.clone_ref(py));
        drop(place);
        let Some(callback) = callback else { return };
        let told = callback.call1(py, (done, total));
        if let Some(error) = told.err().and_then(|error| keep(py, error)) {
            error.write_unraisable(py, Some(callback.bind(py)));
        }
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // In use by another thread it is alive anyway.
        match self.callback.try_lock() {
            Ok(callback) => visit.call(&*callback),
            Err(_) => Ok(()),
        }
    }
}
