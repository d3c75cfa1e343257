//! The configuration handle.

use std::ffi::{CString, c_char};

use crate::base::error::Error;
use crate::config::configuration::Config;
use crate::ffi::error::{lpc_error, lpc_status};
use crate::ffi::outcome::status;
use crate::ffi::pointer::{c_string, free, handle, handle_mut, read, text};

/// Options of a client, set as text. Belongs to one thread at a time.
pub struct lpc_config {
    pub(super) config: Config,
    /// What lpc_config_get() gave out, by key.
    shown: std::cell::RefCell<std::collections::BTreeMap<String, CString>>,
}

/// A configuration in which every option has its default; never NULL. The caller frees it with
/// lpc_config_free(). Any thread may call this.
#[unsafe(no_mangle)]
pub extern "C" fn lpc_config_new() -> *mut lpc_config {
    let config = lpc_config { config: Config::new(), shown: Default::default() };
    Box::into_raw(Box::new(config))
}

/// Sets an option. The keys, their values and defaults are listed in CONFIGURATION.md; an empty value
/// puts the default back.
///
/// `config`: from lpc_config_new(). `key`: for example "account.id". `value`: the value as text;
/// it is copied. `err`: may be NULL.
///
/// LPC_INVALID_ARGUMENT for NULL or text that is not UTF-8. LPC_CONFIG for a key that does not
/// exist or a value that the option does not take: the message says which key may have been meant,
/// or which values are allowed. The configuration is unchanged after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_config_set(
    config: *mut lpc_config,
    key: *const c_char,
    value: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let config = handle_mut(config, "config")?;
        let key = text(key, "key")?;
        config.config.set(key, text(value, "value")?)?;
        config.shown.get_mut().remove(key);
        Ok(())
    })
}

/// Sets every option for which the environment has a variable: LPC_ and the key in upper case
/// with underscores for dots, for example LPC_ACCOUNT_ID. Other variables are ignored; of one that
/// looks like a misspelt option, whatever is made with `config` logs a line of level WARN.
///
/// `config`: from lpc_config_new(). `err`: may be NULL.
///
/// LPC_CONFIG as for lpc_config_set(), naming the variable; variables before the faulty one are
/// set then. No other thread may change the environment meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_config_load_env(
    config: *mut lpc_config,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let config = handle_mut(config, "config")?;
        let loaded = config.config.load_env();
        config.forget_changed();
        loaded
    })
}

/// Sets the options of a file with lines `key = value`. Empty lines and lines that begin with `#`
/// are ignored; space around keys and values is, too.
///
/// `config`: from lpc_config_new(). `path`: name of the file, UTF-8. `err`: may be NULL.
///
/// LPC_IO if the file cannot be read. LPC_CONFIG as for lpc_config_set(), naming file and line;
/// lines before the faulty one are set then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_config_load_file(
    config: *mut lpc_config,
    path: *const c_char,
    err: *mut *mut lpc_error,
) -> lpc_status {
    status(err, || {
        let config = handle_mut(config, "config")?;
        let path = text(path, "path")?;
        let loaded = config.config.load_file(path);
        config.forget_changed();
        loaded
    })
}

/// The value of an option, or its default. A secret that is set reads as "***". NULL if the
/// option has neither value nor default, if the key does not exist, and for NULL.
///
/// Borrowed: valid until the configuration is freed or the option is set again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_config_get(
    config: *const lpc_config,
    key: *const c_char,
) -> *const c_char {
    read(config, std::ptr::null(), |config| {
        let Ok(key) = text(key, "key") else { return std::ptr::null() };
        let Some(value) = config.config.get(key) else { return std::ptr::null() };
        let mut shown = config.shown.borrow_mut();
        shown.entry(key.to_owned()).or_insert_with(|| c_string(value)).as_ptr()
    })
}

/// Frees a configuration, and every string borrowed from it. Clients made from it are not
/// affected. Freeing NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lpc_config_free(config: *mut lpc_config) {
    free(config);
}

impl lpc_config {
    /// Drops what lpc_config_get() gave out of options that were set to something else since.
    fn forget_changed(&mut self) {
        let config = &self.config;
        self.shown
            .get_mut()
            .retain(|key, shown| config.get(key).is_some_and(|now| c_string(now) == *shown));
    }

    pub(super) fn of<'a>(config: *const lpc_config) -> Result<&'a Config, Error> {
        Ok(&handle(config, "config")?.config)
    }
}
