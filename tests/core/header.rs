//! `include/lpconnector.h` is what the sources say.

use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, ExportConfig, Language, SortKey};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// In the order in which a reader of the header needs them.
const SOURCES: [&str; 15] = [
    "version",
    "error",
    "enums",
    "config",
    "log",
    "client",
    "consumer",
    "conversation",
    "file",
    "response",
    "webhook",
    "notification",
    "receiver",
    "update",
    "connector",
];

const INTRODUCTION: &str = r#"/*!
 * @file
 * lpconnector: LivePerson's Connector API for C.
 *
 * Generated from src/ffi/ by `make docs`; do not edit.
 *
 * Rules that hold for every function:
 *
 * - Handles are opaque. What a call gives through an out pointer belongs to the caller, who frees
 *   it with the lpc_..._free() of its type, in any order: a handle keeps alive what it needs. No
 *   call consumes an argument, whether it succeeds or not.
 * - A call that can fail returns an lpc_status and takes `lpc_error **err` last, which may be NULL.
 *   On failure the out pointers are set to NULL, and *err to an error that the caller frees; on
 *   success *err is set to NULL.
 * - NULL where none is allowed, and text that is not UTF-8, give LPC_INVALID_ARGUMENT with a
 *   message that names the argument. Any other pointer must be valid for its type, and a handle
 *   must not have been freed.
 * - Strings that go in are NUL-terminated UTF-8 and copied where they are kept. Strings and bytes
 *   that come out are borrowed from their handle, valid until it is freed, and never freed by the
 *   caller.
 * - lpc_client, lpc_consumer, lpc_conversation, lpc_receiver and lpc_connector may be used from any
 *   number of threads at once; lpc_config, lpc_error, lpc_response, lpc_notification and lpc_update
 *   belong to one thread at a time.
 * - The library installs no signal handler, raises no SIGPIPE, and writes nothing to stdout or
 *   stderr. It starts no thread but those of a receiver or connector, and one for the lookup of a host
 *   name that it does not know yet: the system's resolver cannot be interrupted, so it runs on a thread that
 *   ends with the lookup.
 * - After fork() parent and child go on with the handles they have and never share a connection;
 *   receivers and connectors stay the parent's.
 */"#;

fn generate() -> String {
    let part = |name| env_part(name).parse::<u32>().unwrap();
    let versions = format!(
        "\n/** The version of this header; lpc_version() is that of the library in use. */\n\
         #define LPC_VERSION_MAJOR {}\n\
         /** Its second number. */\n#define LPC_VERSION_MINOR {}\n\
         /** Its third number. */\n#define LPC_VERSION_PATCH {}\n\
         /** The number of this header's ABI, to compare with lpc_abi_version(). */\n\
         #define LPC_ABI_VERSION {}",
        part("MAJOR"),
        part("MINOR"),
        part("PATCH"),
        part("MAJOR")
    );
    let flag_is_bool = [("flag".to_owned(), "bool".to_owned())].into();
    let config = Config {
        language: Language::C,
        header: Some(INTRODUCTION.to_owned()),
        include_guard: Some("LPCONNECTOR_H".to_owned()),
        no_includes: true,
        sys_includes: ["stdbool.h", "stddef.h", "stdint.h"].map(str::to_owned).to_vec(),
        after_includes: Some(versions),
        cpp_compat: true,
        usize_is_size_t: true,
        sort_by: SortKey::None,
        documentation_style: DocumentationStyle::Doxy,
        line_length: 100,
        tab_width: 4,
        export: ExportConfig { rename: flag_is_bool, ..ExportConfig::default() },
        ..Config::default()
    };
    let builder = SOURCES.iter().fold(Builder::new().with_config(config), |builder, source| {
        builder.with_src(Path::new(ROOT).join(format!("src/ffi/{source}.rs")))
    });
    let mut header = Vec::new();
    builder.generate().expect("the sources parse").write(&mut header);
    parted(String::from_utf8(header).expect("UTF-8"))
}

/// What a library lacks that was built for sending alone stands last, and can be left out.
fn parted(mut header: String) -> String {
    let first = header.find("\nlpc_status lpc_receiver_new(").expect("the first function of it");
    let first = header[..first].rfind("/**").expect("its comment");
    let end = header.rfind("#ifdef __cplusplus").expect("the end");
    header.insert_str(end, "#endif /* LPC_SENDING_ALONE */\n\n");
    header.insert_str(
        first,
        "#ifndef LPC_SENDING_ALONE /* What receives needs more than such a build has. */\n\n",
    );
    header
}

fn env_part(name: &str) -> &'static str {
    match name {
        "MAJOR" => env!("CARGO_PKG_VERSION_MAJOR"),
        "MINOR" => env!("CARGO_PKG_VERSION_MINOR"),
        _ => env!("CARGO_PKG_VERSION_PATCH"),
    }
}

/// Where the header stands in the tree.
pub fn path() -> std::path::PathBuf {
    Path::new(ROOT).join("include/lpconnector.h")
}

#[test]
fn the_header_in_the_tree_is_current() {
    let header = generate();
    if std::env::var_os("LPC_WRITE_DOCS").is_some() {
        std::fs::write(path(), &header).expect("the header can be written");
    }
    let in_tree = std::fs::read_to_string(path()).unwrap_or_default();
    let differs = header.lines().zip(in_tree.lines()).position(|(new, old)| new != old);
    assert!(
        header == in_tree,
        "include/lpconnector.h is not what src/ffi/ says (first differing line: {:?}): run `make docs`",
        differs.map(|line| line + 1)
    );
}

/// A number or function that is new in C is forgotten in C++ soon.
#[test]
fn the_cpp_header_names_all_that_the_c_header_has() {
    // The version is one number there, and what an error is its type.
    const NOT_THERE: [&str; 3] = ["LPC_VERSION_MINOR", "LPC_VERSION_PATCH", "lpc_error_status"];

    let words = |text: &str| -> std::collections::BTreeSet<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.split(|c| !is_part(c)).map(str::to_owned).collect()
    };
    let cpp = Path::new(ROOT).join("include/lpconnector.hpp");
    let cpp = words(&std::fs::read_to_string(cpp).expect("it can be read"));
    let header = generate();
    let numbers = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    let functions = words(&header).into_iter().filter(|word| header.contains(&format!("{word}(")));
    let functions = functions.filter(|word| word.starts_with("lpc_"));
    let all = numbers.map(|(name, _)| name.to_owned()).chain(functions);
    let missing: Vec<String> =
        all.filter(|name| !cpp.contains(name) && !NOT_THERE.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "include/lpconnector.hpp lacks {missing:?}");
}
