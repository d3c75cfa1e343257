//! What a recorder has learned to be secret or private, and what it calls that.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::base::token;
use crate::recording::exchange::{Exchange, Payload};
use crate::recording::secret::{Forms, holds_token};
use crate::recording::words;

/// What stands where a value was that nothing is to be known of.
pub(crate) const REMOVED: &str = "{removed}";
/// What is shorter is not looked for inside of other texts.
const SHORTEST: usize = 4;

#[derive(Default)]
pub(crate) struct Known {
    /// The stand-in of each value, by the value.
    names: BTreeMap<String, String>,
    counts: HashMap<&'static str, usize>,
    /// Must be nowhere.
    secrets: Vec<Forms>,
}

impl Known {
    /// The stand-in of a value that has one.
    pub(crate) fn get(&self, value: &str) -> Option<&str> {
        self.names.get(value).map(String::as_str)
    }

    /// The same, but for texts, which may be the same word by accident.
    pub(crate) fn no_text(&self, value: &str) -> Option<&str> {
        self.get(value).filter(|name| !is_text(name))
    }

    /// Whether something of what must be nowhere is in this line, in any form.
    pub(crate) fn is_in(&self, line: &str) -> bool {
        holds_token(line) || self.secrets.iter().any(|forms| forms.are_in(line))
    }

    /// The stand-in of a value, a new one where it has none yet.
    pub(crate) fn name(&mut self, kind: &'static str, value: &str) -> String {
        if let Some(known) = self.names.get(value) {
            return known.clone();
        }
        let count = self.counts.entry(kind).or_insert(0);
        *count += 1;
        let name = format!("{{{kind}-{count}}}");
        self.names.insert(value.to_owned(), name.clone());
        name
    }

    fn secret(&mut self, name: String, value: &str) {
        if !self.names.contains_key(value) {
            self.names.insert(value.to_owned(), name);
            self.secrets.push(Forms::new(value));
        }
    }

    fn private(&mut self, kind: &'static str, value: &str) {
        if !value.is_empty() && !self.names.contains_key(value) {
            self.name(kind, value);
            self.secrets.push(Forms::new(value));
        }
    }

    /// What the exchange tells of secrets and names, before any of it is shown.
    pub(crate) fn learn(&mut self, exchange: &Exchange) {
        let mut segments = exchange.path.split('/');
        while let Some(segment) = segments.next() {
            if matches!(segment, "account" | "AUTH_async-images")
                && let Some(account) = segments.next()
            {
                self.private("account", account);
            }
        }
        let answer = exchange.answer.iter();
        let headers = answer.clone().flat_map(|answer| &answer.headers);
        for (name, value) in exchange.headers.iter().chain(headers) {
            match name.as_str() {
                "x-liveperson-account-id" => self.private("account", value),
                "x-liveperson-client-id" => self.private("client-id", value),
                "authorization" | "x-lp-on-behalf" => {
                    let token = value.rsplit(' ').next().unwrap_or(value);
                    self.learn_token(token);
                    self.secret(REMOVED.to_owned(), value);
                }
                "cookie" => value.split(';').for_each(|cookie| self.learn_cookie(cookie)),
                // What follows are words that every server sends.
                "set-cookie" => self.learn_cookie(value.split(';').next().unwrap_or_default()),
                _ if words::is_header(name) || !looks_secret(value) => {}
                _ => self.secret(REMOVED.to_owned(), value),
            }
        }
        for (name, value) in &exchange.query {
            self.learn_parameter(name, value);
        }
        for body in [&exchange.body].into_iter().chain(answer.map(|answer| &answer.body)) {
            match body {
                Payload::Json(value) => self.learn_value("", value),
                Payload::Form(pairs) => {
                    for (name, value) in pairs {
                        self.learn_parameter(name, value);
                    }
                }
                Payload::None | Payload::Text(_) | Payload::Bytes(_) => {}
            }
        }
    }

