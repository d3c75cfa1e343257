//! A broker in the hands of a test: its time, its answers, its links and its deaths.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::store::fleet::broker::{
    Appended, Broker, Delivered, Entry, Kept, Lane, Trouble, Waiting,
};

/// A name is known again for so long.
const ONCE_FOR: Duration = Duration::from_secs(600);

/// So long somebody waits for an answer.
const ANSWERS_IN: Duration = Duration::from_secs(5);

/// An entry or a record.
const LONGEST: usize = 1 << 20;

/// Numbers by a seed.
pub(crate) struct Random(Cell<u64>);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(Cell::new(seed))
    }

    /// Below `limit`.
    pub(crate) fn below(&self, limit: u64) -> u64 {
        // SplitMix64, for its shortness.
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }

    pub(crate) fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What the broker has.
pub(crate) struct World {
    pub random: Random,
    takeover: Duration,
    streams: RefCell<[Stream; 2]>,
    bucket: RefCell<HashMap<String, Kept>>,
    files: RefCell<HashMap<String, Bytes>>,
    revision: Cell<u64>,
    changed: Notify,
    callers: RefCell<Vec<Rc<Ear>>>,
    /// It is away until then.
    away_until: Cell<Option<Instant>>,
    /// There is no room for anything until then.
    full_until: Cell<Option<Instant>>,
    /// So much may wait, in each direction.
    pub most: Cell<[usize; 2]>,
    /// Of a hundred answers so many are lost.
    pub losses: Cell<u64>,
    begun: Instant,
    /// The next that is finished it does not know to be handed out.
    pub has_forgotten: Cell<bool>,
    /// Of no lane more are out at a time.
    pub most_unknown: Cell<u32>,
}

#[derive(Default)]
struct Stream {
    last: u64,
    entries: BTreeMap<u64, Stored>,
    names: HashMap<String, (u64, Instant)>,
}

struct Stored {
    lane: Lane,
    body: Bytes,
    since: Instant,
    at: i64,
    times: u64,
    /// A node has it until then, or nobody may before.
    out_until: Option<Instant>,
}

#[derive(Default)]
struct Ear {
    calls: RefCell<VecDeque<Bytes>>,
    called: Notify,
}

impl World {
    pub(crate) fn new(seed: u64, takeover: Duration) -> Rc<World> {
        Rc::new(World {
            random: Random::new(seed),
            takeover,
            streams: RefCell::default(),
            bucket: RefCell::default(),
            files: RefCell::default(),
            revision: Cell::new(0),
            changed: Notify::new(),
            callers: RefCell::default(),
            away_until: Cell::new(None),
            full_until: Cell::new(None),
            most: Cell::new([usize::MAX; 2]),
            losses: Cell::new(0),
            begun: Instant::now(),
            has_forgotten: Cell::new(false),
            most_unknown: Cell::new(Lane::Unknown.most_out()),
        })
    }

    /// A power loss took the last entry that an action has; its number is given again.
    pub(crate) fn forget_last(&self) {
        let stream = &mut self.streams.borrow_mut()[stream_of(Lane::Out(0))];
        stream.entries.remove(&stream.last);
        stream.last -= 1;
    }

    /// Nobody reaches it for so long.
    pub(crate) fn go_away(&self, time: Duration) {
        self.away_until.set(Some(Instant::now() + time));
    }

    /// The names of all files.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = self.files.borrow().keys().cloned().collect();
        names.sort();
        names
    }

    /// Its disk is full for so long.
    pub(crate) fn fill(&self, time: Duration) {
        self.full_until.set(Some(Instant::now() + time));
    }

    fn room(&self) -> Result<(), Trouble> {
        let is_full = self.full_until.get().is_some_and(|until| Instant::now() < until);
        if is_full { Err(Trouble::Full("simulated".to_owned())) } else { Ok(()) }
    }

    /// Another server leads, which was not told yet what is handed out: it hands that out as if for the first time.
    pub(crate) fn elect(&self) {
        for stored in self.streams.borrow_mut()[stream_of(Lane::Out(0))].entries.values_mut() {
            (stored.times, stored.out_until) = (0, None);
        }
        self.changed.notify_waiters();
    }

    fn is_away(&self) -> bool {
        self.away_until.get().is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.streams.borrow().iter().all(|stream| stream.entries.is_empty())
    }

    /// What lies in the lanes, for who wants to know why it ends not.
    pub(crate) fn left(&self) -> Vec<String> {
        let streams = self.streams.borrow();
        let entries = streams.iter().flat_map(|stream| stream.entries.values());
        entries.map(|it| format!("{:?} {}", it.lane, String::from_utf8_lossy(&it.body))).collect()
    }
}

