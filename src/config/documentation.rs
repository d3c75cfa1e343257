//! CONFIGURATION.md, made from the table of options.

use crate::config::options::OPTIONS;

/// CONFIGURATION.md: the table for people.
pub(crate) fn documentation() -> String {
    let mut page = String::from(INTRODUCTION);
    for option in OPTIONS {
        let default = option.default.map(|value| format!("`{value}`")).unwrap_or_default();
        let secret = if option.secret { " Secret." } else { "" };
        let (key, takes, text) = (option.key, option.kind.takes(), option.text);
        page.push_str(&format!("| `{key}` | {default} | {takes} | {text}{secret} |\n"));
    }
    page
}

const INTRODUCTION: &str = "\
# Configuration

Generated from src/config/options.rs by `make docs`; do not edit.

Options are text. They are set one by one (`lpc_config_set` in C, `Config::set` in Rust, keywords with
underscores for dots in Python), from a file of `key = value` lines with `#` comments
(`lpc_config_load_file`, `Config::load_file`, `Client.from_file`), or from the environment
(`lpc_config_load_env`, `Config::load_env`, `Client.from_env`), where the variable of `account.id` is
`LPC_ACCOUNT_ID` and so on. What is set last counts. Values are checked when they are set; an unknown
key is refused, with the one that may have been meant. An empty value puts the default back. Secrets
read back as `***`. Variables that begin with `LPC_` and are no option may belong to another program: they
are ignored, but one that looks like a misspelt option is a line of level WARN in the log of what is made with
the configuration.

| key | default | takes | meaning |
| --- | --- | --- | --- |
";
