//! NATS JetStream as a fleet's broker, with all that servers have from 2.9 on.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::Subscriber;
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::log::{Log, LogLevel};
use crate::config::nats_settings::NatsSettings;
use crate::store::fleet::api::{ConsumerInfo, StoredMessage, StreamInfo};
use crate::store::fleet::broker::{
    Appended, Broker, Delivered, Entry, Kept, Lane, Trouble, Waiting,
};
use crate::store::fleet::layout::{self, BETWEEN_LOOKS, Layout, MOST_LOOKS, Names};
use crate::store::fleet::link::Link;
use crate::store::fleet::object_store::ObjectStore;
use crate::store::fleet::restarts::Doubts;
use crate::store::fleet::timestamp::{self, BrokersClock};

/// Beside the body of an entry its id goes out, and of a record its revision.
const MOST_HEADERS: usize = 512;

/// The record that says what a store is like.
const ABOUT: &str = "about";

/// What this version writes; older ones it reads.
const VERSION: u64 = 1;

/// A store in NATS, and the connection to it.
pub(crate) struct Nats {
    within: Arc<Within>,
    name: String,
    /// What nodes tell each other.
    calls: tokio::sync::Mutex<Option<Subscriber>>,
    looks: AbortHandle,
}

/// The newest message about a record.
struct Last {
    seq: u64,
    is_removal: bool,
    body: Bytes,
}

pub(super) struct Within {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) settings: NatsSettings,
    pub(super) log: Log,
    clock: BrokersClock,
    /// A stream or consumer is gone.
    pub(super) is_missing: AtomicBool,
    pub(super) seen: Mutex<Seen>,
    pub(super) doubts: Mutex<Doubts>,
    /// More is known of them.
    pub(super) looked: Notify,
    /// Servers of a cluster have it.
    pub(super) is_clustered: bool,
}

/// What is there, as it was seen last.
#[derive(Default)]
pub(super) struct Seen {
    /// When the streams of both directions were made.
    pub(super) made: [String; 2],
    /// How often another one was found in place of each.
    pub(super) turns: [u64; 2],
    /// When the consumers were made, in nanoseconds.
    pub(super) consumers: HashMap<Lane, i64>,
}

/// An entry that was handed to us.
pub(crate) struct Handed {
    delivered: Delivered,
    /// Where the broker hears about it.
    reply: String,
    lane: Lane,
    /// Of the stream from which it came.
    turn: u64,
    /// How often the connection had been lost.
    losses: u64,
}

impl Deref for Handed {
    type Target = Delivered;

    fn deref(&self) -> &Delivered {
        &self.delivered
    }
}

/// What the record says.
#[derive(Deserialize)]
struct About {
    version: u64,
    #[serde(default)]
    partitions: u64,
    #[serde(default)]
    account: String,
}

impl Nats {
    /// Connects, makes what is missing, and looks at what is there. It belongs to the runtime in which this is
    /// called.
    ///
    /// # Errors
    /// [`Status::Connect`] where nobody answers in time, [`Status::Unauthorized`] where credentials are refused,
    /// [`Status::Tls`], [`Status::Config`] where what is there cannot be used, and those of files that options
    /// name.
    pub(crate) async fn connect(settings: &NatsSettings, log: &Log) -> Result<Nats, Error> {
        let link = Link::connect(settings, log).await?;
        let mut within = Within {
            link,
            names: Names::new(settings),
            settings: settings.clone(),
            log: log.clone(),
            clock: BrokersClock::default(),
            is_missing: AtomicBool::new(false),
            seen: Mutex::default(),
            doubts: Mutex::default(),
            looked: Notify::new(),
            is_clustered: false,
        };
        let layout = within.layout();
        layout.bucket().await?;
        within.agree_in_time(settings).await?;
        let [outgoing, incoming] = layout.rest().await?;
        within.hear_time(&incoming);
        // Of what is there, whatever was asked for: another node may have made it, or an administrator.
        within.is_clustered = outgoing.is_clustered();
        let (wanted, there) = (settings.replicas as u64, outgoing.replicas());
        if wanted > there {
            log.write(LogLevel::Warn, || {
                format!(
                    "connector: connector.nats.replicas is {wanted}, but the store is there already, and is kept \
                     {there} time(s)"
                )
            });
        }
        let version = within.link.server_version();
        if there > 1 && loses_in_a_cluster(&version) {
            log.write(LogLevel::Warn, || {
                format!(
                    "connector: nats-server {version}: a cluster of these may lose what waits when one of them \
                     is killed: run 2.10 or newer"
                )
            });
        }
        let made = format!("{} {}", within.names.out_stream(), outgoing.created);
        let digest = ring::digest::digest(&ring::digest::SHA256, made.as_bytes());
        let name = digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let calls = tokio::sync::Mutex::new(within.link.listen(within.names.calls()).await);
        // It is looked at again soon where that fails.
        let _ = within.look().await;
        within.link.request_time = settings.request_time;
        let within = Arc::new(within);
        let looks = within.clone();
        let looks = tokio::spawn(async move { looks.look_after().await }).abort_handle();
        Ok(Nats { within, name, calls, looks })
    }
}

