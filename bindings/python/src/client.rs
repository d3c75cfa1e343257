//! `Client`: one account.

use lpconnector::Config;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use crate::call::{call, detached};
use crate::consumer::Consumer;
use crate::error::raise;
use crate::json;
use crate::options;
use crate::text::{optional_text, text};

/// An account's connector.
///
/// Takes every option as a keyword, with underscores for dots; `None` is as if not given. Lists may
/// be given for options that take several values, and a mapping for `client_properties`. Sends
/// nothing by itself. May be used from any number of threads at once, and after a fork in parent and
/// child. As a context manager it shuts down at the end.
///
/// Logs to `logging.getLogger("lpconnector")`, what the logger's effective level lets pass when the
/// client is made.
#[pyclass(frozen, module = "lpconnector")]
pub(crate) struct Client {
    core: lpconnector::Client,
    account_id: String,
    pool_max_connections: u32,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(py: Python<'_>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Client> {
        let config = options::of_keywords(py, options)?;
        options::check_secret(py, &config, options)?;
        Client::with(py, &config)
    }

    /// A client with the options that the environment has, such as `LPC_ACCOUNT_ID`; keywords
    /// come on top.
    #[classmethod]
    #[pyo3(signature = (**options))]
    fn from_env(
        class: &Bound<'_, PyType>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Client> {
        Client::with(class.py(), &options::of_env(class.py(), options)?)
    }

    /// A client with the options of a file, which has lines such as `account.id = 64467156`;
    /// keywords come on top.
    #[classmethod]
    #[pyo3(signature = (path, **options))]
    fn from_file(
        class: &Bound<'_, PyType>,
        path: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Client> {
        Client::with(class.py(), &options::of_file(path, options)?)
    }

    /// So many connections to one host are kept.
    #[getter]
    fn _pool_max_connections(&self) -> u32 {
        self.pool_max_connections
    }

    /// The account's id.
    #[getter]
    fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The consumer whom the connector knows by this id. Sends nothing: the ConsumerJWS is
    /// fetched at the first use, once, and kept.
    fn consumer(&self, ext_consumer_id: &Bound<'_, PyString>) -> PyResult<Consumer> {
        let id = text(ext_consumer_id, "ext_consumer_id")?;
        let consumer = self.core.consumer(&id);
        consumer.map(Consumer::new).map_err(|error| raise(ext_consumer_id.py(), &error))
    }

    /// A consumer by a ConsumerJWS kept from earlier; it never expires. Sends nothing.
    fn consumer_from_jws(&self, jws: &Bound<'_, PyString>) -> PyResult<Consumer> {
        let consumer = self.core.consumer_from_jws(&text(jws, "jws")?);
        consumer.map(Consumer::new).map_err(|error| raise(jws.py(), &error))
    }

    /// Uses this AppJWT for all later calls, or with `None` none of the caller's: then AppJWTs are
    /// obtained with `client_id` and `client_secret`.
    fn set_app_jwt(&self, py: Python<'_>, jwt: Option<&Bound<'_, PyString>>) -> PyResult<()> {
        let jwt = optional_text(jwt, "jwt")?;
        self.core.set_app_jwt(jwt.as_deref()).map_err(|error| raise(py, &error))
    }

    /// Uses these credentials for AppJWTs obtained from now on: a rotated secret, without a
    /// restart. The AppJWT in use stays until it ends or is refused.
    fn set_credentials(
        &self,
        client_id: &Bound<'_, PyString>,
        client_secret: &Bound<'_, PyString>,
    ) -> PyResult<()> {
        let id = text(client_id, "client_id")?;
        let secret = text(client_secret, "client_secret")?;
        self.core.set_credentials(&id, &secret).map_err(|error| raise(client_id.py(), &error))
    }

    /// What the client has done so far, in this process: after a fork the child counts from 0.
    /// Sends nothing.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::of(py, &self.core.stats())
    }

    /// The same as `stats`, as text in the exposition format of Prometheus.
    fn prometheus(&self) -> String {
        self.core.stats().prometheus()
    }

    /// Ends the client for good: calls in flight in other threads raise `Closed`, whatever they
    /// wait for; later ones raise it, too.
    fn shutdown(&self, py: Python<'_>) {
        detached(py, || self.core.shutdown());
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
        self.shutdown(py);
    }

    fn __repr__(&self) -> String {
        format!("<lpconnector.Client account_id={:?}>", self.account_id)
    }
}

impl Client {
    fn with(py: Python<'_>, config: &Config) -> PyResult<Client> {
        // Reading certificates takes a moment, in which other threads may run.
        let core = call(py, || lpconnector::Client::new(config))?;
        let account_id = config.get("account.id").unwrap_or_default().to_owned();
        let pool = config.get("pool.max.connections").and_then(|size| size.parse().ok());
        Ok(Client { core, account_id, pool_max_connections: pool.unwrap_or_default() })
    }
}
