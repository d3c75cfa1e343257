//! What a fleet promises, with time, links and deaths in the hands of a seed: nodes with a small engine each,
//! one broker, and a service that answers.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Notify, oneshot};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use crate::base::error::Error;
use crate::base::lock::lock;
use crate::base::log::Log;
use crate::protocol::notification::Notification;
use crate::store::arrival::{Arrival, Known};
use crate::store::change::{About, Change, Edit, Edited, Said, Step};
use crate::store::fleet::desk::Desk;
use crate::store::fleet::node::{Node, NodeSettings};
use crate::store::fleet::simulated::{Link, World};
use crate::store::journal::Ordered;
use crate::store::left::LeftAction;

const TAKEOVER: Duration = Duration::from_secs(10);
const ECHO_WAIT: Duration = Duration::from_secs(5);
const PARTITIONS: u16 = 3;
const NODES: usize = 3;
const CONSUMERS: usize = 4;
const TEXTS: usize = 6;

/// What the service has, and what it still has to tell.
struct Service {
    world: Rc<World>,
    /// Consumer and text, in the order in which they arrived.
    arrived: RefCell<Vec<(String, usize)>>,
    dialogs: RefCell<HashMap<String, i64>>,
    untold: RefCell<Vec<Event>>,
    /// Those that are under way to a node.
    telling: Cell<usize>,
    new: Notify,
}

#[derive(Clone)]
struct Event {
    consumer: String,
    what: Happened,
}

#[derive(Clone)]
enum Happened {
    /// A conversation was opened.
    Opened,
    /// The consumer said something, with this id.
    Said(i64, String),
    /// The agent did.
    Answered(i64),
}

impl Event {
    fn about(&self) -> About {
        About {
            conversation: format!("c-{}", self.consumer),
            lp_id: match self.what {
                Happened::Answered(_) => String::new(),
                _ => lp_id(&self.consumer),
            },
            sequence: self.sequence(),
            ..About::default()
        }
    }

    fn sequence(&self) -> Option<i64> {
        match self.what {
            Happened::Opened => None,
            Happened::Said(sequence, _) | Happened::Answered(sequence) => Some(sequence),
        }
    }

    fn notification(&self) -> Notification {
        let event = json!({ "type": "ContentEvent", "message": "" });
        let dialog = self.about().conversation;
        let changes = [json!({ "sequence": self.sequence(), "dialogId": dialog, "event": event })];
        let body =
            json!({ "type": "ms.MessagingEventNotification", "body": { "changes": changes } });
        Notification::parse(body.to_string().as_bytes()).unwrap()
    }

    fn fingerprint(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let name = format!("{} {:?}", self.consumer, self.sequence());
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        bytes
    }
}

fn lp_id(consumer: &str) -> String {
    format!("lp-{consumer}")
}

/// The conversation of a consumer is known.
fn found(consumer: &str) -> Edit {
    let (ids, lp_id) = (vec![format!("c-{consumer}")], lp_id(consumer));
    Arc::new(move |_| {
        let (ids, lp_id) = (ids.clone(), lp_id.clone());
        Some(Edited { body: "{}".into(), ids, lp_id })
    })
}

impl Service {
    /// Takes a text. None: nobody hears whether it did.
    async fn send(&self, consumer: &str, text: usize, external_id: &str) -> Option<i64> {
        let random = &self.world.random;
        sleep(Duration::from_millis(random.below(200))).await;
        if random.percent(self.world.losses.get() / 2) {
            sleep(Duration::from_secs(2)).await;
            return None;
        }
        self.arrived.borrow_mut().push((consumer.to_owned(), text));
        let sequence = self.count(consumer);
        if sequence == 0 {
            self.tell(consumer, Happened::Opened);
        }
        self.tell(consumer, Happened::Said(sequence, external_id.to_owned()));
        if random.percent(60) {
            self.tell(consumer, Happened::Answered(self.count(consumer)));
        }
        sleep(Duration::from_millis(random.below(100))).await;
        if random.percent(self.world.losses.get()) {
            sleep(Duration::from_secs(2)).await;
            return None;
        }
        Some(sequence)
    }

