//! `Consumer`: an end user.

use lpconnector::{AttachOptions, OpenOptions};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::call::call;
use crate::conversation::Conversation;
use crate::error::raise;
use crate::json::{self, dumped, given};
use crate::keywords::Keywords;
use crate::response::Response;
use crate::text::text;

/// An end user of the account. May be used from any number of threads at once.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Consumer {
    core: lpconnector::Consumer,
}

#[pymethods]
impl Consumer {
    /// The ConsumerJWS, to keep for `Client.consumer_from_jws`; fetched if this is the first use.
    /// It is a secret: whoever has it can speak as the consumer.
    fn jws(&self, py: Python<'_>) -> PyResult<&str> {
        call(py, || self.core.jws())
    }

    /// The id that the service gave the consumer: the originatorId of the consumer's own events.
    /// The ConsumerJWS is fetched if this is the first use.
    fn lp_id(&self, py: Python<'_>) -> PyResult<&str> {
        call(py, || self.core.lp_id())
    }

    /// Opens a conversation, with the consumer's profile and first message in the same round trip
    /// if they are given.
    #[pyo3(signature = (
        *, profile=None, campaign=None, context=None, skill_id=None, ttr=None, first_message=None,
        client_properties=None, features=None
    ))]
    // One argument for each keyword.
    #[allow(clippy::too_many_arguments)]
    fn open(
        &self,
        py: Python<'_>,
        profile: Option<&Bound<'_, PyAny>>,
        campaign: Option<&Bound<'_, PyAny>>,
        context: Option<&Bound<'_, PyAny>>,
        skill_id: Option<&Bound<'_, PyAny>>,
        ttr: Option<&Bound<'_, PyString>>,
        first_message: Option<&Bound<'_, PyString>>,
        client_properties: Option<&Bound<'_, PyAny>>,
        features: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Conversation> {
        let options = Keywords::default()
            .with("profile", "profile", profile, given)?
            .with("campaign", "campaign", campaign, given)?
            .with("context", "context", context, given)?
            .with("skillId", "skill_id", skill_id, dumped)?
            .with("ttr", "ttr", ttr, dumped)?
            .with("firstMessage", "first_message", first_message, dumped)?
            .with("clientProperties", "client_properties", client_properties, given)?
            .with("features", "features", features, dumped)?;
        let options = OpenOptions::from_json(&options.json());
        let options = options.map_err(|error| raise(py, &error))?;
        call(py, || self.core.open(&options)).map(Conversation::new)
    }

    /// Goes on with a conversation opened earlier, in its first dialog or in another, such as a
    /// survey. Sends nothing.
    #[pyo3(signature = (
        conversation_id, *, dialog_id=None, client_properties=None, features=None
    ))]
    fn attach(
        &self,
        conversation_id: &Bound<'_, PyString>,
        dialog_id: Option<&Bound<'_, PyString>>,
        client_properties: Option<&Bound<'_, PyAny>>,
        features: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Conversation> {
        let py = conversation_id.py();
        let id = text(conversation_id, "conversation_id")?;
        let options = Keywords::default()
            .with("dialogId", "dialog_id", dialog_id, dumped)?
            .with("clientProperties", "client_properties", client_properties, given)?
            .with("features", "features", features, dumped)?;
        let conversation = AttachOptions::from_json(&options.json())
            .and_then(|options| self.core.attach(&id, &options));
        conversation.map(Conversation::new).map_err(|error| raise(py, &error))
    }

    /// Sends one request, written by the caller, to SEND: the way out for what has no method.
    ///
    /// Takes JSON as `str` or `bytes`, which goes out as it is, or an object for `json.dumps`. Its
    /// `id` is kept (a string of 1 to 64 characters or a number); a missing one is filled in.
    fn send_json(&self, request: &Bound<'_, PyAny>) -> PyResult<Response> {
        let py = request.py();
        let request = json::request(request, "request")?;
        call(py, || self.core.send_json(&request)).map(Response::new)
    }

    /// Sends an array of requests, written by the caller, to CONVERSATION, with ids as in
    /// `send_json`. The `body` of the response is the list of all answers.
    fn batch_json(&self, requests: &Bound<'_, PyAny>) -> PyResult<Response> {
        let py = requests.py();
        let requests = json::request(requests, "requests")?;
        call(py, || self.core.batch_json(&requests)).map(Response::new)
    }

    fn __repr__(&self) -> &'static str {
        "<lpconnector.Consumer>"
    }
}

impl Consumer {
    pub(crate) fn new(core: lpconnector::Consumer) -> Consumer {
        Consumer { core }
    }
}
