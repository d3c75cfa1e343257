//! From a notification that is offered to its acknowledgement: kept, without duplicates, given out in
//! order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::stats::count;
use crate::config::receiver_settings::InboxSettings;
use crate::protocol::notification::{Notification, Receipt};
use crate::receiver::ack_waiters::AckWaiters;
use crate::receiver::counters::Counters;
use crate::receiver::duplicates::{DuplicatesWindow, Seen};
use crate::receiver::fingerprint::{can_be_told_apart, fingerprint};
use crate::receiver::item::Item;
use crate::receiver::queue::{InboxCounts, Queue};
use crate::receiver::resequencer::Resequencer;
use crate::receiver::store::Store;

/// The notifications of one receiver. Its lock is held for an instant, or while the store writes.
pub(crate) struct Inbox {
    queue_max: usize,
    /// The service is told once the program acknowledged.
    manual_ack: bool,
    store: Option<Store>,
    /// Tells receipts of this inbox from those of others.
    number: u64,
    state: Mutex<State>,
    changed: Condvar,
    pub counters: Arc<Counters>,
}

struct State {
    next_id: u64,
    queue: Queue,
    duplicates: DuplicatesWindow,
    ack_waiters: AckWaiters,
    closed: bool,
    /// When the store failed, if it did the last time.
    store_failed: Option<Instant>,
}

/// So long after a failure of the store nothing new is asked for: then the next notification tells
/// whether it is over, because nothing else does.
const STORE_FAILS_FOR: Duration = Duration::from_secs(30);

/// What becomes of a notification that is offered.
pub(crate) enum Admission {
    /// It is the program's now, or was already.
    Accepted,
    /// The program has it and must still say that it dealt with it.
    Pending {
        id: u64,
        acknowledged: oneshot::Receiver<()>,
    },
    QueueFull,
    StoreFailed(Error),
}

impl Inbox {
    /// An inbox with what the store kept from earlier.
    pub(crate) fn open(settings: InboxSettings, store: Option<Store>) -> Result<Inbox, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let InboxSettings { queue_max, duplicates_window, order, order_wait, manual_ack } =
            settings;
        let resequencer = order.then(|| Resequencer::new(order_wait, duplicates_window));
        let mut state = State {
            next_id: 1,
            queue: Queue::new(resequencer),
            duplicates: DuplicatesWindow::new(duplicates_window),
            ack_waiters: AckWaiters::default(),
            closed: false,
            store_failed: None,
        };
        for stored in store.as_ref().map(Store::all).transpose()?.unwrap_or_default() {
            let id = stored.id;
            state.next_id = id + 1;
            let notification = Notification::signed(&stored.body).0.with_account(stored.account);
            let fingerprint = fingerprint(&notification);
            state.duplicates.remember(fingerprint, Seen::Unacknowledged(id));
            state.queue.push(Item { id, notification, fingerprint, arrived: Instant::now() });
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let counters = Arc::default();
        Ok(Inbox { queue_max, manual_ack, store, number, state, changed, counters })
    }

    /// Takes a notification whose signature was found right.
    pub(crate) fn offer(&self, notification: Notification) -> Admission {
        let fingerprint = fingerprint(&notification);
        let mut state = lock(&self.state);
        if can_be_told_apart(&notification) {
            let known = state.duplicates.find(&fingerprint);
            if known.is_some() {
                count(&self.counters.duplicates);
            }
            match known {
                Some(Seen::Unacknowledged(id)) if self.manual_ack => return state.pending(id),
                Some(_) => return Admission::Accepted,
                None => {}
            }
        }
        if state.closed || state.queue.len() >= self.queue_max {
            return Admission::QueueFull;
        }
        let id = match &self.store {
            None => state.next_id,
            // Before the service is told anything.
            Some(store) => match store.put(notification.account_id(), notification.raw()) {
                Ok(id) => id,
                Err(failed) => {
                    count(&self.counters.store_failures);
                    state.store_failed = Some(Instant::now());
                    return Admission::StoreFailed(failed);
                }
            },
        };
        state.store_failed = None;
        count(&self.counters.taken);
        state.next_id = id + 1;
        let seen = if self.keeps_until_ack() { Seen::Unacknowledged(id) } else { Seen::Done };
        state.duplicates.remember(fingerprint, seen);
        let admission = if self.manual_ack { state.pending(id) } else { Admission::Accepted };
        state.queue.push(Item { id, notification, fingerprint, arrived: Instant::now() });
        drop(state);
        self.changed.notify_one();
        admission
    }

