//! What the program has not dealt with yet: held back for its turn, ready, put back, or with the
//! program.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::receiver::dialogs::dialogs;
use crate::receiver::item::Item;
use crate::receiver::resequencer::Resequencer;
use crate::store::change::DialogKey;
use crate::store::left::Stopped;

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
    /// How long the program has, before it is given something again; None: for ever.
    redeliver_after: Option<Duration>,
    /// All but what the resequencer holds.
    entries: HashMap<u64, Entry>,
    next_turn: u64,
    /// By turn, as what is given out again goes before what was not given out yet.
    ready: BTreeMap<u64, u64>,
    put_back: BTreeSet<(Instant, u64)>,
    /// By dialog, what waits for something that was put back there, which goes first.
    parked: HashMap<DialogKey, BTreeSet<u64>>,
    /// The turns of what was put back, by dialog.
    blocked: HashMap<DialogKey, BTreeSet<u64>>,
    /// With the program, where that has an end.
    out: BTreeSet<(Instant, u64)>,
    closed: bool,
}

/// So many are no backlog.
const FEW: usize = 64;

struct Entry {
    item: Item,
    turn: u64,
    /// How often it was given out.
    given: u64,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Ready,
    Parked,
    /// Until then it does not go out again.
    PutBack(Instant),
    /// With the program, until it is given out again.
    Out(Option<Instant>),
}

impl Queue {
    pub(crate) fn new(
        resequencer: Option<Resequencer>,
        redeliver_after: Option<Duration>,
    ) -> Queue {
        Queue {
            resequencer,
            redeliver_after,
            entries: HashMap::new(),
            next_turn: 0,
            ready: BTreeMap::new(),
            put_back: BTreeSet::new(),
            parked: HashMap::new(),
            blocked: HashMap::new(),
            out: BTreeSet::new(),
            closed: false,
        }
    }

    /// Takes in what an earlier process left, in the order in which it came.
    pub(crate) fn resume(&mut self, left: Vec<Item>, stopped: Vec<Stopped>) {
        let released = match &mut self.resequencer {
            None => left,
            Some(resequencer) => resequencer.resume(left, stopped),
        };
        self.line_up(released);
    }

    pub(crate) fn push(&mut self, item: Item) {
        let mut released = match &mut self.resequencer {
            None => vec![item],
            Some(resequencer) => resequencer.push(item),
        };
        if self.closed {
            released.extend(self.resequencer.iter_mut().flat_map(Resequencer::give_up_all));
        }
        self.line_up(released);
    }

    /// Whether there is one that can go out now.
    pub(crate) fn is_ready(&mut self, now: Instant) -> bool {
        self.settle(now);
        !self.ready.is_empty()
    }

    /// Gives the next one out: what it is, its turn, and how often it was given out with this.
    pub(crate) fn give_out(&mut self, now: Instant) -> Option<(&Item, u64, u64)> {
        self.settle(now);
        let (turn, id) = self.ready.pop_first()?;
        let until = self.redeliver_after.map(|after| now + after);
        self.out.extend(until.map(|until| (until, id)));
        let entry = self.entries.get_mut(&id)?;
        entry.place = Place::Out(until);
        entry.given += 1;
        Some((&entry.item, turn, entry.given))
    }

    /// Takes back what the program was given for the time number `given`, to give it out again from
    /// then on. Nothing happens where it was given out again since, or is no longer there.
    pub(crate) fn put_back(&mut self, id: u64, given: u64, at: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        // After the end it stays with the program, or polls would never end.
        if self.closed || entry.given != given {
            return;
        }
        let Place::Out(until) = entry.place else { return };
        self.out.remove(&(until.unwrap_or(at), id));
        entry.place = Place::PutBack(at);
        self.put_back.insert((at, id));
        for dialog in dialogs(&entry.item.notification) {
            self.blocked.entry(dialog).or_default().insert(entry.turn);
        }
    }

