//! A recording as it is played: which answer a request gets, and what may be told by now.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use rsa::sha2::{Digest, Sha256};
use serde_json::{Map, Value, json};

use crate::base::clock;
use crate::base::hex::hex;
use crate::base::{key, token};
use crate::http::request::Received;
use crate::recording::exchange::{Answered, Exchange, Heading, Payload, Side, VERSION};
use crate::recording::fitting::{Bindings, stand_in};
use crate::recording::gate::rewrite;

/// How long a token is valid that is made for a stand-in.
const LIFETIME_SECONDS: i64 = 3600;
/// So much of what is missing is remembered: a client may ask for ever.
const MOST_TOLD: usize = 1000;

pub(crate) struct Player {
    exchanges: Vec<Exchange>,
    played: Vec<bool>,
    /// Notifications that are on their way.
    untold: BTreeSet<usize>,
    /// What the stand-ins stand for now.
    stand_ins: HashMap<String, String>,
    /// What the client named otherwise than it did then.
    ids: HashMap<String, Value>,
    /// Whom the client asks: host and port.
    authority: String,
    pub(crate) unanswered: Vec<String>,
}

/// What comes back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Reads a recording. A last line that was not finished is none: whoever wrote it was ended.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Exchange>> {
    let wrong = |reason: String| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {reason}", path.display()))
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut lines = text.lines();
    let heading: Option<Heading> = lines.next().and_then(|line| serde_json::from_str(line).ok());
    let heading = heading.ok_or_else(|| wrong("it is no recording of lpc-sandbox".to_owned()))?;
    if heading.recording != VERSION {
        return Err(wrong(format!("it is a recording of version {}", heading.recording)));
    }
    let mut exchanges = Vec::new();
    let mut lines = lines.enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        match serde_json::from_str(line) {
            Ok(exchange) => exchanges.push(exchange),
            Err(_) if lines.peek().is_none() && !text.ends_with('\n') => {}
            Err(error) => return Err(wrong(format!("line {}: {error}", number + 2))),
        }
    }
    // They were written as they ended.
    exchanges.sort_by_key(|exchange: &Exchange| exchange.at_us);
    Ok(exchanges)
}

impl Player {
    pub(crate) fn new(exchanges: Vec<Exchange>, authority: String, account_id: &str) -> Player {
        let stand_ins = HashMap::from([("{account-1}".to_owned(), account_id.to_owned())]);
        let played = vec![false; exchanges.len()];
        let (ids, unanswered, untold) = (HashMap::new(), Vec::new(), BTreeSet::new());
        Player { exchanges, played, untold, stand_ins, ids, authority, unanswered }
    }

    /// The answer to a request; None: nothing is sent, as it was then.
    pub(crate) fn answer(&mut self, received: &Received) -> Option<Reply> {
        let mut nearest = None;
        let mut found = None;
        for (number, exchange) in self.exchanges.iter().enumerate() {
            if exchange.from != Side::Client || exchange.method != received.method {
                continue;
            }
            let mut bindings = Bindings::default();
            if !bindings.text(&exchange.path, &received.path) {
                continue;
            }
            let fits = bindings
                .pairs("query", &exchange.query, received.query.as_bytes())
                .and_then(|()| bindings.payload(&exchange.body, &received.body));
            match fits {
                // The last of those that were played answers again what changes nothing.
                Ok(()) if self.played[number] && may_repeat(exchange) => {
                    found = Some((number, bindings));
                }
                Ok(()) if self.played[number] => {}
                Ok(()) => {
                    found = Some((number, bindings));
                    break;
                }
                Err(place) if !self.played[number] => {
                    nearest.get_or_insert(place);
                }
                Err(_) => {}
            }
        }
        let Some((number, bindings)) = found else { return Some(self.without(received, nearest)) };
        self.played[number] = true;
        self.stand_ins.extend(bindings.stand_ins);
        self.ids.extend(bindings.ids);
        let consumer = consumer_of(&received.body);
        let Answered { status, headers, body } = self.exchanges[number].answer.clone()?;
        let mut headers = headers;
        headers.retain(|(name, _)| matches!(name.as_str(), "content-type" | "retry-after"));
        let body = match body {
            Payload::None | Payload::Form(_) => Vec::new(),
            Payload::Bytes(length) => vec![0; length],
            Payload::Text(text) => self.filled(&text, &consumer).into_bytes(),
            Payload::Json(_) if received.path.ends_with("/jwks") => own_keys(),
            Payload::Json(mut value) => {
                self.fill(&mut value, &consumer);
                rewrite(&mut value, &|_| self.authority.clone());
                value.to_string().into_bytes()
            }
        };
        Some(Reply { status, headers, body })
    }

