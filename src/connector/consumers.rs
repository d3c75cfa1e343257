//! Who talks where: the map of consumers and conversations.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::protocol::content::ConversationContent;
use crate::protocol::notification_event::NotificationEvent;
use crate::receiver::dialogs::dialog_of;
use crate::store::change::Edited;

/// So many conversations of a consumer that are over are still known, for what comes of them late.
const PAST: usize = 4;

/// So many consumers without an open conversation are known.
const MOST_IDLE: usize = 100_000;

/// What is known of one consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// What the service calls the consumer.
    pub lp_id: String,
    pub talk: Option<Talk>,
    /// A conversation is being opened, or somebody else has one open: which, a notification tells. Where
    /// there is a talk, the service may no longer know that.
    pub opening: bool,
    /// How the one is opened that is being opened.
    pub open_json: Option<String>,
    /// The last conversations that are over, and their dialogs.
    pub past: VecDeque<String>,
    /// When it was set, among all.
    #[serde(skip)]
    stamp: u64,
}

/// A conversation that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Talk {
    pub id: String,
    /// The dialog of a survey that the consumer is in.
    pub survey: Option<String>,
    /// Its main dialog is closed.
    pub is_main_closed: bool,
    /// What it was opened with: some of it belongs on every request.
    pub open_json: Option<String>,
}

/// What somebody learned about a consumer while others may have learned more.
#[derive(Clone, Debug)]
pub(crate) enum Lesson {
    /// A conversation is about to be opened, for whom the service calls so. `in_place_of`: of this one,
    /// which the service does not know.
    Opening { lp_id: String, open_json: Option<String>, in_place_of: Option<String> },
    /// It was not opened.
    NotOpened,
    /// It was, with this id.
    Opened { id: String },
    /// A dialog of the conversation with this id is closed. After the main one, which has the same id, a
    /// survey may follow.
    DialogClosed { id: String, dialog_id: String },
    /// The conversation with this id is over.
    Over { id: String },
}

/// All consumers.
#[derive(Default)]
pub(crate) struct Consumers {
    /// Somebody else keeps them all.
    is_cache: bool,
    records: HashMap<Arc<str>, Arc<Record>>,
    /// By conversation, and by dialog where that has another name.
    by_conversation: HashMap<String, Arc<str>>,
    by_lp_id: HashMap<String, Arc<str>>,
    /// In which dialog and with which sequence their last message arrived that has an id of the program's.
    sent: HashMap<Arc<str>, (String, i64)>,
    opening: usize,
    last_opening: Option<Instant>,
    /// Those that had no open conversation when they were set, the longest first.
    idle: VecDeque<(u64, Arc<str>)>,
    stamp: u64,
    version: u64,
}

/// What a notification tells about a consumer's conversation.
#[derive(Default)]
pub(crate) struct Learned {
    /// Whom it is about; None: nobody whom we know.
    pub consumer: Option<Arc<str>>,
    /// Something is to be written.
    pub changed: bool,
    /// What waited for a conversation may go.
    pub found: bool,
    /// The conversation that was in the way of opening one is over.
    pub freed: bool,
}

impl Consumers {
    /// All of them, or those that were asked for.
    pub(crate) fn new(is_cache: bool) -> Consumers {
        Consumers { is_cache, ..Consumers::default() }
    }

    /// Takes in what an earlier process knew. False where it cannot be read.
    pub(crate) fn resume(&mut self, consumer: &str, body: &str) -> bool {
        let Ok(record) = serde_json::from_str::<Record>(body) else { return false };
        self.set(&Arc::from(consumer), record);
        true
    }

    pub(crate) fn get(&self, consumer: &str) -> Option<&Arc<Record>> {
        self.records.get(consumer)
    }