/// A node's way to it.
pub(crate) struct Link {
    world: Rc<World>,
    ear: Rc<Ear>,
    /// Broken until then.
    pub broken_until: Rc<Cell<Option<Instant>>>,
}

impl Link {
    pub(crate) fn new(world: &Rc<World>) -> Link {
        let ear = Rc::<Ear>::default();
        world.callers.borrow_mut().push(ear.clone());
        Link { world: world.clone(), ear, broken_until: Rc::default() }
    }

    fn is_broken(&self) -> bool {
        self.broken_until.get().is_some_and(|until| Instant::now() < until) || self.world.is_away()
    }

    /// Does something there, some time on the way, unless the way is broken; the answer may be lost.
    async fn ask<T>(
        &self,
        effect: impl FnOnce(&World) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.travel().await?;
        let outcome = effect(&self.world);
        self.world.changed.notify_waiters();
        self.travel().await?;
        if self.world.random.percent(self.world.losses.get()) {
            return self.lost().await;
        }
        outcome
    }

    async fn travel(&self) -> Result<(), Trouble> {
        sleep(Duration::from_micros(50 + self.world.random.below(2000))).await;
        if self.is_broken() { self.lost().await } else { Ok(()) }
    }

    async fn lost<T>(&self) -> Result<T, Trouble> {
        sleep(ANSWERS_IN).await;
        Err(Trouble::Away("simulated".to_owned()))
    }
}

/// An entry that a node has.
pub(crate) struct Given {
    stream: usize,
    delivered: Delivered,
}

impl Deref for Given {
    type Target = Delivered;

    fn deref(&self) -> &Delivered {
        &self.delivered
    }
}

fn stream_of(lane: Lane) -> usize {
    usize::from(!matches!(lane, Lane::Out(_)))
}

impl World {
    /// The next entry of the lane, or when to look again.
    fn next(&self, lane: Lane) -> Result<Given, Option<Instant>> {
        let now = Instant::now();
        let mut streams = self.streams.borrow_mut();
        let stream = &mut streams[stream_of(lane)];
        let mut wait: Option<Instant> = None;
        let mut out = 0;
        for (seq, stored) in stream.entries.iter_mut().filter(|(_, it)| it.lane == lane) {
            if let Some(until) = stored.out_until.filter(|until| *until > now) {
                wait = Some(wait.map_or(until, |wait| wait.min(until)));
                out += 1;
                let most = lane.most_out().min(self.most_unknown.get());
                if out < most {
                    continue;
                }
                return Err(wait);
            }
            stored.out_until = Some(now + self.takeover);
            stored.times += 1;
            let age = now - stored.since;
            let entry = Entry { seq: *seq, at: stored.at, body: stored.body.clone(), age };
            let delivered = Delivered { entry, times: stored.times };
            return Ok(Given { stream: stream_of(lane), delivered });
        }
        Err(wait)
    }

    fn with(&self, given: &Given, act: impl FnOnce(&mut Stored)) {
        let mut streams = self.streams.borrow_mut();
        if let Some(it) = streams[given.stream].entries.get_mut(&given.delivered.entry.seq) {
            act(it);
        }
    }
}

impl Broker for Link {
    type Delivery = Given;

    fn name(&self) -> &str {
        "world"
    }

    async fn append(
        &self,
        lane: Lane,
        once: Option<&str>,
        body: Bytes,
    ) -> Result<Appended, Trouble> {
        self.ask(|world| {
            let now = Instant::now();
            let mut streams = world.streams.borrow_mut();
            let stream = &mut streams[stream_of(lane)];
            if let Some((seq, at)) = once.and_then(|once| stream.names.get(once))
                && now - *at < ONCE_FOR
            {
                return Ok(Appended { seq: *seq, is_repeat: true });
            }
            world.room()?;
            if body.len() > LONGEST {
                return Err(Trouble::TooLong);
            }
            if stream.entries.len() >= world.most.get()[stream_of(lane)] {
                return Err(Trouble::Full("simulated".to_owned()));
            }
            stream.last += 1;
            let seq = stream.last;
            once.map(|once| stream.names.insert(once.to_owned(), (seq, now)));
            let at = (now - world.begun).as_nanos().try_into().unwrap_or(i64::MAX);
            let stored = Stored { lane, body, since: now, at, times: 0, out_until: None };
            stream.entries.insert(seq, stored);
            Ok(Appended { seq, is_repeat: false })
        })
        .await
    }

