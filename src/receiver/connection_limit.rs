//! How many connections there are at once, and which one goes when there are too many.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::base::lock::lock;
use crate::base::stats::count;
use crate::receiver::counters::Counters;

/// So many slots. A connection that finds none free takes that of the one that brought nothing for
/// the longest time, so that connections that do nothing keep nobody out.
pub(crate) struct ConnectionLimit {
    free: Arc<Semaphore>,
    idle: Mutex<Idle>,
    one_is_idle: Notify,
    counters: Arc<Counters>,
}

/// The connections that can be evicted, the oldest first.
#[derive(Default)]
struct Idle {
    next: u64,
    by_age: BTreeMap<u64, Arc<Notify>>,
}

/// That of one connection; free once it is dropped.
pub(crate) struct Slot {
    limit: Arc<ConnectionLimit>,
    age: Mutex<u64>,
    evicted: Arc<Notify>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// While it lives, the connection is not evicted.
pub(crate) struct BusyGuard<'a>(&'a Slot);

impl ConnectionLimit {
    pub(crate) fn new(most: usize, counters: Arc<Counters>) -> Arc<ConnectionLimit> {
        let (free, one_is_idle) = (Arc::new(Semaphore::new(most)), Notify::new());
        Arc::new(ConnectionLimit { free, idle: Mutex::default(), one_is_idle, counters })
    }

    /// A slot, as soon as there is one.
    pub(crate) async fn slot(self: &Arc<ConnectionLimit>) -> Slot {
        let mut evicted_one = false;
        let permit = loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                break Some(permit);
            }
            evicted_one = evicted_one || self.evict_the_oldest();
            if evicted_one {
                // It is on its way out.
                break self.free.clone().acquire_owned().await.ok();
            }
            tokio::select! {
                permit = self.free.clone().acquire_owned() => break permit.ok(),
                () = self.one_is_idle.notified() => {}
            }
        };
        let evicted = Arc::new(Notify::new());
        let age = Mutex::new(self.add_idle(evicted.clone()));
        count(&self.counters.connections_open);
        Slot { limit: self.clone(), age, evicted, _permit: permit }
    }

    fn add_idle(&self, evicted: Arc<Notify>) -> u64 {
        let mut idle = lock(&self.idle);
        idle.next += 1;
        let age = idle.next;
        idle.by_age.insert(age, evicted);
        self.one_is_idle.notify_waiters();
        age
    }

    fn evict_the_oldest(&self) -> bool {
        let Some((_, oldest)) = lock(&self.idle).by_age.pop_first() else { return false };
        count(&self.counters.connections_evicted);
        oldest.notify_one();
        true
    }
}

impl Slot {
    /// Waits until another connection needs the slot.
    pub(crate) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// What the connection brought is worth an answer.
    pub(crate) fn busy(&self) -> BusyGuard<'_> {
        lock(&self.limit.idle).by_age.remove(&lock(&self.age));
        BusyGuard(self)
    }
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        let BusyGuard(slot) = self;
        *lock(&slot.age) = slot.limit.add_idle(slot.evicted.clone());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.limit.idle).by_age.remove(&lock(&self.age));
        self.limit.counters.connections_open.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// What a future gives if it need not wait.
    fn now<F: Future>(future: F) -> Option<F::Output> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[test]
    fn the_one_that_did_nothing_for_the_longest_time_goes() {
        let limit = ConnectionLimit::new(3, Arc::default());
        let [first, second, third] = [(); 3].map(|()| now(limit.slot()).unwrap());
        drop(first.busy());
        let busy = second.busy();
        let mut fourth = pin!(limit.slot());
        let mut poll = || fourth.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        assert!(now(third.evicted()).is_some());
        assert!(now(first.evicted()).is_none() && now(second.evicted()).is_none(), "one is enough");
        drop(third);
        assert!(poll().is_ready());
        drop(busy);
    }

    #[test]
    fn who_is_busy_is_waited_for() {
        let limit = ConnectionLimit::new(1, Arc::default());
        let only = now(limit.slot()).unwrap();
        let busy = only.busy();
        let mut next = pin!(limit.slot());
        let mut poll = || next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        assert!(now(only.evicted()).is_none());
        drop(busy);
        assert!(poll().is_pending());
        assert!(now(only.evicted()).is_some());
        drop(only);
        assert!(poll().is_ready());
    }
}