    fn count(&self, consumer: &str) -> i64 {
        let mut dialogs = self.dialogs.borrow_mut();
        let next = dialogs.entry(consumer.to_owned()).or_default();
        *next += 1;
        *next - 1
    }

    fn tell(&self, consumer: &str, what: Happened) {
        let event = Event { consumer: consumer.to_owned(), what };
        let copies = if self.world.random.percent(10) { 2 } else { 1 };
        for _ in 0..copies {
            self.untold.borrow_mut().push(event.clone());
        }
        self.new.notify_one();
    }

    /// What it had to tell is known.
    fn is_quiet(&self) -> bool {
        self.untold.borrow().is_empty() && self.telling.get() == 0
    }
}

/// A node with its small engine.
struct Member {
    node: Rc<Node<Link>>,
    desk: Arc<Desk>,
    service: Rc<Service>,
    told: Rc<RefCell<Told>>,
    known: RefCell<HashMap<String, Known>>,
    is_dead: Cell<bool>,
}

/// What programs were told.
#[derive(Default)]
struct Told {
    events: Vec<(String, i64)>,
    outcomes: HashSet<String>,
    /// Outcomes that came twice, and not only again.
    twice: Vec<String>,
    repeated: usize,
}

/// The arrivals of a node, and its link.
struct Started {
    member: Rc<Member>,
    link_broken_until: Rc<Cell<Option<Instant>>>,
}

impl Member {
    fn start(
        world: &Rc<World>,
        service: &Rc<Service>,
        told: &Rc<RefCell<Told>>,
        order_wait: Duration,
    ) -> Started {
        let link = Link::new(world);
        let link_broken_until = link.broken_until.clone();
        let desk = Arc::<Desk>::default();
        let settings = NodeSettings {
            partitions: PARTITIONS,
            key_window: Duration::from_secs(3600),
            takeover: TAKEOVER,
            order_wait,
            patience: Duration::from_secs(20),
            foreign: false,
            log: Log::default(),
        };
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let (arrivals, news) = (arrived.clone(), Arc::new(Notify::new()));
        let tells = news.clone();
        let arrives = Box::new(move |arrival| {
            let is_asked_back = matches!(arrival, Arrival::UpdateWanted { .. });
            lock(&arrivals).push(arrival);
            tells.notify_one();
            // The program of a test asks always.
            !is_asked_back
        });
        let node = Node::new(link, settings, desk.clone(), arrives);
        let member = Rc::new(Member {
            node,
            desk,
            service: service.clone(),
            told: told.clone(),
            known: RefCell::default(),
            is_dead: Cell::new(false),
        });
        let its = member.clone();
        spawn_local(async move {
            loop {
                its.desk.want();
                let next: Vec<Arrival> = std::mem::take(&mut *lock(&arrived));
                for arrival in next {
                    its.clone().take(arrival);
                }
                let _ = timeout(Duration::from_secs(1), news.notified()).await;
            }
        });
        member.node.start();
        Started { member, link_broken_until }
    }

    fn take(self: Rc<Self>, arrival: Arrival) {
        match arrival {
            Arrival::Action(action, known) => {
                self.learn(known);
                spawn_local(async move { self.perform(action).await });
            }
            Arrival::Known(known) => self.learn(known),
            Arrival::Outcome { id, body, is_repeat, .. } => {
                let is_new = self.told.borrow_mut().outcomes.insert(body.clone());
                if !is_new && !is_repeat {
                    self.told.borrow_mut().twice.push(body);
                }
                spawn_local(async move { self.ack(Step::UpdateDone { id }).await });
            }
            Arrival::Event { id, line, notification, .. } => {
                if let Some(sequence) = notification.events()[0].sequence() {
                    self.told.borrow_mut().events.push((line, sequence));
                }
                spawn_local(async move {
                    self.ack(Step::NotificationDone { id, dialogs: Vec::new() }).await;
                });
            }
            Arrival::ActionLost { .. } | Arrival::UpdateWanted { .. } | Arrival::Paused(_) => {}
            Arrival::Foreign => panic!("nothing is foreign here"),
        }
    }

    fn learn(&self, known: Known) {
        self.known.borrow_mut().insert(known.consumer.clone(), known);
    }

