//! The lines of the core's log, for `logging.getLogger("lpconnector")`.

use lpconnector::{Config, LogLevel};
use pyo3::prelude::*;

use crate::call::keep;
use crate::ending;

/// Gives the lines of the configuration's clients to the package's logger: those that it lets pass
/// now, so that a quiet logger costs nothing.
pub(crate) fn listen(py: Python<'_>, config: &mut Config) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", ("lpconnector",))?;
    let least: i32 = logger.call_method0("getEffectiveLevel")?.extract()?;
    // The last one that passes lets most lines pass.
    let passing = LogLevel::ALL.into_iter().rfind(|level| number(*level) >= least);
    let Some(level) = passing.filter(|level| *level != LogLevel::Off) else { return Ok(()) };
    let logger = logger.unbind();
    config.set_log(level, move |level, line| {
        // While the interpreter ends, there is nobody left to tell.
        let Some(_inside) = ending::enter() else { return };
        Python::try_attach(|py| tell(py, &logger, level, line));
    });
    Ok(())
}

fn tell(py: Python<'_>, logger: &Py<PyAny>, level: LogLevel, line: &str) {
    let logged = logger.call_method1(py, "log", (number(level), line));
    if let Some(error) = logged.err().and_then(|error| keep(py, error)) {
        error.write_unraisable(py, Some(logger.bind(py)));
    }
}

/// The level as Python's `logging` counts; it has no name for `TRACE`.
fn number(level: LogLevel) -> i32 {
    match level {
        LogLevel::Off => i32::MAX,
        LogLevel::Error => 40,
        LogLevel::Warn => 30,
        LogLevel::Info => 20,
        LogLevel::Debug => 10,
        // `TRACE`, and what later versions add.
        _ => 5,
    }
}