    /// Takes in again what left the queue when it was given out; not after the end, and not twice.
    pub(crate) fn take_back(&mut self, item: Item, turn: u64, at: Instant) {
        let id = item.id;
        if self.closed || self.entries.contains_key(&id) {
            return;
        }
        self.entries.insert(id, Entry { item, turn, given: 0, place: Place::Out(None) });
        self.put_back(id, 0, at);
    }

    /// Takes an item out of wherever it is.
    pub(crate) fn remove(&mut self, id: u64) -> Option<Item> {
        if let Some(entry) = self.entries.remove(&id) {
            match entry.place {
                Place::Ready => drop(self.ready.remove(&entry.turn)),
                Place::Parked => self.unpark(&entry.item),
                Place::PutBack(at) => {
                    self.put_back.remove(&(at, id));
                    self.unblock(&entry.item, entry.turn);
                }
                Place::Out(until) => drop(until.map(|until| self.out.remove(&(until, id)))),
            }
            if self.entries.is_empty() {
                // What a backlog took is given back once it is dealt with.
                self.entries.shrink_to(FEW);
            }
            return Some(entry.item);
        }
        let (item, freed) = self.resequencer.as_mut()?.remove(id)?;
        self.line_up(freed);
        Some(item)
    }

    /// When something may become ready although nothing happens.
    pub(crate) fn next_ready(&self) -> Option<Instant> {
        if self.closed {
            return None;
        }
        let first = |times: &BTreeSet<(Instant, u64)>| times.first().map(|(at, _)| *at);
        let gap = self.resequencer.as_ref().and_then(Resequencer::next_give_up);
        [gap, first(&self.put_back), first(&self.out)].into_iter().flatten().min()
    }

    /// Whether it has, or will have, something to give out.
    pub(crate) fn has_more(&self) -> bool {
        !self.ready.is_empty() || self.next_ready().is_some()
    }

    #[cfg(test)]
    pub(crate) fn is_anything_parked(&self) -> bool {
        !self.parked.is_empty()
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.entries.contains_key(&id)
    }

