//! When something changed in an account, for whoever follows it.

use tokio::sync::watch;

/// Counts the changes of an account. What changes keeps the number of its last one, so that a
/// follower asks for all that has a higher one than it knows.
#[derive(Default)]
pub(crate) struct Changes(watch::Sender<u64>);

impl Changes {
    /// One more. Gives back its number, from 1 on.
    pub(crate) fn next(&mut self) -> u64 {
        self.0.send_modify(|number| *number += 1);
        *self.0.borrow()
    }

    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
