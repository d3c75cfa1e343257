//! What a server handed out before it was killed, and had not written down.
//!
//! Servers write late what they handed out, and to whom. One that is started anew hands the first entry of a lane
//! out once more, and says that it is for the first time, while who had it before may still work on it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::store::fleet::broker::Lane;

/// The record that says which server was seen last.
pub(super) const SERVER: &str = "server";

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Server {
    /// Each start has its own.
    pub id: String,
    /// The last entries of both directions when it was first seen.
    pub last: [u64; 2],
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
    pub(super) fn include(&mut self, lane: Lane, seq: u64, is_older: bool, losses: u64) -> bool {
        if self.losses != Some(losses) {
            return true;
        }
        let last = self.server.as_ref().map_or(0, |server| server.last[lane.direction()]);
        let is_old = is_older || seq <= last;
        // Of updates a server (2.9) forgets several that were acknowledged, and a mark costs nothing.
        if matches!(lane, Lane::In(_)) {
            return is_old;
        }
        self.passed.insert(lane) && is_old
    }

    /// Whether it was looked at the server since the connection was lost so often.
    pub(super) fn are_known(&self, losses: u64) -> bool {
        self.losses == Some(losses)
    }

    pub(super) fn learn(&mut self, losses: u64, server: Server) {
        let known = self.server.as_ref().is_some_and(|known| known.id == server.id);
        if !known {
            self.passed.clear();
            self.server = Some(server);
        }
        self.losses = Some(losses);
    }

    /// Servers of a cluster are not looked at.
    pub(super) fn trust(&mut self) {
        self.losses = Some(0);
    }

    /// What came of the lane was done long ago: what the broker forgot is behind it.
    pub(super) fn doubt_next(&mut self, lane: Lane) {
        self.passed.remove(&lane);
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
        assert!(doubts.include(Lane::Out(2), 8, true, 0));
        assert!(!doubts.include(Lane::Out(2), 9, true, 0));
        // Of updates all that came before.
        assert!(doubts.include(Lane::In(1), 7, false, 0));
        assert!(!doubts.include(Lane::In(1), 8, false, 0));
        // The first one was done long ago.
        doubts.doubt_next(Lane::Out(0));
        assert!(doubts.include(Lane::Out(0), 5, false, 0));
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
