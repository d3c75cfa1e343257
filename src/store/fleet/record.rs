//! What all nodes know of one consumer, as it lies in the bucket: it is changed by compare-and-set alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::change::{About, Said};

/// So many dialogs of a consumer are known, the last ones.
const MOST_DIALOGS: usize = 8;

/// So many of the consumer's own messages are known, the last ones.
const MOST_SAID: usize = 64;

/// So many keys of actions that were done are known, the last ones.
const MOST_KEYS: usize = 32;

/// One consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    pub consumer: String,
    /// As the engine writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// The conversations and dialogs that lead to this consumer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lp_id: String,
    /// What the consumer said, so that its place in the dialog is not waited for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Said>,
    /// The dialogs, the last one that moved at the end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialogs: Vec<Dialog>,
    /// The last action that was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
    /// The keys of those before it: a broker that is killed forgets what was done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyDone>,
    /// The action that may have gone out, where deliveries do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
    /// The node that was the last to begin it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub begun_by: String,
    /// The action of which it is known that nothing of it went out by its so manieth delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untouched: Option<(u64, u64)>,
}

/// Where a dialog goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Dialog {
    pub id: String,
    pub next: i64,
    /// Sequences of what came too early and waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub early: Vec<i64>,
    /// What is missing was waited for long enough.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_given_up: bool,
}

/// An entry of the lanes of the stream with this name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub stream: String,
    pub sequence: u64,
    /// When it was appended: a number that was given again is another entry's.
    #[serde(default)]
    pub at: i64,
    /// What it said, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<(String, i64)>,
}

/// The key of an action that was done, as a hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyDone {
    pub hash: String,
    pub submitted_ms: i64,
}

impl Done {
    /// Whether that one was done, too: it came before, or is the same.
    pub(crate) fn includes(&self, stream: &str, sequence: u64, at: i64) -> bool {
        self.stream == stream && sequence <= self.sequence && at <= self.at
    }
}

impl KeyDone {
    fn is_near(&self, other: &KeyDone, window: Duration) -> bool {
        let between = self.submitted_ms.abs_diff(other.submitted_ms);
        u128::from(between) < window.as_millis()
    }
}

impl Record {
    /// An action with that key was done; those that `window` does not hold any more are forgotten.
    pub(crate) fn key_done(&mut self, key: KeyDone, window: Duration) {
        self.keys.retain(|it| it.hash != key.hash && it.is_near(&key, window));
        self.keys.push(key);
        if self.keys.len() > MOST_KEYS {
            self.keys.remove(0);
        }
    }

    /// Whether an action with that key was done already.
    pub(crate) fn is_key_done(&self, key: &KeyDone, window: Duration) -> bool {
        self.keys.iter().any(|it| it.hash == key.hash && it.is_near(key, window))
    }

    /// Whether nothing is missing in front of it.
    pub(crate) fn is_in_turn(&self, about: &About) -> bool {
        if self.dialogs.iter().any(|it| !it.early.is_empty() && about.closes.contains(&it.id)) {
            return false;
        }
        let Some(sequence) = about.sequence else { return true };
        let Some(dialog) = self.dialog(about.dialog_id()) else { return sequence <= 0 };
        let is_first = dialog.early.iter().all(|early| sequence <= *early);
        sequence <= dialog.next || (dialog.is_given_up && is_first)
    }

    /// It has its place: what follows is in turn.
    pub(crate) fn pass(&mut self, about: &About) {
        let Some(sequence) = about.sequence else { return };
        let dialog = self.dialog_mut(about.dialog_id());
        dialog.early.retain(|early| *early != sequence);
        if dialog.next <= sequence {
            dialog.next = sequence.saturating_add(1);
            dialog.is_given_up = false;
        }
        self.pass_said(about.dialog_id());
        self.forget_said();
    }

    /// It came too early, and waits in a lane.
    pub(crate) fn hold(&mut self, about: &About) {
        let Some(sequence) = about.sequence else { return };
        let dialog = self.dialog_mut(about.dialog_id());
        // It may have found its place meanwhile.
        if sequence > dialog.next && !dialog.early.contains(&sequence) {
            dialog.early.push(sequence);
        }
    }

    /// What is missing is waited for no more.
    pub(crate) fn give_up(&mut self, about: &About) {
        let ids = about.closes.iter().map(String::as_str);
        let sequenced = about.sequence.map(|_| about.dialog_id());
        for id in ids.chain(sequenced) {
            let dialog = self.dialog_mut(id);
            dialog.is_given_up = !dialog.early.is_empty();
        }
    }

    /// The consumer said that.
    pub(crate) fn say(&mut self, said: Said) {
        if self.said.contains(&said) {
            return;
        }
        let dialog = said.dialog.clone();
        let is_counted = said.sequence.is_some();
        self.said.push(said);
        if self.said.len() > MOST_SAID {
            self.said.remove(0);
        }
        if is_counted {
            self.dialog_mut(&dialog);
            self.pass_said(&dialog);
        }
        self.forget_said();
    }

    /// That was the last action that was done.
    pub(crate) fn done(&mut self, done: Done) {
        self.done = Some(done);
        self.forget_said();
    }

    /// What has its place, and belongs to an action before the last one, tells nobody anything.
    fn forget_said(&mut self) {
        let Some((dialog, last)) = self.done.as_ref().and_then(|done| done.said.as_ref()) else {
            return;
        };
        let next = self.dialogs.iter().find(|it| it.id == *dialog).map_or(0, |it| it.next);
        let is_over = |sequence| sequence <= *last && sequence < next;
        self.said.retain(|it| it.dialog != *dialog || !it.sequence.is_some_and(is_over));
    }

