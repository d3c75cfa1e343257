//! Changes that wait to be written: one after the other of each consumer, those of several beside each other.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

use crate::store::journal::Ordered;

/// What is written one after the other. What a program submits does not wait for what became of what it
/// submitted before.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Line {
    Submitted(Arc<str>),
    About(Arc<str>),
}

/// A change with its number.
pub(super) type Numbered = (u64, Ordered);

/// All lines.
#[derive(Default)]
pub(super) struct WriteLines {
    /// What waits in each in which something is being written.
    waiting: RefCell<HashMap<Line, VecDeque<Numbered>>>,
    /// The numbers of all that is not written yet.
    unwritten: RefCell<BTreeSet<u64>>,
    last: Cell<u64>,
    written: Notify,
}

impl WriteLines {
    /// Each change has one, in their order.
    pub(super) fn next_number(&self) -> u64 {
        self.last.set(self.last.get() + 1);
        self.last.get()
    }

    /// Puts a change into its line; gives it back where it is first, to be written.
    pub(super) fn join(&self, line: &Line, change: Numbered) -> Option<Numbered> {
        self.unwritten.borrow_mut().insert(change.0);
        let mut waiting = self.waiting.borrow_mut();
        if let Some(others) = waiting.get_mut(line) {
            others.push_back(change);
            return None;
        }
        waiting.insert(line.clone(), VecDeque::new());
        Some(change)
    }

    /// One is written, or never will be: the next of its line.
    pub(super) fn next(&self, line: &Line, written: u64) -> Option<Numbered> {
        self.unwritten.borrow_mut().remove(&written);
        self.written.notify_waiters();
        let mut waiting = self.waiting.borrow_mut();
        let next = waiting.get_mut(line).and_then(VecDeque::pop_front);
        if next.is_none() {
            waiting.remove(line);
        }
        next
    }

    /// Waits until all with a smaller number are written.
    pub(super) async fn all_before(&self, number: u64) {
        while self.unwritten.borrow().first().is_some_and(|first| *first < number) {
            self.written.notified().await;
        }
    }
}
