//! The Python layer: classes over the core's handles, one file for each.

mod call;
mod client;
mod connector;
mod consumer;
mod content;
mod conversation;
mod ending;
mod error;
mod held;
mod json;
mod keywords;
mod log;
mod notification;
mod options;
mod progress;
mod receiver;
mod response;
mod text;
mod update;
mod wait;
mod webhook;

use pyo3::pymodule;

/// lpconnector's native module; import `lpconnector` instead.
#[pymodule(gil_used = false)]
mod _lpconnector {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::client::Client;
    #[pymodule_export]
    use crate::connector::Connector;
    #[pymodule_export]
    use crate::consumer::Consumer;
    #[pymodule_export]
    use crate::conversation::Conversation;
    #[pymodule_export]
    use crate::ending::{end, forked};
    #[pymodule_export]
    use crate::notification::kept;
    #[pymodule_export]
    use crate::notification::{Notification, NotificationEvent};
    #[pymodule_export]
    use crate::receiver::Receiver;
    #[pymodule_export]
    use crate::response::Response;
    #[pymodule_export]
    use crate::update::{Update, told};
    #[pymodule_export]
    use crate::webhook::{parse_notification, verify_webhook};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", lpconnector::VERSION)?;
        let keys: Vec<String> =
            lpconnector::Config::keys().map(|key| key.replace('.', "_")).collect();
        module.add("OPTIONS", keys)
    }
}
