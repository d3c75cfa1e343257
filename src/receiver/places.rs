//! How many connections there are at once, and which one goes when there are too many.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::base::lock::lock;

/// The places of an endpoint. Who finds none free takes that of the connection that brought nothing
/// for the longest time, so that connections that do nothing keep nobody out.
pub(super) struct Places {
    free: Arc<Semaphore>,
    idle: Mutex<Idle>,
    one_is_idle: Notify,
}

/// The connections that can be ended, the oldest first.
#[derive(Default)]
struct Idle {
    next: u64,
    by_age: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one connection; free once it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    age: Mutex<u64>,
    ended: Arc<Notify>,
    _free: Option<OwnedSemaphorePermit>,
}

/// While it lives, a connection is not ended.
pub(super) struct Busy<'a>(&'a Place);

impl Places {
    pub(super) fn new(most: usize) -> Arc<Places> {
        let free = Arc::new(Semaphore::new(most));
        Arc::new(Places { free, idle: Mutex::default(), one_is_idle: Notify::new() })
    }

    /// A place, as soon as there is one.
    pub(super) async fn take(self: &Arc<Places>) -> Place {
        let mut ended_one = false;
        let free = loop {
            if let Ok(free) = self.free.clone().try_acquire_owned() {
                break Some(free);
            }
            ended_one = ended_one || self.end_the_oldest();
            if ended_one {
                // It is on its way out.
                break self.free.clone().acquire_owned().await.ok();
            }
            tokio::select! {
                free = self.free.clone().acquire_owned() => break free.ok(),
                () = self.one_is_idle.notified() => {}
            }
        };
        let ended = Arc::new(Notify::new());
        let age = Mutex::new(self.is_idle(ended.clone()));
        Place { places: self.clone(), age, ended, _free: free }
    }

    fn is_idle(&self, ended: Arc<Notify>) -> u64 {
        let mut idle = lock(&self.idle);
        idle.next += 1;
        let age = idle.next;
        idle.by_age.insert(age, ended);
        self.one_is_idle.notify_waiters();
        age
    }

    fn end_the_oldest(&self) -> bool {
        let oldest = lock(&self.idle).by_age.pop_first();
        oldest.inspect(|(_, ended)| ended.notify_one()).is_some()
    }
}

impl Place {
    /// Waits until another connection needs the place.
    pub(super) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// What the connection brought is worth an answer.
    pub(super) fn busy(&self) -> Busy<'_> {
        lock(&self.places.idle).by_age.remove(&lock(&self.age));
        Busy(self)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let Busy(place) = self;
        *lock(&place.age) = place.places.is_idle(place.ended.clone());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.places.idle).by_age.remove(&lock(&self.age));
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
        let places = Places::new(3);
        let [first, second, third] = [(); 3].map(|()| now(places.take()).unwrap());
        drop(first.busy());
        let busy = second.busy();
        let mut fourth = pin!(places.take());
        let mut poll = || fourth.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        assert!(now(third.ended()).is_some());
        assert!(now(first.ended()).is_none() && now(second.ended()).is_none(), "one is enough");
        drop(third);
        assert!(poll().is_ready());
        drop(busy);
    }

    #[test]
    fn who_is_busy_is_waited_for() {
        let places = Places::new(1);
        let only = now(places.take()).unwrap();
        let busy = only.busy();
        let mut next = pin!(places.take());
        let mut poll = || next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        assert!(now(only.ended()).is_none());
        drop(busy);
        assert!(poll().is_pending());
        assert!(now(only.ended()).is_some());
        drop(only);
        assert!(poll().is_ready());
    }
}
