//! All that can go wrong between a channel and the service, one thing after the other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{
    Account, Agent, Answer, Fault, FaultProxy, Options, Retry, Route, Sandbox, Survey, Then,
    Webhook,
};

use crate::random::Random;

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1/";

/// So long notifications are kept away.
const MOMENT: Duration = Duration::from_millis(500);

/// A service of one account, behind a proxy that breaks connections.
pub struct Service {
    pub sandbox: Sandbox,
    pub account: Account,
    proxy: FaultProxy,
    url: String,
    /// Since when notifications are kept away.
    away_since: Option<Instant>,
    /// How often each thing went wrong.
    pub happened: BTreeMap<&'static str, usize>,
}

/// A text of a conversation.
pub struct Said {
    pub consumer: String,
    pub dialog: String,
    pub is_in_survey: bool,
    pub sequence: u64,
    pub text: String,
    pub is_agents: bool,
}

impl Service {
    /// With an agent who answers, and a survey after each conversation.
    pub fn start() -> Service {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let account = sandbox.new_account();
        let url = format!("http://{}/", sandbox.reserve_receiver(&account.id));
        sandbox.set_agent(&account.id, Some(Agent::Echo));
        let survey = Survey::new(&json!([{"text": "How was it?"}])).unwrap();
        sandbox.set_survey(&account.id, Some(survey));
        let proxy = sandbox.fault_proxy().unwrap();
        let happened = BTreeMap::new();
        let service = Service { sandbox, account, proxy, url, away_since: None, happened };
        service.notify_at(&service.url);
        service
    }

