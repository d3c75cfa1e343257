//! A disk that is soon full.

use std::io::{ErrorKind, Write};
use std::path::Path;
#[cfg(target_os = "linux")]
use std::process::Command;

/// Says where the small disk is.
pub const SMALL_DISK: &str = "TEST_SMALL_DISK";

/// Runs that test where there is one.
#[cfg(target_os = "linux")]
pub fn run_on_a_small_disk(test: &str) {
    let directory = tempfile::tempdir().unwrap();
    // A mount of this process's own, which ends with it.
    let script = r#"mount -t tmpfs -o size=400k none "$1" || exit 77; shift; exec "$@""#;
    let ran = Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(directory.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", test])
        .env(SMALL_DISK, directory.path())
        .output();
    let ran = ran.ok().filter(|ran| ran.status.code() != Some(77));
    let Some(ran) = ran.filter(|ran| !is_forbidden(&ran.stderr)) else {
        let mut out = std::io::stderr();
        writeln!(out, "NOT CHECKED: a full disk (mounting one is not permitted here)").unwrap();
        return;
    };
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

#[cfg(target_os = "linux")]
fn is_forbidden(said: &[u8]) -> bool {
    String::from_utf8_lossy(said).contains("unshare failed")
}

/// Takes all that is left of the disk.
pub fn fill(file: &Path) {
    let full: std::io::Result<()> = std::fs::File::create(file).and_then(|mut file| {
        loop {
            file.write_all(&[0; 512])?;
        }
    });
    assert_eq!(full.unwrap_err().kind(), ErrorKind::StorageFull);
}
