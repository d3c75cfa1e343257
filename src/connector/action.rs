//! What a program submits for a consumer: one thing to do, read and checked.

use std::path::Path;

use serde_json::value::RawValue;

use crate::base::error::Error;
use crate::protocol::argument::Argument;
use crate::protocol::event::{AcceptStatus, ChatState, Event, Metadata};
use crate::protocol::open::{OpenOptions, Ttr};
use crate::protocol::profile::Profile;

/// What errors call it.
const NAME: &str = "action_json";

/// In front of the JSON of an action that the connector made, and of no other.
const OWN: char = ' ';

/// The members of which an action has one: what is to be done.
const DEEDS: [&str; 10] = [
    "text",
    "richContent",
    "event",
    "file",
    "chatState",
    "acceptStatus",
    "profile",
    "rate",
    "ttr",
    "close",
];

/// What may stand beside them.
const BESIDE: [&str; 7] =
    ["metadata", "open", "caption", "previewPath", "sequences", "resolved", "dialogId"];

/// One thing to do for a consumer.
pub(crate) struct Action {
    pub deed: Deed,
    pub metadata: Option<Metadata>,
    /// How a conversation is opened for it, where that has to be.
    pub open: Option<OpenOptions>,
    /// The dialog that it is meant for; None: where the consumer is by then.
    pub dialog_id: Option<String>,
}

/// What it does.
pub(crate) enum Deed {
    Text(String),
    /// Rich content, or any event that the program wrote.
    Event(Event),
    File {
        path: String,
        caption: Option<String>,
        preview: Option<String>,
    },
    ChatState(ChatState),
    AcceptStatus(AcceptStatus, Vec<i64>),
    Profile(Profile),
    Rate {
        stars: i64,
        resolved: bool,
    },
    Ttr(Ttr),
    Close,
}

impl Deed {
    /// Whether it is something that the consumer says: a conversation is opened for it, and doing it
    /// twice would be seen.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self, Deed::Text(_) | Deed::Event(_) | Deed::File { .. })
    }
}

impl Action {
    /// Reads an action from JSON.
    pub(crate) fn read(json: &str) -> Result<Action, Error> {
        let given = Argument::read(json, NAME, &[&DEEDS[..], &BESIDE].concat())?;
        let mut named = DEEDS.into_iter().filter(|deed| given.json(deed).is_some());
        let Some(deed) = named.next() else {
            let all = DEEDS.join(", ");
            return Err(Error::invalid(format!("{NAME}: it takes one of: {all}")));
        };
        if let Some(other) = named.next() {
            let message = format!("{NAME}: it takes one of '{deed}' and '{other}', not both");
            return Err(Error::invalid(message));
        }
        let beside = match deed {
            "file" => &["metadata", "open", "caption", "previewPath"][..],
            "text" | "richContent" | "event" => &["metadata", "open"],
            "acceptStatus" => &["metadata", "sequences", "dialogId"],
            "rate" => &["resolved"],
            _ => &[],
        };
        let stray = BESIDE.into_iter().find(|it| !beside.contains(it) && given.json(it).is_some());
        if let Some(stray) = stray {
            return Err(Error::invalid(format!("{NAME}: '{stray}' does not go with '{deed}'")));
        }
        let metadata = given.json("metadata");
        let metadata = metadata.map(|it| Metadata::read(it.get(), &format!("{NAME}: metadata")));
        Ok(Action {
            deed: Deed::read(deed, &given)?,
            metadata: metadata.transpose()?,
            open: given.json("open").map(|it| open_options(it.get())).transpose()?,
            dialog_id: given.text("dialogId")?,
        })
    }

    /// A text, as JSON.
    pub(crate) fn text_json(text: &str) -> String {
        serde_json::json!({ "text": text }).to_string()
    }

    /// That an agent's message arrived or was read, as JSON.
    pub(crate) fn receipt_json(status: &str, sequence: i64, dialog_id: &str) -> String {
        let sequences = [sequence];
        let json = serde_json::json!({
            "acceptStatus": status, "sequences": sequences, "dialogId": dialog_id
        });
        format!("{OWN}{json}")
    }

