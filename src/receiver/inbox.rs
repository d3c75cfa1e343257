//! From a notification that is offered to its acknowledgement: kept, without duplicates, given out in
//! order.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::base::clock::FOREVER;
use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::log::{Log, LogLevel};
use crate::base::stats::count;
use crate::config::receiver_settings::InboxSettings;
use crate::protocol::notification::{Notification, Receipt};
use crate::receiver::ack_waiters::AckWaiters;
use crate::receiver::counters::Counters;
use crate::receiver::dialogs::spans;
use crate::receiver::duplicates::{DuplicatesWindow, Seen};
use crate::receiver::fingerprint::{can_be_told_apart, fingerprint};
use crate::receiver::item::Item;
use crate::receiver::queue::{InboxCounts, Queue};
use crate::receiver::readiness::Readiness;
use crate::receiver::resequencer::{Resequencer, most_dialogs};
use crate::receiver::sink::{Admission, Admitted, Sink};
use crate::store::change::{Change, DialogKey, Fingerprint, Step};
use crate::store::journal::{Journal, Ordered};
use crate::store::schema::Owner;
use crate::store::sqlite::{Keeps, Sqlite};
use crate::store::writer::Writer;

/// The notifications of one receiver.
pub(crate) struct Inbox {
    queue_max: usize,
    /// The service is told once the program acknowledged.
    manual_ack: bool,
    /// Tells receipts of this inbox from those of others.
    number: u64,
    shared: Arc<Shared>,
    pub counters: Arc<Counters>,
    /// What is kept in a file; None: in memory alone.
    writer: Option<Writer>,
}

/// What the thread that writes has of it, too. The lock is held for an instant, never while
/// something is written.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    counters: Arc<Counters>,
}

struct State {
    next_id: u64,
    queue: Queue,
    duplicates: DuplicatesWindow,
    ack_waiters: AckWaiters,
    /// Who waits until these are written.
    writing: HashMap<u64, Vec<oneshot::Sender<Result<(), Error>>>>,
    readiness: Option<Readiness>,
    closed: bool,
    /// Nobody may poll any more.
    ended: bool,
    /// When the store failed, if it did the last time.
    store_failed: Option<Instant>,
}

/// So long after a failure of the store nothing new is asked for: then the next notification tells
/// whether it is over, because nothing else does.
const STORE_FAILS_FOR: Duration = Duration::from_secs(30);

/// The same, where it is still to be written first.
enum Begun {
    Admitted(Admission),
    Writing { written: oneshot::Receiver<Result<(), Error>>, then: Admission },
}

impl Inbox {
    /// An inbox with what the file kept from earlier.
    pub(crate) fn open(
        settings: InboxSettings,
        file: Option<&Path>,
        log: &Log,
    ) -> Result<Inbox, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let InboxSettings {
            queue_max,
            duplicates_window,
            order,
            order_wait,
            manual_ack,
            ack_timeout,
        } = settings;
        let dialogs = most_dialogs(duplicates_window);
        let keeps = Keeps { duplicates: duplicates_window, dialogs: order.then_some(dialogs) };
        let owner = Owner { option: "receiver.store", account: None };
        let store = file.map(|file| Sqlite::open(file, owner, keeps)).transpose()?;
        let left = store.as_ref().map(Sqlite::left).transpose()?;