/// Seen with 2.9.10: where the server was killed that led a consumer with replicas, entries were handed out no more, or
/// gone. With 2.10.26 and 2.15.1 they were not.
fn loses_in_a_cluster(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) < (2, 10))
}

impl Within {
    pub(super) fn layout(&self) -> Layout<'_> {
        let Within { link, names, settings, log, .. } = self;
        let (consumers_stay, told) = (AtomicBool::new(false), Mutex::default());
        Layout { link, names, settings, log, consumers_stay, told }
    }

    /// All nodes must spread consumers alike, and serve the same account: whoever is first says which, and over
    /// how many partitions.
    /// A bucket that another node is making answers nobody for a moment.
    async fn agree_in_time(&self, settings: &NatsSettings) -> Result<(), Error> {
        let until = Instant::now() + settings.connect_timeout.min(MOST_LOOKS * BETWEEN_LOOKS);
        loop {
            match self.agree(settings).await {
                Err(why) if why.status() == Status::Connect && Instant::now() < until => {
                    sleep(BETWEEN_LOOKS).await;
                }
                agreed => return agreed,
            }
        }
    }

    pub(super) async fn agree(&self, settings: &NatsSettings) -> Result<(), Error> {
        let NatsSettings { name, partitions, account, .. } = settings;
        let what = format!("cannot read what the store '{name}' in NATS is like");
        let fails = |why| layout::error(why, &what);
        let about = match self.get(ABOUT).await.map_err(fails)? {
            Some(about) => about,
            None => {
                let about =
                    json!({ "version": VERSION, "partitions": partitions, "account": account });
                match self.put(ABOUT, 0, about.to_string().into()).await {
                    Ok(_) => return Ok(()),
                    // Another node was faster.
                    Err(Trouble::Changed) => self
                        .get(ABOUT)
                        .await
                        .and_then(|about| about.ok_or(Trouble::Changed))
                        .map_err(fails)?,
                    Err(why) => return Err(fails(why)),
                }
            }
        };
        let about: About = serde_json::from_slice(&about.body)
            .map_err(|why| fails(Trouble::Refused(why.to_string())))?;
        let message = if about.version > VERSION {
            format!("option 'connector.store': the store '{name}' in NATS is of a newer version")
        } else if about.account != *account {
            let there = about.account;
            format!(
                "option 'connector.store': the store '{name}' in NATS belongs to account '{there}', not to \
                 '{account}': take another name"
            )
        } else if about.partitions != u64::from(*partitions) {
            let there = about.partitions;
            format!(
                "option 'connector.nats.partitions' is {partitions}, and the store '{name}' in NATS \
                 has {there}: set it to {there}; or have the store worked off, and removed from \
                 NATS, before it is made with another number"
            )
        } else {
            return Ok(());
        };
        Err(Error::new(Status::Config, message))
    }

    fn hear_time(&self, info: &StreamInfo) {
        match timestamp::parse(&info.ts) {
            Some(now) => self.clock.set(now),
            None => timestamp::parse(&info.state.last_ts).map_or((), |last| self.clock.hear(last)),
        }
    }

    async fn info(&self, stream: &str) -> Result<StreamInfo, Trouble> {
        Ok(self.link.api(format!("STREAM.INFO.{stream}"), json!({})).await?)
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Kept>, Trouble> {
        let last = self.last(key).await?;
        let Some(last) = last.filter(|it| !it.is_removal) else { return Ok(None) };
        Ok(Some(Kept { revision: last.seq, body: last.body }))
    }

    async fn last(&self, key: &str) -> Result<Option<Last>, Trouble> {
        let bucket = self.names.bucket();
        let last = self.link.last_message(&bucket, &self.record(key)?).await?;
        let read = |it: StoredMessage| {
            Ok(Last { seq: it.seq, is_removal: it.is_removal()?, body: it.body()? })
        };
        last.map(read).transpose()
    }

    pub(super) async fn put(&self, key: &str, revision: u64, body: Bytes) -> Result<u64, Trouble> {
        match self.replace(key, revision, body.clone()).await {
            // Other clients of the bucket leave a marker where they remove something.
            Err(Trouble::Changed) if revision == 0 => match self.last(key).await? {
                Some(Last { is_removal: true, seq, .. }) => self.replace(key, seq, body).await,
                _ => Err(Trouble::Changed),
            },
            put => put,
        }
    }

    /// Of several who replace the same, one does. Servers of a cluster (2.9) look at the revision before they agree
    /// on the order, and would take all of them; at the id they look after that.
    async fn replace(&self, key: &str, revision: u64, body: Bytes) -> Result<u64, Trouble> {
        let mut removed = 0;
        loop {
            let id = format!("{key} {revision} {removed}");
            let revision = revision.to_string();
            let headers =
                [("Nats-Expected-Last-Subject-Sequence", &*revision), ("Nats-Msg-Id", &*id)];
            let written = self.link.publish(self.record(key)?, &headers, body.clone()).await?;
            if !written.duplicate {
                return Ok(written.seq);
            }
            // One that was made may have been removed since.
            let is_there = revision != "0" || self.last(key).await?.is_some();
            if is_there || written.seq <= removed {
                return Err(Trouble::Changed);
            }
            removed = written.seq;
        }
    }

    /// The subject of a record.
    fn record(&self, key: &str) -> Result<String, Trouble> {
        let is_part = |part: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_=/".contains(&b);
            !part.is_empty() && part.bytes().all(fits)
        };
        if !key.split('.').all(is_part) {
            return Err(Trouble::Refused(format!("{key:?} cannot be the key of a record")));
        }
        Ok(self.names.record(key))
    }

    async fn answer_for(&self, handed: &Handed, what: String) -> Result<(), Trouble> {
        if handed.turn != self.turn(handed.lane) {
            // It is gone with its stream, and its number is another one's.
            return Ok(());
        }
        self.link.ask(handed.reply.clone(), None, what.into()).await.map(drop)
    }

    /// Whether that entry, which came just now, may have been handed out before without a word about it.
    fn may_have_been_out(&self, lane: Lane, seq: u64, at: i64) -> bool {
        let is_older = self.is_older_than_its_consumer(lane, at);
        if lane.most_out() > 1 {
            return is_older;
        }
        let mut doubts = lock(&self.doubts);
        // Servers of a cluster are asked about each action: who began it says so.
        let losses = if self.is_clustered { 0 } else { self.link.times_lost() };
        doubts.include(lane, seq, is_older, losses)
    }

    /// Waits until it was looked whether the server was started anew: all that is handed out before that would be in
    /// doubt, and what is appended before would be taken for older. Whether it was in time.
    async fn is_looked_at(&self) -> bool {
        let until = Instant::now() + self.settings.request_time;
        loop {
            let looked = self.looked.notified();
            if self.is_clustered || lock(&self.doubts).are_known(self.link.times_lost()) {
                return true;
            }
            if timeout_at(until, looked).await.is_err() {
                return false;
            }
        }
    }

    async fn has_handed_out(&self, handed: &Handed) -> Result<(), Trouble> {
        let (stream, consumer) = (self.names.stream(handed.lane), self.names.consumer(handed.lane));
        let info = format!("CONSUMER.INFO.{stream}.{consumer}");
        let info: ConsumerInfo = self.link.api(info, json!({})).await?;
        let is_known = info.delivered.stream_seq >= handed.delivered.entry.seq;
        if is_known { Ok(()) } else { Err(Trouble::Lost) }
    }

    fn files(&self) -> ObjectStore<'_> {
        ObjectStore { link: &self.link, names: &self.names }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // It holds the connection open.
        self.looks.abort();
    }
}

