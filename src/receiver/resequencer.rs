//! The order of the events in each dialog: what comes too early is held until what is missing comes,
//! or was waited for long enough.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use crate::receiver::dialogs::{Span, closed, spans};
use crate::receiver::item::Item;
use crate::store::change::DialogKey;
use crate::store::left::Stopped;

/// How many dialogs are remembered at least.
const FEWEST_DIALOGS: usize = 1000;

/// How many dialogs are remembered beside those in which something is missing, where the last so
/// many notifications are.
pub(crate) fn most_dialogs(notifications: usize) -> usize {
    notifications.max(FEWEST_DIALOGS)
}

/// Puts notifications into the order of their dialogs.
pub(crate) struct Resequencer {
    gap_wait: Duration,
    most_dialogs: usize,
    dialogs: HashMap<DialogKey, Dialog>,
    held: HashMap<u64, Held>,
    /// Of what is held and has a place in a dialog: since when, the longest first.
    waits: BTreeSet<(Instant, u64)>,
    /// By what is held, the ends of conversations that wait for it.
    ends_behind: HashMap<u64, Vec<u64>>,
}

/// Each dialog counts its events from 0.
#[derive(Default)]
struct Dialog {
    next: i64,
    /// The first sequence and the id of each held item that has events of it: two may have the same
    /// sequence.
    held: BTreeSet<(i64, u64)>,
    /// The last item that had something of it.
    used: u64,
}

struct Held {
    item: Item,
    spans: Vec<Span>,
    since: Instant,
    /// What the end of a conversation waits for.
    behind: HashSet<u64>,
}

impl Resequencer {
    /// One that waits for what is missing for that long, and remembers so many dialogs.
    pub(crate) fn new(gap_wait: Duration, most_dialogs: usize) -> Resequencer {
        Resequencer {
            gap_wait,
            most_dialogs,
            dialogs: HashMap::new(),
            held: HashMap::new(),
            waits: BTreeSet::new(),
            ends_behind: HashMap::new(),
        }
    }

    /// Goes on where an earlier process stopped, and gives out what it left: in order among itself,
    /// but what is missing there was dealt with.
    pub(crate) fn resume(&mut self, left: Vec<Item>, stopped: Vec<Stopped>) -> Vec<Item> {
        let mut firsts = HashMap::new();
        for span in left.iter().flat_map(|item| spans(&item.notification)) {
            let first = firsts.entry(span.dialog).or_insert(span.first);
            *first = span.first.min(*first);
        }
        for Stopped { dialog: key, next, used } in &stopped {
            let next = firsts.get(key).map_or(*next, |first| *next.min(first));
            let dialog = self.dialogs.entry(key.clone()).or_default();
            (dialog.next, dialog.used) = (next, *used);
        }
        let mut released: Vec<_> = left.into_iter().flat_map(|item| self.push(item)).collect();
        for Stopped { dialog, next, .. } in stopped {
            let reached = self.reach(&dialog, next);
            released.extend(reached.into_iter().flat_map(|item| self.release(item)));
        }
        released
    }

    /// Takes an item, and gives out what is in order with it: none if it came too early.
    pub(crate) fn push(&mut self, item: Item) -> Vec<Item> {
        let spans = spans(&item.notification);
        let ended = closed(&item.notification);
        let ended = ended.iter().filter_map(|dialog| self.dialogs.get(dialog));
        let behind: HashSet<u64> =
            ended.flat_map(|dialog| dialog.held.iter().map(|(_, id)| *id)).collect();
        self.forget_some_dialogs();
        if behind.is_empty() && self.is_in_turn(&spans) {
            return self.release(item);
        }
        for span in &spans {
            let dialog = self.dialogs.entry(span.dialog.clone()).or_default();
            dialog.held.insert((span.first, item.id));
        }
        for id in &behind {
            self.ends_behind.entry(*id).or_default().push(item.id);
        }
        let since = Instant::now();
        if !spans.is_empty() {
            self.waits.insert((since, item.id));
        }
        self.held.insert(item.id, Held { item, spans, since, behind });
        Vec::new()
    }

