//! A library that makes the machine fail, for a process that preloads it: see faults.c.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Compiled once for a process.
pub fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        // Cargo's own may be in another place.
        let target = project.join("target");
        std::fs::create_dir_all(&target).unwrap();
        let library = target.join("store-faults.so");
        // Other tests may be using it: they keep the one that they have.
        let new = tempfile::NamedTempFile::new_in(target).unwrap();
        let compiled = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .args([new.path(), &project.join("tests/store/faults.c")])
            .status();
        assert!(compiled.unwrap().success());
        new.persist(&library).unwrap();
        library
    })
}
