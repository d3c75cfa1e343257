//! What came and the program has not dealt with yet: queued, in order, without duplicates.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use tokio::sync::oneshot;

use super::store::Store;
use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::config::receiver_settings::InboxSettings;
use crate::protocol::notification::{Notification, Receipt};
use crate::protocol::notification_event::EventKind;

type Digest = [u8; 32];

/// The notifications of one receiver. Its lock is held for an instant, or while the store writes.
pub(crate) struct Inbox {
    settings: InboxSettings,
    store: Option<Store>,
    /// Tells receipts of this inbox from those of others.
    number: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next_id: u64,
    ready: VecDeque<Item>,
    /// By account and dialog, where the order counts: each counts its events from 0.
    lines: HashMap<(String, String), Line>,
    held: usize,
    /// Given to the program, which has not acknowledged them.
    out: HashMap<u64, Item>,
    /// Those who wait for an acknowledgement: requests of the service under way.
    waiting: HashMap<u64, Vec<oneshot::Sender<()>>>,
    seen: Window,
    closed: bool,
}

struct Item {
    id: u64,
    notification: Notification,
    digest: Digest,
}

/// The events of one dialog, by sequence.
#[derive(Default)]
struct Line {
    next: i64,
    /// By the first sequence, then the id: two may have the same sequence.
    held: BTreeMap<(i64, u64), Item>,
    since: Option<Instant>,
}

/// The last notifications, those that were not acknowledged yet with their id.
#[derive(Default)]
struct Window {
    known: HashMap<Digest, Option<u64>>,
    order: VecDeque<Digest>,
}

