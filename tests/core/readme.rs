//! README.md tells the truth about what can be checked here.

use lpconnector::Config;

#[test]
fn the_readme_lists_every_option_with_its_default() {
    let readme = include_str!("../../README.md");
    let config = Config::new();
    for key in Config::keys() {
        let default = config.get(key).map(|value| format!("`{value}` ")).unwrap_or_default();
        let row = format!("| `{key}` | {default}| ");
        assert!(readme.contains(&row), "README.md lacks the row {row}");
    }
    let options = readme.split("\n## ").find(|section| section.starts_with("Options")).unwrap();
    assert_eq!(options.matches("\n| `").count(), Config::keys().count(), "rows of no option");
}