    /// The JSON of a program's action, as it is kept.
    pub(crate) fn programs_own(json: &str) -> &str {
        json.trim_start()
    }

    /// A receipt is the connector's own: the program did not submit it.
    pub(crate) fn is_receipt(json: &str) -> bool {
        json.starts_with(OWN)
    }

    /// The options with which a conversation is opened for it, as they were written.
    pub(crate) fn open_json(&self, json: &str) -> Option<String> {
        self.open.as_ref()?;
        let given = Argument::read(json, NAME, &[&DEEDS[..], &BESIDE].concat()).ok()?;
        given.json("open").map(|open| open.get().to_owned())
    }

    /// Whether it means something only now, so that it goes at once or not at all.
    pub(crate) fn is_of_the_moment(&self) -> bool {
        matches!(self.deed, Deed::ChatState(_))
    }
}

impl Deed {
    fn read(deed: &str, given: &Argument) -> Result<Deed, Error> {
        let text = || given.text(deed).map(Option::unwrap_or_default);
        let raw = || given.json(deed).map_or("", RawValue::get);
        Ok(match deed {
            "text" => Deed::Text(text()?),
            "richContent" => Deed::Event(Event::rich_content(raw())?),
            "event" => Deed::Event(Event::from_json(raw())?),
            "file" => {
                let path = text()?;
                if path.is_empty() {
                    return Err(Error::invalid(format!("{NAME}: file is empty")));
                }
                Deed::File {
                    path,
                    caption: given.text("caption")?,
                    preview: given.text("previewPath")?,
                }
            }
            "chatState" => Deed::ChatState(text()?.as_str().into()),
            "acceptStatus" => {
                let sequences = given.array("sequences")?;
                let sequences = sequences.map(|it| serde_json::from_str(it.0.get()));
                let sequences: Vec<i64> = sequences
                    .transpose()
                    .map_err(|_| {
                        Error::invalid(format!("{NAME}: sequences: it takes an array of integers"))
                    })?
                    .unwrap_or_default();
                let status: AcceptStatus = text()?.as_str().into();
                // It says what is wrong with them.
                Event::accept_status(status.clone(), &sequences)?;
                Deed::AcceptStatus(status, sequences)
            }
            "profile" => Deed::Profile(Profile::from_json(raw())?),
            "rate" => {
                let stars: Option<i64> = raw().parse().ok();
                let Some(stars) = stars.filter(|stars| (1..=5).contains(stars)) else {
                    return Err(Error::invalid(format!("{NAME}: rate: it takes 1 to 5")));
                };
                Deed::Rate { stars, resolved: flag(given, "resolved")?.unwrap_or(false) }
            }
            "ttr" => Deed::Ttr(text()?.as_str().into()),
            _ => match flag(given, "close")? {
                Some(true) => Deed::Close,
                _ => return Err(Error::invalid(format!("{NAME}: close: it takes true"))),
            },
        })
    }
}

fn flag(given: &Argument, member: &str) -> Result<Option<bool>, Error> {
    match given.json(member).map(RawValue::get) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Error::invalid(format!("{NAME}: {member}: it takes true or false"))),
    }
}

/// Options for a conversation that is opened for an action, which itself is what comes first in it.
pub(crate) fn open_options(json: &str) -> Result<OpenOptions, Error> {
    let options = OpenOptions::from_json(json)?;
    if options.first_message.is_some() {
        let message = format!("{NAME}: open: the action is the first message");
        return Err(Error::invalid(message));
    }
    Ok(options)
}

