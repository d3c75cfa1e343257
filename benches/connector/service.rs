//! The service of a measurement, and what finds it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use lpconnector::{Config, Connector};
use serde_json::Value;

/// Where a child finds it.
const SERVICE: &str = "BENCH_SERVICE";

pub struct Service {
    process: Child,
    /// The variables of its clients.
    pub variables: Value,
}

impl Service {
    pub fn start(round_trip_ms: u64) -> Service {
        let program = std::env::var("BENCH_SERVER")
            .expect("BENCH_SERVER names the program of benches/server");
        let mut process = Command::new(program)
            .env("BENCH_ROUND_TRIP_MS", round_trip_ms.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let said: Value = serde_json::from_str(&ready).unwrap();
        Service { process, variables: said["https"].clone() }
    }

    /// Tells a child of it.
    pub fn of(&self, child: &mut Command) {
        child.env(SERVICE, self.variables.to_string());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// What a child knows of it.
fn variables() -> Value {
    serde_json::from_str(&std::env::var(SERVICE).unwrap()).unwrap()
}

/// The account of a child.
pub fn account() -> String {
    variables()["LPC_ACCOUNT_ID"].as_str().unwrap().to_owned()
}

/// The configuration of a child.
pub fn config(options: &[(&str, &str)]) -> Config {
    let variables = variables();
    let mut config = Config::new();
    for (name, value) in variables.as_object().unwrap() {
        if let Some(key) = name.strip_prefix("LPC_") {
            let key = key.to_lowercase().replace('_', ".");
            config.set(&key, value.as_str().unwrap()).unwrap();
        }
    }
    options.iter().for_each(|(key, value)| config.set(key, value).unwrap());
    config
}

/// A child's connector.
pub fn connector(store: &str, options: &[(&str, &str)]) -> Connector {
    Connector::new(&config(&[&[("connector.store", store)], options].concat())).unwrap()
}