impl Broker for Nats {
    type Delivery = Handed;

    fn name(&self) -> &str {
        &self.name
    }

    async fn append(
        &self,
        lane: Lane,
        once: Option<&str>,
        body: Bytes,
    ) -> Result<Appended, Trouble> {
        let Within { link, names, .. } = &*self.within;
        if matches!(lane, Lane::Out(_)) && !self.within.is_looked_at().await {
            return Err(Trouble::Away("it is not there again yet".to_owned()));
        }
        let id = once.map(|id| ("Nats-Msg-Id", id));
        let written = match link.publish(names.subject(lane), id.as_slice(), body).await {
            // An attempt whose answer was not heard.
            Err(Trouble::Changed) => return Err(Trouble::Away("it is being written".to_owned())),
            written => written?,
        };
        Ok(Appended { seq: written.seq, is_repeat: written.duplicate })
    }

    async fn take(&self, lane: Lane, patience: Duration) -> Result<Option<Handed>, Trouble> {
        let Within { link, names, clock, .. } = &*self.within;
        self.within.is_whole()?;
        if lane.most_out() == 1 && !self.within.is_looked_at().await {
            return Ok(None);
        }
        let (turn, losses) = (self.within.turn(lane), link.times_lost());
        let how = match u64::try_from(patience.as_nanos()) {
            Ok(0) => json!({ "batch": 1, "no_wait": true }),
            nanos => json!({ "batch": 1, "expires": nanos.unwrap_or(u64::MAX) }),
        };
        let (stream, consumer) = (names.stream(lane), names.consumer(lane));
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        let answer = link.pull(next, how.to_string().into(), patience).await?;
        let said = || answer.description.clone().unwrap_or_default();
        match answer.status.map(|it| it.as_u16()) {
            None => {}
            // Nothing is there, or none came in time.
            Some(404 | 408) => return Ok(None),
            // All that may be out at a time is.
            Some(409) if said().contains("MaxAckPending") => return Ok(None),
            Some(400) => return Err(Trouble::Refused(format!("NATS says: {}", said()))),
            Some(409) => {
                link.miss();
                return Err(Trouble::Away(format!("NATS says: {}", said())));
            }
            Some(_) => return Err(Trouble::Away(format!("NATS says: {}", said()))),
        }
        let handed = answer.reply.map(|reply| reply.into_string());
        let handed = handed.and_then(|reply| Some((handed_out(&reply)?, reply)));
        let Some((HandedOut { times, seq, at }, reply)) = handed else {
            return Err(Trouble::Refused("NATS handed out what is no entry".to_owned()));
        };
        clock.hear(at);
        let entry = Entry { seq, at, body: answer.payload, age: clock.since(at) };
        let times = times + u64::from(self.within.may_have_been_out(lane, seq, at));
        Ok(Some(Handed { delivered: Delivered { entry, times }, reply, lane, turn, losses }))
    }

