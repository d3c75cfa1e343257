//! Takes secrets out of what passes, and puts stand-ins in the place of what is private.
//!
//! Shown is what is known to be harmless (`words`); all else is replaced, the same by the same
//! stand-in. What was learned to be secret is then looked for in the whole line once more.

use serde_json::{Map, Value};

use crate::protocol::file;
use crate::recording::exchange::{Answered, Exchange, Payload};
use crate::recording::known::{Known, REMOVED, is_made_up};
use crate::recording::words;

/// What stands for any number of a profile.
const NUMBER: &str = "{number}";

/// Why an exchange is not written.
pub(crate) type Why = &'static str;

#[derive(Default)]
pub(crate) struct Cleaner {
    keep_texts: bool,
    known: Known,
}

/// Where in a body something stands.
#[derive(Clone, Copy)]
struct Context {
    answer: bool,
    /// Its members are whoever wrote it's own, whatever they are called.
    private: bool,
}

impl Cleaner {
    pub(crate) fn new(keep_texts: bool) -> Cleaner {
        Cleaner { keep_texts, ..Cleaner::default() }
    }

    /// The exchange as a line, with nothing secret in it.
    pub(crate) fn line(&mut self, exchange: &Exchange) -> Result<String, Why> {
        self.known.learn(exchange);
        let cleaned = self.clean(exchange)?;
        let line = serde_json::to_string(&cleaned).map_err(|_| "it cannot be told as JSON")?;
        if self.known.is_in(&line) {
            return Err("a secret would be in it");
        }
        Ok(line)
    }

    fn clean(&mut self, exchange: &Exchange) -> Result<Exchange, Why> {
        // The request first: what it says may come back.
        let body = self.payload(&exchange.body, Context { answer: false, private: false })?;
        let answer = match &exchange.answer {
            None => None,
            Some(Answered { status, headers, body }) => Some(Answered {
                status: *status,
                headers: self.headers(headers),
                body: match body {
                    Payload::Text(text) => Payload::Text(self.plain(text, *status)),
                    body => self.payload(body, Context { answer: true, private: false })?,
                },
            }),
        };
        let path: Vec<String> = exchange.path.split('/').map(|it| self.known.named(it)).collect();
        let path = path.join("/");
        // The end of a file's path may be the name that the consumer's file has.
        let is_file = file::holds(&exchange.path);
        Ok(Exchange {
            path: if is_file { self.file_path(&path) } else { path },
            query: self.parameters(&exchange.query),
            headers: self.headers(&exchange.headers),
            body,
            answer,
            host: exchange.host.clone(),
            method: exchange.method.clone(),
            ..*exchange
        })
    }

    fn file_path(&mut self, path: &str) -> String {
        match path.rsplit_once('/') {
            Some((folder, name)) => format!("{folder}/{}", self.known.name("file", name)),
            None => path.to_owned(),
        }
    }

    fn headers(&mut self, headers: &[(String, String)]) -> Vec<(String, String)> {
        let mut cleaned = Vec::new();
        for (name, value) in headers {
            let value = match name.as_str() {
                "client-properties" => {
                    let request = Context { answer: false, private: false };
                    serde_json::from_str(value).map_or_else(
                        |_| REMOVED.to_owned(),
                        |value| self.value("", &value, request).to_string(),
                    )
                }
                "authorization" | "x-lp-on-behalf" => {
                    let token = value.rsplit(' ').next().unwrap_or(value);
                    self.known.get(token).unwrap_or(REMOVED).to_owned()
                }
                "x-liveperson-account-id" | "x-liveperson-client-id" => {
                    self.known.put_in_all(value)
                }
                _ if words::is_header(name) => self.known.put_in_all(value),
                _ => REMOVED.to_owned(),
            };
            cleaned.push((name.clone(), value));
        }
        cleaned
    }

    fn parameters(&self, pairs: &[(String, String)]) -> Vec<(String, String)> {
        let clean = |(name, value): &(String, String)| {
            let shown = words::is_parameter(name);
            let value = match self.known.no_text(value) {
                Some(known) => known.to_owned(),
                None if shown => value.clone(),
                None => REMOVED.to_owned(),
            };
            (name.clone(), value)
        };
        pairs.iter().map(clean).collect()
    }

    fn payload(&mut self, payload: &Payload, context: Context) -> Result<Payload, Why> {
        Ok(match payload {
            Payload::None => Payload::None,
            Payload::Json(value) => Payload::Json(self.value("", value, context)),
            Payload::Form(pairs) => Payload::Form(self.parameters(pairs)),
            Payload::Text(_) => return Err("its body is neither JSON nor a form"),
            Payload::Bytes(length) => Payload::Bytes(*length),
        })
    }

