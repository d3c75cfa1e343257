//! What a fleet needs of a broker.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;

/// Where entries go and come from. Those of a partition are handed out one at a time, in the order in which
/// they came: the next once the one before is finished.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Lane {
    Out(u16),
    In(u16),
    /// Notifications of conversations that nobody knows yet.
    Unknown,
    /// Notifications of known consumers that came before others that belong before them.
    Early,
}

/// So many of those without a place are out at a time.
const MOST_WITHOUT_PLACE: u32 = 10_000;

impl Lane {
    /// How many of its entries are out at a time.
    pub(crate) fn most_out(self) -> u32 {
        match self {
            Lane::Out(_) | Lane::In(_) => 1,
            Lane::Unknown | Lane::Early => MOST_WITHOUT_PLACE,
        }
    }

    /// 0: of actions. 1: of what comes in.
    pub(super) fn direction(self) -> usize {
        usize::from(!matches!(self, Lane::Out(_)))
    }
}

/// Something that was appended to a lane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// Grows with each entry of its direction, unless the broker lost what it had: then numbers are given again.
    pub seq: u64,
    /// When it was appended, by the broker's clock, in nanoseconds.
    pub at: i64,
    pub body: Bytes,
    /// The time since it was appended, by the broker's clock as far as that is known; no more than that.
    pub age: Duration,
}

/// An entry that was handed to us. Nobody else has it until the takeover time is over; each
/// [`keep`](Broker::keep) begins that anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Delivered {
    pub entry: Entry,
    /// How often it was handed out, this time included.
    pub times: u64,
}

/// What became of what was appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Appended {
    pub seq: u64,
    /// It was there before, under the same id: that is its number.
    pub is_repeat: bool,
}

/// A record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    /// What [`put`](Broker::put) must be told to replace it.
    pub revision: u64,
    pub body: Bytes,
}

/// How much waits, in the lanes of both directions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    pub outgoing: u64,
    pub incoming: u64,
    /// Of both.
    pub bytes: u64,
}

/// Why something was not done, or perhaps was: `Away` says no more than that nobody confirmed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// Nobody answered in time: it may pass by itself.
    Away(String),
    /// There is no room for more.
    Full(String),
    /// The record has another revision.
    Changed,
    /// More than the broker takes at once.
    TooLong,
    /// It is not ours any more.
    Lost,
    /// It will not pass by itself.
    Refused(String),
}

/// Keeps entries, records and files for all nodes of a fleet. What it says is done is done, whatever dies
/// next. Each operation ends within its time limit, and any of them may be given up by dropping it.
///
/// That an entry is ours is the broker's word when it is handed out. Where its time ran out, another node has it
/// too: the broker takes the word of either for both.
pub(crate) trait Broker: 'static {
    /// An entry that was handed out, and what it takes to answer for it.
    type Delivery: Deref<Target = Delivered>;

    /// A name that the store has as long as it is there, whichever node asks, and no other has.
    fn name(&self) -> &str;

    /// Appends an entry. `once`: its id, by which it is known again for the time of its direction; where the
    /// broker was started anew, only as long as it was not finished.
    async fn append(
        &self,
        lane: Lane,
        once: Option<&str>,
        body: Bytes,
    ) -> Result<Appended, Trouble>;

    /// The next entry that nobody has; None if none comes in that time.
    async fn take(&self, lane: Lane, patience: Duration)
    -> Result<Option<Self::Delivery>, Trouble>;

    /// It is still being worked on. [`Trouble::Lost`] where the broker forgot that it handed it out, and gives it to
    /// whoever asks.
    async fn keep(&self, delivery: &Self::Delivery) -> Result<(), Trouble>;

    /// It is done, and gone for ever; but where the broker itself is killed within a moment (NATS: a second), it
    /// may come again. [`Trouble::Lost`] as for [`keep`](Broker::keep).
    async fn finish(&self, delivery: &Self::Delivery) -> Result<(), Trouble>;

    /// Somebody shall have it, or we again, in so much time. Nothing behind it in its lane is handed out before.
    async fn give_back(&self, delivery: &Self::Delivery, after: Duration) -> Result<(), Trouble>;

    /// An entry of that lane that came was done long ago. So the broker forgot something, and what it handed out before
    /// it did is behind that one.
    fn doubt_next(&self, lane: Lane);

    /// A record. Keys have letters, digits and `-_=/`, and dots between.
    async fn get(&self, key: &str) -> Result<Option<Kept>, Trouble>;

    /// Writes a record in place of that revision, and gives its new one; 0: there must be none.
    async fn put(&self, key: &str, revision: u64, body: Bytes) -> Result<u64, Trouble>;

    /// Removes a record, and leaves nothing behind.
    async fn forget(&self, key: &str) -> Result<(), Trouble>;

    /// Keeps a file, in place of one of the same name. Where that fails, parts of it may be there until it is put
    /// again, or dropped.
    async fn put_file(&self, name: &str, body: Bytes) -> Result<(), Trouble>;

    /// A file as it was put.
    async fn file(&self, name: &str) -> Result<Option<Bytes>, Trouble>;

    /// Removes a file and what is left of attempts to put it; one that is not there is no error.
    async fn drop_file(&self, name: &str) -> Result<(), Trouble>;

    /// Tells all nodes something, this one included. Who cannot hear it at present never does.
    async fn call(&self, what: Bytes) -> Result<(), Trouble>;

    /// The next that a node tells all.
    async fn called(&self) -> Bytes;

    async fn waiting(&self) -> Result<Waiting, Trouble>;

    /// How long an entry or a record may be.
    fn longest(&self) -> usize;

    /// Whether servers of a cluster keep it: another one that leads them may hand out an entry once more, and not say
    /// so.
    fn is_clustered(&self) -> bool;

    /// Whether there is a connection at present.
    fn is_there(&self) -> bool;
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Away(why) | Trouble::Full(why) | Trouble::Refused(why) => f.write_str(why),
            Trouble::Changed => f.write_str("it was changed meanwhile"),
            Trouble::TooLong => f.write_str("it is too long"),
            Trouble::Lost => f.write_str("it is another node's by now"),
        }
    }
}
