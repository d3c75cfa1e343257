//! The keys of what was submitted, so that the same action submitted again is not sent twice.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use ring::digest::{SHA256, digest};

use crate::base::clock::Moment;
use crate::store::change::Fingerprint;

/// The keys of one connector. Half of a hash is enough to tell them apart, and there may be many.
pub(crate) struct Keys {
    window: Duration,
    known: HashMap<u128, u64>,
    /// When each is forgotten.
    by_age: VecDeque<(Moment, u128, u64)>,
    /// Those that are forgotten have lower ids, and so many are still in the store.
    forgotten: (u64, usize),
}

/// So many are taken out of the store at a time.
const MANY: usize = 1000;

impl Keys {
    pub(crate) fn new(window: Duration) -> Keys {
        Keys { window, known: HashMap::new(), by_age: VecDeque::new(), forgotten: (0, 0) }
    }

    /// Of a consumer's key.
    pub(crate) fn fingerprint(consumer: &str, key: &str) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        let text = [consumer.len().to_string().as_str(), " ", consumer, key].concat();
        fingerprint.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        fingerprint
    }

    /// The action that came with this key.
    pub(crate) fn find(&mut self, fingerprint: &Fingerprint) -> Option<u64> {
        self.forget_old();
        self.known.get(&short(fingerprint)).copied()
    }

    /// Remembers the key of an action that comes now.
    pub(crate) fn remember(&mut self, fingerprint: &Fingerprint, id: u64) {
        self.known.insert(short(fingerprint), id);
        self.by_age.push_back((Moment::now() + self.window, short(fingerprint), id));
    }

    /// Takes in one that an earlier process remembered, which is that old.
    pub(crate) fn resume(&mut self, fingerprint: Fingerprint, id: u64, age: Duration) {
        if age >= self.window {
            return;
        }
        self.known.insert(short(&fingerprint), id);
        self.by_age.push_back((Moment::now() + (self.window - age), short(&fingerprint), id));
    }

    /// All were taken in. What waits still may be older than what was done.
    pub(crate) fn resumed(&mut self) {
        self.by_age.make_contiguous().sort_by_key(|(until, ..)| *until);
    }

    /// It was not submitted after all.
    pub(crate) fn forget(&mut self, fingerprint: &Fingerprint) {
        self.known.remove(&short(fingerprint));
    }

    /// Below which id the store need not remember keys any more, where it is worth to say so.
    pub(crate) fn take_forgotten(&mut self) -> Option<u64> {
        let (before, many) = self.forgotten;
        (many >= MANY).then(|| {
            self.forgotten.1 = 0;
            before
        })
    }

    fn forget_old(&mut self) {
        let now = Moment::now();
        while self.by_age.front().is_some_and(|(until, ..)| *until <= now) {
            let Some((_, key, id)) = self.by_age.pop_front() else { return };
            // It may have been forgotten, and come again since.
            if self.known.get(&key) == Some(&id) {
                self.known.remove(&key);
                self.forgotten = (self.forgotten.0.max(id + 1), self.forgotten.1 + 1);
            }
        }
    }
}

fn short(fingerprint: &Fingerprint) -> u128 {
    let mut short = [0; 16];
    short.copy_from_slice(&fingerprint[..16]);
    u128::from_le_bytes(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::tests::sleep_machine;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_key_is_its_consumers_and_known_for_the_window() {
        let mut keys = Keys::new(HOUR);
        let one = Keys::fingerprint("a", "1");
        for other in [("a", "2"), ("b", "1"), ("a1", ""), ("", "a1")] {
            assert_ne!(one, Keys::fingerprint(other.0, other.1));
        }
        keys.remember(&one, 7);
        assert_eq!(keys.find(&one), Some(7));
        sleep_machine(HOUR - Duration::from_secs(1));
        assert_eq!(keys.find(&one), Some(7));
        sleep_machine(Duration::from_secs(1));
        assert_eq!((keys.find(&one), keys.take_forgotten()), (None, None));
        keys.remember(&one, 8);
        keys.forget(&one);
        assert_eq!(keys.find(&one), None);
    }

    #[test]
    fn a_key_whose_action_was_not_taken_at_first_is_known_for_the_window() {
        let mut keys = Keys::new(HOUR);
        let one = Keys::fingerprint("a", "1");
        keys.remember(&one, 7);
        keys.forget(&one);
        sleep_machine(HOUR / 2);
        keys.remember(&one, 8);
        sleep_machine(HOUR / 2);
        assert_eq!(keys.find(&one), Some(8));
        sleep_machine(HOUR / 2);
        assert_eq!(keys.find(&one), None);
    }

    #[test]
    fn what_waits_since_long_before_is_forgotten_at_its_time() {
        let mut keys = Keys::new(HOUR);
        let [done, waits] = ["1", "2"].map(|key| Keys::fingerprint("a", key));
        keys.resume(done, 2, HOUR / 4);
        keys.resume(waits, 1, HOUR / 2);
        keys.resumed();
        sleep_machine(HOUR / 2);
        assert_eq!((keys.find(&done), keys.find(&waits)), (Some(2), None));
    }

    #[test]
    fn what_an_earlier_process_remembered_is_forgotten_at_its_time() {
        let mut keys = Keys::new(HOUR);
        let of = |n: u64| Keys::fingerprint("a", &n.to_string());
        keys.resume(of(1), 1, HOUR);
        (2..2 + MANY as u64).for_each(|id| keys.resume(of(id), id, HOUR / 2));
        assert_eq!((keys.find(&of(1)), keys.find(&of(2))), (None, Some(2)));
        sleep_machine(HOUR / 2);
        assert_eq!(keys.find(&of(2)), None);
        assert_eq!((keys.take_forgotten(), keys.take_forgotten()), (Some(2 + MANY as u64), None));
    }
}
