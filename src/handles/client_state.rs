//! What all handles of one client share, and the calls that they make.

use ureq::http::HeaderValue;

use crate::base::callback;
use crate::base::deadline::Deadline;
use crate::base::error::Error;
use crate::base::process::{Mine, PerProcess};
use crate::config::settings::Settings;
use crate::service::session::{Session, SessionParts};

/// What all handles of one client share.
pub(crate) struct ClientState {
    /// The Client-Properties header of raw requests.
    pub properties: Option<HeaderValue>,
    parts: SessionParts,
    session: PerProcess<Session>,
}

/// One call of a program: in which process, and until when.
pub(crate) struct Call {
    pub session: Mine<Session>,
    pub deadline: Deadline,
}

impl ClientState {
    pub(crate) fn new(parts: SessionParts, properties: Option<HeaderValue>) -> ClientState {
        ClientState { properties, parts, session: PerProcess::new() }
    }

    /// A call that begins now.
    ///
    /// # Errors
    /// [`Status::Closed`] after a shutdown, [`Status::InvalidArgument`] inside a log function.
    pub(crate) fn call(&self) -> Result<Call, Error> {
        callback::check_outside()?;
        // The session first, so that a shutdown finds what it has to interrupt.
        let session = self.session.get(|| Session::new(&self.parts));
        session.exchange.shutdown.check()?;
        Ok(Call { session, deadline: Deadline::after(self.settings().call_timeout) })
    }

    /// What this process has made of it, if anything.
    pub(crate) fn session(&self) -> Option<Mine<Session>> {
        self.session.peek()
    }

    pub(crate) fn parts(&self) -> &SessionParts {
        &self.parts
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.parts.settings
    }
}