    /// Gives out what was held for long enough: all that is missing in front of it was waited for as long,
    /// in however many places.
    pub(crate) fn give_up_gaps(&mut self, now: Instant) -> Vec<Item> {
        let gap_wait = self.gap_wait;
        self.give_up(|since| since + gap_wait <= now)
    }

    /// Gives out all that is held: nothing comes any more.
    pub(crate) fn give_up_all(&mut self) -> Vec<Item> {
        self.give_up(|_| true)
    }

    /// When the next gap is to be given up.
    pub(crate) fn next_give_up(&self) -> Option<Instant> {
        self.waits.first().map(|(since, _)| *since + self.gap_wait)
    }

    /// Takes out an item that is held, and what waited only for it.
    pub(crate) fn remove(&mut self, id: u64) -> Option<(Item, Vec<Item>)> {
        let item = self.take(id)?;
        let freed = self.freed_by(id);
        Some((item, freed.into_iter().flat_map(|freed| self.release(freed)).collect()))
    }

    pub(crate) fn all_held(&self) -> impl Iterator<Item = &Item> {
        self.held.values().map(|held| &held.item)
    }

    /// How many items are held.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    fn give_up(&mut self, is_over: impl Fn(Instant) -> bool) -> Vec<Item> {
        let mut released = Vec::new();
        while let Some((_, late)) = self.waits.first().copied().filter(|(since, _)| is_over(*since))
        {
            let first = self.in_front_of(late).unwrap_or(late);
            let Some(item) = self.take(first) else { break };
            released.extend(self.release(item));
        }
        released
    }

    /// What is held in front of an item, in one of its dialogs.
    fn in_front_of(&self, id: u64) -> Option<u64> {
        self.held.get(&id)?.spans.iter().find_map(|span| {
            let first = *self.dialogs.get(&span.dialog)?.held.first()?;
            (first < (span.first, id)).then_some(first.1)
        })
    }

    /// Nothing is missing in front of it, in any of its dialogs.
    fn is_in_turn(&self, spans: &[Span]) -> bool {
        spans.iter().all(|span| {
            span.first <= self.dialogs.get(&span.dialog).map_or(0, |dialog| dialog.next)
        })
    }

    /// An item, and those that waited for it, in all its dialogs.
    fn release(&mut self, item: Item) -> Vec<Item> {
        let mut released = Vec::new();
        let mut leaving = VecDeque::from([item]);
        while let Some(item) = leaving.pop_front() {
            for Span { dialog: key, last, .. } in spans(&item.notification) {
                let dialog = self.dialogs.entry(key.clone()).or_default();
                dialog.used = dialog.used.max(item.id);
                leaving.extend(self.reach(&key, last.saturating_add(1)));
            }
            leaving.extend(self.freed_by(item.id));
            released.push(item);
        }
        released
    }

    /// What was held in a dialog that goes on there.
    fn reach(&mut self, key: &DialogKey, next: i64) -> Vec<Item> {
        let Some(dialog) = self.dialogs.get_mut(key).filter(|dialog| dialog.next < next) else {
            return Vec::new();
        };
        dialog.next = next;
        let reached: Vec<u64> = dialog.held.range(..=(next, u64::MAX)).map(|(_, id)| *id).collect();
        reached.into_iter().filter_map(|id| self.take_if_ready(id)).collect()
    }

    /// The ends of conversations that waited for this one, and wait for nothing else.
    fn freed_by(&mut self, id: u64) -> Vec<Item> {
        let ends = self.ends_behind.remove(&id).unwrap_or_default();
        let mut freed = Vec::new();
        for end in ends {
            if let Some(held) = self.held.get_mut(&end) {
                held.behind.remove(&id);
                freed.extend(self.take_if_ready(end));
            }
        }
        freed
    }

    fn take_if_ready(&mut self, id: u64) -> Option<Item> {
        let held = self.held.get(&id)?;
        let ready = held.behind.is_empty() && self.is_in_turn(&held.spans);
        if ready { self.take(id) } else { None }
    }

    fn take(&mut self, id: u64) -> Option<Item> {
        let held = self.held.remove(&id)?;
        self.waits.remove(&(held.since, id));
        for span in &held.spans {
            if let Some(dialog) = self.dialogs.get_mut(&span.dialog) {
                dialog.held.remove(&(span.first, id));
            }
        }
        Some(held.item)
    }

    /// Where nothing is held there is only a memory of where the next one begins: the older half of
    /// those goes where there are too many.
    fn forget_some_dialogs(&mut self) {
        if self.dialogs.len() <= self.most_dialogs {
            return;
        }
        let mut used: Vec<u64> = self.dialogs.values().map(|dialog| dialog.used).collect();
        let middle = used.len() / 2;
        let newest_that_goes = *used.select_nth_unstable(middle).1;
        self.dialogs.retain(|_, dialog| !dialog.held.is_empty() || dialog.used > newest_that_goes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::notification::Notification;
    use crate::receiver::fingerprint::fingerprint;
    use crate::receiver::test_notifications::{text, typing};

    const HOUR: Duration = Duration::from_secs(3600);

    /// A resequencer, and the id of the next item.
    struct Order(Resequencer, u64);

    impl Order {
        fn waiting(gap_wait: Duration) -> Order {
            Order(Resequencer::new(gap_wait, FEWEST_DIALOGS), 1)
        }

        /// What comes out with a notification.
        fn push(&mut self, notification: Notification) -> Vec<String> {
            let fingerprint = fingerprint(&notification);
            let id = self.1;
            self.1 += 1;
            let notification = std::sync::Arc::new(notification);
            texts(self.0.push(Item { id, notification, fingerprint, arrived: Instant::now() }))
        }
    }

    fn texts(items: Vec<Item>) -> Vec<String> {
        let event = |item: &Item| item.notification.events()[0].clone();
        items.iter().map(event).map(|event| [event.text(), event.state()].concat()).collect()
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
        for sequence in 0..7 {
            order.push(of(&[change("s", sequence, "")]));
        }
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
    fn a_notification_waits_for_its_turn_in_all_its_dialogs() {
        let mut order = Order::waiting(HOUR);
        // Both orders of the two: neither is only the first one's.
        for (a, s) in [("a", "s"), ("t", "b")] {
            assert!(order.push(of(&[change(a, 1, ""), change(s, 1, "")])).is_empty());
            assert_eq!(order.push(of(&[change(a, 0, "")])), [format!("{a}0")]);
            assert!(order.push(of(&[change(a, 2, "")])).is_empty(), "it would overtake");
            let rest = order.push(of(&[change(s, 0, "")]));
            assert_eq!(rest, [format!("{s}0"), format!("{a}1"), format!("{a}2")]);
        }
        // A gap in one of them is waited for no longer than asked.
        assert!(order.push(of(&[change("a", 3, ""), change("s", 9, "")])).is_empty());
        assert!(order.push(of(&[change("a", 4, "")])).is_empty());
        let at = order.0.next_give_up().unwrap();
        assert_eq!(texts(order.0.give_up_gaps(at)), ["a3", "a4"]);
        assert_eq!(order.0.held(), 0);
    }

    #[test]
    fn the_end_of_a_conversation_does_not_overtake_what_is_held() {
        let end = || {
            let body = r#"{"body":{"changes":[{"result":{"convId":"c","conversationDetails":{
                "state":"CLOSE","dialogs":[{"dialogId":"s"}]}}}]}}"#;
            Notification::parse(body.as_bytes()).unwrap()
        };
        let mut order = Order::waiting(HOUR);
        assert!(order.push(text("c", 1, "c1")).is_empty());
        assert!(order.push(text("s", 1, "s1")).is_empty());
        assert!(order.push(end()).is_empty());
        assert_eq!(order.push(text("c", 0, "c0")), ["c0", "c1"]);
        assert_eq!(order.push(text("other", 0, "other")), ["other"]);
        assert_eq!(order.push(text("s", 0, "s0")), ["s0", "s1", "CLOSE"]);
        assert_eq!(order.push(end()), ["CLOSE"], "nothing is held");

        // It goes with the last of them, whatever becomes of that.
        assert!(order.push(text("c", 7, "c7")).is_empty());
        assert!(order.push(end()).is_empty());
        let at = order.0.next_give_up().unwrap();
        assert_eq!(texts(order.0.give_up_gaps(at)), ["c7", "CLOSE"]);
        assert!(order.push(text("c", 9, "c9")).is_empty());
        let held = order.1 - 1;
        assert!(order.push(end()).is_empty());
        let (_, freed) = order.0.remove(held).unwrap();
        assert_eq!(texts(freed), ["CLOSE"]);
        assert!(order.0.ends_behind.is_empty() && order.0.held() == 0);
    }

    #[test]
    fn a_dialog_goes_on_where_it_stopped() {
        let mut order = Order::waiting(HOUR);
        let stopped = |name: &str, next, used| Stopped {
            dialog: (String::new(), name.to_owned()),
            next,
            used,
        };
        assert!(order.0.resume(Vec::new(), vec![stopped("c", 5, 9)]).is_empty());
        assert!(order.push(text("c", 6, "6")).is_empty());
        assert_eq!(order.push(text("c", 5, "5")), ["5", "6"]);
    }

    #[test]
    fn a_new_dialog_makes_room_of_the_oldest_that_stopped() {
        let mut order = Order::waiting(HOUR);
        let stopped = |number: usize| Stopped {
            dialog: (String::new(), number.to_string()),
            next: 7,
            used: number as u64,
        };
        order.1 = 1 + FEWEST_DIALOGS as u64;
        order.0.resume(Vec::new(), (0..FEWEST_DIALOGS).map(stopped).collect());
        for dialog in ["new", "newer"] {
            assert_eq!(order.push(text(dialog, 0, "x")), ["x"]);
        }
        let last = (FEWEST_DIALOGS - 1).to_string();
        assert_eq!(order.push(text(&last, 7, "goes on")), ["goes on"]);
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
    fn gaps_are_waited_for_together() {
        let mut order = Order::waiting(HOUR);
        for sequence in [1, 3, 5, 7] {
            assert!(order.push(text("c", sequence, sequence)).is_empty());
        }
        let begun = Instant::now();
        while Instant::now() == begun {}
        assert!(order.push(text("c", 9, 9)).is_empty());
        // What comes meanwhile does not begin the waits anew.
        assert_eq!(order.push(text("c", 0, 0)), ["0", "1"]);
        assert_eq!(texts(order.0.give_up_gaps(begun + HOUR)), ["3", "5", "7"]);
        let last = order.0.next_give_up().unwrap();
        assert!(last > begun + HOUR, "each is waited for as long as asked");
        assert_eq!(texts(order.0.give_up_gaps(last)), ["9"]);
        assert_eq!((order.0.held(), order.0.next_give_up()), (0, None));
    }

    #[test]
    fn what_came_later_goes_in_front_of_what_is_given_up() {
        let mut order = Order::waiting(HOUR);
        assert!(order.push(text("c", 7, 7)).is_empty());
        let at = order.0.next_give_up().unwrap();
        while Instant::now() + HOUR <= at {}
        for sequence in [3, 2, 9] {
            assert!(order.push(text("c", sequence, sequence)).is_empty());
        }
        assert_eq!(texts(order.0.give_up_gaps(at)), ["2", "3", "7"]);
        assert_eq!(order.0.held(), 1);
    }

    #[test]
    fn what_is_taken_out_is_not_waited_for() {
        let mut order = Order::waiting(HOUR);
        assert!(order.push(text("c", 1, "x")).is_empty());
        let gap = order.0.next_give_up();
        assert!(order.0.remove(2).is_none());
        assert_eq!(order.0.remove(1).map(|(item, _)| item.id), Some(1));
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
