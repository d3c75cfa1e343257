//! What the program has not dealt with yet: held back for its turn, ready, or in flight.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::receiver::item::Item;
use crate::receiver::resequencer::Resequencer;

/// How many there are of each, and for how long the oldest has been there.
pub(crate) struct InboxCounts {
    pub queued: usize,
    pub in_flight: usize,
    pub held: usize,
    pub oldest: Duration,
}

/// The queue of one receiver.
pub(crate) struct Queue {
    /// None: what comes first goes out first.
    resequencer: Option<Resequencer>,
    ready: VecDeque<Item>,
    /// Given to the program, which has not acknowledged them.
    in_flight: HashMap<u64, Item>,
}

impl Queue {
    pub(crate) fn new(resequencer: Option<Resequencer>) -> Queue {
        Queue { resequencer, ready: VecDeque::new(), in_flight: HashMap::new() }
    }

    pub(crate) fn push(&mut self, item: Item) {
        match &mut self.resequencer {
            None => self.ready.push_back(item),
            Some(resequencer) => self.ready.extend(resequencer.push(item)),
        }
    }

    /// The next that is to go to the program.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Item> {
        if let Some(resequencer) = &mut self.resequencer {
            self.ready.extend(resequencer.give_up_gaps(now));
        }
        self.ready.pop_front()
    }

    /// When there may be a next one although nothing arrives.
    pub(crate) fn next_ready(&self) -> Option<Instant> {
        self.resequencer.as_ref().and_then(Resequencer::next_give_up)
    }

    /// Whether there is anything that the program was not given yet.
    pub(crate) fn has_more(&self) -> bool {
        !self.ready.is_empty() || self.held() > 0
    }

    /// Keeps an item that was given to the program until it is acknowledged.
    pub(crate) fn keep_in_flight(&mut self, item: Item) {
        self.in_flight.insert(item.id, item);
    }

    /// The program dealt with what it was given.
    pub(crate) fn acknowledge(&mut self, id: u64) {
        self.in_flight.remove(&id);
    }

    /// Takes an item out of wherever it is.
    pub(crate) fn remove(&mut self, id: u64) -> Option<Item> {
        if let Some(at) = self.ready.iter().position(|item| item.id == id) {
            return self.ready.remove(at);
        }
        let held = self.resequencer.as_mut().and_then(|resequencer| resequencer.remove(id));
        held.or_else(|| self.in_flight.remove(&id))
    }

    /// How many there are, those in flight included.
    pub(crate) fn len(&self) -> usize {
        self.ready.len() + self.held() + self.in_flight.len()
    }

    pub(crate) fn counts(&self) -> InboxCounts {
        let held = self.resequencer.iter().flat_map(Resequencer::all_held);
        let all = self.ready.iter().chain(self.in_flight.values()).chain(held);
        InboxCounts {
            queued: self.ready.len(),
            in_flight: self.in_flight.len(),
            held: self.held(),
            oldest: all.map(|item| item.arrived).min().map(|at| at.elapsed()).unwrap_or_default(),
        }
    }

    fn held(&self) -> usize {
        self.resequencer.as_ref().map_or(0, Resequencer::held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::fingerprint::fingerprint;
    use crate::receiver::test_notifications::text;

    fn item(id: u64, sequence: i64) -> Item {
        let notification = text("c", sequence, "x");
        Item { id, fingerprint: fingerprint(&notification), notification, arrived: Instant::now() }
    }

    #[test]
    fn an_item_is_found_wherever_it_is() {
        let hour = Duration::from_secs(3600);
        let mut queue = Queue::new(Some(Resequencer::new(hour, 0)));
        // In flight, ready, and held.
        for (id, sequence) in [(1, 0), (2, 1), (3, 3)] {
            queue.push(item(id, sequence));
        }
        let first = queue.pop(Instant::now()).unwrap();
        assert_eq!((first.id, queue.len()), (1, 2));
        queue.keep_in_flight(first);
        assert_eq!((queue.has_more(), queue.len()), (true, 3));
        for (id, left) in [(2, 2), (1, 1), (3, 0)] {
            assert_eq!(queue.remove(id).map(|item| item.id), Some(id));
            assert_eq!((queue.has_more(), queue.len()), (id != 3, left));
            assert!(queue.remove(id).is_none());
        }
    }

    #[test]
    fn what_is_acknowledged_is_gone() {
        let mut queue = Queue::new(None);
        queue.push(item(1, 7));
        let first = queue.pop(Instant::now()).unwrap();
        queue.keep_in_flight(first);
        queue.acknowledge(1);
        assert_eq!((queue.has_more(), queue.len()), (false, 0));
    }

    #[test]
    fn what_was_held_for_too_long_is_ready_at_that_time() {
        let hour = Duration::from_secs(3600);
        let mut queue = Queue::new(Some(Resequencer::new(hour, 0)));
        queue.push(item(1, 1));
        let at = queue.next_ready().unwrap();
        assert!(queue.pop(at - Duration::from_nanos(1)).is_none());
        assert_eq!(queue.pop(at).map(|item| item.id), Some(1));
    }
}
