//! Files that people write: short, and read as a whole.

use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::base::secret::read_to_end;

/// The content of a file that a person wrote, which may hold secrets; what is larger is not one.
pub(crate) fn read_small(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    const MOST: u64 = 1 << 20;
    const USUAL: usize = 4096;
    let content = read_to_end(std::fs::File::open(path)?.take(MOST + 1), USUAL)?;
    if content.len() as u64 > MOST {
        return Err(std::io::Error::other(format!("it has more than {MOST} bytes")));
    }
    Ok(content)
}
