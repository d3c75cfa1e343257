//! One call of a program, handed down to every request that it needs.

use crate::base::deadline::Deadline;
use crate::config::configuration::Settings;
use crate::handles::client::{Local, Shared};

/// For which client, in which process, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub client: &'a Shared,
    /// Found once for each call: whether the process is still the same, only the system knows.
    pub local: &'a Local,
    pub deadline: Deadline,
}

impl<'a> Call<'a> {
    pub(crate) fn settings(&self) -> &'a Settings {
        &self.client.settings
    }

    /// The same with another deadline.
    pub(crate) fn by(self, deadline: Deadline) -> Call<'a> {
        Call { deadline, ..self }
    }
}
