//! What happens to the fleet, from its start until all is done.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lpc_sandbox::serde_json::json;
use lpc_sandbox::{Account, Agent, Answer, Options, Retry, Route, Sandbox, Script, Webhook};

use crate::balancer::{Balancer, Echo};
use crate::brokers::Brokers;
use crate::findings::{self, Cause, Findings};
use crate::nodes::Node;
use crate::random::Random;
use crate::supply::Supply;

const NODES: usize = 3;

const TAKEOVER: Duration = Duration::from_secs(2);

/// So long a node waits for the service's word about what may have arrived.
pub const ECHO_WAIT: Duration = Duration::from_secs(5);

/// So long after its start a broker of a cluster has what it missed.
const CATCHES_UP: Duration = Duration::from_secs(10);

/// Much longer than anything takes that comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a test hears.
pub enum News {
    Said {
        node: usize,
        life: usize,
        line: String,
    },
    /// All that it said was heard before.
    Ended {
        node: usize,
        life: usize,
    },
    Echo(Echo),
}

/// What is done to the fleet.
#[derive(Clone, Copy)]
enum Blow {
    KillNode,
    KillBroker,
    SuspendNode,
}

/// What ends that.
#[derive(Clone, Copy)]
enum Relief {
    StartNode(usize),
    StartBroker(usize),
    /// It has what the others have.
    BrokersAreWell,
    GoOn(usize, usize),
}

struct Story {
    sandbox: Sandbox,
    account: Account,
    brokers: Brokers,
    nodes: Vec<Node>,
    variables: Vec<(&'static str, String)>,
    balancer: Balancer,
    supply: Supply,
    findings: Findings,
    random: Random,
    /// After so many texts each.
    blows: VecDeque<(usize, Blow)>,
    /// How many there were.
    struck: usize,
    reliefs: BTreeMap<Instant, Relief>,
    closed: HashSet<String>,
    tells: mpsc::Sender<News>,
    news: mpsc::Receiver<News>,
}

#[test]
fn a_fleet_on_one_broker_loses_nothing() {
    live(1);
}

#[test]
fn a_fleet_on_a_cluster_loses_nothing() {
    live(3);
}

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |number| number.parse().unwrap())
}

fn live(brokers: usize) {
    // Each has the machine for itself.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (actions, kills) = (number("FLEET_ACTIONS", 1200), number("FLEET_KILLS", 5));
    let mut story = Story::start(brokers, actions / 2, kills.div_ceil(2));
    let began = Instant::now();
    let lines = story.go_on_to_the_end();
    let took = began.elapsed();
    let (sent, took) = (story.supply.sent(), took.as_secs_f64());
    let speed = sent as f64 / took;
    let mut report = format!(
        "a fleet on {brokers} broker(s), {} kills: {sent} actions and as many answers in {took:.1} s, {speed:.0} of \
         each a second\n",
        story.struck,
    );
    for line in lines {
        report.push_str(&format!("  {line}\n"));
    }
    use std::io::Write;
    std::io::stderr().write_all(report.as_bytes()).unwrap();
}

impl Story {
    fn start(brokers: usize, actions: usize, kills: usize) -> Story {
        let mut random = Random::new("FLEET_SEED");
        let (tells, news) = mpsc::channel();
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let account = sandbox.new_account();
        let brokers = Brokers::start(brokers);
        let balancer = Balancer::start(NODES, &tells);
        let retry = Retry::Retention { time: Duration::from_secs(3 * 24 * 60 * 60) };
        // What is not answered with 200 comes again, some milliseconds later.
        let webhook = Webhook { retry, time_scale: 0.0005, ..Webhook::to(&balancer.url) };
        sandbox.set_webhook(&account.id, webhook);
        let supply = Supply::new(actions);
        sandbox.set_agent(&account.id, Some(agent(supply.each())));
        let mut variables = sandbox.variables(&account);
        let takeover = TAKEOVER.as_millis().to_string();
        let echo_wait = ECHO_WAIT.as_millis().to_string();
        let replicas = brokers.count().to_string();
        // In a cluster each lane has an election of its own when a server dies.
        let partitions = if brokers.count() == 1 { "64" } else { "16" };
        for (name, value) in [
            ("LPC_RECEIVER_LISTEN", "127.0.0.1:0"),
            ("LPC_CONNECTOR_STORE", &brokers.store()),
            ("LPC_CONNECTOR_NATS_REPLICAS", &replicas),
            ("LPC_CONNECTOR_NATS_PARTITIONS", partitions),
            ("LPC_CONNECTOR_TAKEOVER_MS", &takeover),
            ("LPC_CONNECTOR_PAUSE_MS", "20"),
            ("LPC_CONNECTOR_PAUSE_MAX_MS", "200"),
            ("LPC_CONNECTOR_ECHO_WAIT_MS", &echo_wait),
            ("LPC_CONNECTOR_RECEIPTS", "none"),
            ("LPC_CALL_TIMEOUT_MS", "5000"),
            ("LPC_RATE_LIMIT_BACKOFF_MS", "20"),
        ] {
            variables.push((name, value.to_owned()));
        }
        let blows = blows(&mut random, actions, kills);
        let mut story = Story {
            nodes: (0..NODES).map(Node::new).collect(),
            findings: Findings::default(),
            reliefs: BTreeMap::new(),
            closed: HashSet::new(),
            sandbox,
            account,
            brokers,
            variables,
            balancer,
            supply,
            random,
            blows,
            struck: 0,
            tells,
            news,
        };
        for node in 0..NODES {
            story.start_node(node);
        }
        story
    }