    async fn ack(self: Rc<Self>, step: Step) {
        sleep(Duration::from_millis(self.service.world.random.below(50))).await;
        let _ = self.write(vec![step], false).await;
    }

    /// Writes, and waits for what becomes of it.
    async fn write(&self, steps: Vec<Step>, is_owed: bool) -> Result<(), Error> {
        let (tells, told) = oneshot::channel();
        self.node.write(Ordered {
            change: Change::new(steps),
            is_owed,
            told: Box::new(move |outcome| drop(tells.send(outcome))),
        });
        told.await.unwrap_or_else(|_| Err(Error::invalid("it died")))
    }

    fn is_told_of(&self, consumer: &str, external_id: &str) -> Option<Option<i64>> {
        let known = self.known.borrow();
        Some(known.get(consumer)?.said(external_id)?.sequence)
    }

    async fn perform(self: Rc<Self>, action: LeftAction) {
        let (id, consumer) = (action.id, action.consumer.clone());
        let external_id = format!("x-{id}");
        let text: usize = action.body.parse().unwrap();
        let named = lp_id(&consumer);
        let learn_name = move |_: Option<&str>| {
            Some(Edited { body: "{}".into(), ids: Vec::new(), lp_id: named.clone() })
        };
        let mut is_unsure = action.begun;
        let sequence = loop {
            if is_unsure {
                let until = Instant::now() + ECHO_WAIT;
                while Instant::now() < until && self.is_told_of(&consumer, &external_id).is_none() {
                    sleep(Duration::from_millis(100)).await;
                }
                let about = About { lp_id: lp_id(&consumer), ..About::default() };
                if let Ok(Some(known)) = self.node.recall(&about).await {
                    if known.begun_elsewhere == Some(id) {
                        self.desk.let_go(id);
                    }
                    self.learn(known);
                }
                if let Some(sequence) = self.is_told_of(&consumer, &external_id) {
                    break sequence;
                }
            }
            if self.known.borrow().get(&consumer).is_none_or(|known| known.body.is_none()) {
                // First whose events they are, as before an opening.
                let edit = Arc::new(learn_name.clone());
                let step = Step::Learn { consumer: consumer.as_str().into(), edit };
                if self.write(vec![step], false).await.is_err() {
                    sleep(Duration::from_millis(500)).await;
                    continue;
                }
            }
            if !self.desk.holds(id) {
                return;
            }
            self.desk.touch(id, true);
            if is_unsure {
                self.told.borrow_mut().repeated += 1;
            }
            match self.service.send(&consumer, text, &external_id).await {
                Some(sequence) => break Some(sequence),
                None => is_unsure = true,
            }
        };
        let name: Arc<str> = consumer.as_str().into();
        let edit = found(&consumer);
        let said = Said { dialog: format!("c-{consumer}"), sequence, external_id };
        let steps = vec![
            Step::Learn { consumer: name.clone(), edit },
            Step::Said { consumer: name.clone(), said },
            Step::ActionDone { id },
            Step::Update {
                id: 0,
                consumer: name,
                body: action.key.unwrap_or_default().into(),
                of: Some(id),
            },
        ];
        let _ = self.write(steps, true).await;
    }

    /// What an endpoint does with what the service posts.
    async fn receive(&self, event: &Event) -> Result<(), Error> {
        let about = event.about();
        let known = self.node.recall(&about).await;
        let known = known.map_err(|_| Error::invalid("away"))?;
        let consumer: Option<Arc<str>> = known.map(|known| known.consumer.as_str().into());
        if let Happened::Said(sequence, external_id) = &event.what {
            let consumer = consumer.expect("who speaks is known before");
            let (dialog, external_id) = (about.conversation, external_id.clone());
            let said = Said { dialog, sequence: Some(*sequence), external_id };
            return self.write(vec![Step::Said { consumer, said }], false).await;
        }
        let mut steps = Vec::new();
        if let (Happened::Opened, Some(consumer)) = (&event.what, &consumer) {
            let edit = found(&event.consumer);
            steps.push(Step::Learn { consumer: consumer.clone(), edit });
        }
        let notification = Arc::new(event.notification());
        let fingerprint = Some(event.fingerprint());
        steps.push(Step::Notification { id: 0, notification, fingerprint });
        steps.push(Step::Place { consumer, about });
        self.write(steps, false).await
    }
}

