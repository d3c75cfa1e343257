//! `CONFIGURATION.md` is what the table of options says.

use lpconnector::Config;

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
