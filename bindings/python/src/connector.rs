//! `Connector`: a channel on an account as a whole.

use std::time::Duration;

use lpconnector::Config;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use crate::call::{call, detached, until_signal};
use crate::error::{raise, raise_of_action};
use crate::held::Held;
use crate::json;
use crate::options;
use crate::text::{optional_text, path, text, texts};
use crate::update::Update;
use crate::wait;
use crate::webhook::raw;

/// A channel on an account: takes what its consumers say, and tells what the agents answer.
///
/// Takes every option as a keyword, as `Client` does; `connector_store` is required. May be used
/// from any number of threads at once; each update goes to one of them. After a fork the child has
/// none. As a context manager it shuts down at the end and lets go of its store; as an iterator it
/// gives updates until then.
///
/// Logs as `Client` does, from threads of its own.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Connector {
    core: Held<lpconnector::Connector>,
}

#[pymethods]
impl Connector {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Connector> {
        let config = options::of_keywords(py, options)?;
        options::check_secret(py, &config, options)?;
        Connector::with(py, &config)
    }

    /// A connector with the options that the environment has, such as `LPC_CONNECTOR_STORE`;
    /// keywords come on top.
    #[classmethod]
    #[pyo3(signature = (**options))]
    fn from_env(
        class: &Bound<'_, PyType>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Connector> {
        Connector::with(class.py(), &options::of_env(class.py(), options)?)
    }

