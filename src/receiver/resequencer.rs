//! The order of the events in each dialog: what comes too early is held until what is missing comes,
//! or was waited for long enough.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::protocol::notification::Notification;
use crate::receiver::item::Item;

/// How many dialogs are remembered at least.
const FEWEST_DIALOGS: usize = 1000;

/// Puts notifications into the order of their dialogs.
pub(crate) struct Resequencer {
    gap_wait: Duration,
    most_dialogs: usize,
    dialogs: HashMap<DialogKey, Dialog>,
    held: usize,
}

/// The account, and the dialog or, where it has no name, the conversation.
type DialogKey = (String, String);

/// Each dialog counts its events from 0.
#[derive(Default)]
struct Dialog {
    next: i64,
    /// By the first sequence, then the id: two may have the same sequence.
    held: BTreeMap<(i64, u64), Item>,
    gap_since: Option<Instant>,
}

/// The first and the last sequence that a notification has of one dialog.
struct Span {
    dialog: DialogKey,
    first: i64,
    last: i64,
}

impl Resequencer {
    /// One that waits for what is missing for that long. `dialogs`: how many it remembers, beside
    /// those in which something is missing.
    pub(crate) fn new(gap_wait: Duration, dialogs: usize) -> Resequencer {
        let most_dialogs = dialogs.max(FEWEST_DIALOGS);
        Resequencer { gap_wait, most_dialogs, dialogs: HashMap::new(), held: 0 }
    }

    /// Takes an item, and gives out what is in order with it: none if it came too early.
    pub(crate) fn push(&mut self, item: Item) -> Vec<Item> {
        // Of several dialogs in one notification the first decides when it is given out.
        let Some(Span { dialog, first, .. }) = spans(&item.notification).into_iter().next() else {
            return vec![item];
        };
        if self.dialogs.len() > self.most_dialogs {
            // Where nothing is held there is only a memory of where the next one begins.
            self.dialogs.retain(|_, dialog| !dialog.held.is_empty());
        }
        let dialog = self.dialogs.entry(dialog).or_default();
        if first > dialog.next {
            dialog.gap_since.get_or_insert_with(Instant::now);
            dialog.held.insert((first, item.id), item);
            self.held += 1;
            return Vec::new();
        }
        self.release(item)
    }

    /// Gives out what was held for long enough: what is missing in front of it is waited for no more.
    pub(crate) fn give_up_gaps(&mut self, now: Instant) -> Vec<Item> {
        if self.held == 0 {
            return Vec::new();
        }
        let gap_wait = self.gap_wait;
        let is_late = |dialog: &Dialog| dialog.gap_since.is_some_and(|at| at + gap_wait <= now);
        let late = self.dialogs.iter().filter(|(_, dialog)| is_late(dialog));
        let mut released = Vec::new();
        for key in late.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            while let Some(dialog) = self.dialogs.get_mut(&key).filter(|dialog| is_late(dialog)) {
                let Some((_, item)) = dialog.held.pop_first() else { break };
                self.held -= 1;
                released.extend(self.release(item));
            }
        }
        released
    }

    /// When the next gap is to be given up.
    pub(crate) fn next_give_up(&self) -> Option<Instant> {
        if self.held == 0 {
            return None;
        }
        let since = self.dialogs.values().filter_map(|dialog| dialog.gap_since).min();
        since.map(|since| since + self.gap_wait)
    }

    /// Takes out an item that is held.
    pub(crate) fn remove(&mut self, id: u64) -> Option<Item> {
        let found = self.dialogs.values_mut().find_map(|dialog| dialog.remove(id));
        found.inspect(|_| self.held -= 1)
    }

    pub(crate) fn all_held(&self) -> impl Iterator<Item = &Item> {
        self.dialogs.values().flat_map(|dialog| dialog.held.values())
    }

    /// How many items are held.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// An item, and those that waited for it, in all its dialogs.
    fn release(&mut self, item: Item) -> Vec<Item> {
        let mut released = Vec::new();
        let mut leaving = VecDeque::from([item]);
        while let Some(item) = leaving.pop_front() {
            for Span { dialog, last, .. } in spans(&item.notification) {
                let dialog = self.dialogs.entry(dialog).or_default();
                dialog.next = dialog.next.max(last.saturating_add(1));
                let follow = dialog.take_next();
                self.held -= follow.len();
                leaving.extend(follow);
            }
            released.push(item);
        }
        released
    }
}

