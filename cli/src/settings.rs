//! The settings, which are those of every program with the library.

use std::path::PathBuf;

use clap::Args;
use lpconnector::{Config, LogLevel};

use crate::failure::Failure;
use crate::output::say;

/// Where the settings come from; what comes later wins.
#[derive(Args)]
pub(crate) struct Settings {
    /// Read settings from a file with lines such as `account.id = 64467156`, over those of the
    /// environment
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Set an option, over file and environment; may be repeated. Others can see arguments: a secret
    /// belongs into a file or the environment
    #[arg(long = "set", value_name = "NAME=VALUE", global = true)]
    set: Vec<String>,
    /// Say on the standard error what the library does
    #[arg(short, long, global = true)]
    verbose: bool,
}

impl Settings {
    /// The settings, over these of the command's own.
    pub(crate) fn over(&self, own: &[(&str, &str)]) -> Result<Config, Failure> {
        let mut config = Config::new();
        for (name, value) in own {
            config.set(name, value)?;
        }
        config.load_env()?;
        if let Some(path) = &self.config {
            config.load_file(path)?;
        }
        for option in &self.set {
            // What is no option is not repeated: it may be a secret.
            let (name, value) = option.split_once('=').ok_or_else(|| {
                Failure::Usage("--set takes NAME=VALUE, for example account.id=64467156".to_owned())
            })?;
            config.set(name.trim(), value)?;
        }
        let level = if self.verbose { LogLevel::Trace } else { LogLevel::Warn };
        let all = self.verbose;
        config.set_log(level, move |level, line| {
            // What ends a call is told at its end.
            if all || level == LogLevel::Warn {
                say(line);
            }
        });
        Ok(config)
    }
}