    /// A connector with the options of a file, which has lines such as
    /// `connector.store = sqlite:/var/lib/sms/queue.db`; keywords come on top.
    #[classmethod]
    #[pyo3(signature = (path, **options))]
    fn from_file(
        class: &Bound<'_, PyType>,
        path: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Connector> {
        Connector::with(class.py(), &options::of_file(path, options)?)
    }

    /// Where its endpoint listens, for example `https://127.0.0.1:8443/`; empty where
    /// `receiver_listen` is not set.
    #[getter]
    fn url(&self) -> &str {
        self.core.url()
    }

    /// Takes an action for a consumer; it is safe in the store when this returns. The same key of
    /// the same consumer again is taken for the same action, and not sent twice.
    #[pyo3(signature = (consumer_id, action, key=None))]
    fn submit(
        &self,
        consumer_id: &Bound<'_, PyString>,
        action: &Bound<'_, PyAny>,
        key: Option<&Bound<'_, PyString>>,
    ) -> PyResult<()> {
        let py = action.py();
        let consumer_id = text(consumer_id, "consumer_id")?;
        let action = json::given(action, "action")?;
        let key = optional_text(key, "key")?;
        let submitted = call(py, || Ok(self.core.submit(&consumer_id, &action, key.as_deref())))?;
        submitted.map_err(|error| raise_of_action(py, &error))
    }

    /// As `submit`, for a text.
    #[pyo3(signature = (consumer_id, text, key=None))]
    fn submit_text(
        &self,
        consumer_id: &Bound<'_, PyString>,
        text: &Bound<'_, PyString>,
        key: Option<&Bound<'_, PyString>>,
    ) -> PyResult<()> {
        let py = text.py();
        let consumer_id = self::text(consumer_id, "consumer_id")?;
        let text = self::text(text, "text")?;
        let key = optional_text(key, "key")?;
        let submitted =
            call(py, || Ok(self.core.submit_text(&consumer_id, &text, key.as_deref())))?;
        submitted.map_err(|error| raise_of_action(py, &error))
    }

    /// The next update, or `None` if none comes in so many seconds; without a timeout it waits
    /// until one comes.
    #[pyo3(signature = (timeout=None))]
    fn poll(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Update>> {
        let next = wait::next(py, timeout, |slice| self.core.poll(slice))?;
        next.map(|update| Update::of(py, update)).transpose()
    }

    /// Says that the program dealt with an update: it will not come again, and the next one of its
    /// consumer follows.
    fn ack(&self, py: Python<'_>, update: &Bound<'_, Update>) -> PyResult<()> {
        let update = update.get().core(py)?;
        call(py, || self.core.ack(update))
    }

    /// Says that the program could not deal with an update now: it is given out again, after so
    /// many seconds. Other updates of its consumer wait for it.
    #[pyo3(signature = (update, after=0.0))]
    fn nack(&self, py: Python<'_>, update: &Bound<'_, Update>, after: f64) -> PyResult<()> {
        let after = wait::seconds(py, after, "after")?;
        let update = update.get().core(py)?;
        call(py, || self.core.nack(update, after))
    }

    /// A file descriptor that is readable while `poll` would not wait; -1 where there is none.
    fn fileno(&self) -> i32 {
        self.core.fd().unwrap_or(-1)
    }

    /// Takes what the service posted to the program's own web server; it is safe in the store when
    /// this returns.
    fn receive(&self, body: &Bound<'_, PyAny>, signature: &Bound<'_, PyString>) -> PyResult<()> {
        let py = body.py();
        let body = raw(body)?;
        // One that is no text is none of ours either.
        let signature = signature.to_string_lossy();
        call(py, || self.core.receive(&body, &signature))
    }

    /// Fetches a file that an agent sent to the consumer into a file of this machine, in place of
    /// one that is there. Nobody ever sees half of it.
    fn download_file(
        &self,
        consumer_id: &Bound<'_, PyString>,
        relative_path: &Bound<'_, PyString>,
        to_path: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = consumer_id.py();
        let consumer_id = text(consumer_id, "consumer_id")?;
        let relative_path = text(relative_path, "relative_path")?;
        let to_path = path(to_path, "to_path")?;
        call(py, || self.core.download_file(&consumer_id, &relative_path, &to_path))
    }

    /// Uses the first of these secrets for AppJWTs from now on, and takes notifications that were
    /// signed with any of them: a rotated secret, without a restart.
    fn set_credentials(
        &self,
        client_id: &Bound<'_, PyString>,
        client_secret: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let id = text(client_id, "client_id")?;
        let secrets = texts(client_secret, "client_secret")?;
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let set = self.core.set_credentials(&id, &secrets);
        set.map_err(|error| raise(client_id.py(), &error))
    }

    /// What the connector has done so far, and what it holds.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::of(py, &call(py, || self.core.stats())?)
    }

    /// The same as `stats`, as text in the exposition format of Prometheus.
    fn prometheus(&self, py: Python<'_>) -> PyResult<String> {
        Ok(call(py, || self.core.stats())?.prometheus())
    }

    /// Takes nothing new, goes on sending for at most so many seconds, and stops. `poll` and
    /// iterations give what the program was not told yet; then `poll` raises `Closed`, and
    /// iterations end.
    #[pyo3(signature = (drain=0.0))]
    fn shutdown(&self, py: Python<'_>, drain: f64) -> PyResult<()> {
        let drain = wait::seconds(py, drain, "drain")?;
        let stop = || self.core.shutdown(Duration::ZERO);
        if drain.is_zero() {
            detached(py, stop);
            return Ok(());
        }
        until_signal(py, || self.core.shutdown(drain), stop)
    }

    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Update>> {
        let next = self.poll(py, None);
        // In a child after a fork it has not ended: there is none.
        match next {
            Err(error) if self.core.is_of_this_process() && wait::is_closed(py, &error)? => {
                Ok(None)
            }
            other => other,
        }
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _exc_type: &Bound<'_, PyAny>,
        _exc_value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) {
        detached(py, || self.core.release());
    }

    fn __repr__(&self) -> String {
        format!("<lpconnector.Connector url={:?}>", self.core.url())
    }
}

impl Connector {
    fn with(py: Python<'_>, config: &Config) -> PyResult<Connector> {
        Ok(Connector { core: Held::new(call(py, || lpconnector::Connector::new(config))?) })
    }
}
