//! What was seen, and whether it is as promised.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use lpc_sandbox::serde_json::Value;

use crate::balancer::Echo;
use crate::story::ECHO_WAIT;
use crate::supply::{CONSUMERS, parts, text};

/// What may keep the service's word from who waits for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    Broker,
    Suspension,
}

/// So long after that it may still: what others had is taken over, and the service tells of it, or not.
const AFTERMATH: Duration = Duration::from_secs(10);

/// So long what the balancer heard may be on its way to the node that waits for it.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// What a node sent before it was killed is heard of so long after that.
const UNDER_WAY: Duration = Duration::from_millis(100);

/// A dialog, and a place there.
type Place = (String, i64);

#[derive(Default)]
pub struct Findings {
    sent: HashSet<String>,
    failed: Vec<String>,
    /// When the program was first told what the agent said there.
    told: HashMap<Place, u128>,
    tellings: usize,
    /// What the service told of each text, in the order in which it did.
    echoes: HashMap<String, Vec<Echo>>,
    troubles: Vec<(Cause, Instant, Option<Instant>)>,
    kills: Vec<Kill>,
}

struct Kill {
    at: Instant,
    /// The consumers for whom something was to be sent, and nothing was since.
    waiting: HashSet<usize>,
    last: Duration,
}

impl Findings {
    pub fn sent(&self) -> usize {
        self.sent.len()
    }

    /// Those of whom nobody was told that they were.
    pub fn not_sent(&self, each: usize) -> Vec<String> {
        let all = (0..CONSUMERS).flat_map(|one| (0..each).map(move |number| text(one, number)));
        all.filter(|text| !self.sent.contains(text)).collect()
    }

    /// A node says what it was told; whether it is news.
    pub fn told(&mut self, what: &str, rest: &str) -> bool {
        match what {
            "sent" => self.sent.insert(rest.to_owned()),
            "failed" => {
                self.failed.push(rest.to_owned());
                true
            }
            _ => {
                let parts: Vec<&str> = rest.split(' ').collect();
                let place = (parts[1].to_owned(), parts[2].parse().unwrap());
                let at = parts[0].parse().unwrap();
                self.tellings += 1;
                let before = self.told.len();
                let first = self.told.entry(place).or_insert(at);
                *first = at.min(*first);
                self.told.len() > before
            }
        }
    }

    /// Whether the service had not told of that before.
    pub fn echoed(&mut self, echo: &Echo) -> bool {
        let echoes = self.echoes.entry(echo.text.clone()).or_default();
        if echoes.iter().any(|before| before.place == echo.place) {
            return false;
        }
        echoes.push(echo.clone());
        let (consumer, _) = parts(&echo.text);
        for kill in &mut self.kills {
            if echo.at > kill.at + UNDER_WAY && kill.waiting.remove(&consumer) {
                kill.last = echo.at - kill.at;
            }
        }
        true
    }

    pub fn killed(&mut self, at: Instant, waiting: HashSet<usize>) {
        self.kills.push(Kill { at, waiting, last: Duration::ZERO });
    }

    pub fn begins(&mut self, cause: Cause, at: Instant) {
        self.troubles.push((cause, at, None));
    }

    pub fn ends(&mut self, cause: Cause, at: Instant) {
        let open = self.troubles.iter_mut().find(|it| it.0 == cause && it.2.is_none());
        if let Some(trouble) = open {
            trouble.2 = Some(at + AFTERMATH);
        }
    }

    /// What the program must have been told of these conversations.
    fn answers(conversations: &[Value]) -> impl Iterator<Item = (Place, &str)> {
        let events = conversations.iter().flat_map(|it| it["events"].as_array().unwrap());
        events.filter(|it| it["role"] != "CONSUMER").filter_map(|event| {
            let said = event["event"]["message"].as_str()?;
            let dialog = event["dialogId"].as_str().unwrap().to_owned();
            Some(((dialog, event["sequence"].as_i64().unwrap()), said))
        })
    }

    pub fn is_told_all(&self, conversations: &[Value]) -> bool {
        Findings::answers(conversations).all(|(place, _)| self.told.contains_key(&place))
    }

    pub fn untold(&self, conversations: &[Value]) -> Vec<String> {
        let untold = Findings::answers(conversations).filter(|(it, _)| !self.told.contains_key(it));
        untold.map(|((dialog, sequence), said)| format!("{dialog} {sequence} {said}")).collect()
    }