/// The members that live, each on tasks of its own.
struct Fleet {
    world: Rc<World>,
    service: Rc<Service>,
    told: Rc<RefCell<Told>>,
    order_wait: Duration,
    members: RefCell<Vec<Option<Started>>>,
    kills: Vec<Rc<Notify>>,
}

impl Fleet {
    /// A node, from its start to its end.
    async fn live(self: Rc<Self>, at: usize) {
        loop {
            let tasks = LocalSet::new();
            let fleet = self.clone();
            tasks
                .run_until(async move {
                    let started =
                        Member::start(&fleet.world, &fleet.service, &fleet.told, fleet.order_wait);
                    fleet.members.borrow_mut()[at] = Some(started);
                    fleet.kills[at].notified().await;
                })
                .await;
            if let Some(dead) = self.members.borrow_mut()[at].take() {
                dead.member.is_dead.set(true);
            }
            drop(tasks);
            sleep(Duration::from_millis(self.world.random.below(15_000))).await;
        }
    }

    /// One that lives now.
    fn any(&self) -> Option<Rc<Member>> {
        let members = self.members.borrow();
        let at = self.world.random.below(NODES as u64) as usize;
        members[at].as_ref().map(|started| started.member.clone())
    }

    async fn submit_all(self: Rc<Self>, consumer: String) {
        for text in 0..TEXTS {
            loop {
                let Some(member) = self.any() else {
                    sleep(Duration::from_millis(100)).await;
                    continue;
                };
                let action = Step::Action {
                    id: 0,
                    consumer: consumer.as_str().into(),
                    key: Some(format!("{consumer} {text}").into()),
                    body: text.to_string().into(),
                    submitted_ms: 0,
                    begun: false,
                };
                // A write of one that dies is never told.
                let written = timeout(Duration::from_secs(60), member.write(vec![action], false));
                if matches!(written.await, Ok(Ok(()))) {
                    break;
                }
                // What is full is so for a while.
                sleep(Duration::from_millis(500)).await;
            }
            sleep(Duration::from_millis(self.world.random.below(3000))).await;
        }
    }

    async fn tell_all(self: Rc<Self>) {
        loop {
            let next = {
                let mut untold = self.service.untold.borrow_mut();
                let at = self.world.random.below(untold.len() as u64) as usize;
                // Out of order, too.
                let at = if self.world.random.percent(20) { at } else { 0 };
                (!untold.is_empty()).then(|| untold.remove(at))
            };
            let Some(event) = next else {
                self.service.new.notified().await;
                continue;
            };
            self.service.telling.set(self.service.telling.get() + 1);
            let fleet = self.clone();
            spawn_local(async move {
                loop {
                    if let Some(member) = fleet.any() {
                        let taken = timeout(Duration::from_secs(30), member.receive(&event)).await;
                        if matches!(taken, Ok(Ok(()))) && !member.is_dead.get() {
                            break;
                        }
                    }
                    sleep(Duration::from_millis(500 + fleet.world.random.below(5000))).await;
                }
                fleet.service.telling.set(fleet.service.telling.get() - 1);
            });
        }
    }

    /// All that goes wrong.
    async fn break_things(&self, times: u64) {
        for _ in 0..times {
            let random = &self.world.random;
            sleep(Duration::from_millis(random.below(4000))).await;
            let at = random.below(NODES as u64) as usize;
            match random.below(6) {
                0 => self.kills[at].notify_one(),
                1 => {
                    let until = Instant::now() + Duration::from_millis(random.below(30_000));
                    if let Some(started) = &self.members.borrow()[at] {
                        started.link_broken_until.set(Some(until));
                    }
                }
                2 => self.world.go_away(Duration::from_millis(random.below(15_000))),
                3 => self.world.elect(),
                4 => self.world.fill(Duration::from_millis(random.below(15_000))),
                _ => self.world.losses.set(random.below(20)),
            }
        }
        self.world.losses.set(0);
    }
}

