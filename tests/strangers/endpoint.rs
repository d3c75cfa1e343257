//! Where a client is told what happens: everything is delivered.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use lpc_sandbox::serde_json::{self, Value};

use crate::http;

/// Longer than a notification takes that comes.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A notification as it came in.
pub struct Told {
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub json: Value,
}

impl Told {
    /// The header of this name in lower case; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Its type, and that of the event behind it, as webhooks are registered.
    pub fn kind(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let event = text(&self.json["body"]["changes"][0]["event"]["type"]);
        let kind = text(&self.json["type"]);
        if event.is_empty() { kind } else { format!("{kind}.{event}") }
    }
}

pub struct Endpoint {
    address: SocketAddr,
    told: Receiver<Told>,
}

impl Endpoint {
    pub fn new() -> io::Result<Endpoint> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, told) = mpsc::channel();
        // It ends with the process: a listener cannot be woken.
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                // The test may have ended.
                let _ = take(stream).map(|told| sender.send(told));
            }
        });
        Ok(Endpoint { address, told })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next notification; None: nothing comes any more.
    pub fn next(&self) -> Option<Told> {
        self.told.recv_timeout(TIMEOUT).ok()
    }
}

/// Takes the one notification of a connection.
fn take(stream: TcpStream) -> io::Result<Told> {
    let mut stream = BufReader::new(stream);
    let (line, headers) = http::head(&mut stream)?;
    let body = http::body(&mut stream, &headers)?;
    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Told { path, headers, body, json })
}
