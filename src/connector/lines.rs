//! Lines of consumers: what waits for one of them goes one at a time and in order, and the consumers do
//! not wait for each other.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// Something that waits, known by its id.
pub(crate) trait Waits {
    fn id(&self) -> u64;
}

/// What waits for all consumers.
pub(crate) struct Lines<T> {
    lines: HashMap<Arc<str>, Line<T>>,
    /// The consumers whose first may go, in their turn, and since when.
    ready: VecDeque<(Instant, Arc<str>)>,
    /// Those whose first goes again then, unless it is gone.
    later: BTreeSet<(Instant, Arc<str>)>,
    len: usize,
    out: usize,
}

struct Line<T> {
    waiting: VecDeque<T>,
    first: First,
}

/// Where the first of a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Ready,
    /// With whoever took it, and again in the line from then on; None: until that one says what became
    /// of it.
    Out(Option<Instant>),
    Later(Instant),
    /// Until who holds it says when it goes.
    Held,
}

impl<T: Waits> Lines<T> {
    pub(crate) fn new() -> Lines<T> {
        Lines {
            lines: HashMap::new(),
            ready: VecDeque::new(),
            later: BTreeSet::new(),
            len: 0,
            out: 0,
        }
    }

    /// Puts it at the end of the consumer's line.
    pub(crate) fn push(&mut self, consumer: &Arc<str>, one: T) {
        self.len += 1;
        if let Some(line) = self.lines.get_mut(consumer) {
            line.waiting.push_back(one);
            return;
        }
        let line = Line { waiting: VecDeque::from([one]), first: First::Ready };
        self.lines.insert(consumer.clone(), line);
        self.ready.push_back((Instant::now(), consumer.clone()));
    }

