//! What a server handed out before it was killed, and had not written down.
//!
//! Servers write late what they handed out, and to whom. One that is started anew hands the first entry of a lane
//! out once more, and says that it is for the first time, while who had it before may still work on it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::base::lock::lock;
use crate::store::fleet::broker::{Lane, Trouble};
use crate::store::fleet::nats::Within;

/// The record that says which server was seen last.
const SERVER: &str = "server";

#[derive(Clone, Serialize, Deserialize)]
struct Server {
    /// Each start has its own.
    id: String,
    /// The last entries of both directions when it was first seen.
    last: [u64; 2],
}

/// Which entries may have been handed out before, whatever the server says.
#[derive(Default)]
pub(super) struct Doubts {
    /// How often the connection had been lost when that was looked at; None: not yet.
    losses: Option<u64>,
    server: Option<Server>,
    /// The lanes of which we had an entry since that was not done: those behind it were never out.
    passed: HashSet<Lane>,
}

impl Doubts {
    /// Asked once for each entry that comes. `is_older`: than its consumer.
    fn include(&mut self, lane: Lane, seq: u64, is_older: bool, losses: u64) -> bool {
        if self.losses != Some(losses) {
            return true;
        }
        let last = self.server.as_ref().map_or(0, |server| server.last[lane.direction()]);
        self.passed.insert(lane) && (is_older || seq <= last)
    }

    fn learn(&mut self, losses: u64, server: Server) {
        let known = self.server.as_ref().is_some_and(|known| known.id == server.id);
        if !known {
            self.passed.clear();
            self.server = Some(server);
        }
        self.losses = Some(losses);
    }
}

impl Within {
    /// Whether that entry, which came just now, may have been handed out before without a word about it.
    pub(super) fn may_have_been_out(&self, lane: Lane, seq: u64, at: i64) -> bool {
        let is_older = self.is_older_than_its_consumer(lane, at);
        if lane.most_out() > 1 {
            return is_older;
        }
        let mut doubts = lock(&self.doubts);
        // Servers of a cluster are asked about each action: who began it says so.
        let losses = if self.is_clustered { 0 } else { self.link.times_lost() };
        doubts.include(lane, seq, is_older, losses)
    }

    /// What came of the lane was done long ago: what the broker forgot is behind it.
    pub(super) fn doubt_next(&self, lane: Lane) {
        lock(&self.doubts).passed.remove(&lane);
    }

    /// Servers of a cluster are not looked at.
    pub(super) fn trust_cluster(&self) {
        lock(&self.doubts).losses = Some(0);
    }

    /// Looks whether the server was started anew: at the one of that id, which was there when the connection had been
    /// lost so often, and the last entries of both directions were these.
    pub(super) async fn look_at_server(
        &self,
        id: String,
        losses: u64,
        last: [u64; 2],
    ) -> Result<(), Trouble> {
        let server = Server { id, last };
        let server = loop {
            let kept = self.get(SERVER).await?;
            let known =
                kept.as_ref().and_then(|it| serde_json::from_slice::<Server>(&it.body).ok());
            if let Some(known) = known.filter(|known| known.id == server.id) {
                break known;
            }
            let revision = kept.map_or(0, |it| it.revision);
            // Texts and numbers always serialise.
            let body = serde_json::to_vec(&server).unwrap_or_default().into();
            match self.put(SERVER, revision, body).await {
                Ok(_) => break server,
                // Another node saw it, too.
                Err(Trouble::Changed) => {}
                Err(why) => return Err(why),
            }
        };
        lock(&self.doubts).learn(losses, server);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(id: &str, last: [u64; 2]) -> Server {
        Server { id: id.to_owned(), last }
    }

    #[test]
    fn the_first_of_a_lane_may_have_been_out_and_those_behind_it_not() {
        let mut doubts = Doubts::default();
        doubts.learn(0, server("one", [5, 7]));
        assert!(doubts.include(Lane::Out(0), 5, false, 0));
        assert!(!doubts.include(Lane::Out(0), 5, false, 0));
        assert!(!doubts.include(Lane::Out(1), 6, false, 0));
        assert!(doubts.include(Lane::In(1), 6, false, 0));
        // Of a consumer that was made anew.
        assert!(doubts.include(Lane::In(2), 8, true, 0));
        assert!(!doubts.include(Lane::In(2), 9, true, 0));
        // The same server, or a look for another reason.
        doubts.learn(1, server("one", [5, 7]));
        assert!(!doubts.include(Lane::Out(0), 5, false, 1));
        doubts.learn(2, server("two", [9, 9]));
        assert!(doubts.include(Lane::Out(0), 9, false, 2));
    }

    #[test]
    fn nothing_is_sure_until_the_server_was_looked_at() {
        let mut doubts = Doubts::default();
        let mut includes = |seq, losses| doubts.include(Lane::Out(0), seq, false, losses);
        assert!(includes(1, 0));
        doubts.learn(0, server("one", [0, 0]));
        let mut includes = |seq, losses| doubts.include(Lane::Out(0), seq, false, losses);
        assert!(!includes(1, 0));
        assert!(includes(2, 1) && includes(3, 1));
    }
}