    /// What is said where the recording holds no answer.
    fn without(&mut self, received: &Received, nearest: Option<String>) -> Reply {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if received.path.ends_with("/jwks") {
            return Reply { status: 200, headers, body: own_keys() };
        }
        let why = match nearest {
            Some(place) => format!("the next one of this kind differs in {place}"),
            None => "there is none of this kind, or no other".to_owned(),
        };
        let asked = format!("{} {}: {why}", received.method, received.path);
        let error = format!("the recording holds no answer to {asked}");
        if self.unanswered.len() < MOST_TOLD {
            self.unanswered.push(asked);
        }
        Reply { status: 404, headers, body: json!({"error": error}).to_string().into_bytes() }
    }

    /// The notifications that came before anything else that is still to be asked, in order, with
    /// their numbers.
    pub(crate) fn due(&mut self) -> Vec<(usize, Vec<u8>)> {
        let mut due = Vec::new();
        for number in 0..self.exchanges.len() {
            let exchange = &self.exchanges[number];
            if self.played[number] || may_repeat(exchange) {
                continue;
            }
            if exchange.from == Side::Client {
                break;
            }
            if let Payload::Json(mut value) = exchange.body.clone() {
                self.fill(&mut value, "");
                due.push((number, value.to_string().into_bytes()));
                self.untold.insert(number);
            }
            self.played[number] = true;
        }
        due
    }

    /// A notification was taken.
    pub(crate) fn told(&mut self, number: usize) {
        self.untold.remove(&number);
    }

    /// What the recording holds and nobody asked for, or nobody took.
    pub(crate) fn unasked(&self) -> Vec<String> {
        let is_left = |number: &usize| !self.played[*number] || self.untold.contains(number);
        let left = (0..self.exchanges.len()).filter(is_left).map(|number| &self.exchanges[number]);
        left.map(|exchange| match exchange.from {
            Side::Client => exchange.title(),
            Side::Service => "a notification that was not taken".to_owned(),
        })
        .collect()
    }

    fn fill(&self, value: &mut Value, consumer: &str) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        // The client's own id, always as text.
                        Value::String(id)
                            if matches!(name.as_str(), "reqId" | "id")
                                && self.ids.contains_key(id) =>
                        {
                            let actual = &self.ids[id];
                            *id = actual.as_str().map_or_else(|| actual.to_string(), str::to_owned);
                        }
                        other => self.fill(other, consumer),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|it| self.fill(it, consumer)),
            Value::String(text) => *text = self.filled(text, consumer),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A text with what its stand-ins stand for; what nobody has said yet stays.
    fn filled(&self, text: &str, consumer: &str) -> String {
        let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, name, behind)) = stand_in(rest) {
            filled.push_str(before);
            filled.push_str(&self.stand_for(name, consumer));
            rest = behind;
        }
        filled + rest
    }

    fn stand_for(&self, name: &str, consumer: &str) -> String {
        if let Some(known) = self.stand_ins.get(name) {
            return known.clone();
        }
        let account = self.stand_ins.get("{account-1}").map_or("", String::as_str);
        if name.starts_with("{lp-consumer-") {
            return hex(&Sha256::digest(name));
        }
        if name.starts_with("{consumer-jws-") {
            let id = hex(&Sha256::digest(name.replace("consumer-jws", "lp-consumer")));
            let claims = json!({"account_id": account, "ext_consumer_id": consumer,
                                "lp_consumer_id": id});
            return token::sign(&claims, key::first());
        }
        if name.starts_with("{app-jwt-") {
            let now = clock::now();
            let client = self.stand_ins.get("{client-id-1}").map_or("", String::as_str);
            let claims = json!({"aud": account, "azp": client, "scope": "msg.consumer",
                                "iss": "Sentinel", "iat": now, "exp": now + LIFETIME_SECONDS});
            return token::sign(&claims, key::first());
        }
        name.to_owned()
    }
}

/// Whether it may be asked any number of times: what is only looked up, and tokens.
fn may_repeat(exchange: &Exchange) -> bool {
    let ends = ["/app/token", "/consumer"];
    exchange.from == Side::Client
        && (exchange.method == "GET" || ends.iter().any(|end| exchange.path.ends_with(end)))
}

/// Whose token is asked for.
fn consumer_of(body: &[u8]) -> String {
    let members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    members.get("ext_consumer_id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn own_keys() -> Vec<u8> {
    json!({"keys": [key::first().jwk()]}).to_string().into_bytes()
}