    fn start_node(&mut self, at: usize) {
        self.nodes[at].start(&self.variables, &self.tells);
    }

    /// What is to be said of it.
    fn go_on_to_the_end(&mut self) -> Vec<String> {
        let mut moved = Instant::now();
        let mut expected = None;
        loop {
            let news = self.news.recv_timeout(Duration::from_millis(50));
            if let Ok(news) = news
                && self.take(news)
            {
                moved = Instant::now();
            }
            self.relieve();
            self.strike();
            self.hand_out();
            let is_over = self.blows.is_empty() && self.reliefs.is_empty();
            if is_over && self.findings.sent() == self.supply.each() * crate::supply::CONSUMERS {
                if self.sandbox.pending(&self.account.id) == 0 && expected.is_none() {
                    expected = Some(self.sandbox.conversations(&self.account.id));
                }
                if let Some(conversations) = &expected
                    && self.findings.is_told_all(conversations)
                {
                    let mut lines = self.findings.judge(conversations, self.supply.each());
                    let took = findings::figures(self.balancer.took());
                    lines.push(format!("took notifications: {took}"));
                    return lines;
                }
            }
            if moved.elapsed() > PATIENCE {
                let nodes = self.nodes.iter_mut().enumerate();
                let said: Vec<_> = nodes.map(|(at, it)| format!("{at}: {}", it.errors())).collect();
                let told = expected.as_ref().map(|it| self.findings.untold(it));
                panic!(
                    "nothing happens any more: sent {}, of which told {}; pending {}; blows {}, reliefs {}; \
                     waiting {:?}; unknown {:?}; not told: {told:?}; nodes said: {}",
                    self.supply.sent(),
                    self.findings.sent(),
                    self.sandbox.pending(&self.account.id),
                    self.blows.len(),
                    self.reliefs.len(),
                    self.supply.waiting().collect::<Vec<_>>(),
                    self.findings.not_sent(self.supply.each()),
                    said.join("\n"),
                );
            }
        }
    }

    /// Whether something goes on.
    fn take(&mut self, news: News) -> bool {
        match news {
            News::Echo(echo) => {
                self.supply.arrived(&echo.text);
                let is_new = self.findings.echoed(&echo);
                if is_new {
                    self.fail(&echo);
                }
                is_new
            }
            News::Ended { node, life } => {
                let is_killed = !self.nodes[node].lives() || self.nodes[node].lives != life;
                assert!(is_killed, "node {node} ended: {}", self.nodes[node].errors());
                self.supply.died(node, life);
                false
            }
            News::Said { node, life, line } => self.said(node, life, &line),
        }
    }

    fn said(&mut self, node: usize, life: usize, line: &str) -> bool {
        let Some((what, rest)) = line.split_once(' ') else { return false };
        match what {
            "at" if self.nodes[node].lives == life && self.nodes[node].lives() => {
                let address = rest.trim_start_matches("http://").trim_end_matches('/');
                self.balancer.set(node, Some(address.parse().unwrap()));
                self.nodes[node].is_ready = true;
                true
            }
            "accepted" => self.supply.accepted(rest),
            "refused" => {
                self.supply.refused(rest);
                false
            }
            "sent" | "failed" | "told" => self.findings.told(what, rest),
            _ => false,
        }
    }

    fn hand_out(&mut self) {
        let (nodes, random) = (&self.nodes, &mut self.random);
        let ready: Vec<_> = nodes.iter().enumerate().filter(|(_, node)| node.is_ready).collect();
        let choose = || {
            let one = random.below(ready.len().max(1) as u64) as usize;
            ready.get(one).map(|(at, node)| (*at, node.lives))
        };
        for (node, text) in self.supply.hand_out(choose) {
            self.nodes[node].hand(&text);
        }
    }

