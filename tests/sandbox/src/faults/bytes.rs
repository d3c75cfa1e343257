//! Bytes as they come over a connection, and how its end is noticed.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, Interest};
use tokio::net::TcpStream;
use tokio::time;

/// How often a client is looked at that is not read from.
const LOOK: Duration = Duration::from_millis(5);

/// The next bytes: at least one. The end of the connection is an error.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 16 * 1024];
    match from.read(&mut bytes).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => {
            bytes.truncate(length);
            Ok(bytes)
        }
    }
}

/// Reads and drops what comes, until the client leaves.
pub(crate) async fn until_left(from: &mut (impl AsyncRead + Unpin)) {
    while read(from).await.is_ok() {}
}

/// Waits until the client leaves, and reads nothing: its window fills up.
pub(crate) async fn unread_until_left(client: &TcpStream) {
    // To be ready for reading and never read from is to be ready for ever, so this looks now and
    // then.
    while client.ready(Interest::READABLE).await.is_ok_and(|ready| !ready.is_read_closed()) {
        time::sleep(LOOK).await;
    }
}
