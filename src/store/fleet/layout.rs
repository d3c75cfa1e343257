//! What a fleet keeps in JetStream, and that it is there as it must be.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::base::error::{Error, Status};
use crate::base::lock::lock;
use crate::base::log::{Log, LogLevel};
use crate::config::nats_settings::NatsSettings;
use crate::store::fleet::api::{
    ConsumerInfo, Failed, NO_CONSUMER, NO_STREAM, STREAM_NAME_IN_USE, SUBJECTS_OVERLAP, Settings,
    StreamInfo,
};
use crate::store::fleet::broker::{Lane, Trouble};
use crate::store::fleet::link::Link;

/// Lanes that are looked at, or made, at a time.
pub(super) const LANES_AT_A_TIME: usize = 32;

/// How long what came in is known again, in nanoseconds: a service that gets no answer comes again for minutes.
const IN_WINDOW: u64 = 600 * 1_000_000_000;

/// The shortest that a server takes.
const SHORTEST_WINDOW: u64 = 100 * 1_000_000;

/// What the things of one store are called.
pub(super) struct Names {
    name: String,
}

impl Names {
    pub(super) fn new(settings: &NatsSettings) -> Names {
        Names { name: settings.name.clone() }
    }

    pub(super) fn out_stream(&self) -> String {
        format!("{}-out", self.name)
    }

    pub(super) fn in_stream(&self) -> String {
        format!("{}-in", self.name)
    }

    pub(super) fn stream(&self, lane: Lane) -> String {
        match lane {
            Lane::Out(_) => self.out_stream(),
            Lane::In(_) | Lane::Unknown | Lane::Early => self.in_stream(),
        }
    }

    /// The streams of entries, with all their subjects.
    pub(super) fn queues(&self) -> [(String, String); 2] {
        let name = &self.name;
        [(self.out_stream(), format!("{name}.out.*")), (self.in_stream(), format!("{name}.in.*"))]
    }

    pub(super) fn subject(&self, lane: Lane) -> String {
        let name = &self.name;
        match lane {
            Lane::Out(partition) => format!("{name}.out.{partition}"),
            Lane::In(partition) => format!("{name}.in.{partition}"),
            Lane::Unknown => format!("{name}.in.unknown"),
            Lane::Early => format!("{name}.in.early"),
        }
    }

    /// What nodes tell each other, and nobody keeps.
    pub(super) fn calls(&self) -> String {
        format!("{}.nodes", self.name)
    }

    pub(super) fn consumer(&self, lane: Lane) -> String {
        match lane {
            Lane::Out(partition) => format!("out-{partition}"),
            Lane::In(partition) => format!("in-{partition}"),
            Lane::Unknown => "unknown".to_owned(),
            Lane::Early => "early".to_owned(),
        }
    }

    /// As clients of the key-value store know it; so are the others below.
    pub(super) fn bucket(&self) -> String {
        format!("KV_{}-consumers", self.name)
    }

    pub(super) fn record(&self, key: &str) -> String {
        format!("$KV.{}-consumers.{key}", self.name)
    }

    pub(super) fn files_bucket(&self) -> String {
        format!("{}-files", self.name)
    }

    pub(super) fn files(&self) -> String {
        format!("OBJ_{}", self.files_bucket())
    }

    pub(super) fn file_about(&self, name: &str) -> String {
        format!("$O.{}.M.{name}", self.files_bucket())
    }

    pub(super) fn file_chunks(&self, id: &str) -> String {
        format!("$O.{}.C.{id}", self.files_bucket())
    }
}

pub(super) fn lanes(partitions: u16) -> impl Iterator<Item = Lane> {
    let partitions = 0..partitions;
    partitions.flat_map(|it| [Lane::Out(it), Lane::In(it)]).chain([Lane::Unknown, Lane::Early])
}

/// So often, and so far apart, is looked for what another node is making.
pub(super) const MOST_LOOKS: u32 = 20;
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Makes what is missing, and looks at what is there.
pub(super) struct Layout<'a> {
    pub link: &'a Link,
    pub names: &'a Names,
    pub settings: &'a NatsSettings,
    pub log: &'a Log,
    /// One is enough to know that consumers cannot be changed.
    pub consumers_stay: AtomicBool,
    /// What was changed is told of once, and not for each lane.
    pub told: Mutex<HashSet<String>>,
}

