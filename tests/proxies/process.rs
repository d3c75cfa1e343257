//! Programs that serve while a test runs, and end with it.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

/// A program that listens on a port of 127.0.0.1. Dropping it kills it.
pub struct Server {
    pub port: u16,
    child: Child,
    output: PathBuf,
    _reserved: Socket,
    _directory: TempDir,
}

impl Server {
    /// Starts what `command` makes of a port and a directory for its files; ready when this
    /// returns.
    pub fn start(command: impl FnOnce(u16, &Path) -> Command) -> Server {
        // Bound and not listening: the port is the program's, which may bind it too because all of
        // these programs set SO_REUSEADDR, and nobody else's.
        let reserved = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        reserved.set_reuse_address(true).unwrap();
        reserved.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        let port = reserved.local_addr().unwrap().as_socket().unwrap().port();
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("output");
        let file = File::create(&output).unwrap();

        let mut command = command(port, directory.path());
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
        let mut server = Server { port, child, output, _reserved: reserved, _directory: directory };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("{command:?}: {status}\n{}", server.output());
            }
            std::thread::yield_now();
        }
        server
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it wrote so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.output).unwrap()).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It fails where the program has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
