//! A server that receives notifications and answers as it is told.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use lpc_sandbox::Sandbox;
use lpc_sandbox::serde_json::{self, Value};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// What comes back to one notification.
#[derive(Clone, Copy)]
pub enum Answer {
    Status(u16),
    /// Nothing, until the sender leaves.
    Stall,
    /// The connection ends.
    Close,
}

/// A request as it came in.
#[derive(Debug)]
pub struct Notification {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Notification {
    /// The header of this name in lower case; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// Its only change.
    pub fn change(&self) -> Value {
        let changes = &self.json()["body"]["changes"];
        assert_eq!(changes.as_array().map(Vec::len), Some(1));
        changes[0].clone()
    }

    /// The text that it tells of.
    pub fn text(&self) -> String {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        text(&self.change()["event"]["message"])
    }
}

pub struct Endpoint {
    pub address: SocketAddr,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    notifications: Receiver<Notification>,
}

impl Endpoint {
    pub fn new() -> Endpoint {
        Endpoint::on(TcpListener::bind("127.0.0.1:0").expect("a port"), None)
    }

    /// With the certificate that `sandbox` made for receivers.
    pub fn with_certificate(listener: TcpListener, sandbox: &Sandbox) -> Endpoint {
        Endpoint::over_tls(listener, sandbox, None)
    }

    /// The same, for those alone who show a certificate of the CA in this file.
    pub fn demanding(listener: TcpListener, sandbox: &Sandbox, ca_file: &Path) -> Endpoint {
        Endpoint::over_tls(listener, sandbox, Some(ca_file))
    }

    fn over_tls(listener: TcpListener, sandbox: &Sandbox, client_ca: Option<&Path>) -> Endpoint {
        let (certificate, key) = sandbox.receiver_certificate().expect("a certificate");
        let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(key).expect("a key");
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("versions");
        let config = match client_ca {
            None => config.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_file(file).expect("a CA")).expect("a root");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
                config.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        let config = config
            .with_single_cert(vec![certificate], key)
            .expect("a certificate that fits the key");
        Endpoint::on(listener, Some(config.into()))
    }

    pub fn on(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Endpoint {
        let address = listener.local_addr().expect("an address");
        let (sender, notifications) = mpsc::channel();
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let desk = answers.clone();
        // It ends with the process: a listener cannot be woken.
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (desk, sender, tls) = (desk.clone(), sender.clone(), tls.clone());
                thread::spawn(move || match tls {
                    None => serve(stream, &desk, &sender),
                    Some(config) => {
                        let session = ServerConnection::new(config).expect("a session");
                        serve(StreamOwned::new(session, stream), &desk, &sender)
                    }
                });
            }
        });
        Endpoint { address, answers, notifications }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?x=y", self.address)
    }

    /// What the next notifications are answered with; 200 where nothing is left.
    pub fn answers(&self, answers: &[Answer]) {
        self.answers.lock().expect("no test failed here").extend(answers);
    }

    /// The next notification.
    pub fn next(&self) -> Notification {
        self.notifications.recv_timeout(Duration::from_secs(30)).expect("a notification")
    }

    /// The texts of so many notifications.
    pub fn texts(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.next().text()).collect()
    }

    /// Those that came and were not taken.
    pub fn rest(&self) -> usize {
        self.notifications.try_iter().count()
    }
}

/// Serves the one request of a connection.
fn serve<S: Read + Write>(
    stream: S,
    answers: &Mutex<VecDeque<Answer>>,
    sender: &Sender<Notification>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let notification = read(&mut stream)?;
    let answer = answers.lock().expect("no test failed here").pop_front();
    // The test may have ended.
    let _ = sender.send(notification);
    match answer.unwrap_or(Answer::Status(200)) {
        Answer::Status(status) => {
            let head = format!("HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\nok");
            stream.get_mut().write_all(head.as_bytes())?;
            stream.get_mut().flush()
        }
        Answer::Stall => stream.read(&mut [0]).map(|_| ()),
        Answer::Close => Ok(()),
    }
}

fn read(stream: &mut impl BufRead) -> io::Result<Notification> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header)?;
        match header.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, length)| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Notification { line: line.trim_end().to_owned(), headers, body })
}

/// Whether a port of the loopback address takes connections.
pub fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}
