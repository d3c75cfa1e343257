//! The chat: what was said and done, and what became of it. It shows nothing and sends nothing.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use lpconnector::{
    AcceptStatus, ChatState, ConversationContent, EventContent, EventKind, NotificationEvent,
};
use serde_json::Value;

use crate::sender::{Done, Job};

const HELP: [&str; 5] = [
    "/file PATH   sends a file",
    "/rate 1…5    rates the conversation",
    "/close       closes it",
    "/quit        leaves the chat; the conversation stays as it is",
    "a number     chooses what the agent offers; all else is said",
];

/// Who something comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    You,
    Agent,
    /// Nobody: something that happened.
    Note,
}

/// How far a message of yours came. What is further is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tick {
    Failed,
    Sending,
    Sent,
    Accepted,
    Read,
}

/// A line of the chat.
pub struct Entry {
    /// In milliseconds since 1970, UTC.
    pub time_ms: i64,
    pub who: Who,
    pub text: String,
    /// Of your messages.
    pub tick: Option<Tick>,
    kind: EventKind,
    /// The number that the service gave it, in its dialog.
    place: Option<(String, i64)>,
}

/// What is new, for who shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Entry(usize),
    Typing,
}

pub struct Chat {
    conversation_id: String,
    dialog_id: String,
    your_id: String,
    agent_id: String,
    open: bool,
    all_sent: bool,
    /// Whether the agent types.
    pub typing: bool,
    /// What the agent offers to choose from: its name, and what is said then.
    pub offers: Vec<(String, String)>,
    pub history: Vec<Entry>,
    pub changes: Vec<Change>,
    /// What was heard already: a notification may come twice.
    heard: HashSet<(String, i64)>,
    /// How far messages came, by their place: that may be told before the place is.
    ticks: HashMap<(String, i64), Tick>,
}