    /// Takes the first of the line whose turn it is; for `until` nobody else gets it. None: until that
    /// is said otherwise.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        until: Option<Instant>,
    ) -> Option<(Arc<str>, &mut T)> {
        self.settle(now);
        let (_, consumer) = self.ready.pop_front()?;
        let line = self.lines.get_mut(&consumer)?;
        line.first = First::Out(until);
        self.out += 1;
        if let Some(until) = until {
            self.later.insert((until, consumer.clone()));
        }
        line.waiting.front_mut().map(|first| (consumer, first))
    }

    /// The first of the consumer's line, wherever it is.
    pub(crate) fn first(&self, consumer: &str) -> Option<&T> {
        self.lines.get(consumer)?.waiting.front()
    }

    pub(crate) fn first_mut(&mut self, consumer: &str) -> Option<&mut T> {
        self.lines.get_mut(consumer)?.waiting.front_mut()
    }

    /// The one with this id, wherever in the consumer's line it stands.
    pub(crate) fn find_mut(&mut self, consumer: &str, id: u64) -> Option<&mut T> {
        self.lines.get_mut(consumer)?.waiting.iter_mut().find(|one| one.id() == id)
    }

    /// Takes the first out of the consumer's line, if it is the one with this id: the next one follows.
    pub(crate) fn remove(&mut self, consumer: &str, id: u64) -> Option<T> {
        let (key, line) = self.lines.get_key_value(consumer)?;
        if line.waiting.front()?.id() != id {
            return None;
        }
        let key = key.clone();
        self.leave(&key);
        let line = self.lines.get_mut(&key)?;
        let gone = line.waiting.pop_front();
        self.len -= 1;
        if line.waiting.is_empty() {
            self.lines.remove(&key);
            if self.lines.is_empty() {
                // What a backlog took is given back once it is gone.
                (self.lines, self.ready) = (HashMap::new(), VecDeque::new());
            }
        } else {
            if line.waiting.capacity() > 64 && line.waiting.len() * 4 < line.waiting.capacity() {
                line.waiting.shrink_to(line.waiting.len() * 2);
            }
            line.first = First::Ready;
            self.ready.push_back((Instant::now(), key));
        }
        gone
    }

    /// The first of the consumer's line, if it is the one with this id, may go from then on.
    pub(crate) fn put_off(&mut self, consumer: &str, id: u64, at: Instant) {
        self.place(consumer, id, First::Later(at));
    }

    /// The first of the consumer's line, if it is the one with this id, goes nowhere until somebody says
    /// so.
    pub(crate) fn hold(&mut self, consumer: &str, id: u64) {
        self.place(consumer, id, First::Held);
    }

    /// What waits first in the consumer's line for a time may go now.
    pub(crate) fn hasten(&mut self, consumer: &str) {
        let Some(line) = self.lines.get(consumer) else { return };
        if let (First::Later(_), Some(first)) = (line.first, line.waiting.front()) {
            self.place(consumer, first.id(), First::Ready);
        }
    }

    /// What waits first in the consumer's line for a time goes from then on.
    pub(crate) fn wait_until(&mut self, consumer: &str, at: Instant) {
        let Some(line) = self.lines.get(consumer) else { return };
        if let (First::Later(_), Some(first)) = (line.first, line.waiting.front()) {
            self.place(consumer, first.id(), First::Later(at));
        }
    }

    fn place(&mut self, consumer: &str, id: u64, first: First) {
        let Some((key, line)) = self.lines.get_key_value(consumer) else { return };
        if line.waiting.front().is_none_or(|first| first.id() != id) {
            return;
        }
        let key = key.clone();
        self.leave(&key);
        match first {
            First::Ready => self.ready.push_back((Instant::now(), key.clone())),
            First::Later(at) => drop(self.later.insert((at, key.clone()))),
            First::Out(_) | First::Held => {}
        }
        if let Some(line) = self.lines.get_mut(&key) {
            line.first = first;
        }
    }

    /// Takes the line out of wherever its first is.
    fn leave(&mut self, consumer: &Arc<str>) {
        let Some(line) = self.lines.get(consumer) else { return };
        match line.first {
            First::Ready => {
                // Near the front in almost all cases: what is ready is taken in turn.
                if let Some(at) = self.ready.iter().position(|(_, it)| it == consumer) {
                    self.ready.remove(at);
                }
            }
            First::Later(at) => drop(self.later.remove(&(at, consumer.clone()))),
            First::Out(until) => {
                self.out -= 1;
                if let Some(until) = until {
                    self.later.remove(&(until, consumer.clone()));
                }
            }
            First::Held => {}
        }
    }

    /// What becomes ready with the time becomes ready.
    fn settle(&mut self, now: Instant) {
        while self.later.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, consumer)) = self.later.pop_first() else { return };
            let Some(line) = self.lines.get_mut(&consumer) else { continue };
            if let First::Out(_) = line.first {
                self.out -= 1;
            }
            line.first = First::Ready;
            self.ready.push_back((now, consumer));
        }
    }

    /// Since when the one that goes next has been ready.
    pub(crate) fn ready_since(&mut self, now: Instant) -> Option<Instant> {
        self.settle(now);
        self.ready.front().map(|(since, _)| *since)
    }

    /// Whether something can be taken now.
    pub(crate) fn is_any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The consumer's name, where a line has it.
    pub(crate) fn name(&self, consumer: &str) -> Option<Arc<str>> {
        self.lines.get_key_value(consumer).map(|(name, _)| name.clone())
    }

    /// When something becomes ready although nothing happens.
    pub(crate) fn next_ready(&self) -> Option<Instant> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Whether anything of that consumer waits.
    pub(crate) fn has(&self, consumer: &str) -> bool {
        self.lines.contains_key(consumer)
    }

    /// Whether somebody has what is first in the consumer's line.
    pub(crate) fn is_out(&self, consumer: &str) -> bool {
        self.lines.get(consumer).is_some_and(|line| matches!(line.first, First::Out(_)))
    }

    /// How many there are, those included that somebody has.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many of them somebody has.
    pub(crate) fn out(&self) -> usize {
        self.out
    }

    /// The first of each line.
    pub(crate) fn firsts(&self) -> impl Iterator<Item = (&Arc<str>, &T)> {
        self.lines.iter().filter_map(|(consumer, line)| Some((consumer, line.waiting.front()?)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    impl Waits for u64 {
        fn id(&self) -> u64 {
            *self
        }
    }

    fn lines(all: &[(&str, u64)]) -> Lines<u64> {
        let mut lines = Lines::new();
        for (consumer, id) in all {
            lines.push(&Arc::from(*consumer), *id);
        }
        lines
    }

    fn take(lines: &mut Lines<u64>, now: Instant) -> Option<u64> {
        lines.take(now, None).map(|(_, id)| *id)
    }

    #[test]
    fn one_of_each_consumer_goes_at_a_time_and_in_order() {
        let now = Instant::now();
        let mut lines = lines(&[("a", 1), ("a", 2), ("b", 3), ("a", 4), ("c", 5)]);
        let first: Vec<_> = std::iter::from_fn(|| take(&mut lines, now)).collect();
        assert_eq!(first, [1, 3, 5]);
        assert_eq!((lines.len(), lines.out()), (5, 3));
        assert!(lines.remove("a", 2).is_none(), "it is not the first");
        assert_eq!(lines.remove("b", 3), Some(3));
        assert_eq!(take(&mut lines, now), None);
        assert_eq!(lines.remove("a", 1), Some(1));
        assert_eq!(take(&mut lines, now), Some(2));
        lines.remove("a", 2);
        assert_eq!(take(&mut lines, now), Some(4));
        lines.remove("a", 4);
        lines.remove("c", 5);
        assert_eq!((lines.len(), lines.out(), lines.has("a")), (0, 0, false));
    }

    #[test]
    fn what_is_put_off_delays_its_own_line_alone() {
        let now = Instant::now();
        let mut lines = lines(&[("a", 1), ("a", 2), ("b", 3)]);
        assert_eq!((take(&mut lines, now), take(&mut lines, now)), (Some(1), Some(3)));
        lines.put_off("a", 1, now + HOUR);
        lines.put_off("b", 9, now + HOUR);
        assert_eq!((lines.next_ready(), take(&mut lines, now)), (Some(now + HOUR), None));
        lines.remove("b", 3);
        assert_eq!(take(&mut lines, now + HOUR), Some(1));
        lines.put_off("a", 1, now + HOUR);
        lines.hasten("a");
        assert_eq!((lines.next_ready(), take(&mut lines, now)), (None, Some(1)));
        lines.hasten("a");
        assert_eq!(take(&mut lines, now), None, "somebody has it");
        lines.put_off("a", 1, now + HOUR);
        lines.wait_until("a", now + 2 * HOUR);
        assert_eq!(lines.next_ready(), Some(now + 2 * HOUR));
        lines.wait_until("a", now);
        assert_eq!(take(&mut lines, now), Some(1));
        lines.wait_until("a", now + HOUR);
        assert_eq!(lines.next_ready(), None, "somebody has it");
        lines.hold("a", 1);
        assert_eq!((take(&mut lines, now + HOUR), lines.next_ready()), (None, None));
        lines.hasten("a");
        assert_eq!(take(&mut lines, now), None, "who holds it says when it goes");
        lines.put_off("a", 1, now);
        assert_eq!(take(&mut lines, now), Some(1));
    }

    #[test]
    fn what_is_not_dealt_with_in_time_is_given_again() {
        let now = Instant::now();
        let mut lines = lines(&[("a", 1), ("a", 2)]);
        assert_eq!(lines.take(now, Some(now + HOUR)).map(|(_, id)| *id), Some(1));
        assert_eq!((lines.out(), take(&mut lines, now)), (1, None));
        assert_eq!(take(&mut lines, now + HOUR), Some(1));
        // Who had it first may still say that it is done.
        assert_eq!(lines.remove("a", 1), Some(1));
        assert_eq!(take(&mut lines, now), Some(2));
    }

    #[test]
    fn a_backlog_that_is_gone_takes_no_memory() {
        let mut lines = lines(&[]);
        let consumer: Arc<str> = "a".into();
        (0..5000).for_each(|id| lines.push(&consumer, id));
        (0..4999).for_each(|id| assert_eq!(lines.remove("a", id), Some(id)));
        assert!(lines.lines["a"].waiting.capacity() <= 64);
        lines.remove("a", 4999);
        assert_eq!(lines.lines.capacity(), 0);
    }
}