    /// How many are known, and how many of them have an open conversation.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let open = self.records.values().filter(|record| record.talk.is_some()).count();
        (self.records.len(), open)
    }

    /// Another one for each conversation that becomes known.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// When a conversation was last about to be opened, if one is being opened now.
    pub(crate) fn last_opening(&self) -> Option<Instant> {
        self.last_opening.filter(|_| self.opening > 0)
    }

    /// Whose conversation or dialog that is.
    pub(crate) fn of(&self, event: &NotificationEvent) -> Option<&Arc<str>> {
        let by = |id: &str| self.by_conversation.get(id);
        by(event.conversation_id()).or_else(|| by(event.dialog_id()))
    }

    /// Which consumer did that. Whose conversation it is tells less: ids that a program gives its messages
    /// may be the same for two consumers.
    pub(crate) fn who_did(&self, event: &NotificationEvent) -> Option<&Arc<str>> {
        match event.originator_id() {
            "" => self.of(event),
            lp_id => self.by_lp_id.get(lp_id),
        }
    }

    /// A message with an id that the program chose, which may be that of the next one, too, arrived.
    pub(crate) fn sent(&mut self, consumer: &Arc<str>, dialog: String, sequence: i64) {
        self.sent.insert(consumer.clone(), (dialog, sequence));
    }

    /// Whether an event tells of a message that is known to have arrived.
    pub(crate) fn is_sent(&self, consumer: &str, event: &NotificationEvent) -> bool {
        let Some((dialog, last)) = self.sent.get(consumer) else { return false };
        dialog_of(event) == dialog && event.sequence().is_some_and(|sequence| sequence <= *last)
    }

    /// Keeps what is known of a consumer now.
    pub(crate) fn set(&mut self, consumer: &Arc<str>, mut record: Record) {
        self.stamp += 1;
        record.stamp = self.stamp;
        if let Some(before) = self.records.remove(consumer) {
            self.opening -= usize::from(before.opening);
            let gone = before.ids().filter(|id| !record.ids().any(|known| known == *id));
            gone.for_each(|id| drop(self.by_conversation.remove(id)));
        }
        if record.opening {
            self.opening += 1;
            self.last_opening = Some(Instant::now());
        }
        for id in record.ids() {
            let is_new = self.by_conversation.insert(id.clone(), consumer.clone()).is_none();
            self.version += u64::from(is_new);
        }
        if !record.lp_id.is_empty() {
            self.by_lp_id.insert(record.lp_id.clone(), consumer.clone());
        }
        if self.is_cache || record.is_idle() {
            self.idle.push_back((record.stamp, consumer.clone()));
        }
        self.records.insert(consumer.clone(), Arc::new(record));
    }

    /// One that has had no open conversation for long, and makes room for others.
    pub(crate) fn forget_one(&mut self, is_needed: impl Fn(&str) -> bool) -> Option<Arc<str>> {
        while self.idle.len() > MOST_IDLE {
            let (stamp, consumer) = self.idle.pop_front()?;
            // Who came back stands there again, or is not idle.
            let is_it =
                |record: &Arc<Record>| record.stamp == stamp && (self.is_cache || record.is_idle());
            if !self.get(&consumer).is_some_and(is_it) {
                continue;
            }
            if is_needed(&consumer) {
                self.idle.push_back((stamp, consumer));
                return None;
            }
            let record = self.records.remove(&consumer)?;
            record.ids().for_each(|id| drop(self.by_conversation.remove(id)));
            self.by_lp_id.remove(&record.lp_id);
            self.sent.remove(&consumer);
            return Some(consumer);
        }
        None
    }

    /// Takes in what an event tells about conversations. What is over stays over, whatever comes late.
    pub(crate) fn learn(
        &mut self,
        event: &NotificationEvent,
        state: Option<&ConversationContent>,
    ) -> Learned {
        let Some(state) = state else {
            return Learned { consumer: self.of(event).cloned(), ..Learned::default() };
        };
        let mut learned = Learned::default();
        let opening = || self.whose_opening(event.consumer_lp_id()?);
        let consumer = self.of(event).cloned().or_else(opening);
        let Some(consumer) = consumer else { return learned };
        let Some(before) = self.records.get(&consumer).cloned() else { return learned };
        let mut record = Record::clone(&before);
        learned.consumer = Some(consumer.clone());
        (learned.found, learned.freed) = record.take_in(event, state);
        learned.changed = record != *before;
        if learned.changed {
            self.set(&consumer, record);
        }
        learned
    }

    /// Who has this name with the service, and is opening a conversation.
    fn whose_opening(&self, lp_id: &str) -> Option<Arc<str>> {
        let consumer = self.by_lp_id.get(lp_id)?;
        self.get(consumer).filter(|record| record.opening).map(|_| consumer.clone())
    }
}

