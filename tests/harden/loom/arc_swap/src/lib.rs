//! What `arc_swap` promises, in loom's hands: each method comes at one moment, and any other thread
//! may come between two of them.

use std::sync::Arc;

use loom_std::sync::Mutex;

pub struct ArcSwapOption<T> {
    value: Mutex<Option<Arc<T>>>,
}

impl<T> ArcSwapOption<T> {
    pub const fn const_empty() -> Self {
        ArcSwapOption { value: Mutex::new(None) }
    }

    pub fn load_full(&self) -> Option<Arc<T>> {
        self.value.lock().unwrap().clone()
    }

    pub fn swap(&self, new: Option<Arc<T>>) -> Option<Arc<T>> {
        std::mem::replace(&mut *self.value.lock().unwrap(), new)
    }

    /// Makes the next value of the one that is there, again where another thread came between.
    pub fn rcu(&self, mut next: impl FnMut(&Option<Arc<T>>) -> Option<Arc<T>>) -> Option<Arc<T>> {
        let at = |value: &Option<Arc<T>>| value.as_ref().map(Arc::as_ptr);
        loop {
            let known = self.load_full();
            let new = next(&known);
            let mut value = self.value.lock().unwrap();
            if at(&value) == at(&known) {
                *value = new;
                return known;
            }
        }
    }
}
