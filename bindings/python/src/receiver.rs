//! `Receiver`: an endpoint for webhooks, for programs without a web server.

use lpconnector::Config;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use crate::call::{call, detached};
use crate::error::raise;
use crate::held::Held;
use crate::json;
use crate::notification::Notification;
use crate::options;
use crate::text::{text, texts};
use crate::wait;

/// An endpoint for webhooks, for programs that have no web server of their own: it listens, checks
/// signatures, and queues.
///
/// Takes every option as a keyword, as `Client` does. May be used from any number of threads at
/// once; each notification goes to one of them. After a fork the child has none. As a context
/// manager it shuts down at the end; as an iterator it gives notifications until then.
///
/// Logs as `Client` does, from the thread that listens.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Receiver {
    core: Held<lpconnector::Receiver>,
}

#[pymethods]
impl Receiver {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Receiver> {
        Receiver::with(py, &options::of_keywords(py, options)?)
    }

    /// A receiver with the options that the environment has, such as `LPC_RECEIVER_LISTEN`;
    /// keywords come on top.
    #[classmethod]
    #[pyo3(signature = (**options))]
    fn from_env(
        class: &Bound<'_, PyType>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Receiver> {
        Receiver::with(class.py(), &options::of_env(class.py(), options)?)
    }

    /// A receiver with the options of a file, which has lines such as
    /// `receiver.listen = 0.0.0.0:8443`; keywords come on top.
    #[classmethod]
    #[pyo3(signature = (path, **options))]
    fn from_file(
        class: &Bound<'_, PyType>,
        path: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Receiver> {
        Receiver::with(class.py(), &options::of_file(path, options)?)
    }

    /// Where it listens, for example `https://127.0.0.1:8443/`.
    #[getter]
    fn url(&self) -> &str {
        self.core.url()
    }

    /// The next notification, or `None` if none comes in so many seconds; without a timeout it
    /// waits until one comes.
    #[pyo3(signature = (timeout=None))]
    fn poll(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Notification>> {
        let next = wait::next(py, timeout, |slice| self.core.poll(slice))?;
        Ok(next.map(Notification::new))
    }

    /// Takes notifications for this app install and with these secrets from now on, in place of
    /// those of `client_id` and `receiver_secret` or `client_secret`: a rotated secret, without a
    /// restart.
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

    /// Says that the program dealt with a notification: it will not come again.
    fn ack(&self, py: Python<'_>, notification: &Bound<'_, Notification>) -> PyResult<()> {
        let notification = notification.get();
        call(py, || self.core.ack(notification.core()))
    }

    /// Says that the program could not deal with a notification now: it is given out again, after
    /// so many seconds.
    #[pyo3(signature = (notification, after=0.0))]
    fn nack(
        &self,
        py: Python<'_>,
        notification: &Bound<'_, Notification>,
        after: f64,
    ) -> PyResult<()> {
        let after = wait::seconds(py, after, "after")?;
        let notification = notification.get();
        call(py, || self.core.nack(notification.core(), after))
    }

    /// A file descriptor that is readable while `poll` would not wait; -1 where there is none.
    fn fileno(&self) -> i32 {
        self.core.fd().unwrap_or(-1)
    }

    /// What the receiver has done so far, and what it holds.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::of(py, &call(py, || self.core.stats())?)
    }

    /// The same as `stats`, as text in the exposition format of Prometheus.
    fn prometheus(&self, py: Python<'_>) -> PyResult<String> {
        Ok(call(py, || self.core.stats())?.prometheus())
    }

    /// Stops listening; the service is no longer answered. `poll` and iterations give what is
    /// queued; then `poll` raises `Closed`, and iterations end.
    fn shutdown(&self, py: Python<'_>) {
        detached(py, || self.core.shutdown());
    }

    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Notification>> {
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
        format!("<lpconnector.Receiver url={:?}>", self.core.url())
    }
}

impl Receiver {
    fn with(py: Python<'_>, config: &Config) -> PyResult<Receiver> {
        Ok(Receiver { core: Held::new(call(py, || lpconnector::Receiver::new(config))?) })
    }
}
