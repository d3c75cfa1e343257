//! A server on this machine that answers what it is told, byte for byte.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Gives each request that comes the next answer; where there is none left, it hangs up.
///
/// An answer that begins with a status of three digits is a body: it gets a head that fits it. Any
/// other is sent as it stands. `{{request}}` in it becomes the head of the request, in one line, and
/// `{{host}}` where the server listens.
#[derive(Clone)]
pub struct Server {
    pub authority: String,
    answers: Arc<Mutex<VecDeque<Vec<u8>>>>,
}

impl Server {
    pub fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let server = Server { authority, answers: Arc::default() };
        let serving = server.clone();
        accept(listener, move |stream| serving.serve(stream));
        server
    }

    pub fn answer_with<'a>(&self, answers: impl Iterator<Item = &'a [u8]>) {
        *self.answers.lock().unwrap() = answers.map(<[u8]>::to_vec).collect();
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        while let Some(request) = read_request(&mut stream)? {
            let Some(answer) = self.answers.lock().unwrap().pop_front() else { break };
            let (answer, goes_on) = self.written(&answer, &request);
            stream.write_all(&answer)?;
            if !goes_on {
                break;
            }
        }
        hang_up(stream)
    }

    /// The bytes to send, and whether another answer may follow on the same connection.
    fn written(&self, answer: &[u8], request: &str) -> (Vec<u8>, bool) {
        let request = request.replace(['\r', '\n'], " ");
        let answer = replaced(answer, b"{{request}}", request.as_bytes());
        let answer = replaced(&answer, b"{{host}}", self.authority.as_bytes());
        let Some((status, body)) = status_and_body(&answer) else { return (answer, false) };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} It\r\nContent-Length: {length}\r\n\r\n");
        ([head.as_bytes(), body].concat(), true)
    }
}

/// Serves connections, a few at a time. The threads stay: one that begins or ends while leaks are looked
/// for would be taken for one.
pub fn accept<T>(listener: TcpListener, serve: impl Fn(TcpStream) -> T + Send + Sync + 'static) {
    let (listener, serve) = (Arc::new(listener), Arc::new(serve));
    for _ in 0..4 {
        let (listener, serve) = (listener.clone(), serve.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who left early has heard enough.
                serve(stream);
            }
        });
    }
}

/// Of an answer that gets a head that fits it.
pub fn status_and_body(answer: &[u8]) -> Option<(u16, &[u8])> {
    let (status, body) = answer.split_at_checked(3)?;
    let status = std::str::from_utf8(status).ok()?.parse().ok()?;
    (200..600).contains(&status).then_some((status, body))
}

/// Sends all that there is, and reads what comes until the other side hangs up, too: closing with
/// something unread would take back what was sent.
pub fn hang_up(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

/// The next request as a whole; `None` where the other side hung up.
fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    let head = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            more => read.extend_from_slice(&piece[..more]),
        }
    };
    let text = String::from_utf8_lossy(&read[..head]).into_owned();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + length.unwrap_or(0);
    while read.len() < whole {
        match stream.read(&mut piece)? {
            0 => return Ok(None),
            more => read.extend_from_slice(&piece[..more]),
        }
    }
    Ok(Some(String::from_utf8_lossy(&read).into_owned()))
}

fn replaced(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(what.len()).position(|piece| piece == what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}
