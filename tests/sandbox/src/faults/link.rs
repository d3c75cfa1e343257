//! A connection through a fault proxy, from its acceptance to its end.

use std::net::SocketAddr;
use std::sync::mpsc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::faults::bytes::{read, unread_until_left, until_left};
use crate::faults::fault::Fault;
use crate::faults::queue::Queue;
use crate::faults::relay::{self, End};

/// Held by all connections that were told to close, each until it has.
pub(crate) type Closed = mpsc::Sender<()>;

/// Serves a connection until the client leaves or it is reset. `closing` ends it with FIN.
pub(crate) async fn serve(
    mut client: TcpStream,
    target: SocketAddr,
    fault: Option<Fault>,
    queue: &Queue,
    closing: oneshot::Receiver<Closed>,
) {
    let (end, closed) = tokio::select! {
        end = converse(&mut client, target, fault, queue) => (end, None),
        Ok(closed) = closing => (End::Close, Some(closed)),
    };
    match end {
        End::Left => {}
        End::Reset => reset(client),
        End::Close => {
            // It fails where the client has reset the connection.
            let _ = client.shutdown().await;
            drop(closed);
            // Until then the connection counts as open.
            if read(&mut client).await.is_ok() {
                reset(client);
            }
        }
        End::HalfClose => {
            let _ = client.shutdown().await;
            until_left(&mut client).await;
        }
    }
}

/// Closing sends RST rather than FIN.
fn reset(client: TcpStream) {
    // It fails where there is no connection any more.
    let _ = client.set_zero_linger();
}

async fn converse(
    client: &mut TcpStream,
    target: SocketAddr,
    fault: Option<Fault>,
    queue: &Queue,
) -> End {
    match fault {
        Some(Fault::Silent) => {
            unread_until_left(client).await;
            End::Left
        }
        Some(Fault::Garbage(bytes)) => match client.write_all(&bytes).await {
            Ok(()) => End::HalfClose,
            Err(_) => End::Left,
        },
        Some(_) => End::Reset,
        None => relay::run(client, target, queue).await,
    }
}
