//! What stands between the service and the nodes: each notification goes to the next node that answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lpc_sandbox::serde_json::{self, Value};

use crate::story::News;

/// A node that does not answer for so long gets nothing for a while.
const PATIENCE: Duration = Duration::from_secs(1);
const WHILE: Duration = Duration::from_secs(2);

/// A text of a consumer's that the service told of.
#[derive(Clone)]
pub struct Echo {
    pub at: Instant,
    /// How long after it arrived there.
    pub late: Duration,
    pub conversation: String,
    /// Its dialog and its place there, by which it is known again.
    pub place: (String, i64),
    pub text: String,
}

pub struct Balancer {
    pub url: String,
    nodes: Arc<Nodes>,
}

#[derive(Default)]
struct Nodes {
    /// Each with the time from which on it gets something.
    known: Mutex<Vec<Option<(SocketAddr, Instant)>>>,
    next: AtomicUsize,
    /// How long each answer took.
    took: Mutex<Vec<Duration>>,
}

impl Balancer {
    pub fn start(nodes: usize, news: &mpsc::Sender<News>) -> Balancer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (nodes, news) = (Arc::new(Nodes::new(nodes)), news.clone());
        let its = nodes.clone();
        std::thread::spawn(move || {
            for asked in listener.incoming().map_while(Result::ok) {
                let (nodes, news) = (its.clone(), news.clone());
                std::thread::spawn(move || pass_on(asked, &nodes, &news));
            }
        });
        Balancer { url, nodes }
    }

    /// How long each answer took.
    pub fn took(&self) -> Vec<Duration> {
        self.nodes.took.lock().unwrap().clone()
    }

    /// Where the node is from now on; None: nowhere.
    pub fn set(&self, node: usize, address: Option<SocketAddr>) {
        let since = Instant::now();
        self.nodes.known.lock().unwrap()[node] = address.map(|address| (address, since));
    }
}

impl Nodes {
    fn new(count: usize) -> Nodes {
        Nodes { known: Mutex::new(vec![None; count]), ..Nodes::default() }
    }

    fn get(&self, at: usize) -> Option<SocketAddr> {
        let known = self.known.lock().unwrap();
        let (address, from) = known[at % known.len()]?;
        (from <= Instant::now()).then_some(address)
    }

    fn put_off(&self, at: usize, address: SocketAddr) {
        let mut known = self.known.lock().unwrap();
        let count = known.len();
        let node = &mut known[at % count];
        if let Some((_, from)) = node.as_mut().filter(|(known, _)| *known == address) {
            *from = Instant::now() + WHILE;
        }
    }
}

/// Passes on one notification. Where nobody answers, the connection closes.
fn pass_on(mut asked: TcpStream, nodes: &Nodes, news: &mpsc::Sender<News>) {
    let Ok(request) = message(&asked) else { return };
    // Nobody listens at the end.
    let _ = echo(&request).into_iter().try_for_each(|echo| news.send(News::Echo(echo)));
    let first = nodes.next.fetch_add(1, Ordering::Relaxed);
    let count = nodes.known.lock().unwrap().len();
    for at in first..first + count {
        let Some(address) = nodes.get(at) else { continue };
        let began = Instant::now();
        match ask(address, &request) {
            Ok(answer) => {
                nodes.took.lock().unwrap().push(began.elapsed());
                // Who asked may be gone.
                return drop(asked.write_all(&answer));
            }
            Err(_) => nodes.put_off(at, address),
        }
    }
}

fn ask(address: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut node = TcpStream::connect_timeout(&address, PATIENCE)?;
    node.set_read_timeout(Some(PATIENCE))?;
    node.write_all(request)?;
    message(&node)
}

/// One HTTP message, as it came.
fn message(stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut stream = BufReader::new(stream);
    let (mut message, mut length) = (Vec::new(), 0);
    loop {
        let start = message.len();
        if stream.read_until(b'\n', &mut message)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&message[start..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let start = message.len();
    message.resize(start + length, 0);
    stream.read_exact(&mut message[start..])?;
    Ok(message)
}

/// What a notification tells of a consumer's text.
fn echo(request: &[u8]) -> Option<Echo> {
    let body = request.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let notification: Value = serde_json::from_slice(&request[body..]).ok()?;
    let change = &notification["body"]["changes"][0];
    if change["originatorMetadata"]["role"] != "CONSUMER" {
        return None;
    }
    let text = change["event"]["message"].as_str()?.to_owned();
    let place = (change["dialogId"].as_str()?.to_owned(), change["sequence"].as_i64()?);
    let conversation = change["conversationId"].as_str()?.to_owned();
    let arrived = Duration::from_millis(change["serverTimestamp"].as_u64()?);
    let late = SystemTime::now().duration_since(UNIX_EPOCH + arrived).unwrap_or_default();
    Some(Echo { at: Instant::now(), late, conversation, place, text })
}
