//! A clock that is set back between two lives of a connector makes nothing old, and no key unknown.

use std::process::Command;
use std::time::Duration;

use lpc_sandbox::{Account, Options, Sandbox};
use lpconnector::{Config, Connector, UpdateKind};
use tempfile::TempDir;

#[path = "../store/faults.rs"]
mod faults;

/// Which life it is.
const LIFE: &str = "TEST_LIFE";

#[test]
#[ignore = "a part of the other test"]
fn life() {
    let Ok(life) = std::env::var(LIFE) else { return };
    let mut config = Config::new();
    config.load_env().unwrap();
    let connector = Connector::new(&config).unwrap();
    connector.submit_text("a", "Hi", Some("k")).unwrap();
    let is_second = life == "second";
    assert_eq!(connector.stats().unwrap().repeated_keys, u64::from(is_second));
    if !is_second {
        return;
    }
    loop {
        let update = connector.poll(Duration::from_secs(60)).unwrap().unwrap();
        connector.ack(&update).unwrap();
        match update.kind() {
            UpdateKind::Opened => {}
            UpdateKind::Sent => break,
            kind => panic!("{kind:?} {:?}", update.error()),
        }
    }
}

fn live(sandbox: &Sandbox, account: &Account, directory: &TempDir, more: &[(&str, &str)]) {
    let store = format!("sqlite:{}", directory.path().join("queue.db").display());
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "clock::life"])
        .env("LD_PRELOAD", faults::library())
        .envs(sandbox.variables(account))
        .env("LPC_CONNECTOR_STORE", store)
        .env("LPC_CONNECTOR_ECHO_WAIT_MS", "1")
        .envs(more.iter().copied())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
#[cfg(target_os = "linux")]
fn a_clock_that_is_set_back_makes_nothing_old_and_no_key_unknown() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let account = sandbox.new_account();
    let directory = tempfile::tempdir().unwrap();
    let in_two_days = (2 * 24 * 60 * 60).to_string();
    let away = [
        (LIFE, "first"),
        ("FAULTS_CLOCK", &in_two_days),
        ("LPC_DOMAIN_MESSAGING", "http://127.0.0.1:1"),
    ];
    live(&sandbox, &account, &directory, &away);
    live(&sandbox, &account, &directory, &[(LIFE, "second")]);
    assert_eq!(sandbox.conversations(&account.id).len(), 1);
}
