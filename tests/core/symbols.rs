//! The shared library exports what the header declares, and nothing else; on Linux it and its symbols
//! carry the number of the ABI.

use std::collections::BTreeSet;

use object::{Object, ObjectSymbol};

/// The shared library that was built beside this test, or LPC_LIBRARY: one that was installed.
fn library() -> std::path::PathBuf {
    if let Some(installed) = std::env::var_os("LPC_LIBRARY") {
        return installed.into();
    }
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

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn library_and_symbols_carry_the_number_of_the_abi() {
    use object::elf::{DT_SONAME, FileHeader64};
    use object::read::elf::{ElfFile, FileHeader, Sym};

    let bytes = std::fs::read(library()).expect("cargo built the shared library");
    let elf = ElfFile::<FileHeader64<object::Endianness>>::parse(&*bytes).expect("an ELF file");
    let endian = elf.endian();
    let sections = elf.elf_header().sections(endian, &*bytes).expect("sections");
    let dynamic = elf.elf_dynamic_table().expect("a dynamic section");
    let soname = dynamic
        .iter()
        .find(|entry| entry.tag == DT_SONAME)
        .map(|entry| dynamic.string(entry).expect("a name"));
    let abi = env!("CARGO_PKG_VERSION_MAJOR");
    let soname = String::from_utf8_lossy(soname.expect("a SONAME"));
    assert_eq!(soname, format!("liblpconnector.so.{abi}"));

    let versions = sections.versions(endian, &*bytes).expect("readable").expect("versions");
    let symbols = elf.elf_dynamic_symbol_table();
    for (index, symbol) in symbols.enumerate() {
        if symbol.is_undefined(endian) || index.0 == 0 {
            continue;
        }
        let name = String::from_utf8_lossy(symbols.symbol_name(endian, symbol).expect("a name"));
        let version =
            versions.version(versions.version_index(endian, index).index()).expect("readable");
        let version = version.map_or("".into(), |version| String::from_utf8_lossy(version.name()));
        assert_eq!(version, format!("LPC_{abi}"), "the version of {name}");
    }
}