/// The ending of a file's name, which is its type.
pub(crate) fn file_type(path: &str) -> &str {
    let ending = Path::new(path).extension();
    ending.and_then(std::ffi::OsStr::to_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_is_read() {
        for (json, is_it) in [
            (r#"{"text":"Hi","metadata":[{"type":"x"}],"open":{"skillId":7}}"#, "text"),
            (r#"{"richContent":{"type":"vertical"}}"#, "event"),
            (r#"{"event":{"type":"new"}}"#, "event"),
            (r#"{"file":"/tmp/a.png","caption":"c","previewPath":"p"}"#, "file"),
            (r#"{"chatState":"COMPOSING"}"#, "chatState"),
            (r#"{"acceptStatus":"READ","sequences":[1,2]}"#, "acceptStatus"),
            (r#"{"profile":{"personal":{"firstname":"J"}}}"#, "profile"),
            (r#"{"rate":5,"resolved":true}"#, "rate"),
            (r#"{"ttr":"URGENT"}"#, "ttr"),
            (r#"{"close":true}"#, "close"),
        ] {
            let action = Action::read(json).unwrap_or_else(|why| panic!("{json}: {why}"));
            let it = match action.deed {
                Deed::Text(text) => (text == "Hi" && action.open.is_some()).then_some("text"),
                Deed::Event(_) => Some("event"),
                Deed::File { path, .. } => (file_type(&path) == "png").then_some("file"),
                Deed::ChatState(it) => (it == ChatState::Composing).then_some("chatState"),
                Deed::AcceptStatus(_, it) => (it == [1, 2]).then_some("acceptStatus"),
                Deed::Profile(_) => Some("profile"),
                Deed::Rate { stars, resolved } => (stars == 5 && resolved).then_some("rate"),
                Deed::Ttr(it) => (it == Ttr::Urgent).then_some("ttr"),
                Deed::Close => Some("close"),
            };
            assert_eq!(it, Some(is_it), "{json}");
        }
        let written = Action::read(&Action::text_json("a \"quote\"")).unwrap();
        assert!(matches!(written.deed, Deed::Text(text) if text == "a \"quote\""));
        let receipt = Action::read(&Action::receipt_json("ACCEPT", 7, "d")).unwrap();
        assert_eq!(receipt.dialog_id.as_deref(), Some("d"));
        assert!(Action::is_receipt(&Action::receipt_json("ACCEPT", 7, "d")));
        assert_eq!(Action::programs_own(" \n {}"), "{}");
    }

    #[test]
    fn what_is_no_action_is_refused_with_the_reason() {
        for (json, says) in [
            ("", "action_json is not JSON"),
            ("[]", "action_json is not a JSON object"),
            ("{}", "it takes one of: text, richContent,"),
            (r#"{"metadata":[]}"#, "it takes one of: text"),
            (r#"{"txt":"Hi"}"#, "unknown member 'txt'; did you mean 'text'?"),
            (r#"{"text":"Hi","close":true}"#, "it takes one of 'text' and 'close', not both"),
            (r#"{"text":7}"#, "text: it takes a string"),
            (r#"{"text":"Hi","caption":"c"}"#, "'caption' does not go with 'text'"),
            (r#"{"close":true,"metadata":[]}"#, "'metadata' does not go with 'close'"),
            (r#"{"close":1}"#, "close: it takes true or false"),
            (r#"{"close":false}"#, "close: it takes true"),
            (r#"{"rate":6}"#, "rate: it takes 1 to 5"),
            (r#"{"rate":5,"resolved":"yes"}"#, "resolved: it takes true or false"),
            (r#"{"acceptStatus":"READ"}"#, "sequences"),
            (r#"{"acceptStatus":"READ","sequences":["1"]}"#, "an array of integers"),
            (r#"{"file":""}"#, "file is empty"),
            (r#"{"text":"Hi","metadata":{}}"#, "metadata: it takes an array of objects"),
            (r#"{"text":"Hi","open":{"skil":1}}"#, "unknown member 'skil'"),
            (r#"{"text":"Hi","open":{"firstMessage":"a"}}"#, "the action is the first message"),
            (r#"{"richContent":[]}"#, "is not a JSON object"),
        ] {
            let error = Action::read(json).err().expect(json);
            assert!(error.message().contains(says), "{json}: {error}");
        }
    }
}