    fn learn_cookie(&mut self, cookie: &str) {
        if let Some((_, value)) = cookie.split_once('=').filter(|(_, value)| value.len() >= 8) {
            self.secret(REMOVED.to_owned(), value.trim());
        }
    }

    fn learn_parameter(&mut self, name: &str, value: &str) {
        match name {
            "client_id" => self.private("client-id", value),
            _ if words::is_parameter(name) || value.len() < 6 => {}
            _ => self.secret(REMOVED.to_owned(), value),
        }
    }

    fn learn_value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                if let (Some("CONSUMER"), Some(id)) = (
                    members.get("role").and_then(Value::as_str),
                    members.get("id").and_then(Value::as_str),
                ) {
                    self.name("lp-consumer", id);
                }
                for (name, value) in members {
                    self.learn_value(name, value);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.learn_value(name, item);
                }
            }
            Value::String(text) => match name {
                "access_token" | "token" | "id_token" | "refresh_token" => self.learn_token(text),
                "temp_url_sig" | "client_secret" => self.secret(REMOVED.to_owned(), text),
                "ext_consumer_id" => self.private("consumer", text),
                "brandId" | "account" => self.private("account", text),
                _ if holds_token(text) => self.learn_token(text),
                _ => {}
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A token, and whom it names.
    fn learn_token(&mut self, token: &str) {
        if token.is_empty() || self.names.contains_key(token) {
            return;
        }
        let claims = token::peek(token).unwrap_or_default();
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        for (claim, kind) in [
            ("aud", "account"),
            ("account_id", "account"),
            ("azp", "client-id"),
            ("ext_consumer_id", "consumer"),
        ] {
            if let Some(value) = text(claim) {
                self.private(kind, value);
            }
        }
        let name = match text("lp_consumer_id") {
            // Named as its consumer is, so that who plays it can make one that fits.
            Some(id) => self.name("lp-consumer", id).replace("lp-consumer", "consumer-jws"),
            None => self.name("app-jwt", token),
        };
        self.names.remove(token);
        self.secret(name, token);
        // Neither the claims nor the signature alone.
        for part in token.split('.').skip(1).filter(|part| part.len() >= 16) {
            self.secrets.push(Forms::new(part));
        }
    }

    /// A word of the protocol, or an id: with stand-ins for what is known, but for texts, which may
    /// be the same word by accident.
    pub(crate) fn named(&self, word: &str) -> String {
        match self.no_text(word) {
            Some(known) => known.to_owned(),
            None => self.put_in(word, |name| !is_text(name)),
        }
    }

    /// With stand-ins for all that is known in it.
    pub(crate) fn put_in_all(&self, text: &str) -> String {
        self.put_in(text, |_| true)
    }

    fn put_in(&self, text: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut known: Vec<_> = self
            .names
            .iter()
            .filter(|(value, _)| value.len() >= SHORTEST && text.contains(value.as_str()))
            .filter(|(_, name)| wanted(name))
            .collect();
        // The longest first: it may hold others.
        known.sort_by_key(|(value, _)| usize::MAX - value.len());
        known
            .into_iter()
            .fold(text.to_owned(), |text, (value, name)| text.replace(value.as_str(), name))
    }
}

/// Whether a stand-in is that of a text.
fn is_text(name: &str) -> bool {
    name.starts_with("{text-")
}

/// Whether a value of a header may open something: a long word with digits in it, and no id.
fn looks_secret(value: &str) -> bool {
    let of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte);
    value.len() >= 20
        && !is_made_up(value)
        && value.bytes().all(of_word)
        && value.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether an id is one that a program made up: hexadecimal digits, and lines between them. Digits
/// alone may be the number of a card or a telephone.
pub(crate) fn is_made_up(id: &str) -> bool {
    id.len() >= 16
        && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        && id.bytes().any(|byte| byte.is_ascii_alphabetic())
}