    /// Nobody waits for what the consumer said.
    fn pass_said(&mut self, dialog: &str) {
        let Some(at) = self.dialogs.iter().position(|it| it.id == dialog) else { return };
        let place = &mut self.dialogs[at];
        let is_said =
            |next| self.said.iter().any(|it| it.dialog == dialog && it.sequence == Some(next));
        while place.next < i64::MAX && is_said(place.next) {
            place.next += 1;
        }
    }

    pub(crate) fn dialog(&self, id: &str) -> Option<&Dialog> {
        self.dialogs.iter().find(|dialog| dialog.id == id)
    }

    fn dialog_mut(&mut self, id: &str) -> &mut Dialog {
        let dialog = match self.dialogs.iter().position(|dialog| dialog.id == id) {
            Some(at) => self.dialogs.remove(at),
            None => Dialog { id: id.to_owned(), ..Dialog::default() },
        };
        if self.dialogs.len() >= MOST_DIALOGS {
            self.dialogs.remove(0);
        }
        self.dialogs.push(dialog);
        let last = self.dialogs.len() - 1;
        &mut self.dialogs[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: i64) -> About {
        About { conversation: "c".into(), sequence: Some(sequence), ..About::default() }
    }

    fn said(sequence: i64) -> Said {
        Said { dialog: "c".into(), sequence: Some(sequence), external_id: sequence.to_string() }
    }

    fn end() -> About {
        About { conversation: "c".into(), closes: vec!["c".into()], ..About::default() }
    }

    #[test]
    fn events_take_their_turn() {
        let mut record = Record::default();
        assert!(record.is_in_turn(&event(0)) && !record.is_in_turn(&event(1)));
        record.pass(&event(0));
        assert!(record.is_in_turn(&event(1)) && record.is_in_turn(&event(0)), "late is no reason");
        assert!(!record.is_in_turn(&event(2)));
        record.pass(&event(0));
        assert!(record.is_in_turn(&event(1)));
        let unnumbered = About { sequence: None, ..event(0) };
        assert!(record.is_in_turn(&unnumbered));
    }

    #[test]
    fn what_the_consumer_said_is_not_waited_for() {
        let mut record = Record::default();
        record.say(said(0));
        assert!(record.is_in_turn(&event(1)));
        record.say(said(2));
        assert!(!record.is_in_turn(&event(3)));
        record.pass(&event(1));
        assert!(record.is_in_turn(&event(3)));
        record.say(said(3));
        record.say(said(3));
        assert_eq!((record.said.len(), record.dialog("c").unwrap().next), (3, 4));
    }

    #[test]
    fn what_tells_nobody_anything_is_forgotten() {
        let done = |dialog: &str, sequence| Done {
            said: Some((dialog.to_owned(), sequence)),
            ..Done::default()
        };
        let left = |record: &Record| -> Vec<_> {
            record.said.iter().map(|it| it.sequence.unwrap()).collect()
        };
        let mut record = Record::default();
        for sequence in [0, 2, 3] {
            record.say(said(sequence));
        }
        record.done(done("c", 2));
        assert_eq!(left(&record), [2, 3], "1 is waited for, and 3 may settle the next action");
        record.pass(&event(1));
        assert_eq!(left(&record), [3]);
        record.done(done("another", 9));
        assert_eq!(left(&record), [3], "nothing says that it came before");
        record.done(done("c", 5));
        record.say(said(4));
        assert_eq!((left(&record), record.dialog("c").unwrap().next), (vec![], 5));
    }

    #[test]
    fn what_is_missing_is_given_up_from_the_front() {
        let mut record = Record::default();
        for early in [5, 3, 4] {
            record.hold(&event(early));
        }
        record.hold(&event(3));
        assert!(!record.is_in_turn(&end()), "it does not overtake what is held");
        record.give_up(&event(5));
        assert!(!record.is_in_turn(&event(5)) && record.is_in_turn(&event(3)));
        for held in [3, 4, 5] {
            assert!(record.is_in_turn(&event(held)), "{held}");
            record.pass(&event(held));
        }
        assert!(record.is_in_turn(&end()) && !record.is_in_turn(&event(7)));
        record.hold(&event(4));
        assert!(record.dialog("c").unwrap().early.is_empty(), "it had its place already");
    }

    #[test]
    fn a_key_is_done_as_long_as_its_window_is_open() {
        let window = Duration::from_millis(100);
        let key = |hash: &str, submitted_ms| KeyDone { hash: hash.into(), submitted_ms };
        let mut record = Record::default();
        record.key_done(key("a", 1000), window);
        assert!(record.is_key_done(&key("a", 1099), window));
        assert!(record.is_key_done(&key("a", 901), window), "another node's clock");
        assert!(!record.is_key_done(&key("a", 1100), window));
        assert!(!record.is_key_done(&key("b", 1000), window));
        record.key_done(key("b", 1099), window);
        assert_eq!(record.keys.len(), 2);
        record.key_done(key("b", 1100), window);
        assert_eq!(record.keys, [key("b", 1100)]);
    }

    #[test]
    fn it_stays_small() {
        let mut record = Record::default();
        for number in 0..1000 {
            let key = KeyDone { hash: number.to_string(), submitted_ms: 0 };
            record.key_done(key, Duration::MAX);
            record.say(said(number * 2));
            record.pass(&About { dialog: number.to_string(), ..event(0) });
        }
        assert!(record.said.len() <= MOST_SAID && record.dialogs.len() <= MOST_DIALOGS);
        assert_eq!(record.keys.len(), MOST_KEYS);
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
    }
}