    /// Now and then the service fails, or an agent closes the conversation.
    fn fail(&mut self, echo: &Echo) {
        let status = |status| Answer::Status { status, headers: Vec::new(), body: Vec::new() };
        let answer = match self.random.below(300) {
            0 | 1 => Answer::Lose,
            2 | 3 => status(503),
            4 => status(429),
            5 => status(500),
            6 | 7 => Answer::Reset,
            8 => {
                if self.closed.insert(echo.conversation.clone()) {
                    self.sandbox.close_conversation(&self.account.id, &echo.conversation);
                }
                return;
            }
            _ => return,
        };
        let route = if self.random.below(8) == 0 { Route::Conversation } else { Route::Send };
        self.sandbox.answer_next(&self.account.id, route, answer);
    }

    fn strike(&mut self) {
        let sent = self.supply.sent();
        if self.blows.front().is_none_or(|(after, _)| *after > sent) {
            return;
        }
        let Some((_, blow)) = self.blows.pop_front() else { return };
        let now = Instant::now();
        let least = |ms| Duration::from_millis(ms);
        let up_to = |random: &mut Random, ms| Duration::from_millis(random.below(ms));
        match blow {
            Blow::KillBroker => {
                let at = self.random.below(self.brokers.count() as u64) as usize;
                let is_ill =
                    |it: &Relief| matches!(it, Relief::StartBroker(_) | Relief::BrokersAreWell);
                if self.reliefs.values().any(is_ill) {
                    // Another one is away: a cluster lives without one. This comes as soon as it may, even after the last text.
                    return self.blows.push_front((sent, blow));
                }
                self.brokers.kill(at);
                self.struck += 1;
                self.findings.begins(Cause::Broker, now);
                let again = now + up_to(&mut self.random, 3000);
                self.reliefs.insert(again, Relief::StartBroker(at));
            }
            Blow::KillNode | Blow::SuspendNode => {
                let live: Vec<usize> = (0..NODES).filter(|at| self.nodes[*at].is_ready).collect();
                if live.is_empty() {
                    return self.blows.push_front((sent, blow));
                }
                let at = live[self.random.below(live.len() as u64) as usize];
                if matches!(blow, Blow::KillNode) {
                    self.findings.killed(now, self.supply.waiting().collect());
                    self.nodes[at].kill();
                    self.struck += 1;
                    self.balancer.set(at, None);
                    let again = now + up_to(&mut self.random, 4000);
                    self.reliefs.insert(again, Relief::StartNode(at));
                } else if !self.nodes[at].is_suspended {
                    self.nodes[at].suspend();
                    self.findings.begins(Cause::Suspension, now);
                    let again = now + TAKEOVER + least(500) + up_to(&mut self.random, 3000);
                    let life = self.nodes[at].lives;
                    self.reliefs.insert(again, Relief::GoOn(at, life));
                }
            }
        }
    }

    fn relieve(&mut self) {
        while let Some(due) = self.reliefs.first_entry().filter(|it| *it.key() <= Instant::now()) {
            match due.remove() {
                Relief::StartNode(at) => self.start_node(at),
                Relief::StartBroker(at) => {
                    self.brokers.start_again(at);
                    self.findings.ends(Cause::Broker, Instant::now());
                    if self.brokers.count() > 1 {
                        self.reliefs.insert(Instant::now() + CATCHES_UP, Relief::BrokersAreWell);
                    }
                }
                Relief::BrokersAreWell => {}
                Relief::GoOn(at, life) => {
                    self.findings.ends(Cause::Suspension, Instant::now());
                    if self.nodes[at].lives == life {
                        self.nodes[at].go_on();
                    }
                }
            }
        }
    }
}

/// Who answers so many texts, and does nothing else that the service would tell of.
fn agent(texts: usize) -> Agent {
    let steps = [json!({ "wait_for": "text" }), json!({ "say": "You said: {text}" })];
    let script: Vec<_> = std::iter::repeat_n(steps, texts).flatten().collect();
    Agent::Script(Script::new(&json!(script)).unwrap())
}

/// Spread over the whole story. Two of a broker and one suspension come with five of nodes.
fn blows(random: &mut Random, actions: usize, kills: usize) -> VecDeque<(usize, Blow)> {
    let of = |blow, count: usize| std::iter::repeat_n(blow, count);
    let blows: Vec<Blow> = of(Blow::KillNode, kills)
        .chain(of(Blow::KillBroker, (kills * 2).div_ceil(5)))
        .chain(of(Blow::SuspendNode, kills.div_ceil(5)))
        .collect();
    let mut spread: Vec<(usize, Blow)> = blows
        .into_iter()
        // Until the end something is to be sent that shows what became of it.
        .map(|blow| (random.below(actions as u64 * 9 / 10) as usize, blow))
        .collect();
    spread.sort_by_key(|(after, _)| *after);
    spread.into()
}
