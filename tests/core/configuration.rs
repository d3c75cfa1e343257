//! `CONFIGURATION.md` is what the table of options says.

use std::io::Write;

use lpconnector::{Config, Connector, LogLevel};

/// Set for the part of a test that runs in a process with an environment of its own.
const INSIDE: &str = "INSIDE_ANOTHER_ENVIRONMENT";

#[test]
fn a_variable_that_looks_like_an_option_is_logged() {
    let ran = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "configuration::in_an_environment"])
        .env(INSIDE, "1")
        .env("LPC_CONNECTOR_STOR", "s3cr3t")
        .env("LPC_CLIENT_SECERT", "s3cr3t")
        .env("LPC_OF_ANOTHER_PROGRAM", "s3cr3t")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}");
    let lines: Vec<_> = said.lines().filter(|line| line.starts_with("logged ")).collect();
    let of = |name: &str, meant: &str| {
        format!("logged Warn environment variable {name} is no option: was {meant} meant?")
    };
    assert_eq!(
        lines,
        [
            of("LPC_CLIENT_SECERT", "LPC_CLIENT_SECRET"),
            of("LPC_CONNECTOR_STOR", "LPC_CONNECTOR_STORE"),
        ]
    );
}

#[test]
#[ignore = "a part of another test"]
fn in_an_environment() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let mut config = Config::new();
    config.load_env().unwrap();
    // Whenever the program says where lines go.
    config.set_log(LogLevel::Warn, |level, line| {
        writeln!(std::io::stdout(), "logged {level:?} {line}").unwrap();
    });
    Connector::new(&config).unwrap_err();
}

#[test]
fn the_page_in_the_tree_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CONFIGURATION.md");
    let page = Config::documentation();
    if std::env::var_os("LPC_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let in_tree = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == in_tree,
        "CONFIGURATION.md is not what src/config/options.rs says: run `make docs`"
    );
}