    async fn keep(&self, delivery: &Handed) -> Result<(), Trouble> {
        if delivery.turn != self.within.turn(delivery.lane) {
            return Err(Trouble::Refused("it is gone with its stream".to_owned()));
        }
        self.within.answer_for(delivery, "+WPI".to_owned()).await?;
        // Servers say yes to that for what they have not handed out, too.
        self.within.has_handed_out(delivery).await
    }

    async fn finish(&self, delivery: &Handed) -> Result<(), Trouble> {
        // For what they have not handed out, some servers answer nothing.
        if delivery.losses != self.within.link.times_lost() {
            self.within.has_handed_out(delivery).await?;
        }
        self.within.answer_for(delivery, "+ACK".to_owned()).await
    }

    async fn give_back(&self, delivery: &Handed, after: Duration) -> Result<(), Trouble> {
        let what = match after.as_nanos() {
            0 => "-NAK".to_owned(),
            nanos => {
                format!("-NAK {}", json!({ "delay": u64::try_from(nanos).unwrap_or(u64::MAX) }))
            }
        };
        self.within.answer_for(delivery, what).await
    }

    fn doubt_next(&self, lane: Lane) {
        lock(&self.within.doubts).doubt_next(lane);
    }

    async fn get(&self, key: &str) -> Result<Option<Kept>, Trouble> {
        self.within.get(key).await
    }

    async fn put(&self, key: &str, revision: u64, body: Bytes) -> Result<u64, Trouble> {
        self.within.put(key, revision, body).await
    }

    async fn forget(&self, key: &str) -> Result<(), Trouble> {
        let Within { link, names, .. } = &*self.within;
        link.purge(&names.bucket(), &self.within.record(key)?).await
    }

    async fn put_file(&self, name: &str, body: Bytes) -> Result<(), Trouble> {
        self.within.files().put(name, body).await
    }

    async fn file(&self, name: &str) -> Result<Option<Bytes>, Trouble> {
        self.within.files().get(name).await
    }

    async fn drop_file(&self, name: &str) -> Result<(), Trouble> {
        self.within.files().remove(name).await
    }

