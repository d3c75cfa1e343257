//! The shared library exports what the header declares, and nothing else.

use std::collections::BTreeSet;

use object::{Object, ObjectSymbol};

/// The shared library that was built beside this test.
fn library() -> std::path::PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let directory = test.parent().expect("target/PROFILE/deps");
    let name =
        format!("{}lpconnector{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    directory.join(name)
}

fn exported() -> BTreeSet<String> {
    let bytes = std::fs::read(library()).expect("cargo built the shared library");
    let file = object::File::parse(&*bytes).expect("an object file");
    file.dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.is_global())
        .map(|symbol| symbol.name().expect("a name").to_owned())
        .collect()
}

/// Every `lpc_name(` that is not inside a comment is a declaration.
fn declared() -> BTreeSet<String> {
    let header = std::fs::read_to_string(super::header::path()).expect("the header");
    let mut code = String::new();
    for part in header.split("/*") {
        code.push_str(part.split_once("*/").map_or(part, |(_, code)| code));
    }
    code.split('(')
        .filter_map(|before| before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next())
        .filter(|name| name.starts_with("lpc_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn exported_symbols_are_those_of_the_header() {
    let (exported, declared) = (exported(), declared());
    let extra: Vec<_> = exported.difference(&declared).collect();
    let missing: Vec<_> = declared.difference(&exported).collect();
    assert!(extra.is_empty(), "exported but not in the header: {extra:?}");
    assert!(missing.is_empty(), "in the header but not exported: {missing:?}");
    assert!(declared.len() > 40, "the header was read: {declared:?}");
}
