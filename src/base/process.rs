//! State that belongs to one process, so that handles inherited through `fork()` stay usable.
//!
//! After a fork the child must neither write to its parent's connections nor wait for a lock
//! whose holder, another thread of the parent, does not exist in the child. So everything that
//! connects or locks lives in a [`PerProcess`] cell: a child finds it empty and starts anew.

use std::mem::{ManuallyDrop, forget};
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::base::fork::generation;

/// A value made anew in each process that uses it. Never blocks.
pub(crate) struct PerProcess<T> {
    value: ArcSwapOption<Made<T>>,
}

struct Made<T> {
    /// In which process.
    generation: u64,
    value: T,
    /// What a parent made stays in the child's memory untouched: it may be half changed, and its
    /// locks may be held for ever.
    _inherited: ManuallyDrop<Option<Arc<Made<T>>>>,
}

/// The value of this process.
pub(crate) struct Mine<T>(Arc<Made<T>>);

impl<T> Deref for Mine<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        PerProcess { value: ArcSwapOption::const_empty() }
    }

    /// This process's value, if it was made already.
    pub(crate) fn peek(&self) -> Option<Mine<T>> {
        self.peek_in(generation())
    }

    /// This process's value; `make` makes it on the first use. When threads race for the first use,
    /// each may make one and all get the same.
    pub(crate) fn get(&self, make: impl FnMut() -> T) -> Mine<T> {
        self.get_in(generation(), make)
    }

    fn peek_in(&self, generation: u64) -> Option<Mine<T>> {
        self.value.load_full().filter(|made| made.generation == generation).map(Mine)
    }

    fn get_in(&self, generation: u64, mut make: impl FnMut() -> T) -> Mine<T> {
        if let Some(mine) = self.peek_in(generation) {
            return mine;
        }
        self.value.rcu(|known| match known {
            Some(known) if known.generation == generation => Some(known.clone()),
            inherited => {
                let _inherited = ManuallyDrop::new(inherited.clone());
                Some(Arc::new(Made { generation, value: make(), _inherited }))
            }
        });
        self.get_in(generation, make)
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let made = self.value.swap(None);
        if made.as_ref().is_some_and(|made| made.generation != generation()) {
            forget(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_gets_its_own_value_once() {
        let cell = PerProcess::new();
        assert!(cell.peek_in(1).is_none());
        assert_eq!(*cell.get_in(1, || "parent"), "parent");
        assert_eq!(*cell.get_in(1, || "again"), "parent");
        assert_eq!(*cell.get_in(2, || "child"), "child");
        assert_eq!(*cell.get_in(2, || "again"), "child");
        assert_eq!(*cell.get_in(3, || "grandchild"), "grandchild");
        assert!(cell.peek_in(2).is_none());
    }

    #[test]
    fn only_the_process_that_made_a_value_drops_it() {
        let made = Arc::new(());
        let cell = PerProcess::new();
        cell.get_in(generation() + 1, || made.clone());
        drop(cell);
        assert_eq!(Arc::strong_count(&made), 2, "that of the other process");
        let cell = PerProcess::new();
        cell.get_in(generation() + 1, || made.clone());
        cell.get(|| made.clone());
        drop(cell);
        assert_eq!(Arc::strong_count(&made), 3, "those of the other process alone");
    }

    #[test]
    fn racing_threads_share_one_value() {
        let cell = PerProcess::new();
        let start = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let (cell, start) = (&cell, &start);
                    scope.spawn(move || {
                        start.wait();
                        *cell.get(|| n)
                    })
                })
                .collect();
            let mut seen: Vec<usize> = threads.into_iter().map(|t| t.join().unwrap()).collect();
            seen.dedup();
            assert_eq!(seen.len(), 1);
        });
    }
}
