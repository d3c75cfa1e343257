//! One step of an agent, as JSON has it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::agents::action::{Act, Action};
use crate::model::participant::Role;
use crate::protocol::file::{check_type, ending};
use crate::protocol::rich;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Until the consumer does this.
    WaitFor(Wait),
    Pause(Duration),
    Act(Act),
}

/// What an agent can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Text,
    Read,
    Rating,
    File,
}

/// The member that says what a step is, and those that may stand beside it.
const STEPS: [(&str, &[&str]); 15] = [
    ("accept", &["as"]),
    ("close", &[]),
    ("delay", &[]),
    ("file", &["as", "metadata"]),
    ("join", &["as"]),
    ("manualETTR", &[]),
    ("note", &["as"]),
    ("pause_ms", &[]),
    ("read", &["as"]),
    ("rich", &["as", "metadata", "quick_replies"]),
    ("say", &["as", "metadata", "quick_replies"]),
    ("survey", &[]),
    ("transfer", &[]),
    ("type", &["as"]),
    ("wait_for", &[]),
];

impl Step {
    /// Reads a step; the error names what is wrong with it.
    pub(crate) fn parse(step: &Value) -> Result<Step, String> {
        let step = step.as_object().ok_or_else(|| format!("{step} is no object"))?;
        let (name, beside) = name(step)?;
        let value = &step[name];
        let mut others = step.keys().filter(|key| *key != name);
        if let Some(key) = others.find(|key| !beside.contains(&key.as_str())) {
            return Err(format!("{key:?} does not belong to {name}"));
        }
        let (role, metadata) = (role(step)?, metadata(step)?);
        let act = |action| Ok(Step::Act(Act { action, role, metadata }));
        match name {
            "join" => on(name, value).and_then(|()| act(Action::Join)),
            "accept" => on(name, value).and_then(|()| act(status("ACCEPT"))),
            "read" => on(name, value).and_then(|()| act(status("READ"))),
            "close" => on(name, value).and_then(|()| act(Action::Close)),
            "survey" => on(name, value).and_then(|()| act(Action::Survey)),
            "type" => {
                let types = value.as_bool().ok_or("type must be true or false")?;
                act(Action::Type(types))
            }
            "say" => {
                act(Action::Say { text: text(name, value)?, quick_replies: quick_replies(step)? })
            }
            "rich" => {
                rich::check(value).map_err(|reason| format!("rich: {reason}"))?;
                act(Action::Rich { content: value.clone(), quick_replies: quick_replies(step)? })
            }
            "file" => act(file(value)?),
            "note" => act(Action::Note(text(name, value)?)),
            "transfer" => act(Action::Transfer(text(name, value)?)),
            "delay" if value.is_object() || value.is_null() => act(Action::Delay(value.clone())),
            "delay" => Err("delay must be an object, or null".to_owned()),
            "manualETTR" if value.is_i64() || value.is_null() => {
                act(Action::ManualEttr(value.clone()))
            }
            "manualETTR" => Err("manualETTR must be a whole number, or null".to_owned()),
            "pause_ms" => {
                let millis = value.as_u64().ok_or("pause_ms must be a whole number from 0 on")?;
                Ok(Step::Pause(Duration::from_millis(millis)))
            }
            // The only one that is left.
            _ => Ok(Step::WaitFor(match value.as_str() {
                Some("text") => Wait::Text,
                Some("read") => Wait::Read,
                Some("rating") => Wait::Rating,
                Some("file") => Wait::File,
                _ => return Err("wait_for must be one of text, read, rating, file".to_owned()),
            })),
        }
    }
}

