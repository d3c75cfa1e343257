//! When something changed in an account, for whoever follows it.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::watch;

/// Counts the changes of an account. A follower asks for all that has a higher number than it knows.
#[derive(Default)]
pub(crate) struct Changes {
    count: watch::Sender<u64>,
    /// The last change of each conversation.
    last: HashMap<String, u64>,
    /// The same, in order.
    conversations: BTreeMap<u64, String>,
}

impl Changes {
    /// One more. Gives back its number, from 1 on.
    pub(crate) fn next(&mut self) -> u64 {
        self.count.send_modify(|count| *count += 1);
        self.count()
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        *self.count.borrow()
    }

    /// One more, of a conversation.
    pub(crate) fn of_conversation(&mut self, id: &str) {
        let number = self.next();
        if let Some(before) = self.last.insert(id.to_owned(), number) {
            self.conversations.remove(&before);
        }
        self.conversations.insert(number, id.to_owned());
    }

    /// The last change of a conversation; 0 where there was none.
    pub(crate) fn last(&self, id: &str) -> u64 {
        self.last.get(id).copied().unwrap_or_default()
    }

    /// The first conversation that changed after this change and not since, with its own.
    pub(crate) fn conversation_after(&self, number: u64) -> Option<(u64, &str)> {
        let (number, id) = self.conversations.range(number + 1..).next()?;
        Some((*number, id))
    }

    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }
}