    /// For a program that is to be its client.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = self.sandbox.variables(&self.account);
        let domain = format!("http://{}", self.proxy.address());
        variables.retain(|(name, _)| *name != "LPC_DOMAIN_API_URL");
        variables.push(("LPC_DOMAIN_API_URL", domain));
        variables
    }

    /// What is not answered with 200 comes again, some milliseconds later, for as long as it takes.
    fn notify_at(&self, url: &str) {
        let retry = Retry::Retention { time: Duration::from_secs(3 * 24 * 60 * 60) };
        let webhook = Webhook { retry, time_scale: 0.0005, ..Webhook::to(url) };
        self.sandbox.set_webhook(&self.account.id, webhook);
    }

    /// What was held back of notifications comes.
    pub fn recover(&mut self) {
        if self.away_since.take().is_some() {
            self.notify_at(&self.url);
        }
        // Where the last one waits for the next, this is the next.
        self.sandbox.notify(&self.account.id, "{}");
    }

    /// Notifications are kept away for a moment, and not for as long as an echo is waited for.
    pub fn go_on(&mut self) {
        if self.away_since.is_some_and(|since| since.elapsed() > MOMENT) {
            self.recover();
        }
    }

    /// Whether all notifications are delivered.
    pub fn is_quiet(&self) -> bool {
        self.pending() == 0
    }

    /// How many notifications nobody took yet.
    pub fn pending(&self) -> usize {
        self.sandbox.pending(&self.account.id)
    }

    /// What consumers and agents said to each other, in the order of conversations and in these.
    pub fn said(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for conversation in self.sandbox.conversations(&self.account.id) {
            let consumer = conversation["consumer"]["ext_consumer_id"].as_str().unwrap();
            for event in conversation["events"].as_array().unwrap() {
                let Some(text) = event["event"]["message"].as_str() else { continue };
                let dialog = event["dialogId"].as_str().unwrap();
                said.push(Said {
                    consumer: consumer.to_owned(),
                    dialog: dialog.to_owned(),
                    is_in_survey: conversation["id"] != dialog,
                    sequence: event["sequence"].as_u64().unwrap(),
                    text: text.to_owned(),
                    is_agents: event["role"] != "CONSUMER",
                });
            }
        }
        said
    }

    /// Something goes wrong.
    pub fn fail(&mut self, random: &mut Random) {
        let name = match random.below(20) {
            0..8 => self.answer_wrong(random),
            8..14 => self.break_connection(random),
            14..18 => self.notify_wrong(random),
            _ => self.close_one(random),
        };
        *self.happened.entry(name).or_default() += 1;
    }

    fn answer_wrong(&self, random: &mut Random) -> &'static str {
        let status = |status, headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            Answer::Status { status, headers: headers.collect(), body: Vec::new() }
        };
        let (name, answer) = match random.below(11) {
            0 => ("answer lost", Answer::Lose),
            1 => ("answer cut", Answer::Cut),
            2 => ("answer stalled", Answer::Stall),
            3 => ("request reset", Answer::Reset),
            4 => ("429", status(429, &[])),
            5 => ("429 with Retry-After", status(429, &[("Retry-After", "1")])),
            6 => ("500", status(500, &[])),
            7 => ("503", status(503, &[("Retry-After", "1")])),
            8 => ("401", status(401, &[])),
            9 => {
                self.sandbox.revoke_tokens(&self.account.id);
                return "tokens revoked";
            }
            _ => {
                let lifetime = Duration::from_secs(1 + random.below(3));
                self.sandbox.set_token_lifetime(&self.account.id, lifetime);
                return "tokens that soon expire";
            }
        };
        let route = match random.below(12) {
            0 => Route::Domain,
            1 => Route::Token,
            2 => Route::Consumer,
            3..6 => Route::Conversation,
            _ => Route::Send,
        };
        self.sandbox.answer_next(&self.account.id, route, answer);
        name
    }

    fn break_connection(&self, random: &mut Random) -> &'static str {
        let (name, fault) = match random.below(14) {
            0 => ("connection reset", Fault::Reset),
            1 => ("connection silent", Fault::Silent),
            2 => ("connection with garbage", Fault::Garbage(b"\0garbage\r\n\r\n".to_vec())),
            3 => ("connection reset unread", Fault::ResetUnread),
            4 => ("connection reset after the effect", Fault::ResetRead),
            5 => ("connection stalled after the effect", Fault::Stall),
            6 => ("answer byte by byte", Fault::Drip { pause: Duration::from_millis(1) }),
            7 => ("connection cut in the head", Fault::CutHead),
            8 => ("connection cut in the body", Fault::CutBody),
            9 => ("connection cut anywhere", Fault::Cut(random.below(200) as usize)),
            10 => ("connection half closed", Fault::HalfClose),
            11 => ("surplus bytes", Fault::Surplus(b"surplus".to_vec())),
            12 => ("no HTTP", Fault::Instead { bytes: b"?\r\n".to_vec(), then: Then::Stall }),
            _ => {
                self.proxy.close_idle();
                return "all connections closed";
            }
        };
        self.proxy.next(fault);
        name
    }

    fn notify_wrong(&mut self, random: &mut Random) -> &'static str {
        match random.below(4) {
            0 => {
                self.sandbox.duplicate_next(&self.account.id);
                "notification repeated"
            }
            1 | 2 => {
                self.sandbox.reorder_next(&self.account.id);
                "notification out of order"
            }
            _ => {
                self.away_since.get_or_insert_with(Instant::now);
                self.notify_at(NOWHERE);
                "notifications delayed"
            }
        }
    }

    /// An agent closes a conversation, or its main dialog, which a survey follows.
    fn close_one(&self, random: &mut Random) -> &'static str {
        let conversations = self.sandbox.conversations(&self.account.id);
        let mut open = conversations.iter().filter(|it| it["state"] == "OPEN");
        let count = open.clone().count() as u64;
        if count == 0 {
            return "nothing to close";
        }
        let one = open.nth(random.below(count) as usize).unwrap();
        let id = one["id"].as_str().unwrap();
        self.sandbox.close_conversation(&self.account.id, id);
        "closed by the agent"
    }
}