impl Chat {
    pub fn new(conversation_id: &str, your_id: &str) -> Chat {
        Chat {
            conversation_id: conversation_id.to_owned(),
            dialog_id: conversation_id.to_owned(),
            your_id: your_id.to_owned(),
            agent_id: String::new(),
            open: true,
            all_sent: true,
            typing: false,
            offers: Vec::new(),
            history: Vec::new(),
            changes: Vec::new(),
            heard: HashSet::new(),
            ticks: HashMap::new(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether nothing failed.
    pub fn all_sent(&self) -> bool {
        self.all_sent
    }

    /// Something that happened.
    pub fn note(&mut self, text: &str) {
        self.add(Who::Note, text, None, EventKind::Other, None);
    }

    /// Does what a line asks for.
    pub fn command(&mut self, line: &str) -> Option<Job> {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => return None,
            "/help" => HELP.iter().for_each(|line| self.note(line)),
            "/rate" => match rest.trim().parse() {
                Ok(stars @ 1..=5) => return Some(Job::Rate(stars)),
                _ => self.note("rate with 1 to 5 stars: /rate 5"),
            },
            _ if !self.open => {
                self.note("the conversation is closed; /rate 5 and /quit still work")
            }
            "/close" => return Some(Job::Close),
            "/file" if rest.is_empty() => self.note("which file? /file PATH"),
            "/file" => {
                let path = PathBuf::from(rest.trim());
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                let tick = Some(Tick::Sending);
                let text = format!("[file {name}]");
                let number = self.add(Who::You, &text, tick, EventKind::File, None);
                return Some(Job::File(number, path));
            }
            _ if word.starts_with('/') => self.note(&format!("{word} is unknown; see /help")),
            _ => {
                let choice = line.parse().ok().and_then(|number: usize| number.checked_sub(1));
                let offer = choice.and_then(|choice| self.offers.get(choice));
                let text = offer.map_or(line, |(_, text)| text).to_owned();
                self.offers.clear();
                let tick = Some(Tick::Sending);
                let number = self.add(Who::You, &text, tick, EventKind::Text, None);
                return Some(Job::Text(number, text));
            }
        }
        None
    }

    /// Notes what became of a job.
    pub fn done(&mut self, done: Done) {
        match (done.result, done.message) {
            (Ok(()), Some(number)) => self.came(number, Tick::Sent),
            (Ok(()), None) => done.said.iter().for_each(|said| self.note(said)),
            (Err(error), message) => {
                // The agent may close while something is on its way that nobody waits for.
                if message.is_none() && done.said.is_none() && !self.open {
                    return;
                }
                self.all_sent = false;
                if let Some(number) = message
                    && let Some(entry) = self.history.get_mut(number)
                    && entry.place.is_none()
                {
                    entry.tick = Some(Tick::Failed);
                    self.changes.push(Change::Entry(number));
                }
                let perhaps =
                    if error.maybe_delivered() { "; it may have arrived all the same" } else { "" };
                self.note(&format!("cannot {}: {}{perhaps}", done.what, error.message()));
            }
        }
    }

    /// Takes in what the service tells, and gives back what is to be done about it.
    pub fn hear(&mut self, event: &NotificationEvent) -> Option<Job> {
        // A webhook is told of all conversations, and of what agents note for each other.
        if !self.is_ours(event) || event.audience() == "AGENTS_AND_MANAGERS" {
            return None;
        }
        if let EventContent::Conversation(conversation) = event.content() {
            return self.changed(conversation, event.is_closed());
        }
        let place = event.sequence().map(|sequence| (event.dialog_id().to_owned(), sequence));
        if place.clone().is_some_and(|place| !self.heard.insert(place)) {
            return None;
        }
        let yours = event.originator_id() == self.your_id;
        let (text, offers) = match event.content() {
            EventContent::Text(text) => (text.message.clone(), buttons(&text.quick_replies)),
            EventContent::File(file) => {
                (format!("[file {}] {}", file.file_type, file.caption), Vec::new())
            }
            EventContent::RichContent(rich) => {
                let offers = [buttons(&rich.content), buttons(&rich.quick_replies)].concat();
                (words(&rich.content), offers)
            }
            EventContent::ChatState(state) if !yours => {
                self.types(state.state == ChatState::Composing);
                return None;
            }
            EventContent::AcceptStatus(status) if !yours => {
                let tick = match status.status {
                    AcceptStatus::Accept => Tick::Accepted,
                    AcceptStatus::Read => Tick::Read,
                    _ => return None,
                };
                for sequence in &status.sequences {
                    self.reached((event.dialog_id().to_owned(), *sequence), tick);
                }
                return None;
            }
            _ => return None,
        };
        if yours {
            self.placed(event, &text, place);
            return None;
        }
        self.types(false);
        self.offers = offers;
        let number = self.add(Who::Agent, &text, None, event.kind(), place);
        self.history[number].time_ms = event.timestamp_ms().unwrap_or_else(now_ms);
        event.sequence().map(Job::Read)
    }

    /// What a survey asks may name its dialog alone.
    fn is_ours(&self, event: &NotificationEvent) -> bool {
        match event.conversation_id() {
            "" => event.dialog_id() == self.dialog_id,
            id => id == self.conversation_id,
        }
    }

    /// One of your messages has its place; or one that was sent from elsewhere.
    fn placed(&mut self, event: &NotificationEvent, text: &str, place: Option<(String, i64)>) {
        let fits = |entry: &Entry| {
            let same = entry.kind == EventKind::File || entry.text == clean(text);
            entry.who == Who::You && entry.kind == event.kind() && entry.place.is_none() && same
        };
        // One that failed may have arrived all the same.
        let waiting =
            self.history.iter().position(|entry| fits(entry) && entry.tick != Some(Tick::Failed));
        let number = waiting
            .or_else(|| self.history.iter().position(fits))
            .unwrap_or_else(|| self.add(Who::You, text, Some(Tick::Sending), event.kind(), None));
        let entry = &mut self.history[number];
        entry.time_ms = event.timestamp_ms().unwrap_or(entry.time_ms);
        entry.place = place;
        let known = entry.place.as_ref().and_then(|place| self.ticks.get(place));
        self.came(number, known.copied().unwrap_or(Tick::Sent));
    }

    /// The message at this place came so far.
    fn reached(&mut self, place: (String, i64), tick: Tick) {
        let is_there = |entry: &Entry| entry.place.as_ref() == Some(&place);
        if let Some(number) = self.history.iter().position(is_there) {
            self.came(number, tick);
        }
        let known = self.ticks.entry(place).or_insert(tick);
        *known = tick.max(*known);
    }

    /// A message of yours came so far, or further.
    fn came(&mut self, number: usize, tick: Tick) {
        let Some(entry) = self.history.get_mut(number) else { return };
        if entry.tick.is_some_and(|before| before < tick) {
            entry.tick = Some(tick);
            self.changes.push(Change::Entry(number));
        }
    }

    /// The state of the conversation is another one.
    fn changed(&mut self, now: &ConversationContent, is_closed: bool) -> Option<Job> {
        let agent = now.participants.iter().find(|person| person.role == "ASSIGNED_AGENT");
        let agent_id = agent.map_or("", |agent| &agent.id);
        if agent_id != self.agent_id {
            self.note(if agent_id.is_empty() { "the agent leaves" } else { "an agent joins" });
            self.agent_id = agent_id.to_owned();
            self.types(false);
        }
        if is_closed {
            if self.open {
                let by = match now.close_reason.as_str() {
                    "CONSUMER" => "you closed the conversation".to_owned(),
                    "AGENT" => "the agent closed the conversation".to_owned(),
                    other => format!("the conversation is closed: {other}"),
                };
                self.note(&by);
                self.types(false);
            }
            self.open = false;
            return None;
        }
        let dialog = now.dialogs.iter().rev().find(|dialog| dialog.state == "OPEN")?;
        if dialog.id == self.dialog_id {
            return None;
        }
        self.dialog_id = dialog.id.clone();
        self.note(&format!("it goes on in another dialog: {}", dialog.dialog_type));
        Some(Job::Dialog(dialog.id.clone()))
    }

    fn types(&mut self, typing: bool) {
        if self.typing != typing {
            self.typing = typing;
            self.changes.push(Change::Typing);
        }
    }

    fn add(
        &mut self,
        who: Who,
        text: &str,
        tick: Option<Tick>,
        kind: EventKind,
        place: Option<(String, i64)>,
    ) -> usize {
        let number = self.history.len();
        self.changes.push(Change::Entry(number));
        self.history.push(Entry { time_ms: now_ms(), who, text: clean(text), tick, kind, place });
        number
    }
}

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Without what would make a terminal do something.
fn clean(text: &str) -> String {
    let clean = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.trim_end().chars().map(clean).collect()
}

/// The buttons in a piece of rich content, or in quick replies, that say something for you: their
/// titles, and what they say.
fn buttons(json: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(&serde_json::from_str(json).unwrap_or_default(), &mut |element| {
        let actions = element["click"]["actions"].as_array();
        let says = |action: &Value| action["type"] == "publishText";
        let said = actions.into_iter().flatten().find(|action| says(action));
        if let Some(text) = said.and_then(|action| action["text"].as_str()) {
            let title = element["title"].as_str().unwrap_or(text);
            found.push((clean(title), text.to_owned()));
        }
    });
    found
}

/// What there is to read in a piece of rich content, without its buttons: those are offered apart.
fn words(json: &str) -> String {
    let mut found = vec![];
    walk(&serde_json::from_str(json).unwrap_or_default(), &mut |element| {
        if element["type"] == "text" {
            found.extend(element["text"].as_str().map(str::to_owned));
        }
    });
    if found.is_empty() { "[rich content]".to_owned() } else { found.join("\n") }
}

/// Looks at an element and all in it.
fn walk(element: &Value, look: &mut impl FnMut(&Value)) {
    look(element);
    for list in ["elements", "replies"] {
        element[list].as_array().into_iter().flatten().for_each(|inner| walk(inner, look));
    }
}