impl Record {
    /// As it is kept.
    pub(crate) fn json(&self) -> String {
        // Texts and flags always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Takes in what an event tells about a conversation: whether the one that was opened is found, and
    /// whether the one that was in the way is over.
    pub(crate) fn take_in(
        &mut self,
        event: &NotificationEvent,
        state: &ConversationContent,
    ) -> (bool, bool) {
        let (mut found, mut freed) = (false, false);
        let id = event.conversation_id();
        let is_past = self.past.iter().any(|past| past == id);
        if self.opening && !self.is_of(id) {
            if event.is_closed() {
                freed = true;
                self.add_past([id.to_owned()].into_iter().filter(|_| !is_past));
            } else if !is_past {
                self.over();
                self.found(id);
                found = true;
            }
        }
        if let Some(talk) = self.talk.as_mut().filter(|talk| talk.id == id) {
            if event.is_closed() {
                self.over();
            } else {
                talk.follow(state);
                // The service knows it.
                self.opening = false;
            }
        }
        (found, freed)
    }

    /// As it was kept; what cannot be read is as if nothing were known.
    pub(crate) fn read(body: Option<&str>) -> Record {
        body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default()
    }

    /// As it is kept where others keep it, too.
    pub(crate) fn edited(&self) -> Edited {
        let ids = self.ids().cloned().collect();
        Edited { body: self.json(), ids, lp_id: self.lp_id.clone() }
    }

    /// The conversation, or the last one that is over.
    pub(crate) fn last_talk(&self) -> Option<Talk> {
        let past = || Some(Talk { id: self.past.back()?.clone(), ..Talk::default() });
        self.talk.clone().or_else(past)
    }

    fn is_idle(&self) -> bool {
        self.talk.is_none() && !self.opening
    }

    /// By which it is known whom an event is about.
    fn ids(&self) -> impl Iterator<Item = &String> {
        let talk = self.talk.iter();
        talk.flat_map(|talk| std::iter::once(&talk.id).chain(&talk.survey)).chain(&self.past)
    }

    pub(crate) fn learn(&mut self, lesson: &Lesson) {
        match lesson {
            Lesson::Opening { lp_id, open_json, in_place_of }
                if self.talk.as_ref().map(|talk| &talk.id) == in_place_of.as_ref() =>
            {
                self.lp_id.clone_from(lp_id);
                self.open_json.clone_from(open_json);
                self.opening = true;
            }
            Lesson::NotOpened => self.opening = false,
            // It may be over already. Otherwise it is the last one, whatever came late meanwhile.
            Lesson::Opened { id } if !self.is_of(id) && !self.past.contains(id) => {
                let is_opening = self.opening;
                let talk = self.talk.as_mut().filter(|_| !is_opening);
                let taken = talk.and_then(|talk| talk.open_json.take());
                self.open_json = self.open_json.take().or(taken);
                self.over();
                self.found(id);
            }
            Lesson::DialogClosed { id, dialog_id } => {
                let talk = self.talk.as_mut().filter(|talk| talk.id == *id);
                talk.into_iter().for_each(|talk| talk.close_dialog(dialog_id));
            }
            Lesson::Over { id } if self.is_of(id) => self.over(),
            _ => {}
        }
    }

    /// Whether this is the open conversation.
    fn is_of(&self, id: &str) -> bool {
        self.talk.as_ref().is_some_and(|talk| talk.id == id)
    }

    /// The conversation that was being opened has this id.
    pub(crate) fn found(&mut self, id: &str) {
        self.opening = false;
        let open_json = self.open_json.take();
        self.talk = Some(Talk { id: id.to_owned(), open_json, ..Talk::default() });
    }

    /// The conversation is over.
    pub(crate) fn over(&mut self) {
        let Some(talk) = self.talk.take() else { return };
        // The conversation last: what comes after it, such as a rating, is about that.
        self.add_past(talk.survey.into_iter().chain([talk.id]));
    }

    fn add_past(&mut self, ids: impl Iterator<Item = String>) {
        self.past.extend(ids);
        while self.past.len() > PAST {
            self.past.pop_front();
        }
    }
}

impl Talk {
    fn close_dialog(&mut self, dialog_id: &str) {
        self.is_main_closed |= dialog_id == self.id;
        self.survey.take_if(|survey| survey == dialog_id);
    }

    fn follow(&mut self, state: &ConversationContent) {
        let survey = state.dialogs.iter().rfind(|dialog| {
            dialog.dialog_type != "MAIN" && dialog.id != self.id && dialog.state == "OPEN"
        });
        self.survey = survey.map(|dialog| dialog.id.clone());
        self.is_main_closed = state.state == "CLOSE";
    }
}