    /// Says what is to be said of it; panics where something is not as promised.
    pub fn judge(&self, conversations: &[Value], each: usize) -> Vec<String> {
        assert!(self.failed.is_empty(), "failed: {:?}", self.failed);
        let mut arrived: HashMap<usize, Vec<usize>> = HashMap::new();
        for conversation in conversations {
            for event in conversation["events"].as_array().unwrap() {
                if let Some(said) = event["event"]["message"].as_str()
                    && event["role"] == "CONSUMER"
                {
                    let (consumer, number) = parts(said);
                    arrived.entry(consumer).or_default().push(number);
                }
            }
        }
        let mut twice = Vec::new();
        for consumer in 0..CONSUMERS {
            let mut first = Vec::new();
            for number in arrived.remove(&consumer).unwrap_or_default() {
                if first.contains(&number) {
                    twice.push(text(consumer, number));
                } else {
                    first.push(number);
                }
            }
            assert_eq!(first, (0..each).collect::<Vec<_>>(), "of consumer {consumer}");
        }
        let mut told: Vec<(&Place, &u128)> = self.told.iter().collect();
        told.sort();
        let is_overtaken = |pair: &&[(&Place, &u128)]| {
            let [(place, at), (next, later)] = **pair else { return false };
            place.0 == next.0 && at > later
        };
        let overtaken: Vec<_> = told.windows(2).filter(is_overtaken).map(|it| it[0].0).collect();
        assert!(overtaken.is_empty(), "told out of order: {overtaken:?}");
        let untold = self.untold(conversations);
        assert!(untold.is_empty(), "not told: {untold:?}");
        let needless = twice.iter().filter(|text| !self.is_excused(text));
        // Two with the same id were sent twice; otherwise the text was taken twice.
        let ids = |text| ids(conversations, text);
        let needless: Vec<_> = needless.map(|text| (self.around(text), ids(text))).collect();
        assert!(needless.is_empty(), "twice although nothing was in the way: {needless:?}");
        vec![
            format!("{} arrived twice, of what nobody could be told", twice.len()),
            format!(
                "{} of {} answers were told again",
                self.tellings - self.told.len(),
                self.told.len()
            ),
            self.takeovers(),
        ]
    }

    /// Whether something was in the way of the service's word about this text, or it came when nobody waited for
    /// it any more: on a machine with too much to do.
    fn is_excused(&self, text: &str) -> bool {
        let echoes = &self.echoes[text];
        let (first, last) = (echoes[0].at, echoes[echoes.len() - 1].at);
        // Of another conversation it may be heard first.
        let earliest = echoes.iter().min_by_key(|echo| echo.at - echo.late);
        let is_late = earliest.is_some_and(|echo| echo.late + ON_ITS_WAY > ECHO_WAIT);
        is_late
            || self
                .troubles
                .iter()
                .any(|(_, from, to)| *from <= last && to.is_none_or(|to| first <= to))
    }

    /// When the service told of it, and what was done to the fleet around that, in seconds since its first arrival.
    fn around(&self, text: &str) -> String {
        let echoes = &self.echoes[text];
        let first = echoes[0].at;
        let since = |at: Instant| match at.checked_duration_since(first) {
            Some(later) => later.as_secs_f64(),
            None => -(first - at).as_secs_f64(),
        };
        let near = |at: &f64| (-30.0..30.0).contains(at);
        let kills: Vec<f64> = self.kills.iter().map(|it| since(it.at)).filter(near).collect();
        let troubles = self.troubles.iter().map(|it| (it.0, since(it.1), it.2.map(since)));
        let troubles: Vec<_> = troubles.filter(|(_, from, _)| near(from)).collect();
        let told = echoes.iter().map(|it| (since(it.at), it.late, &it.conversation));
        let told: Vec<_> = told.collect();
        format!(
            "{text}: told at, so late, of {told:.1?}; nodes killed at {kills:.1?}; troubles {troubles:.1?}"
        )
    }

    /// Of nodes that were killed while brokers were there, and no other node was suspended.
    fn takeovers(&self) -> String {
        let is_alone = |it: &&Kill| {
            let end = it.at + it.last;
            let overlaps =
                |from: Instant, to: Option<Instant>| from <= end && to.is_none_or(|to| it.at <= to);
            it.waiting.is_empty() && !self.troubles.iter().any(|(_, from, to)| overlaps(*from, *to))
        };
        let took = self.kills.iter().filter(is_alone).map(|it| it.last).collect();
        format!(
            "work of killed nodes, where nothing else was away, was taken over: {}",
            figures(took)
        )
    }
}

/// By which the service's word about each arrival of it is known.
fn ids(conversations: &[Value], text: &str) -> Vec<String> {
    let events = conversations.iter().flat_map(|it| it["events"].as_array().unwrap());
    let those = events.filter(|it| it["event"]["message"] == *text && it["role"] == "CONSUMER");
    those.map(|it| it["metadata"][0]["id"].to_string()).collect()
}

pub fn figures(mut took: Vec<Duration>) -> String {
    took.sort();
    let Some(worst) = took.last() else { return "none".to_owned() };
    let median = took[took.len() / 2];
    format!("{} in {median:.1?}, at worst {worst:.1?}", took.len())
}