/// How often a text was sent once more, in the whole life of a fleet.
fn live(seed: u64, order_wait: Duration) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async move {
        let world = World::new(seed, TAKEOVER);
        let service = Rc::new(Service {
            world: world.clone(),
            arrived: RefCell::default(),
            dialogs: RefCell::default(),
            untold: RefCell::default(),
            telling: Cell::new(0),
            new: Notify::new(),
        });
        let told = Rc::<RefCell<Told>>::default();
        let fleet = Rc::new(Fleet {
            world: world.clone(),
            service: service.clone(),
            told: told.clone(),
            order_wait,
            members: RefCell::new((0..NODES).map(|_| None).collect()),
            kills: (0..NODES).map(|_| Rc::default()).collect(),
        });
        for at in 0..NODES {
            spawn_local(fleet.clone().live(at));
        }
        spawn_local(fleet.clone().tell_all());
        let submits: Vec<_> = (0..CONSUMERS)
            .map(|consumer| spawn_local(fleet.clone().submit_all(format!("a{consumer}"))))
            .collect();
        fleet.break_things(10).await;
        for submit in submits {
            submit.await.unwrap();
        }
        let until = Instant::now() + Duration::from_secs(3600);
        while !(world.is_empty() && service.is_quiet()) {
            assert!(Instant::now() < until, "seed {seed}: it does not end: {:#?}", world.left());
            sleep(Duration::from_secs(1)).await;
        }
        check(seed, &service, &told.borrow(), order_wait >= Duration::from_secs(600));
        told.borrow().repeated
    })
}

fn check(seed: u64, service: &Service, told: &Told, is_ordered: bool) {
    let mut first: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let arrived = service.arrived.borrow();
    for (consumer, text) in &*arrived {
        let of = first.entry(consumer).or_default();
        if !of.contains(text) {
            of.push(*text);
        }
    }
    for consumer in 0..CONSUMERS {
        let consumer = format!("a{consumer}");
        let all: Vec<usize> = (0..TEXTS).collect();
        let got = first.get(&*consumer);
        assert_eq!(got, Some(&all), "seed {seed}: {consumer}: lost or out of order");
        for text in all {
            let key = format!("{consumer} {text}");
            assert!(told.outcomes.contains(&key), "seed {seed}: nobody heard of {key}");
        }
    }
    let twice = arrived.len() - CONSUMERS * TEXTS;
    assert!(twice <= told.repeated, "seed {seed}: {twice} twice, and {} knowingly", told.repeated);
    assert!(told.twice.is_empty(), "seed {seed}: told twice: {:?}", told.twice);
    let mut events: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (consumer, sequence) in &told.events {
        let of = events.entry(consumer).or_default();
        if !of.contains(sequence) {
            of.push(*sequence);
        }
    }
    for (consumer, next) in &*service.dialogs.borrow() {
        let heard = events.get(&**consumer).map_or(0, Vec::len);
        let own = told_own(service, consumer);
        assert_eq!(heard + own, *next as usize, "seed {seed}: {consumer}: an event is lost");
    }
    if is_ordered {
        for (consumer, sequences) in events {
            assert!(sequences.is_sorted(), "seed {seed}: {consumer}: {sequences:?}");
        }
    }
}

fn told_own(service: &Service, consumer: &str) -> usize {
    service.arrived.borrow().iter().filter(|(it, _)| it == consumer).count()
}

#[test]
fn whatever_happens_nothing_is_lost_and_all_is_in_order() {
    let seeds = std::env::var("LPC_FLEET_SEEDS").ok();
    let seeds: u64 = seeds.map_or(100, |seeds| seeds.parse().unwrap());
    let from: u64 = std::env::var("LPC_FLEET_SEED").map_or(0, |seed| seed.parse().unwrap());
    let lives = from..from + seeds;
    let repeated: usize = std::thread::scope(|scope| {
        let short = lives.clone().map(|seed| seed + (1 << 32));
        scope.spawn(move || {
            for seed in short {
                live(seed, Duration::from_secs(1));
            }
        });
        lives.map(|seed| live(seed, Duration::from_secs(3600))).sum()
    });
    // Where the service tells of each message, hardly one is sent twice.
    let sent = seeds as usize * CONSUMERS * TEXTS;
    assert!(repeated * 20 < sent, "{repeated} of {sent} sent once more");
}