/// What something must be made with. Of what is there, `must` cannot differ, and `should` is changed where that
/// is permitted; `new` matters only where it is made.
struct Wanted {
    must: Settings,
    should: Settings,
    new: Settings,
}

impl Layout<'_> {
    /// The bucket of records: before all else, because it tells what the rest is like.
    pub(super) async fn bucket(&self) -> Result<(), Error> {
        let name = self.names.bucket();
        let wanted = Wanted {
            must: object(json!({
                "subjects": [self.names.record(">")],
                "storage": "file",
                "max_age": 0,
                "deny_purge": false,
            })),
            should: Map::new(),
            new: object(json!({
                "retention": "limits",
                "discard": "new",
                "max_msgs_per_subject": 1,
                "allow_rollup_hdrs": true,
                "allow_direct": true,
                "deny_delete": true,
            })),
        };
        self.stream(&name, wanted).await.map(drop)
    }

    /// Streams, consumers and files. Gives what the outgoing one is like.
    pub(super) async fn rest(&self) -> Result<[StreamInfo; 2], Error> {
        let names = self.names;
        let key_window = u64::try_from(self.settings.key_window.as_nanos()).unwrap_or(u64::MAX);
        let outgoing = self.queue("out", key_window.max(SHORTEST_WINDOW));
        let outgoing = self.stream(&names.out_stream(), outgoing).await?;
        let incoming = self.queue("in", IN_WINDOW);
        let incoming = self.stream(&names.in_stream(), incoming).await?;
        let files = Wanted {
            must: object(json!({
                "subjects": [names.file_about(">"), names.file_chunks(">")],
                "storage": "file",
                "max_age": 0,
                "allow_rollup_hdrs": true,
                "deny_purge": false,
            })),
            should: Map::new(),
            new: object(json!({ "retention": "limits", "discard": "new", "allow_direct": true })),
        };
        self.stream(&names.files(), files).await?;
        let lanes = lanes(self.settings.partitions);
        let consumers = stream::iter(lanes).map(|lane| self.consumer(lane));
        consumers.buffer_unordered(LANES_AT_A_TIME).try_collect::<()>().await?;
        Ok([outgoing, incoming])
    }

    fn queue(&self, direction: &str, window: u64) -> Wanted {
        let Names { name } = self.names;
        Wanted {
            must: object(json!({
                "subjects": [format!("{name}.{direction}.*")],
                "retention": "workqueue",
                "storage": "file",
                "discard": "new",
                "max_age": 0,
                "max_msgs_per_subject": -1,
                "no_ack": false,
                "deny_delete": false,
            })),
            should: object(
                json!({ "max_msgs": self.settings.queue_max, "duplicate_window": window }),
            ),
            new: Map::new(),
        }
    }

    async fn stream(&self, name: &str, mut wanted: Wanted) -> Result<StreamInfo, Error> {
        let what = format!("the stream '{name}'");
        let info = || self.link.api::<StreamInfo>(format!("STREAM.INFO.{name}"), json!({}));
        let mut looks = 0;
        let there = loop {
            looks += 1;
            let there = info().await;
            if !matches!(there, Err(Failed { code: NO_STREAM, .. })) {
                break there;
            }
            let mut config = wanted.whole();
            config.insert("name".to_owned(), name.into());
            config.insert("num_replicas".to_owned(), self.settings.replicas.into());
            match self.link.api(format!("STREAM.CREATE.{name}"), config.into()).await {
                // Another node was faster, and wants it a little different; or is about to have made it.
                Err(Failed { code: STREAM_NAME_IN_USE | SUBJECTS_OVERLAP, .. })
                    if looks < MOST_LOOKS =>
                {
                    sleep(BETWEEN_LOOKS).await;
                }
                made => return made.map_err(|why| failed(why, "make", &what)),
            }
        };
        let there = there.map_err(|why| failed(why, "look at", &what))?;
        self.spare_what_waits(&mut wanted, &there, &what);
        wanted.forget_what_is_so(&there.config);
        if let Some(config) = wanted.changed(&there.config, &what)? {
            let changed = self.link.api(format!("STREAM.UPDATE.{name}"), config.into()).await;
            self.may_be_refused::<StreamInfo>(changed, &wanted, &what)?;
        }
        Ok(there)
    }

    /// Servers (2.9) delete what is more than a smaller limit, whatever they are told to discard; and more may be
    /// on its way.
    fn spare_what_waits(&self, wanted: &mut Wanted, there: &StreamInfo, what: &str) {
        let limit = |settings: &Settings| {
            let limit = settings.get("max_msgs").and_then(Value::as_i64);
            limit.and_then(|it| u64::try_from(it).ok()).filter(|it| *it > 0).unwrap_or(u64::MAX)
        };
        let (is, should) = (limit(&there.config), limit(&wanted.should));
        let (enough, waiting) = (should / 2, there.state.messages);
        if should >= is || waiting <= enough {
            return;
        }
        wanted.should.remove("max_msgs");
        self.log.write(LogLevel::Warn, || {
            let is = if is == u64::MAX { "no limit".to_owned() } else { format!("max_msgs {is}") };
            format!(
                "connector: {what} keeps {is} for now, and should have {should} (connector.queue.max): \
                 {waiting} wait there. It is changed by a node that starts while no more than {enough} do"
            )
        });
    }

    async fn consumer(&self, lane: Lane) -> Result<(), Error> {
        let (stream, name) = (self.names.stream(lane), self.names.consumer(lane));
        let what = format!("the consumer '{name}' of the stream '{stream}'");
        let takeover = u64::try_from(self.settings.takeover.as_nanos()).unwrap_or(u64::MAX);
        let mut wanted = Wanted {
            must: object(json!({
                "filter_subject": self.names.subject(lane),
                "ack_policy": "explicit",
                "deliver_policy": "all",
                "max_deliver": -1,
                "deliver_subject": null,
            })),
            should: object(json!({ "ack_wait": takeover })),
            new: object(json!({ "durable_name": name, "replay_policy": "instant" })),
        };
        // One at a time keeps the order.
        let of_order = if lane.most_out() == 1 { &mut wanted.must } else { &mut wanted.should };
        of_order.insert("max_ack_pending".to_owned(), lane.most_out().into());
        let make = |config: Settings| {
            let request = json!({ "stream_name": stream, "config": config });
            let subject = format!("CONSUMER.DURABLE.CREATE.{stream}.{name}");
            self.link.api::<ConsumerInfo>(subject, request)
        };
        let info = format!("CONSUMER.INFO.{stream}.{name}");
        let there = self.link.api::<ConsumerInfo>(info, json!({})).await;
        if let Ok(there) = &there {
            wanted.forget_what_is_so(&there.config);
        }
        match there {
            Err(Failed { code: NO_CONSUMER, .. }) => {
                let made = make(wanted.whole()).await;
                made.map(drop).map_err(|why| failed(why, "make", &what))
            }
            Err(why) => Err(failed(why, "look at", &what)),
            Ok(there) => match wanted.changed(&there.config, &what)? {
                Some(config) if !self.consumers_stay.load(Ordering::Relaxed) => {
                    let changed = make(config).await;
                    let is_refused = |it: &Failed| matches!(it.trouble, Trouble::Refused(_));
                    if changed.as_ref().is_err_and(is_refused)
                        && self.consumers_stay.swap(true, Ordering::Relaxed)
                    {
                        return Ok(());
                    }
                    self.may_be_refused(changed, &wanted, &format!("{what}, as others,"))
                }
                _ => Ok(()),
            },
        }
    }

    /// What is as it was goes on as it is, where nobody may change it.
    fn may_be_refused<T>(
        &self,
        changed: Result<T, Failed>,
        wanted: &Wanted,
        what: &str,
    ) -> Result<(), Error> {
        let should = Value::Object(wanted.should.clone());
        match changed {
            // Nodes with the same options change nothing.
            Ok(_) if lock(&self.told).insert(should.to_string()) => {
                self.log.write(LogLevel::Warn, || {
                    format!(
                        "connector: {what} was as other options want it, and has {should} now, for all nodes: \
                         give all of a fleet the same"
                    )
                });
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(Failed { trouble: Trouble::Refused(why), .. }) => {
                self.log.write(LogLevel::Warn, || {
                    format!("connector: {what} stays as it is, and should have {should}: {why}")
                });
                Ok(())
            }
            Err(why) => Err(failed(why, "change", what)),
        }
    }
}