impl Window {
    fn insert(&mut self, digest: Digest, id: Option<u64>, most: usize) {
        if most == 0 {
            return;
        }
        if self.known.insert(digest, id).is_none() {
            self.order.push_back(digest);
        }
        while self.order.len() > most {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    fn remove(&mut self, digest: &Digest) {
        if self.known.remove(digest).is_some() {
            self.order.retain(|known| known != digest);
        }
    }
}

/// What became of a notification that was offered.
pub(crate) enum Offer {
    /// It is the program's now, or was already.
    Taken,
    /// The program has it and must still say that it dealt with it.
    Pending { id: u64, acknowledged: oneshot::Receiver<()> },
    /// There is no room.
    Full,
    /// The store failed.
    Failed(Error),
}

impl Inbox {
    /// An inbox with what the store kept from earlier.
    pub(crate) fn open(settings: InboxSettings, store: Option<Store>) -> Result<Inbox, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let mut state = State { next_id: 1, ..State::default() };
        for kept in store.as_ref().map(Store::all).transpose()?.unwrap_or_default() {
            let id = kept.id;
            state.next_id = id + 1;
            let notification = Notification::signed(&kept.body).0.with_account(kept.account);
            let digest = fingerprint(&notification);
            state.seen.insert(digest, Some(id), settings.duplicates_window);
            state.place(Item { id, notification, digest }, &settings);
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Inbox { settings, store, number, state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Takes a notification whose signature was found right.
    pub(crate) fn offer(&self, notification: Notification) -> Offer {
        let digest = fingerprint(&notification);
        let mut state = lock(&self.state);
        match state.seen.known.get(&digest).copied() {
            // It came before. Chat states without a time all look alike: they may come again.
            Some(_) if !can_be_told_apart(&notification) => {}
            Some(Some(id)) if self.settings.manual => return state.wait_for(id),
            Some(_) => return Offer::Taken,
            None => {}
        }
        if state.closed || state.kept() >= self.settings.queue_max {
            return Offer::Full;
        }
        let id = match &self.store {
            None => state.next_id,
            // Before the service is told anything.
            Some(store) => match store.put(notification.account_id(), notification.raw()) {
                Ok(id) => id,
                Err(failed) => return Offer::Failed(failed),
            },
        };
        state.next_id = id + 1;
        let pending = self.settings.manual || self.store.is_some();
        let known = pending.then_some(id);
        state.seen.insert(digest, known, self.settings.duplicates_window);
        let offer = if self.settings.manual { state.wait_for(id) } else { Offer::Taken };
        state.place(Item { id, notification, digest }, &self.settings);
        drop(state);
        self.changed.notify_one();
        offer
    }

    /// The service was told to come again, because nobody acknowledged in time: what was not stored
    /// is forgotten, so that the program sees it when it comes.
    pub(crate) fn give_up(&self, id: u64) {
        let mut state = lock(&self.state);
        state.waiting.remove(&id);
        if self.store.is_some() {
            return;
        }
        if let Some(item) = state.take(id) {
            state.seen.remove(&item.digest);
        }
    }

    /// The next notification, or `None` if none comes in time.
    pub(crate) fn poll(&self, timeout: Duration) -> Result<Option<Notification>, Error> {
        let until = Instant::now().checked_add(timeout);
        let mut state = lock(&self.state);
        loop {
            let gap = state.release_late(self.settings.order_wait);
            if let Some(item) = state.ready.pop_front() {
                self.leave_the_rest(&state);
                return Ok(Some(self.give(&mut state, item)));
            }
            if state.closed {
                return Err(Error::new(Status::Closed, "the receiver was shut down"));
            }
            let now = Instant::now();
            let left = until.map(|until| until.saturating_duration_since(now));
            if left.is_some_and(|left| left.is_zero()) {
                self.leave_the_rest(&state);
                return Ok(None);
            }
            let gap = gap.map(|at| at.saturating_duration_since(now));
            let wait = [left, gap].into_iter().flatten().min();
            state = match wait {
                Some(wait) => {
                    let waited = self.changed.wait_timeout(state, wait);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Wakes another poll, where one arrival made several ready, or one is to be given out later:
    /// who leaves does not look any more.
    fn leave_the_rest(&self, state: &State) {
        if !state.ready.is_empty() || state.held > 0 {
            self.changed.notify_one();
        }
    }

    fn give(&self, state: &mut State, item: Item) -> Notification {
        let receipt = Receipt { inbox: self.number, id: item.id, digest: item.digest };
        let notification = item.notification.clone().with_receipt(receipt);
        if self.settings.manual || self.store.is_some() {
            state.out.insert(item.id, item);
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
        state.out.remove(&receipt.id);
        state.tell(receipt.id);
        // Without a store the service may have been told to come again. It did: what came is dealt
        // with, too.
        let again = state.seen.known.get(&receipt.digest).copied().flatten();
        let again = again.filter(|id| *id != receipt.id && self.store.is_none());
        if let Some(again) = again.filter(|_| can_be_told_apart(notification)) {
            state.take(again);
            state.tell(again);
        }
        // Also where it has not come again yet.
        state.seen.insert(receipt.digest, None, self.settings.duplicates_window);
        Ok(())
    }

    /// Ends all polls, those to come included, once what is queued is gone.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }
}

impl State {
    fn kept(&self) -> usize {
        self.ready.len() + self.held + self.out.len()
    }

    fn wait_for(&mut self, id: u64) -> Offer {
        let (sender, acknowledged) = oneshot::channel();
        self.waiting.entry(id).or_default().push(sender);
        Offer::Pending { id, acknowledged }
    }

    /// Answers the requests that wait for an acknowledgement.
    fn tell(&mut self, id: u64) {
        for waiting in self.waiting.remove(&id).unwrap_or_default() {
            // A request that is no longer there needs no answer.
            let _ = waiting.send(());
        }
    }

    /// Takes an item out of wherever it is.
    fn take(&mut self, id: u64) -> Option<Item> {
        if let Some(at) = self.ready.iter().position(|item| item.id == id) {
            return self.ready.remove(at);
        }
        for line in self.lines.values_mut() {
            let at = line.held.keys().find(|(_, held)| *held == id).copied();
            if let Some(item) = at.and_then(|at| line.held.remove(&at)) {
                self.held -= 1;
                if line.held.is_empty() {
                    line.since = None;
                }
                return Some(item);
            }
        }
        self.out.remove(&id)
    }

    /// Puts an item where it belongs: at the end of the queue, or behind one that is missing.
    fn place(&mut self, item: Item, settings: &InboxSettings) {
        let places = if settings.order { places_in_line(&item.notification) } else { Vec::new() };
        // Of several dialogs in one notification the first decides when it is given out.
        let Some((dialog, first, _)) = places.into_iter().next() else {
            self.ready.push_back(item);
            return;
        };
        if self.lines.len() > settings.duplicates_window.max(1000) {
            // Who is not waited for is only a memory of where the next one begins.
            self.lines.retain(|_, line| !line.held.is_empty());
        }
        let line = self.lines.entry(dialog).or_default();
        if first > line.next {
            line.since.get_or_insert_with(Instant::now);
            line.held.insert((first, item.id), item);
            self.held += 1;
            return;
        }
        self.release(item);
    }

    /// Moves on to the queue an item, and those that waited for it, in all its dialogs.
    fn release(&mut self, item: Item) {
        let mut leaving = VecDeque::from([item]);
        while let Some(item) = leaving.pop_front() {
            for (dialog, _, last) in places_in_line(&item.notification) {
                let line = self.lines.entry(dialog).or_default();
                line.next = line.next.max(last.saturating_add(1));
                let follow = line.take_next();
                self.held -= follow.len();
                leaving.extend(follow);
            }
            self.ready.push_back(item);
        }
    }

    /// Gives up on what is missing for too long; says when the next one will be.
    fn release_late(&mut self, wait: Duration) -> Option<Instant> {
        if self.held == 0 {
            return None;
        }
        let now = Instant::now();
        let is_late = |line: &Line| line.since.is_some_and(|since| since + wait <= now);
        let late = self.lines.iter().filter(|(_, line)| is_late(line));
        for dialog in late.map(|(dialog, _)| dialog.clone()).collect::<Vec<_>>() {
            while let Some(line) = self.lines.get_mut(&dialog).filter(|line| is_late(line)) {
                let Some((_, item)) = line.held.pop_first() else { break };
                self.held -= 1;
                self.release(item);
            }
        }
        self.lines.values().filter_map(|line| line.since).min().map(|since| since + wait)
    }
}

impl Line {
    /// Takes out what is no longer missing anything.
    fn take_next(&mut self) -> Vec<Item> {
        let mut next = Vec::new();
        while let Some(entry) = self.held.first_entry().filter(|held| held.key().0 <= self.next) {
            next.push(entry.remove());
        }
        // What is still held begins a wait of its own.
        self.since = if self.held.is_empty() { None } else { Some(Instant::now()) };
        next
    }
}

/// The account and dialog of each event with a sequence, in their order, and the first and last
/// sequence that the notification has of it.
fn places_in_line(notification: &Notification) -> Vec<((String, String), i64, i64)> {
    let mut places: Vec<((String, String), i64, i64)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for event in notification.events() {
        let Some(sequence) = event.sequence() else { continue };
        let dialog = Some(event.dialog_id()).filter(|id| !id.is_empty());
        let dialog = dialog.unwrap_or(event.conversation_id());
        let place = *known.entry(dialog).or_insert(places.len());
        match places.get_mut(place) {
            Some((_, first, last)) => {
                *first = sequence.min(*first);
                *last = sequence.max(*last);
            }
            None => {
                let line = (notification.account_id().to_owned(), dialog.to_owned());
                places.push((line, sequence, sequence));
            }
        }
    }
    places
}

/// What tells a notification from others: its account, and conversation, sequence and event of all
/// its events, which is all of it but what the service may write anew.
fn fingerprint(notification: &Notification) -> Digest {
    let mut text = format!("{} {}", notification.account_id(), notification.type_name());
    for event in notification.events() {
        let sequence = event.sequence().unwrap_or(-1);
        text.push_str(&format!("\n{} {sequence} {}", event.conversation_id(), event.json()));
    }
    // What could not be read has no JSON to tell it by.
    if notification.events().iter().all(|event| event.json().is_empty()) {
        text.push_str(&String::from_utf8_lossy(notification.raw()));
    }
    let mut fingerprint = Digest::default();
    fingerprint.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    fingerprint
}

fn can_be_told_apart(notification: &Notification) -> bool {
    notification.events().iter().all(|event| {
        event.kind() != EventKind::ChatState
            || event.sequence().is_some()
            || event.timestamp_ms().is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> InboxSettings {
        InboxSettings {
            queue_max: 100,
            duplicates_window: 100,
            order: false,
            order_wait: Duration::ZERO,
            manual: false,
        }
    }

    fn inbox(settings: InboxSettings) -> Inbox {
        Inbox::open(settings, None).unwrap()
    }

    fn text(conversation: &str, sequence: i64, message: &str) -> Notification {
        let body = serde_json::json!({
            "kind": "notification", "type": "ms.MessagingEventNotification",
            "body": {"changes": [{"sequence": sequence, "conversationId": conversation,
                "dialogId": conversation,
                "event": {"type": "ContentEvent", "contentType": "text/plain", "message": message}}]},
        });
        Notification::parse(body.to_string().as_bytes()).unwrap()
    }

    fn typing() -> Notification {
        let body = br#"{"type":"ms.MessagingEventNotification","body":{"changes":[{"dialogId":"d",
            "event":{"type":"ChatStateEvent","chatState":"COMPOSING"}}]}}"#;
        Notification::parse(body).unwrap()
    }

    fn taken(offer: Offer) -> bool {
        matches!(offer, Offer::Taken)
    }

    fn all(inbox: &Inbox) -> Vec<String> {
        let next = || inbox.poll(Duration::ZERO).unwrap();
        std::iter::from_fn(next).map(|n| n.events()[0].text().to_owned()).collect()
    }

    #[test]
    fn what_comes_goes_out_in_turn_and_once() {
        let inbox = inbox(settings());
        for message in ["a", "b", "a"] {
            assert!(taken(inbox.offer(text("c", 1, message))));
        }
        assert!(taken(inbox.offer(text("c", 2, "a"))));
        assert_eq!(all(&inbox), ["a", "b", "a"]);
        assert!(taken(inbox.offer(text("c", 1, "a"))));
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
    fn each_dialog_has_an_order_of_its_own() {
        let hour = Duration::from_secs(3600);
        let inbox = inbox(InboxSettings { order: true, order_wait: hour, ..settings() });
        let survey = |sequence: i64, names: &str| {
            let body = format!(
                r#"{{"body":{{"changes":[{{{names}"dialogId":"s","sequence":{sequence},
                    "event":{{"type":"ContentEvent","message":"s{sequence}"}}}}]}}}}"#
            );
            Notification::parse(body.as_bytes()).unwrap()
        };
        inbox.offer(text("c", 0, "c0"));
        inbox.offer(survey(1, ""));
        // Whether the conversation is named, too, or not: the dialog is the same.
        inbox.offer(survey(0, r#""conversationId":"c","#));
        inbox.offer(text("c", 1, "c1"));
        assert_eq!(all(&inbox), ["c0", "s0", "s1", "c1"]);
    }

    #[test]
    fn an_event_of_another_dialog_does_not_move_the_line() {
        let hour = Duration::from_secs(3600);
        let inbox = inbox(InboxSettings { order: true, order_wait: hour, ..settings() });
        let change = |dialog: &str, sequence: i64| {
            format!(
                r#"{{"dialogId":"{dialog}","sequence":{sequence},
                    "event":{{"type":"ContentEvent","message":"{dialog}{sequence}"}}}}"#
            )
        };
        let both = |changes: &[String]| {
            let body = format!(r#"{{"body":{{"changes":[{}]}}}}"#, changes.join(","));
            Notification::parse(body.as_bytes()).unwrap()
        };
        inbox.offer(both(&[change("a", 1), change("s", 7)]));
        inbox.offer(both(&[change("a", 0)]));
        inbox.offer(both(&[change("a", 4)]));
        assert_eq!(all(&inbox), ["a0", "a1"], "the other dialog's number is not this one's");
        inbox.offer(both(&[change("a", 2)]));
        inbox.offer(both(&[change("a", 3)]));
        assert_eq!(all(&inbox), ["a2", "a3", "a4"]);
        // Another account's dialog is another one, and begins at 0.
        inbox.offer(both(&[change("a", 1)]).with_account("le2"));
        assert!(all(&inbox).is_empty());
        inbox.offer(both(&[change("a", 0)]).with_account("le2"));
        assert_eq!(all(&inbox), ["a0", "a1"]);
    }

    #[test]
    fn a_notification_moves_the_lines_of_all_its_dialogs() {
        let hour = Duration::from_secs(3600);
        let inbox = inbox(InboxSettings { order: true, order_wait: hour, ..settings() });
        let body = br#"{"body":{"changes":[
            {"dialogId":"m","sequence":0,"event":{"type":"ContentEvent","message":"m0"}},
            {"dialogId":"s","sequence":0,"event":{"type":"ContentEvent","message":"s0"}}]}}"#;
        inbox.offer(text("s", 1, "s1"));
        inbox.offer(Notification::parse(body).unwrap());
        inbox.offer(text("s", 2, "s2"));
        assert_eq!(all(&inbox), ["m0", "s1", "s2"]);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let inbox = inbox(InboxSettings { duplicates_window: 2, ..settings() });
        for sequence in [1, 2, 3, 3, 1] {
            inbox.offer(text("c", sequence, &sequence.to_string()));
        }
        assert_eq!(all(&inbox), ["1", "2", "3", "1"]);
    }

    #[test]
    fn a_full_queue_takes_no_more_until_there_is_room() {
        let inbox = inbox(InboxSettings { queue_max: 2, ..settings() });
        for (sequence, fits) in [(1, true), (2, true), (3, false)] {
            assert_eq!(taken(inbox.offer(text("c", sequence, "x"))), fits);
        }
        inbox.poll(Duration::ZERO).unwrap();
        assert!(taken(inbox.offer(text("c", 3, "x"))), "what was refused is no duplicate");
    }

    #[test]
    fn a_conversation_comes_out_by_sequence() {
        let hour = Duration::from_secs(3600);
        let inbox = inbox(InboxSettings { order: true, order_wait: hour, ..settings() });
        for sequence in [2, 0, 3, 1, 5] {
            inbox.offer(text("c", sequence, &sequence.to_string()));
        }
        inbox.offer(text("other", 0, "other"));
        inbox.offer(typing());
        assert_eq!(all(&inbox), ["0", "1", "2", "3", "other", "COMPOSING"]);
        // One that comes late is given out, too.
        inbox.offer(text("c", 1, "late"));
        assert_eq!(all(&inbox), ["late"]);
        inbox.offer(text("c", 4, "4"));
        assert_eq!(all(&inbox), ["4", "5"]);
    }

    #[test]
    fn nobody_waits_for_ever_for_what_is_missing() {
        let inbox = inbox(InboxSettings { order: true, ..settings() });
        for sequence in [7, 9, 8] {
            inbox.offer(text("c", sequence, &sequence.to_string()));
        }
        assert_eq!(all(&inbox), ["7", "8", "9"]);
        let wait = Duration::from_millis(5);
        let inbox = self::inbox(InboxSettings { order: true, order_wait: wait, ..settings() });
        inbox.offer(text("c", 3, "3"));
        let waited = inbox.poll(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(waited.events()[0].text(), "3");
        assert_eq!(lock(&inbox.state).kept(), 0);
    }

    #[test]
    fn who_must_acknowledge_is_waited_for() {
        let inbox = inbox(InboxSettings { manual: true, queue_max: 1, ..settings() });
        let Offer::Pending { mut acknowledged, .. } = inbox.offer(text("c", 1, "x")) else {
            panic!("pending");
        };
        // It comes again before anybody has dealt with it.
        let Offer::Pending { acknowledged: mut again, .. } = inbox.offer(text("c", 1, "x")) else {
            panic!("pending");
        };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        assert!(matches!(inbox.offer(text("c", 2, "y")), Offer::Full), "x is still kept");
        assert!(acknowledged.try_recv().is_err());
        inbox.ack(&x).unwrap();
        assert!(acknowledged.try_recv().is_ok() && again.try_recv().is_ok());
        assert!(taken(inbox.offer(text("c", 1, "x"))), "dealt with");
        assert!(matches!(inbox.offer(text("c", 2, "y")), Offer::Pending { .. }));
        inbox.ack(&x).unwrap();
    }

    #[test]
    fn what_was_not_acknowledged_in_time_comes_again() {
        let inbox = inbox(InboxSettings { manual: true, ..settings() });
        let Offer::Pending { id, .. } = inbox.offer(text("c", 1, "x")) else { panic!("pending") };
        inbox.give_up(id);
        assert!(all(&inbox).is_empty(), "the service has it now");
        let Offer::Pending { id, .. } = inbox.offer(text("c", 1, "x")) else { panic!("pending") };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        inbox.give_up(id);
        // Late is better than twice.
        inbox.ack(&x).unwrap();
        assert!(taken(inbox.offer(text("c", 1, "x"))));
        assert_eq!(lock(&inbox.state).kept(), 0);
    }

    #[test]
    fn a_late_acknowledgement_counts_for_what_came_again() {
        let inbox = inbox(InboxSettings { manual: true, ..settings() });
        let Offer::Pending { id, .. } = inbox.offer(text("c", 1, "x")) else { panic!("pending") };
        let x = inbox.poll(Duration::ZERO).unwrap().unwrap();
        inbox.give_up(id);
        let Offer::Pending { mut acknowledged, .. } = inbox.offer(text("c", 1, "x")) else {
            panic!("pending");
        };
        inbox.ack(&x).unwrap();
        assert!(acknowledged.try_recv().is_ok());
        assert!(all(&inbox).is_empty(), "it would be dealt with twice");
        assert_eq!(lock(&inbox.state).kept(), 0);
    }

    #[test]
    fn two_with_one_sequence_are_both_given_out() {
        let hour = Duration::from_secs(3600);
        let inbox = inbox(InboxSettings { order: true, order_wait: hour, ..settings() });
        for message in ["one", "two"] {
            inbox.offer(text("c", 1, message));
        }
        inbox.offer(text("c", 0, "zero"));
        assert_eq!(all(&inbox), ["zero", "one", "two"]);
        assert_eq!(lock(&inbox.state).kept(), 0);
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
                    inbox.offer(text("c", sequence, &sequence.to_string()));
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
        assert!(matches!(inbox.offer(text("c", 2, "y")), Offer::Full));
    }
}