        let resequencer = order.then(|| Resequencer::new(order_wait, dialogs));
        let mut duplicates = DuplicatesWindow::new(duplicates_window);
        let mut next_id = 1;
        let (mut notifications, mut stopped) = (Vec::new(), Vec::new());
        if let Some(left) = left {
            next_id = left.next_id;
            (notifications, stopped) = (left.notifications, left.dialogs);
            for why in left.unreadable {
                log.write(LogLevel::Error, || format!("receiver: store: put aside: {why}"));
            }
            for fingerprint in left.fingerprints {
                duplicates.remember(fingerprint, Seen::Done);
            }
        }
        // Without a store the service brings it again.
        let redeliver_after = (manual_ack && store.is_some()).then_some(ack_timeout);
        let mut state = State {
            next_id,
            queue: Queue::new(resequencer, redeliver_after),
            duplicates,
            ack_waiters: AckWaiters::default(),
            writing: HashMap::new(),
            readiness: None,
            closed: false,
            ended: false,
            store_failed: None,
        };
        let left = notifications.into_iter().map(|(id, notification)| {
            let fingerprint = fingerprint(&notification);
            state.remember(&notification, fingerprint, Seen::Unacknowledged(id));
            let notification = Arc::new(notification);
            Item { id, notification, fingerprint, arrived: Instant::now() }
        });
        let left = left.collect();
        state.queue.resume(left, stopped);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let counters = Arc::<Counters>::default();
        let (state, changed) = (Mutex::new(state), Condvar::new());
        let shared = Arc::new(Shared { state, changed, counters: counters.clone() });
        let writer = store.map(Writer::start).transpose()?;
        Ok(Inbox { queue_max, manual_ack, number, shared, counters, writer })
    }

    /// Takes a notification whose signature was found right. What is kept in a file is in it then;
    /// who stops waiting for that changes nothing.
    pub(crate) async fn offer(&self, notification: Notification) -> Admission {
        match self.begin(notification) {
            Begun::Admitted(admission) => admission,
            Begun::Writing { written, then } => match written.await {
                Ok(Ok(())) => then,
                Ok(Err(why)) => Admission::StoreFailed(why),
                Err(_) => Admission::StoreFailed(closed()),
            },
        }
    }

    fn begin(&self, notification: Notification) -> Begun {
        let fingerprint = fingerprint(&notification);
        let mut state = lock(&self.shared.state);
        if can_be_told_apart(&notification) {
            let known = state.duplicates.find(&fingerprint);
            if known.is_some() {
                count(&self.counters.duplicates);
            }
            match known {
                Some(Seen::Unacknowledged(id)) => return self.known(&mut state, id),
                Some(Seen::Done) => return Begun::Admitted(Admission::Accepted),
                None => {}
            }
        }
        if state.closed || state.len() >= self.queue_max {
            return Begun::Admitted(Admission::QueueFull);
        }
        // An id is never used again, whatever becomes of it: what acknowledges one must not remove
        // another.
        let id = state.next_id;
        state.next_id += 1;
        let seen = if self.keeps_until_ack() { Seen::Unacknowledged(id) } else { Seen::Done };
        state.remember(&notification, fingerprint, seen);
        let notification = Arc::new(notification);
        let arrived = Instant::now();
        let item = Item { id, notification: notification.clone(), fingerprint, arrived };
        let then = self.admitted(&mut state, id);
        let Some(writer) = &self.writer else {
            count(&self.counters.taken);
            state.queue.push(item);
            state.show();
            drop(state);
            self.shared.changed.notify_one();
            return Begun::Admitted(then);
        };
        let written = state.wait_until_written(id);
        let shared = self.shared.clone();
        // With the lock held, so that they are written in the order of their ids.
        let fingerprint = can_be_told_apart(&notification).then_some(fingerprint);
        writer.write(Ordered {
            change: Change::new(vec![Step::Notification { id, notification, fingerprint }]),
            is_owed: false,
            told: Box::new(move |outcome| shared.written(item, outcome)),
        });
        Begun::Writing { written, then }
    }

    /// It came before, and must still be acknowledged.
    fn known(&self, state: &mut State, id: u64) -> Begun {
        let then = self.admitted(state, id);
        if state.writing.contains_key(&id) {
            return Begun::Writing { written: state.wait_until_written(id), then };
        }
        Begun::Admitted(then)
    }

    fn admitted(&self, state: &mut State, id: u64) -> Admission {
        if self.manual_ack {
            return Admission::Pending { id, acknowledged: state.ack_waiters.wait_for(id) };
        }
        Admission::Accepted
    }

    /// A request ended without an acknowledgement, and the service comes again: where none waits any
    /// more, what was not stored is forgotten, so that the program sees it when it comes.
    pub(crate) fn give_up(&self, id: u64) {
        let mut state = lock(&self.shared.state);
        if state.ack_waiters.still_wait(id) || self.writer.is_some() {
            return;
        }
        if let Some(item) = state.queue.remove(id) {
            state.duplicates.forget(&item.fingerprint);
        }
        // What waited for it may go out.
        self.wake_another(&mut state);
    }

    /// The next notification, or `None` if none comes in time.
    pub(crate) fn poll(&self, timeout: Duration) -> Result<Option<Notification>, Error> {
        let until = Instant::now().checked_add(timeout);
        let mut state = lock(&self.shared.state);
        loop {
            if state.ended {
                return Err(closed());
            }
            let now = Instant::now();
            if let Some(notification) = self.give_out(&mut state, now) {
                self.wake_another(&mut state);
                return Ok(Some(notification));
            }
            if state.closed {
                return Err(closed());
            }
            if until.is_some_and(|until| until <= now) {
                self.wake_another(&mut state);
                return Ok(None);
            }
            let changed = &self.shared.changed;
            state = match [until, state.queue.next_ready()].into_iter().flatten().min() {
                Some(at) => {
                    let waited = changed.wait_timeout(state, at.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Wakes another poll, where one arrival made several ready, or one is to be given out later:
    /// who leaves does not look any more.
    fn wake_another(&self, state: &mut State) {
        state.show();
        if state.queue.has_more() {
            self.shared.changed.notify_one();
        }
    }

    fn give_out(&self, state: &mut State, now: Instant) -> Option<Notification> {
        let (item, turn, given) = state.queue.give_out(now)?;
        let (id, digest) = (item.id, item.fingerprint);
        let receipt = Receipt { inbox: self.number, id, digest, turn, given };
        count(&self.counters.given_out);
        if self.keeps_until_ack() {
            return Some(Notification::clone(&item.notification).with_receipt(receipt));
        }
        let gone = state.queue.remove(id);
        gone.map(|item| Arc::unwrap_or_clone(item.notification).with_receipt(receipt))
    }

    /// The program dealt with a notification.
    pub(crate) fn ack(&self, notification: &Notification) -> Result<(), Error> {
        let receipt = self.receipt_of(notification)?;
        if let Some(writer) = &self.writer {
            if !lock(&self.shared.state).queue.contains(receipt.id) {
                return Ok(());
            }
            self.remove_from(writer, receipt.id, notification)?;
        }
        let mut state = lock(&self.shared.state);
        state.queue.remove(receipt.id);
        let mut is_told = state.ack_waiters.acknowledge(receipt.id);
        // Without a store the service may have been told to come again. It did: what came is dealt
        // with, too.
        if let Some(Seen::Unacknowledged(again)) = state.duplicates.find(&receipt.digest)
            && again != receipt.id
            && self.writer.is_none()
            && can_be_told_apart(notification)
        {
            state.queue.remove(again);
            is_told |= state.ack_waiters.acknowledge(again);
        }
        let was_done = state.duplicates.find(&receipt.digest) == Some(Seen::Done);
        if self.manual_ack && self.writer.is_none() && state.closed && !is_told && !was_done {
            let message = "the receiver was shut down before: the service brings it again";
            return Err(Error::new(Status::Closed, message));
        }
        // Also where it has not come again yet.
        state.remember(notification, receipt.digest, Seen::Done);
        count(&self.counters.acknowledged);
        self.wake_another(&mut state);
        Ok(())
    }

    fn remove_from(&self, writer: &Writer, id: u64, it: &Notification) -> Result<(), Error> {
        let after =
            |span: crate::receiver::dialogs::Span| (span.dialog, span.last.saturating_add(1));
        let dialogs: Vec<(DialogKey, i64)> = spans(it).into_iter().map(after).collect();
        let (tells, told) = mpsc::sync_channel(1);
        writer.write(Ordered {
            change: Change::done(vec![Step::NotificationDone { id, dialogs }]),
            is_owed: false,
            told: Box::new(move |outcome| {
                // Who asked waits for it.
                let _ = tells.send(outcome);
            }),
        });
        told.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// The program could not deal with a notification: it is given out again after that time.
    pub(crate) fn nack(&self, notification: &Notification, after: Duration) -> Result<(), Error> {
        let Receipt { id, digest, turn, given, .. } = *self.receipt_of(notification)?;
        let at = Instant::now() + after.min(FOREVER);
        let mut state = lock(&self.shared.state);
        if self.keeps_until_ack() {
            state.queue.put_back(id, given, at);
        } else {
            let notification = Arc::new(notification.clone());
            state.queue.take_back(
                Item { id, notification, fingerprint: digest, arrived: Instant::now() },
                turn,
                at,
            );
        }
        self.wake_another(&mut state);
        Ok(())
    }

    fn receipt_of<'a>(&self, notification: &'a Notification) -> Result<&'a Receipt, Error> {
        let receipt = notification.receipt().filter(|receipt| receipt.inbox == self.number);
        receipt.ok_or_else(|| Error::invalid("the notification did not come from this receiver"))
    }

    /// Whether a new notification could be taken now.
    pub(crate) fn can_take(&self) -> bool {
        let state = lock(&self.shared.state);
        let store_fails = state.store_failed.is_some_and(|at| at.elapsed() < STORE_FAILS_FOR);
        !state.closed && !store_fails && state.len() < self.queue_max
    }

    pub(crate) fn counts(&self) -> InboxCounts {
        lock(&self.shared.state).queue.counts()
    }

    /// Whether what is given out counts as kept until it is acknowledged.
    fn keeps_until_ack(&self) -> bool {
        self.manual_ack || self.writer.is_some()
    }

    /// A descriptor that is readable while a poll would not wait, if there is such.
    pub(crate) fn fd(&self) -> Option<i32> {
        let mut state = lock(&self.shared.state);
        if state.ended {
            return None;
        }
        if state.readiness.is_none() {
            state.readiness = Readiness::new();
            state.show();
        }
        state.readiness.as_ref().map(Readiness::fd)
    }

    /// Ends all polls, those to come included, once what is queued is gone.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.shared.state);
        state.closed = true;
        state.queue.close();
        state.show();
        self.shared.changed.notify_all();
    }

    /// Ends all polls at once: nobody may begin one any more.
    #[cfg(feature = "capi")]
    pub(crate) fn end(&self) {
        let mut state = lock(&self.shared.state);
        state.closed = true;
        state.ended = true;
        state.readiness = None;
        self.shared.changed.notify_all();
    }

    /// Lets go of the file: nothing is taken or acknowledged any more.
    pub(crate) fn release(&self) {
        self.writer.iter().for_each(Writer::end);
    }
}

impl Sink for Inbox {
    fn offer(&self, notification: Notification) -> Admitted<'_> {
        Box::pin(Inbox::offer(self, notification))
    }

    fn give_up(&self, id: u64) {
        Inbox::give_up(self, id);
    }

    fn can_take(&self) -> bool {
        Inbox::can_take(self)
    }

    fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    fn close(&self) {
        Inbox::close(self);
    }
}

fn closed() -> Error {
    Error::new(Status::Closed, "the receiver was shut down")
}

impl Shared {
    fn written(&self, item: Item, outcome: Result<(), Error>) {
        let mut state = lock(&self.state);
        let waiting = state.writing.remove(&item.id).unwrap_or_default();
        if outcome.is_ok() {
            count(&self.counters.taken);
            state.store_failed = None;
            state.queue.push(item);
            state.show();
            self.changed.notify_one();
        } else {
            count(&self.counters.store_failures);
            state.store_failed = Some(Instant::now());
            state.ack_waiters.forget(item.id);
            state.duplicates.forget(&item.fingerprint);
        }
        drop(state);
        for waits in waiting {
            // A request that is no longer there needs no answer.
            let _ = waits.send(outcome.clone());
        }
    }
}

impl State {
    /// How many there are, those included that are being written.
    fn len(&self) -> usize {
        self.queue.len() + self.writing.len()
    }

    fn wait_until_written(&mut self, id: u64) -> oneshot::Receiver<Result<(), Error>> {
        let (waits, written) = oneshot::channel();
        self.writing.entry(id).or_default().push(waits);
        written
    }

    /// One that looks like others is none that came before.
    fn remember(&mut self, notification: &Notification, fingerprint: Fingerprint, seen: Seen) {
        if can_be_told_apart(notification) {
            self.duplicates.remember(fingerprint, seen);
        }
    }

    /// Makes the descriptor, where somebody has it, say what a poll would.
    fn show(&mut self) {
        let Some(readiness) = &self.readiness else { return };
        let now = Instant::now();
        let at = if self.closed || self.queue.is_ready(now) {
            Some(now)
        } else {
            self.queue.next_ready()
        };
        readiness.set(at);
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
            ack_timeout: Duration::from_secs(3600),
        }
    }

    fn inbox(settings: InboxSettings) -> Inbox {
        Inbox::open(settings, None, &Log::default()).unwrap()
    }

    fn offer(inbox: &Inbox, notification: Notification) -> Admission {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(inbox.offer(notification))
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
            assert!(accepted(offer(&inbox, text("c", 1, message))));
        }
        assert!(accepted(offer(&inbox, text("c", 2, "a"))));
        assert_eq!(all(&inbox), ["a", "b", "a"]);
        assert!(accepted(offer(&inbox, text("c", 1, "a"))));
        assert!(all(&inbox).is_empty(), "it came before");
        // Typing has nothing to tell one from the other by.
        offer(&inbox, typing());
        offer(&inbox, typing());
        assert_eq!(all(&inbox).len(), 2);
    }

    #[test]
    fn accounts_have_no_duplicates_of_each_other() {
        let inbox = inbox(settings());
        for account in ["le1", "le2", "le1"] {
            offer(&inbox, text("c", 1, "a").with_account(account));
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
            offer(&inbox, text("c", sequence, sequence));
        }
        assert_eq!(all(&inbox), ["1", "2", "3", "1"]);
    }

    #[test]
    fn a_full_queue_takes_no_more_until_there_is_room() {
        let inbox = inbox(InboxSettings { queue_max: 2, ..settings() });
        for (sequence, fits) in [(1, true), (2, true), (3, false)] {
            assert_eq!(accepted(offer(&inbox, text("c", sequence, "x"))), fits);
        }
        inbox.poll(Duration::ZERO).unwrap();
        assert!(accepted(offer(&inbox, text("c", 3, "x"))), "what was refused is no duplicate");
    }

    #[test]
    fn it_says_whether_more_can_be_taken() {
        let inbox = inbox(InboxSettings { queue_max: 2, ..settings() });
        let can_take = || Sink::can_take(&inbox);
        offer(&inbox, text("c", 1, "x"));
        assert!(can_take());
        let _written = lock(&inbox.shared.state).wait_until_written(9);
        assert!(!can_take(), "one is queued, and one is being written");
        lock(&inbox.shared.state).writing.clear();
        let fails = |since| lock(&inbox.shared.state).store_failed = since;
        fails(Some(Instant::now()));
        assert!(!can_take(), "the store fails");
        fails(Instant::now().checked_sub(STORE_FAILS_FOR * 2));
        assert!(can_take(), "it may be well again");
        Sink::close(&inbox);
        assert!(!can_take());
    }

    #[test]
    fn a_file_that_was_let_go_of_is_anothers() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("inbox.db");
        let open = || Inbox::open(settings(), Some(&file), &Log::default());
        let first = open().unwrap();
        assert!(open().is_err());
        first.release();
        open().unwrap();
    }

    #[test]
    fn nobody_waits_for_ever_for_what_is_missing() {
        let inbox = inbox(InboxSettings { order: true, ..settings() });
        for sequence in [7, 9, 8] {
            offer(&inbox, text("c", sequence, sequence));
        }
        assert_eq!(all(&inbox), ["7", "8", "9"]);
        let wait = Duration::from_millis(5);
        let inbox = self::inbox(InboxSettings { order: true, order_wait: wait, ..settings() });
        offer(&inbox, text("c", 3, "3"));
        let waited = inbox.poll(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(waited.events()[0].text(), "3");
        assert_eq!(lock(&inbox.shared.state).queue.len(), 0);
    }

    #[test]
    fn who_must_acknowledge_is_waited_for() {
        let inbox = inbox(InboxSettings { manual_ack: true, queue_max: 1, ..settings() });
        let Admission::Pending { mut acknowledged, .. } = offer(&inbox, text("c", 1, "x")) else {
            panic!("pending");
        };
        // It comes again before anybody has dealt with it.
        let Admission::Pending { acknowledged: mut again, .. } = offer(&inbox, text("c", 1, "x"))
        else {
            panic!("pending");
        };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        assert!(
            matches!(offer(&inbox, text("c", 2, "y")), Admission::QueueFull),
            "x is still kept"
        );
        assert!(acknowledged.try_recv().is_err());
        inbox.ack(&x).unwrap();
        assert!(acknowledged.try_recv().is_ok() && again.try_recv().is_ok());
        assert!(accepted(offer(&inbox, text("c", 1, "x"))), "dealt with");
        assert!(matches!(offer(&inbox, text("c", 2, "y")), Admission::Pending { .. }));
        inbox.ack(&x).unwrap();
    }

    #[test]
    fn an_acknowledgement_that_the_service_never_hears_of_is_an_error() {
        let inbox = inbox(InboxSettings { manual_ack: true, ..settings() });
        let pending = ["x", "y"].map(|message| offer(&inbox, text(message, 1, message)));
        let [x, y] = [(); 2].map(|()| inbox.poll(Duration::ZERO).unwrap().unwrap());
        inbox.ack(&x).unwrap();
        // The requests end with the thread that serves them.
        for admission in pending {
            let Admission::Pending { id, acknowledged } = admission else { panic!("pending") };
            drop(acknowledged);
            inbox.give_up(id);
        }
        inbox.close();
        assert_eq!(inbox.ack(&y).unwrap_err().status(), Status::Closed);
        inbox.ack(&x).unwrap();
    }

    #[test]
    fn what_was_not_acknowledged_in_time_comes_again() {
        let at_once = Duration::ZERO;
        let inbox = inbox(InboxSettings { manual_ack: true, ack_timeout: at_once, ..settings() });
        let Admission::Pending { id, .. } = offer(&inbox, text("c", 1, "x")) else {
            panic!("pending")
        };
        assert_eq!(all(&inbox), ["x"], "once: without a store the service brings it again");
        Sink::give_up(&inbox, id);
        let Admission::Pending { id, .. } = offer(&inbox, text("c", 1, "x")) else {
            panic!("pending")
        };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        inbox.give_up(id);
        // Late is better than twice.
        inbox.ack(&x).unwrap();
        assert!(accepted(offer(&inbox, text("c", 1, "x"))));
        assert_eq!(lock(&inbox.shared.state).queue.len(), 0);
    }

    #[test]
    fn a_late_acknowledgement_counts_for_what_came_again() {
        let inbox = inbox(InboxSettings { manual_ack: true, ..settings() });
        let Admission::Pending { id, .. } = offer(&inbox, text("c", 1, "x")) else {
            panic!("pending")
        };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        inbox.give_up(id);
        let Admission::Pending { mut acknowledged, .. } = offer(&inbox, text("c", 1, "x")) else {
            panic!("pending");
        };
        inbox.close();
        inbox.ack(&x).unwrap();
        assert!(acknowledged.try_recv().is_ok());
        assert_eq!(lock(&inbox.shared.state).queue.len(), 0, "it would be dealt with twice");
        assert_eq!(lock(&inbox.shared.state).queue.len(), 0);
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
                    offer(&inbox, text("c", sequence, sequence));
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
        offer(&one, text("c", 1, "x"));
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
            offer(&inbox, text("c", 1, "x"));
            inbox.close();
            let closed = polls
                .into_iter()
                .map(|poll| poll.join().unwrap())
                .filter(|outcome| outcome.is_err())
                .count();
            assert_eq!(closed, 3, "one gets what was queued");
        });
        assert!(matches!(offer(&inbox, text("c", 2, "y")), Admission::QueueFull));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_descriptor_is_readable_while_a_poll_would_not_wait() {
        const SOON: Duration = Duration::from_secs(60);
        const WAIT: Duration = Duration::from_millis(20);

        let inbox =
            inbox(InboxSettings { manual_ack: true, order: true, order_wait: WAIT, ..settings() });
        let within = |time| {
            let state = lock(&inbox.shared.state);
            state.readiness.as_ref().unwrap().is_readable(time)
        };
        let next = || inbox.poll(Duration::ZERO).unwrap().unwrap();
        let nothing = || !within(Duration::ZERO) && inbox.poll(Duration::ZERO).unwrap().is_none();
        assert!(lock(&inbox.shared.state).readiness.is_none(), "nobody asked");
        let fd = inbox.fd().unwrap();
        assert!(nothing() && inbox.fd() == Some(fd));
        offer(&inbox, text("c", 0, "0"));
        assert!(within(SOON));
        let zero = next();
        assert!(nothing());
        // Later: what was put back, and what a gap holds back.
        inbox.nack(&zero, WAIT).unwrap();
        assert!(within(SOON));
        let zero = next();
        assert!(nothing());
        offer(&inbox, text("c", 2, "2"));
        assert!(within(SOON));
        let two = next();
        inbox.nack(&two, SOON * 60).unwrap();
        assert!(nothing());
        inbox.ack(&zero).unwrap();
        assert!(nothing());
        // Gone before anybody came for it.
        inbox.nack(&two, Duration::ZERO).unwrap();
        inbox.ack(&two).unwrap();
        assert!(nothing());
        inbox.close();
        assert!(within(SOON));
        assert_eq!(inbox.poll(Duration::MAX).unwrap_err().status(), Status::Closed);
        assert!(within(Duration::ZERO));
        inbox.end();
        assert_eq!(inbox.fd(), None);
    }

    #[test]
    fn the_end_is_told_to_all_polls_whatever_is_queued() {
        let inbox = inbox(settings());
        std::thread::scope(|scope| {
            let polls: Vec<_> = (0..3).map(|_| scope.spawn(|| inbox.poll(Duration::MAX))).collect();
            inbox.end();
            for poll in polls {
                assert_eq!(poll.join().unwrap().unwrap_err().status(), Status::Closed);
            }
        });
        offer(&inbox, text("c", 0, "0"));
        assert!(inbox.poll(Duration::ZERO).is_err());
    }

    #[test]
    fn who_leaves_wakes_polls_that_it_held_up() {
        let hour = Duration::from_secs(3600);
        let inbox = inbox(InboxSettings { manual_ack: true, ..settings() });
        let Admission::Pending { id, .. } = offer(&inbox, text("c", 0, "0")) else {
            panic!("pending")
        };
        let zero = inbox.poll(Duration::ZERO).unwrap().unwrap();
        inbox.nack(&zero, hour).unwrap();
        let _waits = offer(&inbox, text("c", 1, "1"));
        std::thread::scope(|scope| {
            let (gives, given) = mpsc::channel();
            let inbox = &inbox;
            scope.spawn(move || gives.send(inbox.poll(Duration::MAX)).unwrap());
            // It waits, and has seen that nothing may go out.
            while !lock(&inbox.shared.state).queue.is_anything_parked() {
                std::thread::yield_now();
            }
            inbox.give_up(id);
            let one = given.recv_timeout(Duration::from_secs(60));
            inbox.close();
            assert_eq!(one.unwrap().unwrap().unwrap().events()[0].text(), "1");
        });
    }

    #[test]
    fn a_restart_keeps_the_order_of_what_nobody_acknowledged() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("inbox.db");
        let open = || {
            let settings =
                InboxSettings { order: true, order_wait: Duration::from_secs(3600), ..settings() };
            Inbox::open(settings, Some(&file), &Log::default()).unwrap()
        };
        let before = open();
        for sequence in [2, 1, 0, 3, 4] {
            assert!(accepted(offer(&before, text("c", sequence, sequence))));
        }
        let given: Vec<_> = std::iter::from_fn(|| before.poll(Duration::ZERO).unwrap()).collect();
        before.ack(&given[3]).unwrap();
        drop(before);
        let after = open();
        assert_eq!(all(&after), ["0", "1", "2", "4"]);
        assert!(accepted(offer(&after, text("c", 5, 5))));
        assert_eq!(all(&after), ["5"]);
    }
}
