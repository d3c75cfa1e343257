//! A handle of the core that has threads of its own.

use std::ops::Deref;
use std::sync::Arc;

use pyo3::prelude::*;

use crate::call::detached;
use crate::ending::{self, Ends};

/// It ends with the object that has it, or before the interpreter ends.
pub(crate) struct Held<T: Ends>(Option<Arc<T>>);

impl<T: Ends> Held<T> {
    pub(crate) fn new(core: T) -> Held<T> {
        let core = Arc::new(core);
        ending::register(core.clone());
        Held(Some(core))
    }
}

impl<T: Ends> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is taken by drop() alone")
    }
}

impl<T: Ends> Drop for Held<T> {
    /// Its threads end here, and may need the GIL to tell something before that.
    fn drop(&mut self) {
        let mut core = self.0.take();
        if let Some(_inside) = ending::enter() {
            Python::try_attach(|py| {
                let core = core.take();
                detached(py, || drop(core));
            });
        }
        // While the interpreter ends, a thread may be held up for ever: the process ends it.
        std::mem::forget(core);
    }
}