    /// An answer that is neither JSON nor a form. What failed is said in words of the service; what is
    /// broken JSON, or a page, may hold anything.
    fn plain(&mut self, text: &str, status: u16) -> String {
        let begins = text.trim_start_matches(|it: char| it == '\u{feff}' || it.is_whitespace());
        let is_sentence = !begins.starts_with(['{', '[', '<']);
        if is_sentence && (self.keep_texts || status >= 400) {
            return self.known.put_in_all(text);
        }
        self.known.name("text", text)
    }

    /// `name`: of the member that it is, or is in.
    fn value(&mut self, name: &str, value: &Value, context: Context) -> Value {
        match value {
            Value::Object(members) => self.object(members, context).into(),
            Value::Array(items) => {
                items.iter().map(|item| self.value(name, item, context)).collect()
            }
            Value::String(text) => self.text(name, text, context).into(),
            Value::Number(number) => match self.known.no_text(&number.to_string()) {
                Some(known) => known.into(),
                _ if context.private && !self.keep_texts => NUMBER.into(),
                _ => value.clone(),
            },
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    fn object(&mut self, members: &Map<String, Value>, context: Context) -> Map<String, Value> {
        let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
        let is_profile = kind.ends_with("userprofile.SetUserProfile");
        let is_envelope = members.contains_key("body");
        let mut cleaned = Map::new();
        for (name, value) in members {
            let private = match name.as_str() {
                "body" if is_profile => true,
                // Also where it stands in a context.
                "clientProperties" => false,
                _ => context.private || (words::is_private(name) && !value.is_string()),
            };
            let context = Context { private, ..context };
            let value = match (name.as_str(), value) {
                // The number of a request, which comes back in its answer.
                ("id", Value::String(id)) if is_envelope => self.known.put_in_all(id).into(),
                // The service's own words.
                ("body", Value::String(text)) if context.answer => {
                    self.known.put_in_all(text).into()
                }
                ("message", Value::String(text)) if members.contains_key("code") => {
                    self.known.put_in_all(text).into()
                }
                ("title", Value::String(text)) if members.contains_key("details") => {
                    self.known.put_in_all(text).into()
                }
                ("relativePath", Value::String(path)) => {
                    let path = self.known.put_in_all(path);
                    self.file_path(&path).into()
                }
                _ => self.value(name, value, context),
            };
            cleaned.insert(name.clone(), value);
        }
        cleaned
    }

    fn text(&mut self, name: &str, text: &str, context: Context) -> String {
        if words::is_member(name) && (!context.private || words::is_everywhere(name)) {
            return self.known.named(text);
        }
        if let Some(known) = self.known.get(text) {
            return known.to_owned();
        }
        let is_sentence = context.answer && words::is_sentence(name);
        let is_id = name == "id" && !context.private && is_made_up(text);
        if self.keep_texts || text.is_empty() || is_sentence || is_id {
            return self.known.put_in_all(text);
        }
        self.known.name("text", text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Cleaner;
    use crate::recording::exchange::{Answered, Exchange, Payload, Side};

    fn exchange(body: Value, answer: Value) -> Exchange {
        let answer = Answered { status: 200, headers: Vec::new(), body: Payload::Json(answer) };
        Exchange {
            at_us: 0,
            took_us: 0,
            from: Side::Client,
            host: "host".to_owned(),
            method: "POST".to_owned(),
            path: "/api/account/le123/send".to_owned(),
            query: vec![("v".to_owned(), "3".to_owned()), ("x".to_owned(), "le123".to_owned())],
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                ("cookie".to_owned(), "session=abcdefghijkl; Path=/".to_owned()),
                ("x-unknown".to_owned(), "what nobody knows".to_owned()),
            ],
            body: Payload::Json(body),
            answer: Some(answer),
        }
    }

    fn clean(cleaner: &mut Cleaner, body: Value, answer: Value) -> Value {
        let line = cleaner.line(&exchange(body, answer)).expect("it can be cleaned");
        serde_json::from_str(&line).expect("JSON")
    }

    #[test]
    fn what_is_private_is_replaced_and_the_same_by_the_same() {
        let mut cleaner = Cleaner::new(false);
        let event = |text: &str| {
            json!({"id": "1", "type": "ms.PublishEvent", "body": {"dialogId": "d-le123", "event":
                   {"type": "ContentEvent", "contentType": "text/plain", "message": text}}})
        };
        let line = clean(&mut cleaner, event("OPEN the door"), json!({"reqId": "1", "code": "OK"}));
        assert_eq!(line["path"], "/api/account/{account-1}/send");
        assert_eq!(line["query"], json!([["v", "3"], ["x", "{account-1}"]]));
        let body = &line["body"]["json"]["body"];
        assert_eq!(body["dialogId"], "d-{account-1}");
        assert_eq!(body["event"]["message"], "{text-1}");
        assert_eq!(body["event"]["contentType"], "text/plain");
        let removed = ["application/json", "{removed}", "{removed}"];
        for (header, value) in line["headers"].as_array().expect("headers").iter().zip(removed) {
            assert_eq!(header[1], value);
        }
        // Its words do not change those of the protocol, but the service may repeat them.
        let refusal = json!({"code": "BAD_REQUEST", "body": {"msg": "No: OPEN the door"}});
        let line = clean(&mut cleaner, event("OPEN the door"), refusal);
        assert_eq!(line["body"]["json"]["body"]["event"]["message"], "{text-1}");
        assert_eq!(line["answer"]["body"]["json"]["body"]["msg"], "No: {text-1}");
        let line = clean(&mut cleaner, event("OPEN"), json!({"state": "OPEN"}));
        assert_eq!(line["answer"]["body"]["json"]["state"], "OPEN");
    }

    #[test]
    fn nothing_of_a_profile_stays() {
        let profile = json!({"id": "1", "type": "userprofile.SetUserProfile", "body":
            {"firstName": "Ann", "authenticatedData": {"lp_sdes": [
                {"type": "ctmrinfo", "info": {"balance": 12.5, "role": "vip", "imei": "99"}}]}}});
        let line = clean(&mut Cleaner::new(false), profile.clone(), json!({}));
        let text = line["body"].to_string();
        for private in ["Ann", "12.5", "vip", "99"] {
            assert!(!text.contains(private), "{private}: {text}");
        }
        let kept = clean(&mut Cleaner::new(true), profile, json!({}));
        assert_eq!(kept["body"]["json"]["body"]["firstName"], "Ann");
    }

    #[test]
    fn what_others_write_has_no_words_of_the_protocol() {
        let body = json!({"id": "1", "type": "ms.PublishEvent",
            "metadata": [{"type": "Order", "code": "PIN 1234", "phone": 4_915_112_345_678_u64,
                          "id": "4111111111111111"}],
            "body": {"dialogId": "d", "id": "4111111111111111", "event": {"type": "RichContentEvent",
                "content": {"type": "map", "la": 52.5123, "state": "Ann Smith"}}},
            "context": {"type": "Shop", "account": "DE8937", "role": "vip",
                        "clientProperties": {"os": "LINUX", "features": ["RICH_CONTENT"]}}});
        let line = clean(&mut Cleaner::new(false), body.clone(), json!({})).to_string();
        let private =
            ["PIN 1234", "4915112345678", "4111111111111111", "52.5123", "Ann", "DE8937", "vip"];
        for private in private {
            assert!(!line.contains(private), "{private}: {line}");
        }
        for shown in ["Order", "map", "Shop", "LINUX", "RICH_CONTENT", "{number}"] {
            assert!(line.contains(shown), "{shown}: {line}");
        }
        let kept = clean(&mut Cleaner::new(true), body, json!({}));
        assert_eq!(kept["body"]["json"]["metadata"][0]["phone"], 4_915_112_345_678_u64);
    }

    #[test]
    fn an_answer_that_nobody_understands_shows_nothing() {
        let line = |text: &str, status, keep_texts| {
            let mut exchange = exchange(json!({}), json!({}));
            let body = Payload::Text(text.to_owned());
            exchange.answer = Some(Answered { status, headers: Vec::new(), body });
            Cleaner::new(keep_texts).line(&exchange).expect("it can be cleaned")
        };
        for broken in [
            "\u{feff}{\"access_token\":\"s3cret\"}",
            "{\"access_token\":\"s3cret\",\"x\":\"\\ud83d\"}",
            "<p>s3cret</p>",
        ] {
            for (status, keep_texts) in [(200, false), (200, true), (400, false), (400, true)] {
                assert!(!line(broken, status, keep_texts).contains("s3cret"), "{broken}");
            }
        }
        assert!(!line("token=s3cret", 200, false).contains("s3cret"));
        // What failed is said in the service's own words.
        assert!(
            line("no healthy upstream for le123", 503, false)
                .contains("healthy upstream for {account-1}")
        );
    }

    #[test]
    fn what_cannot_be_cleaned_is_left_out() {
        let mut cleaner = Cleaner::new(true);
        let mut first = exchange(json!({}), json!({"client_secret": "s3cret-s3cret"}));
        assert!(cleaner.line(&first).is_ok_and(|line| !line.contains("s3cret")));
        // Base64 of it, in a text that is kept.
        let hidden = json!({"message": "it is czNjcmV0LXMzY3JldA, really"});
        assert_eq!(cleaner.line(&exchange(hidden, json!({}))), Err("a secret would be in it"));
        first.body = Payload::Text("firstName=Ann".to_owned());
        assert_eq!(cleaner.line(&first), Err("its body is neither JSON nor a form"));
    }
}