    async fn take(&self, lane: Lane, patience: Duration) -> Result<Option<Given>, Trouble> {
        let until = Instant::now() + patience;
        self.travel().await?;
        loop {
            let looked = self.world.changed.notified();
            match self.world.next(lane) {
                Ok(given) => {
                    // What is lost on the way comes again to whoever asks after a while.
                    self.travel().await?;
                    return Ok(Some(given));
                }
                Err(wait) => {
                    let at = wait.map_or(until, |wait| wait.min(until));
                    let left = at.saturating_duration_since(Instant::now());
                    let _ = timeout(left, looked).await;
                    if Instant::now() >= until {
                        return Ok(None);
                    }
                    if self.is_broken() {
                        return self.lost().await;
                    }
                }
            }
        }
    }

    async fn keep(&self, given: &Given) -> Result<(), Trouble> {
        self.ask(|world| {
            let until = Instant::now() + world.takeover;
            world.with(given, |it| {
                if it.out_until.is_some() {
                    it.out_until = Some(until);
                }
            });
            Ok(())
        })
        .await
    }

    async fn finish(&self, given: &Given) -> Result<(), Trouble> {
        self.ask(|world| {
            if world.has_forgotten.take() {
                return Err(Trouble::Lost);
            }
            world.streams.borrow_mut()[given.stream].entries.remove(&given.delivered.entry.seq);
            Ok(())
        })
        .await
    }

    async fn give_back(&self, given: &Given, after: Duration) -> Result<(), Trouble> {
        self.ask(|world| {
            let at = Instant::now() + after;
            // From whom it was given to since, too, as NATS does.
            world.with(given, |it| it.out_until = Some(at));
            Ok(())
        })
        .await
    }

    fn doubt_next(&self, _: Lane) {}

    async fn get(&self, key: &str) -> Result<Option<Kept>, Trouble> {
        self.ask(|world| Ok(world.bucket.borrow().get(key).cloned())).await
    }

    async fn put(&self, key: &str, revision: u64, body: Bytes) -> Result<u64, Trouble> {
        self.ask(|world| {
            let mut bucket = world.bucket.borrow_mut();
            if bucket.get(key).map_or(0, |kept| kept.revision) != revision {
                return Err(Trouble::Changed);
            }
            world.room()?;
            if body.len() > LONGEST {
                return Err(Trouble::TooLong);
            }
            world.revision.set(world.revision.get() + 1);
            let revision = world.revision.get();
            bucket.insert(key.to_owned(), Kept { revision, body });
            Ok(revision)
        })
        .await
    }

    async fn forget(&self, key: &str) -> Result<(), Trouble> {
        self.ask(|world| {
            world.bucket.borrow_mut().remove(key);
            Ok(())
        })
        .await
    }

    async fn put_file(&self, name: &str, bytes: Bytes) -> Result<(), Trouble> {
        self.ask(|world| {
            world.room()?;
            world.files.borrow_mut().insert(name.to_owned(), bytes);
            Ok(())
        })
        .await
    }

    async fn file(&self, name: &str) -> Result<Option<Bytes>, Trouble> {
        self.ask(|world| Ok(world.files.borrow().get(name).cloned())).await
    }

    async fn drop_file(&self, name: &str) -> Result<(), Trouble> {
        self.ask(|world| {
            world.files.borrow_mut().remove(name);
            Ok(())
        })
        .await
    }

    async fn call(&self, what: Bytes) -> Result<(), Trouble> {
        self.ask(|world| {
            for ear in &*world.callers.borrow() {
                // Nobody keeps it for who does not hear it.
                if !world.random.percent(world.losses.get()) {
                    ear.calls.borrow_mut().push_back(what.clone());
                    ear.called.notify_one();
                }
            }
            Ok(())
        })
        .await
    }

    async fn called(&self) -> Bytes {
        loop {
            let next = self.ear.calls.borrow_mut().pop_front();
            if let Some(call) = next {
                sleep(Duration::from_micros(self.world.random.below(1000))).await;
                return call;
            }
            self.ear.called.notified().await;
        }
    }

    async fn waiting(&self) -> Result<Waiting, Trouble> {
        self.ask(|world| {
            let streams = world.streams.borrow();
            let count = |at: usize| streams[at].entries.len() as u64;
            Ok(Waiting { outgoing: count(0), incoming: count(1), bytes: 0 })
        })
        .await
    }

    fn longest(&self) -> usize {
        LONGEST
    }

    fn is_clustered(&self) -> bool {
        true
    }

    fn is_there(&self) -> bool {
        !self.is_broken()
    }
}
