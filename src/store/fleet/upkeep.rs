//! That what a store has in NATS is there, and as it must be, as long as a node runs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::base::error::Error;
use crate::base::lock::lock;
use crate::base::log::LogLevel;
use crate::store::fleet::api::{Failed, NO_CONSUMER, NO_STREAM, StreamInfo};
use crate::store::fleet::broker::{Lane, Trouble};
use crate::store::fleet::nats::Within;
use crate::store::fleet::restarts::{SERVER, Server};
use crate::store::fleet::sweep::sweep;
use crate::store::fleet::sweep_files::{SeenFiles, sweep_files};

/// Between two looks at what servers that were killed left, and after files could not be looked at.
const LOOK_EVERY: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// So long a file may be there, beside what a write takes, before the entry that names it.
const FILES_WAIT: Duration = Duration::from_secs(3600);

/// Between any two.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

impl Within {
    /// Looks after each connect, where something is missed, and now and then.
    pub(super) async fn look_after(&self) {
        let mut losses = self.link.losses();
        let mut said = None;
        let mut files = SeenFiles::default();
        let files_wait = FILES_WAIT + self.settings.patience * 2;
        loop {
            let pause = match self.look().await {
                Ok(()) => {
                    if self.is_missing.swap(false, Ordering::Relaxed) {
                        self.log(LogLevel::Info, "what was gone from NATS was made anew");
                    }
                    said = None;
                    match sweep_files(&self.link, &self.names, &mut files, files_wait).await {
                        Ok(()) => LOOK_EVERY,
                        Err(_) => LOOK_AGAIN,
                    }
                }
                Err(Failed { code: code @ (NO_STREAM | NO_CONSUMER), trouble }) => {
                    self.is_missing.store(true, Ordering::Relaxed);
                    if said.is_none() {
                        let what = if code == NO_STREAM {
                            "a stream of the store is gone from NATS: what waited there is lost"
                        } else {
                            "a consumer of the store is gone from NATS: what was being sent may be sent again"
                        };
                        let line = format!("{what}. It is made anew. {trouble}");
                        self.log(LogLevel::Error, &line);
                        said = Some(String::new());
                    }
                    // Who had something of it has it no more by then: its numbers may be given again.
                    sleep(self.settings.takeover).await;
                    match self.make_anew().await {
                        Ok(()) => continue,
                        Err(why) => {
                            let line = format!("the store cannot be made anew: {why}");
                            if said.as_ref() != Some(&line) {
                                self.log(LogLevel::Error, &line);
                                said = Some(line);
                            }
                            LOOK_AGAIN
                        }
                    }
                }
                // Until that is known, all that is handed out is in doubt.
                Err(_) => SHORTEST_PAUSE,
            };
            sleep(SHORTEST_PAUSE).await;
            tokio::select! {
                _ = losses.changed() => {}
                () = self.link.missed() => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn make_anew(&self) -> Result<(), Error> {
        let layout = self.layout();
        layout.bucket().await?;
        self.agree(&self.settings).await?;
        layout.rest().await.map(drop)
    }

    /// Whether all is there, and since when; puts right what servers that were killed left.
    pub(super) async fn look(&self) -> Result<(), Failed> {
        let names = &self.names;
        let (losses, server) = (self.link.times_lost(), self.link.server_id());
        let info = async |stream: String| {
            self.link.api::<StreamInfo>(format!("STREAM.INFO.{stream}"), json!({})).await
        };
        info(names.bucket()).await?;
        info(names.files()).await?;
        let infos = [info(names.out_stream()).await?, info(names.in_stream()).await?];
        if self.is_clustered {
            lock(&self.doubts).trust();
            return self.look_at_consumers(infos).await;
        }
        let last = [0, 1].map(|at: usize| infos[at].state.last_seq);
        let server = self.agree_on_server(server, last).await?;
        let looked = self.look_at_consumers(infos).await;
        // Entries are taken again only now: of a consumer that was made anew they are in doubt. Who may not look at
        // consumers takes them all the same.
        if matches!(looked, Ok(()) | Err(Failed { trouble: Trouble::Refused(_), .. })) {
            lock(&self.doubts).learn(losses, server);
            self.looked.notify_waiters();
        }
        looked
    }

    /// Whether streams and consumers are those that were seen before.
    async fn look_at_consumers(&self, infos: [StreamInfo; 2]) -> Result<(), Failed> {
        let made = infos.map(|info| info.created);
        let consumers = sweep(&self.link, &self.names, self.settings.partitions).await?;
        let mut seen = lock(&self.seen);
        for (direction, made) in made.into_iter().enumerate() {
            let before = std::mem::replace(&mut seen.made[direction], made.clone());
            seen.turns[direction] += u64::from(!before.is_empty() && before != made);
        }
        let is_new = |(lane, made): &(&Lane, &i64)| {
            seen.consumers.get(lane).is_some_and(|before| before != *made)
        };
        let new: Vec<Lane> = consumers.iter().filter(is_new).map(|(lane, _)| *lane).collect();
        seen.consumers = consumers;
        drop(seen);
        let mut doubts = lock(&self.doubts);
        new.into_iter().for_each(|lane| doubts.doubt_next(lane));
        Ok(())
    }

    /// Whether the server was started anew: the one of that id, or another node's word for it. `last`: the last
    /// entries of both directions.
    async fn agree_on_server(&self, id: String, last: [u64; 2]) -> Result<Server, Trouble> {
        let server = Server { id, last };
        loop {
            let kept = self.get(SERVER).await?;
            let known =
                kept.as_ref().and_then(|it| serde_json::from_slice::<Server>(&it.body).ok());
            if let Some(known) = known.filter(|known| known.id == server.id) {
                return Ok(known);
            }
            let revision = kept.map_or(0, |it| it.revision);
            // Texts and numbers always serialise.
            let body = serde_json::to_vec(&server).unwrap_or_default().into();
            match self.put(SERVER, revision, body).await {
                Ok(_) => return Ok(server),
                // Another node saw it, too.
                Err(Trouble::Changed) => {}
                Err(why) => return Err(why),
            }
        }
    }

    /// How often another stream was found in place of that of the lane.
    pub(super) fn turn(&self, lane: Lane) -> u64 {
        lock(&self.seen).turns[lane.direction()]
    }

    /// Whether its consumer was made after that entry came: another one may have handed it out.
    pub(super) fn is_older_than_its_consumer(&self, lane: Lane, at: i64) -> bool {
        lock(&self.seen).consumers.get(&lane).is_some_and(|made| at < *made)
    }

    /// Nothing is taken as long as something is missing.
    pub(super) fn is_whole(&self) -> Result<(), Trouble> {
        if self.is_missing.load(Ordering::Relaxed) {
            let why = "a part of the store is gone from NATS, and is being made anew";
            return Err(Trouble::Refused(why.to_owned()));
        }
        Ok(())
    }

    fn log(&self, level: LogLevel, line: &str) {
        self.log.write(level, || format!("connector: {line}"));
    }
}
