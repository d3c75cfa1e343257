//! How much memory the bodies of all connections take together while they arrive.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::base::lock::lock;

/// For a few of the longest bodies, and many of those that come; what a program can spare.
pub(crate) const MOST_BYTES: usize = 32 << 20;

/// What a body may take without counting: ordinary notifications are smaller, and so pass whatever
/// else arrives. There are so many connections at most, and so many bytes of each.
const UNCOUNTED: usize = 16 * 1024;

/// So many bytes of memory. A body that finds too few free takes those of the one that has been
/// taking some for the longest time: who sends slowly, or many at once, is refused, and what arrives
/// quickly passes.
pub(crate) struct BodyBudget {
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    taken: usize,
    /// The oldest first.
    by_age: BTreeMap<u64, Holder>,
}

struct Holder {
    bytes: usize,
    evicted: Arc<Notify>,
}

/// That of one body; free once it is dropped.
pub(crate) struct BodyShare<'a> {
    budget: &'a BodyBudget,
    age: Option<u64>,
    evicted: Arc<Notify>,
}

impl BodyBudget {
    /// `most`: no less than the longest body.
    pub(crate) fn new(most: usize) -> BodyBudget {
        BodyBudget { most, state: Mutex::default() }
    }

    pub(crate) fn share(&self) -> BodyShare<'_> {
        BodyShare { budget: self, age: None, evicted: Arc::default() }
    }
}

impl BodyShare<'_> {
    /// The body takes so many bytes from now on; others may have to go for it.
    pub(crate) fn grow_to(&mut self, bytes: usize) {
        if bytes <= UNCOUNTED {
            return;
        }
        let mut state = lock(&self.budget.state);
        let age = *self.age.get_or_insert_with(|| state.add(self.evicted.clone()));
        let Some(holder) = state.by_age.get_mut(&age) else {
            // It was evicted, and is about to notice.
            return;
        };
        let before = std::mem::replace(&mut holder.bytes, bytes);
        state.taken += bytes - before;
        while state.taken > self.budget.most {
            let Some((_, oldest)) = state.by_age.pop_first() else { break };
            state.taken -= oldest.bytes;
            oldest.evicted.notify_one();
        }
    }

    /// What is ready once others need the memory.
    pub(crate) fn eviction(&self) -> impl Future<Output = ()> + use<> {
        let evicted = self.evicted.clone();
        async move { evicted.notified().await }
    }
}

impl State {
    fn add(&mut self, evicted: Arc<Notify>) -> u64 {
        self.next += 1;
        self.by_age.insert(self.next, Holder { bytes: 0, evicted });
        self.next
    }
}

impl Drop for BodyShare<'_> {
    fn drop(&mut self) {
        let Some(age) = self.age else { return };
        let mut state = lock(&self.budget.state);
        if let Some(holder) = state.by_age.remove(&age) {
            state.taken -= holder.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const LARGE: usize = 2 * UNCOUNTED;

    fn is_evicted(share: &BodyShare) -> bool {
        let eviction = pin!(share.eviction());
        eviction.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn the_one_that_takes_some_for_the_longest_time_goes() {
        let budget = BodyBudget::new(3 * LARGE);
        let mut shares = [(); 4].map(|()| budget.share());
        // Who came first has nothing that is worth taking.
        shares[0].grow_to(UNCOUNTED);
        shares[1].grow_to(LARGE);
        shares[2].grow_to(LARGE);
        shares[3].grow_to(LARGE);
        assert_eq!(shares.each_ref().map(is_evicted), [false; 4]);
        shares[3].grow_to(LARGE + 1);
        assert_eq!(shares.each_ref().map(is_evicted), [false, true, false, false]);
        shares[1].grow_to(2 * LARGE);
        assert_eq!(lock(&budget.state).taken, 2 * LARGE + 1, "what is gone counts no more");
        drop(shares);
        assert_eq!(lock(&budget.state).taken, 0);
    }

    #[test]
    fn the_oldest_goes_also_where_it_is_the_one_that_grows() {
        let budget = BodyBudget::new(2 * LARGE);
        let (mut older, mut newer) = (budget.share(), budget.share());
        older.grow_to(LARGE);
        newer.grow_to(LARGE);
        older.grow_to(LARGE + 1);
        assert_eq!((is_evicted(&older), is_evicted(&newer)), (true, false));
        newer.grow_to(2 * LARGE);
        assert!(!is_evicted(&newer), "alone it has all of it");
    }
}
