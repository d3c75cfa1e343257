//! `include/lpconnector.h` is what the sources say.

use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, ExportConfig, Language, SortKey};

use chapters::{CHAPTERS, Chapter, FIRST_THAT_RECEIVES};

mod chapters;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// In the order in which their functions stand in a section.
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

const OVERVIEW: &str = r#"/*!
 * @file
 * lpconnector: LivePerson's Connector API for C.
 *
 * Generated from src/ffi/ by `make docs`; do not edit.
 */
/*!
 * @mainpage lpconnector for C and C++
 *
 * LivePerson's Connector API lets a business put a channel of its own on its account: an SMS gateway, a
 * kiosk, a private app. This library is the way in and out.
 *
 * Most programs need a @ref config "configuration", a @ref connector "connector", and the
 * @ref update "updates" that it gives: submit what a consumer says, poll for what agents answer,
 * acknowledge that.
 *
 * A program that wants to wait for each answer itself takes the parts: a @ref client "client" of the
 * account, a @ref consumer "consumer", their @ref conversation "conversation", and the
 * @ref response "response" to each call. What agents do comes to a @ref receiver "receiver", or to a
 * web server of its own, which has the functions for @ref notification "webhooks and notifications".
 *
 * Any call may fail with an @ref error "error". What the library does meanwhile, a @ref log "log" tells.
 *
 * C++ programs include lpconnector.hpp, which has a class for each handle.
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
    let mut left = declarations();
    let mut header = format!(
        "{OVERVIEW}\n\n#ifndef LPCONNECTOR_H\n#define LPCONNECTOR_H\n\n\
         #include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         /* The handles; each has its section. */\n"
    );
    for declaration in &left {
        if let Some(handle) = code(declaration).strip_prefix("typedef struct ") {
            header += &format!("struct {};\n", name(handle));
        }
    }
    for chapter in &CHAPTERS {
        if chapter.id == FIRST_THAT_RECEIVES {
            header += "\n#ifndef LPC_SENDING_ALONE /* What receives needs more than such a build has. */\n";
        }
        header += &section(chapter, &mut left);
    }
    let left: Vec<&str> = left.iter().map(|declaration| name(declaration)).collect();
    assert!(left.is_empty(), "no section of tests/core/header/chapters.rs has {left:?}");
    header
        + "\n#endif /* LPC_SENDING_ALONE */\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* LPCONNECTOR_H */\n"
}

/// All that the sources declare, each with its comment in front.
fn declarations() -> Vec<String> {
    let flag_is_bool = [("flag".to_owned(), "bool".to_owned())].into();
    let config = Config {
        language: Language::C,
        no_includes: true,
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
    let mut written = Vec::new();
    builder.generate().expect("the sources parse").write(&mut written);
    let written = String::from_utf8(written).expect("UTF-8");
    written.trim().split("\n\n").map(|declaration| declaration.trim().to_owned()).collect()
}

/// A declaration without its comment.
fn code(declaration: &str) -> &str {
    declaration.rsplit("*/").next().unwrap_or_default().trim()
}

/// What it declares.
fn name(declaration: &str) -> &str {
    let code = code(declaration);
    let word = if let Some(number) = code.strip_prefix("#define ") {
        number.split(' ').next()
    } else if let Some((_, pointer)) = code.split_once("(*") {
        pointer.split(')').next()
    } else {
        code.split(['(', ';']).next().and_then(|front| front.rsplit([' ', '*']).next())
    };
    word.unwrap_or_default()
}

/// A chapter with all that belongs to it, which is taken out of `left`: the handle, its numbers, types of
/// functions, functions.
fn section(chapter: &Chapter, left: &mut Vec<String>) -> String {
    let about = chapter.about.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut section =
        format!("\n/**\n * @defgroup {} {}\n *\n{}", chapter.id, chapter.title, comment(&about));
    section += " * @{\n */\n";
    if chapter.id == "version" {
        section += &version_numbers();
    }
    let mut mine: Vec<String> =
        left.extract_if(.., |declaration| owner(name(declaration)) == Some(chapter.id)).collect();
    let mut add = |section: &mut String, belongs: &dyn Fn(&str) -> bool| {
        for declaration in mine.extract_if(.., |declaration| belongs(declaration)) {
            *section += &format!("\n{declaration}\n");
        }
    };
    add(&mut section, &|declaration| code(declaration).starts_with("typedef struct"));
    for numbers in chapter.numbers {
        section += &format!("\n/** @name {} */\n/** @{{ */\n", numbers.about);
        add(&mut section, &|declaration| name(declaration) == numbers.of_type);
        add(&mut section, &|declaration| name(declaration).starts_with(numbers.prefix));
        section += "\n/** @} */\n";
    }
    add(&mut section, &|declaration| code(declaration).starts_with("typedef"));
    add(&mut section, &|_| true);
    section + "\n/** @} */\n"
}

/// The chapter of a name: the one that knows most of it.
fn owner(name: &str) -> Option<&'static str> {
    let known = |chapter: &Chapter| {
        let numbers = chapter.numbers.iter().flat_map(|numbers| [numbers.of_type, numbers.prefix]);
        let beginnings = chapter.names.iter().copied().chain(numbers);
        beginnings.filter(|beginning| name.starts_with(beginning)).map(str::len).max().unwrap_or(0)
    };
    let most = CHAPTERS.iter().max_by_key(|chapter| known(chapter))?;
    (known(most) > 0).then_some(most.id)
}

/// Text as lines of a comment.
fn comment(text: &str) -> String {
    let mut lines = String::from(" *");
    let mut length = 2;
    for word in text.split(' ') {
        if length + word.len() > 100 {
            lines += "\n *";
            length = 2;
        }
        lines += &format!(" {word}");
        length += word.len() + 1;
    }
    lines + "\n"
}

fn version_numbers() -> String {
    let [major, minor, patch] = ["MAJOR", "MINOR", "PATCH"].map(env_part);
    format!(
        "\n/** The version of this header; lpc_version() is that of the library in use. */\n\
         #define LPC_VERSION_MAJOR {major}\n\
         /** Its second number. */\n#define LPC_VERSION_MINOR {minor}\n\
         /** Its third number. */\n#define LPC_VERSION_PATCH {patch}\n\
         /** The number of this header's ABI, to compare with lpc_abi_version(). */\n\
         #define LPC_ABI_VERSION {major}\n"
    )
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
