//! The window in which a notification that comes again is known as a duplicate.

use std::collections::{HashMap, VecDeque};

use crate::store::change::Fingerprint;

/// All that must still be acknowledged, and the last ones that need not, by their fingerprints.
pub(crate) struct DuplicatesWindow {
    size: usize,
    known: HashMap<Fingerprint, Seen>,
    /// Those that are done.
    by_age: VecDeque<Fingerprint>,
}

/// How far a notification got that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The one with this id must still be acknowledged.
    Unacknowledged(u64),
    Done,
}

impl DuplicatesWindow {
    /// A window of so many notifications beside those that must still be acknowledged.
    pub(crate) fn new(size: usize) -> DuplicatesWindow {
        DuplicatesWindow { size, known: HashMap::new(), by_age: VecDeque::new() }
    }

    pub(crate) fn find(&self, fingerprint: &Fingerprint) -> Option<Seen> {
        self.known.get(fingerprint).copied()
    }

    /// Remembers a notification, or how far it got by now.
    pub(crate) fn remember(&mut self, fingerprint: Fingerprint, seen: Seen) {
        let before = self.known.insert(fingerprint, seen);
        if (before, seen) == (Some(Seen::Done), Seen::Done) {
            return;
        }
        if before == Some(Seen::Done) {
            self.by_age.retain(|known| *known != fingerprint);
        }
        if seen == Seen::Done {
            self.by_age.push_back(fingerprint);
        }
        while self.by_age.len() > self.size {
            if let Some(oldest) = self.by_age.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Takes it as new when it comes again.
    pub(crate) fn forget(&mut self, fingerprint: &Fingerprint) {
        if self.known.remove(fingerprint) == Some(Seen::Done) {
            self.by_age.retain(|known| known != fingerprint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Fingerprint = [1; 32];
    const B: Fingerprint = [2; 32];
    const C: Fingerprint = [3; 32];

    fn known(window: &DuplicatesWindow) -> [bool; 3] {
        [A, B, C].map(|one| window.find(&one).is_some())
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut window = DuplicatesWindow::new(2);
        for fingerprint in [A, B, A, C] {
            window.remember(fingerprint, Seen::Done);
        }
        assert_eq!(known(&window), [false, true, true]);
        let mut none = DuplicatesWindow::new(0);
        none.remember(A, Seen::Done);
        assert_eq!(none.find(&A), None);
    }

    #[test]
    fn what_must_still_be_acknowledged_is_never_forgotten() {
        let mut window = DuplicatesWindow::new(1);
        window.remember(A, Seen::Unacknowledged(7));
        window.remember(B, Seen::Unacknowledged(8));
        window.remember(C, Seen::Done);
        assert_eq!(known(&window), [true, true, true]);
        assert_eq!(window.find(&A), Some(Seen::Unacknowledged(7)));
        window.remember(A, Seen::Done);
        assert_eq!(known(&window), [true, true, false]);
        assert_eq!(window.find(&A), Some(Seen::Done));
    }

    #[test]
    fn what_is_forgotten_leaves_its_room_to_others() {
        let mut window = DuplicatesWindow::new(2);
        window.remember(A, Seen::Done);
        window.remember(B, Seen::Done);
        window.forget(&B);
        window.remember(C, Seen::Done);
        assert_eq!(known(&window), [true, false, true]);
    }
}
