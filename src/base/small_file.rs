//! Files that people write: short, and read as a whole.

use std::io::Read;
use std::path::Path;

/// The content of a file that a person wrote; what is larger is not one.
pub(crate) fn read_small(path: &Path) -> std::io::Result<Vec<u8>> {
    const MOST: u64 = 1 << 20;
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(MOST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MOST {
        return Err(std::io::Error::other(format!("it has more than {MOST} bytes")));
    }
    Ok(content)
}
