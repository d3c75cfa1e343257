//! State that belongs to one process, so that handles inherited through `fork()` stay usable.
//!
//! After a fork the child must neither write to its parent's connections nor wait for a lock
//! whose holder, another thread of the parent, does not exist in the child. So everything that
//! connects or locks lives in a [`PerProcess`] cell: a child finds it empty and starts anew.

use std::sync::Arc;

use once_cell::race::OnceBox;

/// A value made anew in each process that uses it. Never blocks.
///
/// What a parent made stays in the child's memory untouched, even after its handles are freed: it
/// may be half changed, and its locks may be held for ever.
pub(crate) struct PerProcess<T> {
    newest: OnceBox<Generation<T>>,
}

struct Generation<T> {
    process: u32,
    value: Arc<T>,
    next: PerProcess<T>,
}

impl<T> Drop for Generation<T> {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.value.clone());
        }
    }
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        PerProcess { newest: OnceBox::new() }
    }

    /// This process's value, if it was made already.
    pub(crate) fn peek(&self) -> Option<&T> {
        let last = self.last()?;
        (last.process == std::process::id()).then_some(&*last.value)
    }

    /// The value of this process, whose id the caller knows; `make` makes it on the first use. When
    /// threads race for the first use, each may make one and all get the same.
    pub(crate) fn get_as(&self, process: u32, make: impl FnOnce() -> T) -> &T {
        let free = match self.last() {
            Some(last) if last.process == process => return &last.value,
            Some(last) => &last.next,
            None => self,
        };
        // A thread that wins the race for the free place is one of this process.
        let new = || Generation { process, value: Arc::new(make()), next: PerProcess::new() };
        &free.newest.get_or_init(|| Box::new(new())).value
    }

    fn last(&self) -> Option<&Generation<T>> {
        let mut last = self.newest.get()?;
        while let Some(next) = last.next.newest.get() {
            last = next;
        }
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_gets_its_own_value_once() {
        let cell = PerProcess::new();
        assert!(cell.peek().is_none());
        assert_eq!(*cell.get_as(1, || "parent"), "parent");
        assert_eq!(*cell.get_as(1, || "again"), "parent");
        assert_eq!(*cell.get_as(2, || "child"), "child");
        assert_eq!(*cell.get_as(2, || "again"), "child");
        assert_eq!(*cell.get_as(3, || "grandchild"), "grandchild");
        // A recycled process id is a new process: only the newest generation counts.
        assert_eq!(*cell.get_as(2, || "recycled"), "recycled");
    }

    #[test]
    fn only_the_process_that_made_a_value_drops_it() {
        let made = Arc::new(());
        let cell = PerProcess::new();
        cell.get_as(std::process::id() + 1, || made.clone());
        cell.get_as(std::process::id(), || made.clone());
        drop(cell);
        assert_eq!(Arc::strong_count(&made), 2, "ours and the parent's, which nobody drops");
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
                        std::ptr::from_ref(cell.get_as(1, || n)).addr()
                    })
                })
                .collect();
            let mut seen: Vec<usize> = threads.into_iter().map(|t| t.join().unwrap()).collect();
            seen.dedup();
            assert_eq!(seen.len(), 1);
        });
    }
}