impl Dialog {
    /// Takes out what is no longer missing anything.
    fn take_next(&mut self) -> Vec<Item> {
        let mut next = Vec::new();
        while let Some(entry) = self.held.first_entry().filter(|held| held.key().0 <= self.next) {
            next.push(entry.remove());
        }
        // What is still held begins a wait of its own.
        self.gap_since = if self.held.is_empty() { None } else { Some(Instant::now()) };
        next
    }

    fn remove(&mut self, id: u64) -> Option<Item> {
        let key = self.held.keys().find(|(_, held)| *held == id).copied()?;
        let item = self.held.remove(&key);
        if self.held.is_empty() {
            self.gap_since = None;
        }
        item
    }
}

/// The dialogs of the events that have a sequence, in their order.
fn spans(notification: &Notification) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for event in notification.events() {
        let Some(sequence) = event.sequence() else { continue };
        let dialog = Some(event.dialog_id()).filter(|id| !id.is_empty());
        let dialog = dialog.unwrap_or(event.conversation_id());
        let at = *known.entry(dialog).or_insert(spans.len());
        match spans.get_mut(at) {
            Some(span) => {
                span.first = sequence.min(span.first);
                span.last = sequence.max(span.last);
            }
            None => {
                let dialog = (notification.account_id().to_owned(), dialog.to_owned());
                spans.push(Span { dialog, first: sequence, last: sequence });
            }
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::fingerprint::fingerprint;
    use crate::receiver::test_notifications::{text, typing};

    const HOUR: Duration = Duration::from_secs(3600);

    /// A resequencer, and the id of the next item.
    struct Order(Resequencer, u64);

    impl Order {
        fn waiting(gap_wait: Duration) -> Order {
            Order(Resequencer::new(gap_wait, 0), 1)
        }

        /// What comes out with a notification.
        fn push(&mut self, notification: Notification) -> Vec<String> {
            let fingerprint = fingerprint(&notification);
            let id = self.1;
            self.1 += 1;
            texts(self.0.push(Item { id, notification, fingerprint, arrived: Instant::now() }))
        }
    }

    fn texts(items: Vec<Item>) -> Vec<String> {
        items.iter().map(|item| item.notification.events()[0].text().to_owned()).collect()
    }

    /// One event, which says its dialog and its sequence. `more`: further members.
    fn change(dialog: &str, sequence: i64, more: &str) -> String {
        format!(
            r#"{{{more}"dialogId":"{dialog}","sequence":{sequence},
                "event":{{"type":"ContentEvent","message":"{dialog}{sequence}"}}}}"#
        )
    }

    fn of(changes: &[String]) -> Notification {
        let body = format!(r#"{{"body":{{"changes":[{}]}}}}"#, changes.join(","));
        Notification::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_dialog_comes_out_by_sequence() {
        let mut order = Order::waiting(HOUR);
        assert!(order.push(text("c", 2, 2)).is_empty());
        assert_eq!(order.push(text("c", 0, 0)), ["0"]);
        assert!(order.push(text("c", 3, 3)).is_empty());
        assert_eq!(order.push(text("c", 1, 1)), ["1", "2", "3"]);
        assert!(order.push(text("c", 5, 5)).is_empty());
        assert_eq!(order.push(text("other", 0, "other")), ["other"]);
        assert_eq!(order.push(typing()), ["COMPOSING"], "nothing to order it by");
        assert_eq!(order.push(text("c", 1, "late")), ["late"], "late is better than never");
        assert_eq!(order.push(text("c", 4, 4)), ["4", "5"]);
        assert_eq!(order.0.held(), 0);
    }

    #[test]
    fn each_dialog_has_an_order_of_its_own() {
        let mut order = Order::waiting(HOUR);
        assert_eq!(order.push(text("c", 0, "c0")), ["c0"]);
        assert!(order.push(of(&[change("s", 1, "")])).is_empty());
        // Whether the conversation is named, too, or not: the dialog is the same.
        assert_eq!(order.push(of(&[change("s", 0, r#""conversationId":"c","#)])), ["s0", "s1"]);
        assert_eq!(order.push(text("c", 1, "c1")), ["c1"]);
    }

    #[test]
    fn an_event_of_another_dialog_does_not_move_the_line() {
        let mut order = Order::waiting(HOUR);
        assert!(order.push(of(&[change("a", 1, ""), change("s", 7, "")])).is_empty());
        assert_eq!(order.push(of(&[change("a", 0, "")])), ["a0", "a1"]);
        let early = order.push(of(&[change("a", 4, "")]));
        assert!(early.is_empty(), "the other dialog's number is not this one's");
        assert_eq!(order.push(of(&[change("a", 2, "")])), ["a2"]);
        assert_eq!(order.push(of(&[change("a", 3, "")])), ["a3", "a4"]);
        // Another account's dialog is another one, and begins at 0.
        assert!(order.push(of(&[change("a", 1, "")]).with_account("le2")).is_empty());
        assert_eq!(order.push(of(&[change("a", 0, "")]).with_account("le2")), ["a0", "a1"]);
    }

    #[test]
    fn a_notification_moves_the_lines_of_all_its_dialogs() {
        let mut order = Order::waiting(HOUR);
        assert!(order.push(text("s", 1, "s1")).is_empty());
        assert_eq!(order.push(of(&[change("m", 0, ""), change("s", 0, "")])), ["m0", "s1"]);
        assert_eq!(order.push(text("s", 2, "s2")), ["s2"]);
    }

    #[test]
    fn two_with_one_sequence_both_come_out() {
        let mut order = Order::waiting(HOUR);
        assert!(order.push(text("c", 1, "one")).is_empty());
        assert!(order.push(text("c", 1, "two")).is_empty());
        assert_eq!(order.push(text("c", 0, "zero")), ["zero", "one", "two"]);
        assert_eq!(order.0.held(), 0);
    }

    #[test]
    fn a_gap_is_given_up_in_time() {
        let mut order = Order::waiting(HOUR);
        assert_eq!(order.0.next_give_up(), None);
        let begun = Instant::now();
        for sequence in [7, 9, 8] {
            assert!(order.push(text("c", sequence, sequence)).is_empty());
        }
        let at = order.0.next_give_up().unwrap();
        assert!(at >= begun + HOUR);
        assert!(order.0.give_up_gaps(at - Duration::from_nanos(1)).is_empty());
        assert_eq!(texts(order.0.give_up_gaps(at)), ["7", "8", "9"]);
        assert_eq!((order.0.held(), order.0.next_give_up()), (0, None));
    }

    #[test]
    fn each_gap_is_waited_for() {
        let mut order = Order::waiting(HOUR);
        for sequence in [1, 3] {
            assert!(order.push(text("c", sequence, sequence)).is_empty());
        }
        let first = order.0.next_give_up().unwrap();
        assert_eq!(texts(order.0.give_up_gaps(first)), ["1"]);
        let second = order.0.next_give_up().unwrap();
        assert!(second > first, "what is still held begins a wait of its own");
        assert_eq!(texts(order.0.give_up_gaps(second)), ["3"]);
    }

    #[test]
    fn what_is_taken_out_is_not_waited_for() {
        let mut order = Order::waiting(HOUR);
        assert!(order.push(text("c", 1, "x")).is_empty());
        let gap = order.0.next_give_up();
        assert!(order.0.remove(2).is_none());
        assert_eq!(order.0.remove(1).map(|item| item.id), Some(1));
        assert_eq!((order.0.held(), order.0.next_give_up()), (0, None));
        assert!(order.push(text("other", 1, "y")).is_empty());
        assert!(order.0.next_give_up() > gap, "the gap went with it");
        assert_eq!(order.push(text("c", 0, "zero")), ["zero"]);
    }

    #[test]
    fn only_dialogs_in_which_something_is_held_are_never_forgotten() {
        let mut order = Order::waiting(HOUR);
        assert_eq!(order.push(text("done", 0, "x")), ["x"]);
        assert!(order.push(text("held", 1, "one")).is_empty());
        for dialog in 0..FEWEST_DIALOGS {
            order.push(text(&dialog.to_string(), 0, "x"));
        }
        assert!(order.push(text("done", 1, "x")).is_empty(), "it begins anew");
        assert_eq!(order.push(text("held", 0, "zero")), ["zero", "one"]);
    }
}