/// What the step is.
fn name(step: &Map<String, Value>) -> Result<(&'static str, &'static [&'static str]), String> {
    let mut named = STEPS.iter().filter(|(name, _)| step.contains_key(*name));
    let unknown = || {
        let known = STEPS.map(|(name, _)| name).join(", ");
        let names: Vec<&str> = step.keys().map(String::as_str).collect();
        format!("{:?} is unknown; known are {known}", names.join(", "))
    };
    let (name, beside) = named.next().ok_or_else(unknown)?;
    match named.next() {
        None => Ok((name, beside)),
        Some((other, _)) => Err(format!("it is both {name} and {other}")),
    }
}

fn status(status: &'static str) -> Action {
    Action::Status { status, sequences: None }
}

fn on(name: &str, value: &Value) -> Result<(), String> {
    if *value == true { Ok(()) } else { Err(format!("{name} must be true")) }
}

fn text(name: &str, value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{name} must be a string"))
}

/// As whom it is done: the assigned agent where nothing else is said.
fn role(step: &Map<String, Value>) -> Result<Role, String> {
    let Some(name) = step.get("as") else { return Ok(Role::AssignedAgent) };
    name.as_str()
        .and_then(Role::of_staff)
        .ok_or_else(|| format!("as must be one of {}", Role::staff_names()))
}

/// Null where there are none.
fn metadata(step: &Map<String, Value>) -> Result<Value, String> {
    match step.get("metadata") {
        None => Ok(Value::Null),
        Some(metadata @ Value::Array(_)) => Ok(metadata.clone()),
        Some(_) => Err("metadata must be an array".to_owned()),
    }
}

/// Null where there are none.
fn quick_replies(step: &Map<String, Value>) -> Result<Value, String> {
    match step.get("quick_replies") {
        None => Ok(Value::Null),
        Some(replies @ Value::Object(_)) => Ok(replies.clone()),
        Some(_) => Err("quick_replies must be an object".to_owned()),
    }
}

fn file(file: &Value) -> Result<Action, String> {
    let members = file.as_object().ok_or("file must be an object of name, base64 and caption")?;
    if let Some(key) =
        members.keys().find(|key| !["name", "base64", "caption"].contains(&key.as_str()))
    {
        return Err(format!("{key:?} does not belong to file"));
    }
    let name = text("name of file", &file["name"])?;
    check_type(ending(&name))
        .map_err(|_| format!("the name of file, {name:?}, must end in a file type, as a.png"))?;
    let encoded = text("base64 of file", &file["base64"])?;
    let bytes = STANDARD.decode(encoded).map_err(|error| format!("base64 of file: {error}"))?;
    let caption = &file["caption"];
    if !caption.is_null() && !caption.is_string() {
        return Err("caption of file must be a string".to_owned());
    }
    Ok(Action::File { name, bytes: bytes.into(), caption: caption.clone() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Step;

    #[test]
    fn what_makes_no_sense_is_named() {
        for (step, named) in [
            (json!("say"), "no object"),
            (json!({}), "unknown"),
            (json!({"dance": true}), "dance"),
            (json!({"say": "a", "close": true}), "both"),
            (json!({"say": 5}), "say must be a string"),
            (json!({"say": "a", "bold": true}), "bold"),
            (json!({"say": "a", "quick_replies": []}), "quick_replies"),
            (json!({"close": false}), "close must be true"),
            (json!({"read": true, "quick_replies": {}}), "quick_replies"),
            (json!({"type": "yes"}), "type must be"),
            (json!({"wait_for": "godot"}), "wait_for must be"),
            (json!({"pause_ms": -1}), "pause_ms must be"),
            (json!({"rich": {}}), "rich: content must be"),
            (json!({"file": "a.png"}), "file must be"),
            (json!({"file": {"name": "a_png", "base64": ""}}), "a_png"),
            (json!({"file": {"name": "a.png", "base64": "?"}}), "base64 of file"),
            (json!({"file": {"name": "a.png", "base64": "", "size": 5}}), "size"),
            (json!({"file": {"name": "a.png", "base64": "", "caption": 5}}), "caption"),
            (json!({"transfer": 5}), "transfer must be a string"),
            (json!({"say": "a", "as": "CONSUMER"}), "as must be one of ASSIGNED_AGENT, AGENT"),
            (json!({"say": "a", "as": 5}), "as must be one of"),
            (json!({"say": "a", "metadata": {}}), "metadata must be an array"),
            (json!({"close": true, "as": "MANAGER"}), "as"),
            (json!({"note": "a", "metadata": []}), "metadata"),
            (json!({"delay": "NIGHT"}), "delay must be"),
            (json!({"manualETTR": "soon"}), "manualETTR must be"),
        ] {
            let error = Step::parse(&step).expect_err("a wrong step");
            assert!(error.contains(named), "{step}: {error}");
        }
    }
}
