//! The last requests of an account with their answers, to be looked at: cut short, and without
//! secrets.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::base::token;
use crate::http::request::Received;
use crate::protocol::discreet::discreet;
use crate::protocol::route::Route;
use crate::protocol::summary::{beginning, shortened};

/// How many are kept.
const MOST: usize = 200;
/// How much of a body is kept, and of all headers together.
const MOST_BYTES: usize = 16 * 1024;
/// How much of a token is shown.
const TOKEN_CHARACTERS: usize = 8;

/// A request, and what it was answered with.
pub(crate) struct Exchange {
    /// From 1 on.
    pub(crate) number: u64,
    /// Of its last change.
    pub(crate) revision: u64,
    view: Value,
}

impl Exchange {
    /// As others see it.
    pub(crate) fn view(&self) -> &Value {
        &self.view
    }
}

/// What a client saw of an answer.
pub(crate) struct Seen<'a> {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: &'a [u8],
    pub(crate) millis: u128,
    /// How it broke off, in a word.
    pub(crate) broken: Option<&'static str>,
}

/// In the order in which they came in.
#[derive(Default)]
pub(crate) struct Exchanges {
    kept: VecDeque<Exchange>,
    count: u64,
}

impl Exchanges {
    /// Those that changed after this revision.
    pub(crate) fn after(&self, revision: u64) -> impl Iterator<Item = &Exchange> {
        self.kept.iter().filter(move |exchange| exchange.revision > revision)
    }

    /// Notes a request; gives back its number.
    pub(crate) fn begin(
        &mut self,
        revision: u64,
        now: i64,
        route: Route,
        received: &Received,
    ) -> u64 {
        self.count += 1;
        if self.kept.len() == MOST {
            self.kept.pop_front();
        }
        let claims = received.header("x-lp-on-behalf").and_then(token::peek);
        let query = if received.query.is_empty() { "" } else { "?" };
        let path = discreet(&format!("{}{query}{}", received.path, received.query));
        let view = json!({
            "number": self.count,
            "at": now,
            "route": route.name(),
            "connection": received.connection,
            "consumer": claims.and_then(|mut claims| claims.remove("ext_consumer_id")),
            "method": received.method,
            "path": beginning(&path, MOST_BYTES),
            "headers": headers(&Received::headers_as_text(&received.headers)),
            "body": body(&received.body),
            "length": received.body.len(),
            "answer": null,
        });
        self.kept.push_back(Exchange { number: self.count, revision, view });
        self.count
    }

    /// Notes the answer to a request, if that is still kept.
    pub(crate) fn end(&mut self, number: u64, revision: u64, seen: Seen<'_>) {
        let Some(exchange) = self.kept.iter_mut().find(|it| it.number == number) else { return };
        exchange.revision = revision;
        // Where nothing is sent, there is no status either.
        let status = match seen.broken {
            Some("stall" | "reset") => Value::Null,
            _ => seen.status.into(),
        };
        exchange.view["answer"] = json!({
            "status": status,
            "headers": headers(&seen.headers),
            "body": body(seen.body),
            "length": seen.body.len(),
            "millis": u64::try_from(seen.millis).unwrap_or(u64::MAX),
            "broken": seen.broken,
        });
    }
}

/// With tokens cut short.
fn headers(headers: &[(String, String)]) -> Value {
    let mut shown = Map::new();
    let mut room = MOST_BYTES;
    for (name, value) in headers {
        let value = match name.as_str() {
            "authorization" | "x-lp-on-behalf" => shortened(value, TOKEN_CHARACTERS),
            _ => discreet(value),
        };
        if name.len() + value.len() > room {
            shown.insert(name.clone(), "…".into());
            break;
        }
        room -= name.len() + value.len();
        match shown.get_mut(name) {
            Some(Value::String(values)) => values.push_str(&format!(", {value}")),
            _ => {
                shown.insert(name.clone(), value.into());
            }
        }
    }
    shown.into()
}

/// The beginning of a body; null where it is no text.
fn body(bytes: &[u8]) -> Value {
    // Before it is cut: what a token ends with tells nothing of it.
    str::from_utf8(bytes).map_or(Value::Null, |text| beginning(&discreet(text), MOST_BYTES).into())
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::HeaderMap;

    use super::{Exchanges, MOST, MOST_BYTES, Seen};
    use crate::http::request::Received;
    use crate::protocol::route::Route;

    fn request(path: &str, body: Vec<u8>) -> Received {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "eyJhbGciOiJSUzI1NiJ9.x.y".parse().expect("a header"));
        headers.insert("x-long", "x".repeat(MOST_BYTES).parse().expect("a header"));
        Received {
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers,
            body: Bytes::from(body),
            too_large: false,
            connection: 1,
        }
    }

    #[test]
    fn so_many_are_kept_and_so_much_of_each() {
        let mut exchanges = Exchanges::default();
        for number in 1..=MOST as u64 + 5 {
            let path = format!("/{number}");
            let received = request(&path, vec![b'x'; MOST_BYTES * 3]);
            assert_eq!(exchanges.begin(number, 0, Route::Send, &received), number);
        }
        let kept: Vec<_> = exchanges.after(0).collect();
        assert_eq!((kept.len(), kept[0].number), (MOST, 6));
        for exchange in kept {
            let view = exchange.view();
            assert!(view.to_string().len() < 3 * MOST_BYTES);
            assert_eq!(view["length"], MOST_BYTES * 3);
            assert_eq!(view["headers"]["authorization"], "eyJhbGci…");
        }
        assert_eq!(exchanges.after(MOST as u64).count(), 5);
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let mut exchanges = Exchanges::default();
        let body = format!("x{}", "é".repeat(MOST_BYTES));
        exchanges.begin(1, 0, Route::Send, &request("/1", body.into_bytes()));
        let view = exchanges.after(0).next().expect("it is kept").view();
        assert_eq!(view["body"].as_str().map(str::len), Some(MOST_BYTES - 1));
    }

    #[test]
    fn an_answer_belongs_to_its_request() {
        let mut exchanges = Exchanges::default();
        let first = exchanges.begin(1, 0, Route::Send, &request("/1", Vec::new()));
        exchanges.begin(2, 0, Route::Send, &request("/2", vec![0xff]));
        let seen =
            |broken| Seen { status: 200, headers: Vec::new(), body: b"{}", millis: 3, broken };
        exchanges.end(first, 3, seen(None));
        let views: Vec<_> = exchanges.after(2).map(|it| it.view().clone()).collect();
        assert_eq!((views.len(), &views[0]["path"]), (1, &"/1".into()));
        assert_eq!(views[0]["answer"]["status"], 200);
        exchanges.end(first, 4, seen(Some("stall")));
        let view = exchanges.after(3).next().expect("it changed").view().clone();
        assert!(view["answer"]["status"].is_null() && view["answer"]["broken"] == "stall");
        // What is no longer kept has no answer.
        exchanges.end(77, 5, seen(None));
        assert_eq!(exchanges.after(4).count(), 0);
    }
}