impl Wanted {
    fn whole(&self) -> Settings {
        let all = [&self.must, &self.should, &self.new].into_iter().flatten();
        all.filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// What should be so, and is, is no change.
    fn forget_what_is_so(&mut self, there: &Settings) {
        self.should.retain(|key, value| !agrees(there.get(key), value));
    }

    /// What is there, as it should be; None where it is so already.
    fn changed(&self, there: &Settings, what: &str) -> Result<Option<Settings>, Error> {
        let differs = |wanted: &Settings| {
            let differs = |(key, value): &(&String, &Value)| !agrees(there.get(*key), value);
            wanted.iter().find(differs).map(|(key, value)| (key.clone(), value.clone()))
        };
        if let Some((key, value)) = differs(&self.must) {
            let is = there.get(&key).unwrap_or(&Value::Null);
            let message = format!(
                "option 'connector.store': {what} in NATS cannot be used: its {key} is {is}, and \
                 must be {value}"
            );
            return Err(Error::new(Status::Config, message));
        }
        Ok(differs(&self.should).map(|_| {
            let mut config = there.clone();
            config.extend(self.should.clone());
            config
        }))
    }
}

/// Whether a setting is as it must be: what a server leaves out is off, or nothing.
fn agrees(there: Option<&Value>, wanted: &Value) -> bool {
    let is_nothing = |it: &Value| match it {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match (there.unwrap_or(&Value::Null), wanted) {
        // Others may be there, too.
        (Value::Array(there), Value::Array(wanted)) => wanted.iter().all(|it| there.contains(it)),
        (there, wanted) => there == wanted || (is_nothing(there) && is_nothing(wanted)),
    }
}

fn object(value: Value) -> Settings {
    if let Value::Object(object) = value { object } else { Settings::new() }
}

fn failed(why: Failed, doing: &str, what: &str) -> Error {
    error(why.trouble, &format!("cannot {doing} {what} in NATS"))
}

/// The error of something that could not be done when a store was opened.
pub(super) fn error(why: Trouble, what: &str) -> Error {
    let status = match why {
        Trouble::Away(_) => Status::Connect,
        Trouble::Full(_) => Status::Full,
        Trouble::Changed | Trouble::TooLong | Trouble::Lost | Trouble::Refused(_) => Status::Config,
    };
    Error::new(status, format!("{what}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_compared_as_far_as_it_matters() {
        let wanted = Wanted {
            must: object(json!({ "storage": "file", "max_age": 0, "subjects": ["a"] })),
            should: object(json!({ "max_msgs": 5 })),
            new: object(json!({ "discard": "new" })),
        };
        let there = |value: Value| wanted.changed(&object(value), "the stream 'x'");
        let good = json!({ "storage": "file", "subjects": ["b", "a"], "max_msgs": 5, "x": 1 });
        assert_eq!(there(good).unwrap(), None);
        let other = json!({ "storage": "file", "max_age": 0, "subjects": ["a"], "x": 1 });
        let changed = there(other).unwrap().unwrap();
        assert_eq!((&changed["max_msgs"], &changed["x"]), (&json!(5), &json!(1)));
        for (bad, says) in [
            (json!({ "storage": "memory", "subjects": ["a"] }), "its storage is \"memory\""),
            (json!({ "storage": "file", "subjects": ["b"] }), "its subjects is [\"b\"]"),
            (json!({ "storage": "file", "subjects": ["a"], "max_age": 9 }), "and must be 0"),
        ] {
            let refused = there(bad).unwrap_err();
            assert_eq!(refused.status(), Status::Config);
            assert!(refused.message().contains(says), "{refused}");
        }
    }
}
