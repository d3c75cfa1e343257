//! A proxy that breaks connections for real, where the sandbox itself could only pretend.

use std::future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time;

use crate::base::lock::lock;
use crate::base::socket::bind;
use crate::faults::fault::Fault;
use crate::faults::link::{self, Closed};
use crate::faults::queue::Queue;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A TCP proxy on 127.0.0.1 that stands between clients and a server. It passes on what it gets,
/// TLS as well as plain HTTP without pipelining, until it is told what to break: [`Fault`].
///
/// A client that leaves is noticed a moment later, so a test that waits for a count asks again.
/// Dropping the proxy closes all its connections.
pub struct FaultProxy {
    address: SocketAddr,
    desk: Arc<Desk>,
    /// Who accepts while the proxy listens.
    accepting: Mutex<Option<AbortHandle>>,
    /// Bound to the port and not listening, so that the port stays ours while connects are refused.
    _reserved: Option<TcpSocket>,
    /// Taken when dropped.
    runtime: Option<Runtime>,
}

/// What the connections of a proxy share.
struct Desk {
    target: SocketAddr,
    /// None: connects are refused.
    listener: Mutex<Option<TcpListener>>,
    queue: Queue,
    closing: Mutex<Vec<oneshot::Sender<Closed>>>,
    accepted: AtomicUsize,
    open: AtomicUsize,
}

impl FaultProxy {
    /// Starts a proxy in front of the server at `target`, for example `127.0.0.1:4711`. It runs on
    /// a thread of its own, and connects to the server with the first bytes of a client.
    pub fn start(target: &str) -> io::Result<FaultProxy> {
        let target = target.parse().map_err(|_| {
            let reason = format!("{target:?} is no address and port");
            io::Error::new(io::ErrorKind::InvalidInput, reason)
        })?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("lpc-fault-proxy")
            .enable_all()
            .build()?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        // Elsewhere two sockets cannot be bound to the same port, or would share it.
        let reserved = if cfg!(target_os = "linux") { Some(bind(any)?) } else { None };
        let address = reserved.as_ref().map_or(Ok(any), TcpSocket::local_addr)?;
        let listener = listen(address, &runtime)?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk {
            target,
            listener: Mutex::new(Some(listener)),
            queue: Queue::default(),
            closing: Mutex::default(),
            accepted: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        });
        let accepting = runtime.spawn(accept(desk.clone())).abort_handle();
        Ok(FaultProxy {
            address,
            desk,
            accepting: Mutex::new(Some(accepting)),
            _reserved: reserved,
            runtime: Some(runtime),
        })
    }

    /// Where the proxy listens, for example `127.0.0.1:4712`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Lets `fault` happen to the next connection that is accepted, or to the next request on
    /// any connection: the kind of the fault decides. Several wait in a queue, one for each kind.
    pub fn next(&self, fault: Fault) {
        self.desk.queue.push(fault);
    }

    /// From now on connects are refused. Connections that exist live on.
    pub fn refuse(&self) {
        let Some(accepting) = lock(&self.accepting).take() else { return };
        accepting.abort();
        let Some(listener) = lock(&self.desk.listener).take() else { return };
        let _context = self.runtime().enter();
        // A connection exists as soon as the client thinks so, and closing the listener would reset
        // those that were not accepted yet. Accepting does not block.
        let Ok(listener) = listener.into_std() else { return };
        while let Ok((client, _)) = listener.accept() {
            let client = client.set_nonblocking(true).and_then(|()| TcpStream::from_std(client));
            if let Ok(client) = client {
                self.desk.clone().admit(client);
            }
        }
    }

    /// From now on connects are refused, and every connection that exists is closed, as by a server
    /// that goes away. Blocks until it is done.
    pub fn leave(&self) {
        self.refuse();
        self.close_idle();
    }

    /// Listens again, on the same port.
    pub fn accept(&self) -> io::Result<()> {
        let mut accepting = lock(&self.accepting);
        if accepting.is_none() {
            *lock(&self.desk.listener) = Some(listen(self.address, self.runtime())?);
            *accepting = Some(self.runtime().spawn(accept(self.desk.clone())).abort_handle());
        }
        Ok(())
    }

    /// How many connections were accepted so far.
    pub fn accepted(&self) -> usize {
        self.desk.accepted.load(Ordering::SeqCst)
    }

    /// How many connections there are that the client has not closed and the proxy has not reset.
    pub fn open(&self) -> usize {
        self.desk.open.load(Ordering::SeqCst)
    }

    /// Closes every connection that is open now, idle or not, as a server does: FIN, and RST for
    /// what the client sends after that. Blocks until it is done.
    pub fn close_idle(&self) {
        let (closed, all_closed) = mpsc::channel();
        for connection in lock(&self.desk.closing).drain(..) {
            // It fails where the connection has ended by itself.
            let _ = connection.send(closed.clone());
        }
        drop(closed);
        // Nothing is ever sent: it ends when the last of them is dropped.
        let _ = all_closed.recv();
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is taken only when dropped")
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.refuse();
        if let Some(runtime) = self.runtime.take() {
            // Waiting is not allowed in asynchronous code, where a sandbox may drop its proxies.
            runtime.shutdown_background();
        }
    }
}

impl Desk {
    /// Takes in a connection. Must be called in the context of the proxy's runtime.
    fn admit(self: Arc<Desk>, client: TcpStream) {
        // Without it small answers would wait; a system that refuses is only slower.
        let _ = client.set_nodelay(true);
        let (close, closing) = oneshot::channel();
        {
            let mut connections = lock(&self.closing);
            connections.retain(|connection| !connection.is_closed());
            connections.push(close);
        }
        let fault = self.queue.at_accept();
        self.accepted.fetch_add(1, Ordering::SeqCst);
        let counted = Counted::new(self.clone());
        tokio::spawn(async move {
            let desk = &counted.0;
            link::serve(client, desk.target, fault, &desk.queue, closing).await;
        });
    }
}

/// Counts a connection as open for as long as it lives.
struct Counted(Arc<Desk>);

impl Counted {
    fn new(desk: Arc<Desk>) -> Counted {
        desk.open.fetch_add(1, Ordering::SeqCst);
        Counted(desk)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Accepts connections until the listener is taken away.
async fn accept(desk: Arc<Desk>) {
    // Polled in place, so that whoever takes the listener away can close it at once.
    let next = || {
        future::poll_fn(|context| match &*lock(&desk.listener) {
            Some(listener) => listener.poll_accept(context).map(Some),
            None => Poll::Ready(None),
        })
    };
    while let Some(accepted) = next().await {
        match accepted {
            Ok((client, _)) => desk.clone().admit(client),
            // Out of file descriptors: others must end before the next one can be accepted.
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    }
}

fn listen(address: SocketAddr, runtime: &Runtime) -> io::Result<TcpListener> {
    // A listener registers with the runtime it is made in.
    let _context = runtime.enter();
    bind(address)?.listen(BACKLOG)
}