    async fn call(&self, what: Bytes) -> Result<(), Trouble> {
        let Within { link, names, .. } = &*self.within;
        let told = link.client().publish(names.calls(), what).await;
        told.map_err(|why| Trouble::Away(why.to_string()))
    }

    async fn called(&self) -> Bytes {
        if let Some(calls) = &mut *self.calls.lock().await
            && let Some(call) = calls.next().await
        {
            return call.payload;
        }
        // Nobody calls any more.
        std::future::pending().await
    }

    async fn waiting(&self) -> Result<Waiting, Trouble> {
        let within = &*self.within;
        within.is_whole()?;
        let (out_stream, in_stream) = (within.names.out_stream(), within.names.in_stream());
        let both = tokio::join!(within.info(&out_stream), within.info(&in_stream));
        let (outgoing, incoming) = (both.0?, both.1?);
        within.hear_time(&incoming);
        Ok(Waiting {
            outgoing: outgoing.state.messages,
            incoming: incoming.state.messages,
            bytes: outgoing.state.bytes + incoming.state.bytes,
        })
    }

    fn longest(&self) -> usize {
        self.within.link.longest().saturating_sub(MOST_HEADERS)
    }

    fn is_clustered(&self) -> bool {
        self.within.is_clustered
    }

    fn is_there(&self) -> bool {
        self.within.link.is_there()
    }
}

/// What the subject tells at which the broker hears about an entry.
struct HandedOut {
    times: u64,
    seq: u64,
    /// Nanoseconds since 1970.
    at: i64,
}

fn handed_out(reply: &str) -> Option<HandedOut> {
    let parts: Vec<_> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
    // Newer servers put the domain and the account in front, and may put something behind.
    let parts = match parts.len() {
        7 => &parts[2..],
        9.. => &parts[4..],
        _ => return None,
    };
    let [times, seq, _, at, ..] = parts else { return None };
    Some(HandedOut { times: times.parse().ok()?, seq: seq.parse().ok()?, at: at.parse().ok()? })
}

#[cfg(test)]
impl Nats {
    /// The first entry of a lane with a higher number, whoever has it.
    pub(super) async fn after(&self, lane: Lane, seq: u64) -> Result<Option<Entry>, Trouble> {
        let Within { link, names, .. } = &*self.within;
        let next = link.message_after(&names.stream(lane), &names.subject(lane), seq).await?;
        let entry = |it: StoredMessage| {
            Ok(Entry { seq: it.seq, at: 0, body: it.body()?, age: Duration::ZERO })
        };
        next.map(entry).transpose()
    }

    /// Once for who sees files for the first time.
    pub(super) async fn sweep_files(&self) -> Result<(), Trouble> {
        let Within { link, names, .. } = &*self.within;
        let mut seen = super::sweep_files::SeenFiles::default();
        super::sweep_files::sweep_files(link, names, &mut seen, Duration::ZERO).await
    }

    pub(super) async fn ask_api(
        &self,
        what: String,
        body: serde_json::Value,
    ) -> Result<serde_json::Value, Trouble> {
        Ok(self.within.link.api(what, body).await?)
    }

    /// Writes what other clients would.
    pub(super) async fn publish(
        &self,
        subject: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(), Trouble> {
        self.within.link.publish(subject.to_owned(), headers, Bytes::new()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_which_a_cluster_loses_something_are_known() {
        for (version, loses) in [
            ("2.9.10", true),
            ("2.10.0", false),
            ("2.15.1", false),
            ("3.0.0-beta.1", false),
            ("", false),
        ] {
            assert_eq!(loses_in_a_cluster(version), loses, "{version}");
        }
    }

    #[test]
    fn what_was_handed_out_is_read_from_where_to_answer() {
        for reply in [
            "$JS.ACK.sms-out.out-3.2.100.7.1700000000000000001.42",
            "$JS.ACK._.hash.sms-out.out-3.2.100.7.1700000000000000001.42",
            "$JS.ACK.hub.hash.sms-out.out-3.2.100.7.1700000000000000001.42.token.more",
        ] {
            let read = handed_out(reply).unwrap();
            assert_eq!((read.times, read.seq, read.at), (2, 100, 1_700_000_000_000_000_001));
        }
        for bad in [
            "",
            "_INBOX.a.b",
            "$JS.ACK.sms-out.out-3.2.100.7.1700000000000000001",
            "$JS.ACK.sms-out.out-3.x.100.7.1700000000000000001.42",
        ] {
            assert!(handed_out(bad).is_none(), "{bad}");
        }
    }
}