    /// A request ended without an acknowledgement, and the service comes again: where none waits any
    /// more, what was not stored is forgotten, so that the program sees it when it comes.
    pub(crate) fn give_up(&self, id: u64) {
        let mut state = lock(&self.state);
        if state.ack_waiters.still_wait(id) || self.store.is_some() {
            return;
        }
        if let Some(item) = state.queue.remove(id) {
            state.duplicates.forget(&item.fingerprint);
        }
    }

    /// The next notification, or `None` if none comes in time.
    pub(crate) fn poll(&self, timeout: Duration) -> Result<Option<Notification>, Error> {
        let until = Instant::now().checked_add(timeout);
        let mut state = lock(&self.state);
        loop {
            let now = Instant::now();
            if let Some(item) = state.queue.pop(now) {
                self.wake_another(&state);
                return Ok(Some(self.give_out(&mut state, item)));
            }
            if state.closed {
                return Err(Error::new(Status::Closed, "the receiver was shut down"));
            }
            if until.is_some_and(|until| until <= now) {
                self.wake_another(&state);
                return Ok(None);
            }
            state = match [until, state.queue.next_ready()].into_iter().flatten().min() {
                Some(at) => {
                    let waited =
                        self.changed.wait_timeout(state, at.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Wakes another poll, where one arrival made several ready, or one is to be given out later:
    /// who leaves does not look any more.
    fn wake_another(&self, state: &State) {
        if state.queue.has_more() {
            self.changed.notify_one();
        }
    }

    fn give_out(&self, state: &mut State, item: Item) -> Notification {
        let receipt = Receipt { inbox: self.number, id: item.id, digest: item.fingerprint };
        let notification = item.notification.clone().with_receipt(receipt);
        count(&self.counters.given_out);
        if self.keeps_until_ack() {
            state.queue.keep_in_flight(item);
        }
        notification
    }

    /// The program dealt with a notification.
    pub(crate) fn ack(&self, notification: &Notification) -> Result<(), Error> {
        let receipt = notification.receipt().filter(|receipt| receipt.inbox == self.number);
        let Some(receipt) = receipt else {
            return Err(Error::invalid("the notification did not come from this receiver"));
        };
        if let Some(store) = &self.store {
            store.remove(receipt.id)?;
        }
        let mut state = lock(&self.state);
        state.queue.acknowledge(receipt.id);
        state.ack_waiters.acknowledge(receipt.id);
        // Without a store the service may have been told to come again. It did: what came is dealt
        // with, too.
        if let Some(Seen::Unacknowledged(again)) = state.duplicates.find(&receipt.digest)
            && again != receipt.id
            && self.store.is_none()
            && can_be_told_apart(notification)
        {
            state.queue.remove(again);
            state.ack_waiters.acknowledge(again);
        }
        // Also where it has not come again yet.
        state.duplicates.remember(receipt.digest, Seen::Done);
        count(&self.counters.acknowledged);
        Ok(())
    }

    /// Whether a new notification could be taken now.
    pub(crate) fn can_take(&self) -> bool {
        let state = lock(&self.state);
        let store_fails = state.store_failed.is_some_and(|at| at.elapsed() < STORE_FAILS_FOR);
        !state.closed && !store_fails && state.queue.len() < self.queue_max
    }

    pub(crate) fn counts(&self) -> InboxCounts {
        lock(&self.state).queue.counts()
    }

    /// Whether what is given out counts as kept until it is acknowledged.
    fn keeps_until_ack(&self) -> bool {
        self.manual_ack || self.store.is_some()
    }

    /// Ends all polls, those to come included, once what is queued is gone.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }
}

impl State {
    fn pending(&mut self, id: u64) -> Admission {
        Admission::Pending { id, acknowledged: self.ack_waiters.wait_for(id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::test_notifications::{text, typing};

    fn settings() -> InboxSettings {
        InboxSettings {
            queue_max: 100,
            duplicates_window: 100,
            order: false,
            order_wait: Duration::ZERO,
            manual_ack: false,
        }
    }

    fn inbox(settings: InboxSettings) -> Inbox {
        Inbox::open(settings, None).unwrap()
    }

    fn accepted(admission: Admission) -> bool {
        matches!(admission, Admission::Accepted)
    }

    fn all(inbox: &Inbox) -> Vec<String> {
        let next = || inbox.poll(Duration::ZERO).unwrap();
        std::iter::from_fn(next).map(|n| n.events()[0].text().to_owned()).collect()
    }

    #[test]
    fn what_comes_goes_out_in_turn_and_once() {
        let inbox = inbox(settings());
        for message in ["a", "b", "a"] {
            assert!(accepted(inbox.offer(text("c", 1, message))));
        }
        assert!(accepted(inbox.offer(text("c", 2, "a"))));
        assert_eq!(all(&inbox), ["a", "b", "a"]);
        assert!(accepted(inbox.offer(text("c", 1, "a"))));
        assert!(all(&inbox).is_empty(), "it came before");
        // Typing has nothing to tell one from the other by.
        inbox.offer(typing());
        inbox.offer(typing());
        assert_eq!(all(&inbox).len(), 2);
    }

    #[test]
    fn accounts_have_no_duplicates_of_each_other() {
        let inbox = inbox(settings());
        for account in ["le1", "le2", "le1"] {
            inbox.offer(text("c", 1, "a").with_account(account));
        }
        let next = || inbox.poll(Duration::ZERO).unwrap();
        let accounts: Vec<_> =
            std::iter::from_fn(next).map(|n| n.account_id().to_owned()).collect();
        assert_eq!(accounts, ["le1", "le2"]);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let inbox = inbox(InboxSettings { duplicates_window: 2, ..settings() });
        for sequence in [1, 2, 3, 3, 1] {
            inbox.offer(text("c", sequence, sequence));
        }
        assert_eq!(all(&inbox), ["1", "2", "3", "1"]);
    }

    #[test]
    fn a_full_queue_takes_no_more_until_there_is_room() {
        let inbox = inbox(InboxSettings { queue_max: 2, ..settings() });
        for (sequence, fits) in [(1, true), (2, true), (3, false)] {
            assert_eq!(accepted(inbox.offer(text("c", sequence, "x"))), fits);
        }
        inbox.poll(Duration::ZERO).unwrap();
        assert!(accepted(inbox.offer(text("c", 3, "x"))), "what was refused is no duplicate");
    }

    #[test]
    fn nobody_waits_for_ever_for_what_is_missing() {
        let inbox = inbox(InboxSettings { order: true, ..settings() });
        for sequence in [7, 9, 8] {
            inbox.offer(text("c", sequence, sequence));
        }
        assert_eq!(all(&inbox), ["7", "8", "9"]);
        let wait = Duration::from_millis(5);
        let inbox = self::inbox(InboxSettings { order: true, order_wait: wait, ..settings() });
        inbox.offer(text("c", 3, "3"));
        let waited = inbox.poll(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(waited.events()[0].text(), "3");
        assert_eq!(lock(&inbox.state).queue.len(), 0);
    }

    #[test]
    fn who_must_acknowledge_is_waited_for() {
        let inbox = inbox(InboxSettings { manual_ack: true, queue_max: 1, ..settings() });
        let Admission::Pending { mut acknowledged, .. } = inbox.offer(text("c", 1, "x")) else {
            panic!("pending");
        };
        // It comes again before anybody has dealt with it.
        let Admission::Pending { acknowledged: mut again, .. } = inbox.offer(text("c", 1, "x"))
        else {
            panic!("pending");
        };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        assert!(matches!(inbox.offer(text("c", 2, "y")), Admission::QueueFull), "x is still kept");
        assert!(acknowledged.try_recv().is_err());
        inbox.ack(&x).unwrap();
        assert!(acknowledged.try_recv().is_ok() && again.try_recv().is_ok());
        assert!(accepted(inbox.offer(text("c", 1, "x"))), "dealt with");
        assert!(matches!(inbox.offer(text("c", 2, "y")), Admission::Pending { .. }));
        inbox.ack(&x).unwrap();
    }

    #[test]
    fn what_was_not_acknowledged_in_time_comes_again() {
        let inbox = inbox(InboxSettings { manual_ack: true, ..settings() });
        let Admission::Pending { id, .. } = inbox.offer(text("c", 1, "x")) else {
            panic!("pending")
        };
        inbox.give_up(id);
        assert!(all(&inbox).is_empty(), "the service has it now");
        let Admission::Pending { id, .. } = inbox.offer(text("c", 1, "x")) else {
            panic!("pending")
        };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        inbox.give_up(id);
        // Late is better than twice.
        inbox.ack(&x).unwrap();
        assert!(accepted(inbox.offer(text("c", 1, "x"))));
        assert_eq!(lock(&inbox.state).queue.len(), 0);
    }

    #[test]
    fn a_late_acknowledgement_counts_for_what_came_again() {
        let inbox = inbox(InboxSettings { manual_ack: true, ..settings() });
        let Admission::Pending { id, .. } = inbox.offer(text("c", 1, "x")) else {
            panic!("pending")
        };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        inbox.give_up(id);
        let Admission::Pending { mut acknowledged, .. } = inbox.offer(text("c", 1, "x")) else {
            panic!("pending");
        };
        inbox.ack(&x).unwrap();
        assert!(acknowledged.try_recv().is_ok());
        assert!(all(&inbox).is_empty(), "it would be dealt with twice");
        assert_eq!(lock(&inbox.state).queue.len(), 0);
    }

    #[test]
    fn one_arrival_wakes_all_polls_that_it_has_something_for() {
        let hour = Duration::from_secs(3600);
        // Many times: it takes polls that all wait when the last one arrives.
        for _ in 0..100 {
            let inbox = inbox(InboxSettings { order: true, order_wait: hour, ..settings() });
            let poll = || inbox.poll(Duration::MAX).unwrap().unwrap().events()[0].text().to_owned();
            std::thread::scope(|scope| {
                let polls: Vec<_> = (0..3).map(|_| scope.spawn(poll)).collect();
                for sequence in [2, 1, 0] {
                    (0..100).for_each(|_| std::thread::yield_now());
                    inbox.offer(text("c", sequence, sequence));
                }
                let mut got: Vec<_> = polls.into_iter().map(|poll| poll.join().unwrap()).collect();
                got.sort();
                assert_eq!(got, ["0", "1", "2"]);
            });
        }
    }

    #[test]
    fn only_its_own_notifications_are_acknowledged() {
        let (one, other) = (inbox(settings()), inbox(settings()));
        one.offer(text("c", 1, "x"));
        let x = one.poll(Duration::ZERO).unwrap().unwrap();
        one.ack(&x).unwrap();
        for foreign in [&x, &text("c", 1, "x")] {
            assert_eq!(other.ack(foreign).unwrap_err().status(), Status::InvalidArgument);
        }
    }

    #[test]
    fn polls_end_with_the_inbox() {
        let inbox = inbox(settings());
        std::thread::scope(|scope| {
            let polls: Vec<_> = (0..4).map(|_| scope.spawn(|| inbox.poll(Duration::MAX))).collect();
            inbox.offer(text("c", 1, "x"));
            inbox.close();
            let closed = polls
                .into_iter()
                .map(|poll| poll.join().unwrap())
                .filter(|outcome| outcome.is_err())
                .count();
            assert_eq!(closed, 3, "one gets what was queued");
        });
        assert!(matches!(inbox.offer(text("c", 2, "y")), Admission::QueueFull));
    }
}