    /// How many there are, those with the program included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() + self.held()
    }

    /// Nothing comes any more: what waits for something goes out now, and nothing a second time.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.blocked.clear();
        self.ready_again(|_| true);
        let held = self.resequencer.iter_mut().flat_map(Resequencer::give_up_all).collect();
        self.line_up(held);
    }

    /// What becomes ready with the time becomes ready, and what may not go out yet is put aside.
    fn settle(&mut self, now: Instant) {
        if !self.closed {
            let late = self.resequencer.iter_mut().flat_map(|all| all.give_up_gaps(now)).collect();
            self.line_up(late);
            self.ready_again(|at| at <= now);
            while let Some((until, id)) = self.out.first().copied().filter(|(at, _)| *at <= now) {
                self.out.remove(&(until, id));
                self.make_ready(id);
            }
        }
        while let Some((&turn, &id)) = self.ready.first_key_value() {
            let Some(dialog) = self.blocking(id) else { return };
            self.ready.remove(&turn);
            self.parked.entry(dialog).or_default().insert(id);
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.place = Place::Parked;
            }
        }
    }

    fn line_up(&mut self, items: Vec<Item>) {
        for item in items {
            let (id, turn) = (item.id, self.next_turn);
            self.next_turn += 1;
            self.ready.insert(turn, id);
            self.entries.insert(id, Entry { item, turn, given: 0, place: Place::Ready });
        }
    }

    /// Makes ready what was put back until a time that is over.
    fn ready_again(&mut self, is_over: impl Fn(Instant) -> bool) {
        while let Some((at, id)) = self.put_back.first().copied().filter(|(at, _)| is_over(*at)) {
            self.put_back.remove(&(at, id));
            if let Some(entry) = self.entries.get(&id) {
                let (turn, dialogs) = (entry.turn, dialogs(&entry.item.notification));
                self.unblock_dialogs(dialogs, turn);
            }
            self.make_ready(id);
        }
    }

    fn make_ready(&mut self, id: u64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.place = Place::Ready;
            self.ready.insert(entry.turn, id);
        }
    }

    /// The dialog in which something was put back that goes before it.
    fn blocking(&self, id: u64) -> Option<DialogKey> {
        let entry = self.entries.get(&id).filter(|_| !self.blocked.is_empty())?;
        let first = |dialog: &DialogKey| self.blocked.get(dialog).and_then(BTreeSet::first);
        let mut dialogs = dialogs(&entry.item.notification).into_iter();
        dialogs.find(|dialog| first(dialog).is_some_and(|turn| *turn < entry.turn))
    }

    fn unpark(&mut self, item: &Item) {
        for dialog in dialogs(&item.notification) {
            if let Some(ids) = self.parked.get_mut(&dialog) {
                ids.remove(&item.id);
                if ids.is_empty() {
                    self.parked.remove(&dialog);
                }
            }
        }
    }

    fn unblock(&mut self, item: &Item, turn: u64) {
        self.unblock_dialogs(dialogs(&item.notification), turn);
    }

    /// Perhaps what was parked there is still blocked by another one: the next look tells.
    fn unblock_dialogs(&mut self, dialogs: Vec<DialogKey>, turn: u64) {
        for dialog in dialogs {
            if let Some(turns) = self.blocked.get_mut(&dialog) {
                turns.remove(&turn);
                if turns.is_empty() {
                    self.blocked.remove(&dialog);
                }
            }
            for id in self.parked.remove(&dialog).unwrap_or_default() {
                self.make_ready(id);
            }
        }
    }

    pub(crate) fn counts(&self) -> InboxCounts {
        let held = self.resequencer.iter().flat_map(Resequencer::all_held);
        let all = self.entries.values().map(|entry| &entry.item).chain(held);
        let with_program = |entry: &&Entry| matches!(entry.place, Place::Out(_));
        let in_flight = self.entries.values().filter(with_program).count();
        InboxCounts {
            queued: self.entries.len() - in_flight,
            in_flight,
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

    const HOUR: Duration = Duration::from_secs(3600);

    fn item(id: u64, dialog: &str, sequence: i64) -> Item {
        let notification = std::sync::Arc::new(text(dialog, sequence, "x"));
        Item { id, fingerprint: fingerprint(&notification), notification, arrived: Instant::now() }
    }

    fn in_order() -> Queue {
        Queue::new(Some(Resequencer::new(HOUR, 1000)), None)
    }

    /// The ids that go out at that time.
    fn all(queue: &mut Queue, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| queue.give_out(now).map(|(item, ..)| item.id)).collect()
    }

    #[test]
    fn an_item_is_found_wherever_it_is() {
        let now = Instant::now();
        let mut queue = in_order();
        for (id, sequence) in [(1, 0), (2, 1), (3, 2), (4, 3), (5, 9)] {
            queue.push(item(id, "c", sequence));
        }
        // Put back, parked behind it, with the program, ready, and held.
        assert_eq!(queue.give_out(now).map(|(item, ..)| item.id), Some(1));
        assert_eq!(queue.give_out(now).map(|(item, ..)| item.id), Some(2));
        queue.put_back(2, 1, now + HOUR);
        assert!(!queue.is_ready(now));
        queue.push(item(6, "other", 0));
        for (id, left) in [(2, 5), (4, 4), (1, 3), (6, 2), (5, 1), (3, 0)] {
            assert_eq!(queue.len(), left + 1);
            assert_eq!(queue.remove(id).map(|item| item.id), Some(id));
            assert!(queue.remove(id).is_none());
        }
        assert_eq!((queue.len(), queue.has_more(), queue.next_ready()), (0, false, None));
        assert!(queue.blocked.is_empty() && queue.parked.is_empty());
    }

    #[test]
    fn what_was_held_for_too_long_is_ready_at_that_time() {
        let mut queue = in_order();
        queue.push(item(1, "c", 1));
        let at = queue.next_ready().unwrap();
        assert!(!queue.is_ready(at - Duration::from_nanos(1)));
        assert_eq!(all(&mut queue, at), [1]);
    }

    #[test]
    fn a_backlog_that_is_dealt_with_takes_no_memory() {
        let mut queue = Queue::new(None, None);
        (0..5000).for_each(|id| queue.push(item(id, "c", id as i64)));
        assert_eq!(all(&mut queue, Instant::now()).len(), 5000);
        (0..5000).for_each(|id| drop(queue.remove(id)));
        assert!(queue.entries.capacity() < 4 * FEW, "{}", queue.entries.capacity());
    }

    #[test]
    fn what_was_put_back_goes_before_what_follows_in_its_dialog() {
        let now = Instant::now();
        let mut queue = Queue::new(None, None);
        for (id, dialog) in [(1, "c"), (2, "c"), (3, "d"), (4, "c")] {
            queue.push(item(id, dialog, id as i64));
        }
        assert_eq!(queue.give_out(now).map(|(item, ..)| item.id), Some(1));
        queue.put_back(1, 1, now + HOUR);
        assert_eq!(all(&mut queue, now), [3]);
        assert_eq!(queue.next_ready(), Some(now + HOUR));
        assert_eq!(all(&mut queue, now + HOUR), [1, 2, 4]);
        // At once: before the rest.
        queue.push(item(5, "c", 5));
        queue.put_back(2, 1, now);
        assert_eq!(all(&mut queue, now), [2, 5]);
        // Several: in their turn.
        queue.put_back(4, 1, now + HOUR);
        queue.put_back(1, 2, now + 2 * HOUR);
        assert!(all(&mut queue, now + HOUR).is_empty());
        assert_eq!(all(&mut queue, now + 2 * HOUR), [1, 4]);
    }

    #[test]
    fn who_was_given_it_earlier_does_not_put_it_back() {
        let now = Instant::now();
        let mut queue = Queue::new(None, Some(HOUR));
        queue.push(item(1, "c", 0));
        assert_eq!(queue.give_out(now).map(|(_, _, given)| given), Some(1));
        assert_eq!(queue.next_ready(), Some(now + HOUR));
        assert!(!queue.is_ready(now + HOUR - Duration::from_nanos(1)));
        assert_eq!(queue.give_out(now + HOUR).map(|(_, _, given)| given), Some(2));
        queue.put_back(1, 1, now);
        assert!(!queue.is_ready(now + HOUR), "the other one has it");
        queue.put_back(1, 2, now);
        queue.put_back(1, 2, now + HOUR);
        assert_eq!(all(&mut queue, now), [1]);
    }

    #[test]
    fn the_end_lets_all_out_once() {
        let now = Instant::now();
        let mut queue = in_order();
        for (id, sequence) in [(1, 0), (2, 1), (3, 5)] {
            queue.push(item(id, "c", sequence));
        }
        assert_eq!(queue.give_out(now).map(|(item, ..)| item.id), Some(1));
        queue.put_back(1, 1, now + HOUR);
        queue.close();
        queue.push(item(4, "c", 9));
        assert_eq!(all(&mut queue, now), [1, 2, 3, 4]);
        queue.put_back(1, 2, now);
        assert!(!queue.is_ready(now + HOUR), "polls would never end");
    }

    #[test]
    fn only_what_waited_for_it_is_looked_at_again() {
        let now = Instant::now();
        let mut queue = Queue::new(None, None);
        const DIALOGS: u64 = 50;
        for id in 0..DIALOGS * 10 {
            queue.push(item(id, &(id % DIALOGS).to_string(), id as i64));
        }
        for id in 0..DIALOGS {
            assert_eq!(queue.give_out(now).map(|(item, ..)| item.id), Some(id));
            queue.put_back(id, 1, now + HOUR);
        }
        assert!(!queue.is_ready(now));
        for id in 0..DIALOGS {
            assert_eq!(queue.parked.len() as u64, DIALOGS - id);
            queue.remove(id);
            assert_eq!(queue.ready.len(), 9);
            assert_eq!(all(&mut queue, now).len(), 9);
        }
    }
}
