//! Changes that wait to be written: one after the other of each consumer, those of several beside each other.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::store::journal::Ordered;

/// What is written one after the other. What a program submits does not wait for what became of what it
/// submitted before.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Line {
    Submitted(Arc<str>),
    About(Arc<str>),
    /// An update that the program dealt with.
    Told(u64),
}

/// A change with its number.
pub(super) struct Numbered {
    pub number: u64,
    pub ordered: Ordered,
    /// Until then somebody waits for it. None: it is tried until it is written.
    pub until: Option<Instant>,
}

/// All lines.
#[derive(Default)]
pub(super) struct WriteLines {
    /// What waits in each in which something is being written.
    waiting: RefCell<HashMap<Line, VecDeque<Numbered>>>,
    /// The numbers of all that is not written yet, and may be soon.
    unwritten: RefCell<BTreeSet<u64>>,
    /// Of what is owed, and finds no room or is refused.
    blocked: RefCell<HashSet<u64>>,
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
        self.unwritten.borrow_mut().insert(change.number);
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

    /// Takes those out of a line for which nobody waits any more, whatever goes on before them.
    pub(super) fn take_late(&self, line: &Line) -> Vec<Numbered> {
        let now = Instant::now();
        let mut waiting = self.waiting.borrow_mut();
        let Some(waiting) = waiting.get_mut(line) else { return Vec::new() };
        let (late, left): (VecDeque<_>, VecDeque<_>) =
            waiting.drain(..).partition(|it| it.until.is_some_and(|until| until <= now));
        *waiting = left;
        for it in &late {
            self.unwritten.borrow_mut().remove(&it.number);
        }
        self.written.notify_waiters();
        late.into()
    }

    /// One cannot be written, and is tried again: nobody waits for it. Whether it is the first.
    pub(super) fn block(&self, number: u64) -> bool {
        self.unwritten.borrow_mut().remove(&number);
        self.written.notify_waiters();
        let mut blocked = self.blocked.borrow_mut();
        blocked.insert(number) && blocked.len() == 1
    }

    /// One of those could be written. Whether it was the last.
    pub(super) fn unblock(&self, number: u64) -> bool {
        let mut blocked = self.blocked.borrow_mut();
        blocked.remove(&number);
        blocked.is_empty()
    }

    /// Waits until all with a smaller number are written.
    pub(super) async fn all_before(&self, number: u64) {
        while self.unwritten.borrow().first().is_some_and(|first| *first < number) {
            self.written.notified().await;
        }
    }
}
