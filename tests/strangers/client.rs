//! A client as its file describes it.

use std::collections::{BTreeMap, HashMap};

use lpc_sandbox::serde_json::{self, Map, Value};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

/// A client, with what its account must be like and all that it does, in order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub client: String,
    #[serde(rename = "what")]
    _what: String,
    #[serde(default, rename = "notes")]
    _notes: Vec<String>,
    /// The account it has built in.
    pub account: Option<Credentials>,
    #[serde(default = "yes")]
    pub tls: bool,
    /// The questions of the account's survey.
    #[serde(default)]
    pub survey: Value,
    /// Sets of headers by name.
    #[serde(default)]
    headers: HashMap<String, Vec<String>>,
    pub webhooks: Option<Webhooks>,
    #[serde(rename = "steps")]
    written: Vec<Box<RawValue>>,
    #[serde(skip)]
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    pub id: String,
    pub client_id: String,
    pub client_secret: String,
}

/// Where a client is told what happens, and what it expects of everything that it is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// By type of notification; `all` is for those that are not named.
    pub paths: BTreeMap<String, String>,
    #[serde(default)]
    pub signature: Signed,
    /// What must hold in all notifications of types that begin so.
    #[serde(default)]
    pub always: BTreeMap<String, Map<String, Value>>,
}

/// Over which bytes a client computes the signature.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signed {
    #[default]
    Raw,
    /// The body as text, each character outside ASCII a question mark.
    Ascii,
    /// The body read as JSON and written again.
    Rewritten,
}

pub enum Step {
    Asks(Ask),
    /// What an agent does, as the sandbox has it.
    Agent(Value),
    Hears(Hear),
}

/// A request of the client, and what it reads of the answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub asks: String,
    /// Method and URL.
    pub request: String,
    #[serde(default)]
    pub headers: Headers,
    json: Option<Box<RawValue>>,
    indented: Option<Box<RawValue>>,
    text: Option<String>,
    pub status: Value,
    #[serde(default)]
    pub reads: Map<String, Value>,
    #[serde(default)]
    pub keeps: BTreeMap<String, String>,
}

/// The name of a set, or lines.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Headers {
    Set(String),
    Lines(Vec<String>),
}

impl Default for Headers {
    fn default() -> Headers {
        Headers::Lines(Vec::new())
    }
}

/// A notification that the client waits for, and what it reads of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hear {
    pub hears: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Notifications in which this does not hold are passed over.
    #[serde(default, rename = "where")]
    pub condition: Map<String, Value>,
    #[serde(default)]
    pub reads: Map<String, Value>,
    #[serde(default)]
    pub keeps: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

impl Client {
    pub fn parse(text: &str) -> Result<Client, String> {
        let mut client: Client = read(text)?;
        let steps = client.written.iter().enumerate().map(|(number, written)| {
            Step::parse(written.get()).map_err(|error| format!("step {}: {error}", number + 1))
        });
        client.steps = steps.collect::<Result<_, _>>()?;
        Ok(client)
    }

    pub fn headers<'a>(&'a self, headers: &'a Headers) -> Result<&'a [String], String> {
        match headers {
            Headers::Lines(lines) => Ok(lines),
            Headers::Set(name) => {
                let set = self.headers.get(name).map(Vec::as_slice);
                set.ok_or_else(|| format!("there are no headers {name:?}"))
            }
        }
    }
}

impl Step {
    fn parse(text: &str) -> Result<Step, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Act {
            agent: Value,
        }
        let members: HashMap<String, IgnoredAny> = read(text)?;
        let has = |name: &str| members.contains_key(name);
        match (has("asks"), has("agent"), has("hears")) {
            (true, false, false) => read(text).map(Step::Asks),
            (false, true, false) => read(text).map(|Act { agent }| Step::Agent(agent)),
            (false, false, true) => read(text).map(Step::Hears),
            _ => Err("a step is one of asks, agent or hears".to_owned()),
        }
    }
}

impl Ask {
    /// The body byte for byte, but for what is to be filled in; None: there is none.
    pub fn body(&self) -> Result<Option<String>, String> {
        match (&self.json, &self.indented, &self.text) {
            (None, None, None) => Ok(None),
            (Some(json), None, None) => Ok(Some(compact(json.get()))),
            (None, Some(json), None) => Ok(Some(json.get().to_owned())),
            (None, None, Some(text)) => Ok(Some(text.clone())),
            _ => Err("a body is one of json, indented, text".to_owned()),
        }
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Without the white space between the tokens; the order of the members stays.
fn compact(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let keep = |character: &char| {
        if in_text {
            in_text = escaped || *character != '"';
            escaped = !escaped && *character == '\\';
            return true;
        }
        in_text = *character == '"';
        !character.is_ascii_whitespace()
    };
    json.chars().filter(keep).collect()
}

#[test]
fn white_space_in_texts_stays() {
    let written = "{ \"b\" : \"x \\\" y\\\\\" ,\n \"a\" : [ 1 , \" \" ] }";
    assert_eq!(compact(written), r#"{"b":"x \" y\\","a":[1," "]}"#);
}
