//! What a fault proxy can do to a connection.

use std::time::Duration;

/// One thing that goes wrong. The first three concern a connection as it is accepted, all others a
/// request and its answer.
///
/// A request begins with the first bytes of a client, and after that with the first bytes that
/// follow a whole request, as HTTP counts it. Over TLS nobody in between knows what the bytes mean:
/// there every burst of the client counts as a request that follows bytes of the server, the
/// bursts of the handshake among them, and only [`Fault::ResetUnread`], [`Fault::ResetRead`],
/// [`Fault::Stall`], [`Fault::Drip`] and [`Fault::Cut`] can happen. The others wait for a plain
/// request, and so do those behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection is accepted and reset at once.
    Reset,
    /// The connection is accepted; nothing is ever read from it or written to it.
    Silent,
    /// The connection is accepted, these bytes are sent at once, then FIN. What the client sends is
    /// read and dropped.
    Garbage(Vec<u8>),
    /// The connection is reset at the first bytes of the request, which goes nowhere.
    ResetUnread,
    /// The server gets the request and answers; the connection is reset in place of the answer.
    ResetRead,
    /// The server gets the request; nothing more comes from it until the client leaves.
    Stall,
    /// The answer comes byte by byte.
    Drip {
        /// Between two bytes.
        pause: Duration,
    },
    /// The first half of the answer's head, then FIN.
    CutHead,
    /// The answer's head and the first half of its body, then FIN.
    CutBody,
    /// So many bytes of the answer, then FIN; all of it, if it has no more. Over TLS it concerns
    /// the bytes up to the next request, and without so many of them there is no FIN.
    Cut(usize),
    /// The whole answer, then FIN. What the client sends after that is read and dropped.
    HalfClose,
    /// The whole answer and, in the same write, these bytes. The connection stays.
    Surplus(Vec<u8>),
    /// The request is read and goes nowhere; something else is the answer.
    Instead {
        /// The answer: head and body, or whatever is to be in their place.
        bytes: Vec<u8>,
        /// What follows it.
        then: Then,
    },
}

impl Fault {
    /// Whether it concerns a connection as it is accepted.
    pub(crate) fn at_accept(&self) -> bool {
        matches!(self, Fault::Reset | Fault::Silent | Fault::Garbage(_))
    }

    /// Whether it can happen to bytes of which nobody knows what they mean.
    pub(crate) fn blind(&self) -> bool {
        matches!(
            self,
            Fault::ResetUnread
                | Fault::ResetRead
                | Fault::Stall
                | Fault::Drip { .. }
                | Fault::Cut(_)
        )
    }
}

/// What follows the bytes of [`Fault::Instead`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Then {
    /// FIN.
    Close,
    /// Nothing, until the client leaves.
    Stall,
    /// This piece again and again, until the client leaves; an empty one is as [`Then::Stall`].
    Repeat(Vec<u8>),
}
