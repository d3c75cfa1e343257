//! The way through a proxy: what is read and written afterwards is the target's.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use httparse::Status;
use zeroize::Zeroizing;

use crate::net::proxy::Credentials;

/// Host and port as they stand in a URL.
pub(crate) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Why there is no way through a proxy.
pub(crate) enum NoWay {
    /// The connection to the proxy, or what it answers.
    Broken(io::Error),
    /// The proxy says so.
    Refused(Refusal),
}

/// What a proxy says.
pub(crate) struct Refusal {
    pub says: String,
    /// Asking again brings the same.
    pub for_good: bool,
}

impl Refusal {
    pub(crate) fn lasting(says: impl Into<String>) -> Refusal {
        Refusal { says: says.into(), for_good: true }
    }
}

impl From<io::Error> for NoWay {
    fn from(why: io::Error) -> NoWay {
        NoWay::Broken(why)
    }
}

const OTHER_CREDENTIALS: &str = "it wants other credentials than those of proxy.url or HTTPS_PROXY";
const CREDENTIALS: &str = "it wants credentials, and proxy.url or HTTPS_PROXY has none";

/// The longest answer of a proxy.
const MOST_HEAD: usize = 16 * 1024;

/// Asks an HTTP proxy for a connection; what is read and written afterwards is the target's.
///
/// Not ureq's, which begins its time anew with each piece of the proxy's answer.
pub(crate) fn http_connect(
    stream: &mut (impl Read + Write),
    credentials: Option<&Credentials>,
    host: &str,
    port: u16,
    user_agent: &str,
) -> Result<(), NoWay> {
    let target = authority(host, port);
    let head =
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {user_agent}\r\n");
    let authorization = credentials.map(authorization).unwrap_or_default();
    let request = Zeroizing::new([&head, &*authorization, "\r\n"].concat());
    stream.write_all(request.as_bytes())?;
    stream.flush()?;

    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 1024];
        let amount = stream.read(&mut piece)?;
        if amount == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        answer.extend_from_slice(&piece[..amount]);
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut head = httparse::Response::new(&mut headers);
        match (head.parse(&answer), head.code) {
            (Ok(Status::Complete(length)), Some(200..=299)) if length == answer.len() => {
                return Ok(());
            }
            (Ok(Status::Complete(_)), Some(200..=299)) => {
                return Err(refused("it sent more than its answer"));
            }
            (Ok(Status::Complete(_)), Some(code @ (401 | 407))) => {
                let wants = if credentials.is_some() { OTHER_CREDENTIALS } else { CREDENTIALS };
                return Err(refused_for_good(format!("{wants} ({code})")));
            }
            (Ok(Status::Complete(_)), Some(code @ 400..=499)) => {
                return Err(refused_for_good(format!("it answered {code}")));
            }
            (Ok(Status::Complete(_)), code) => {
                return Err(refused(format!("it answered {}", code.unwrap_or(0))));
            }
            (Ok(Status::Partial), _) if answer.len() < MOST_HEAD => {}
            _ => return Err(refused("its answer is not HTTP")),
        }
    }
}

/// Asks a SOCKS5 proxy for a connection (RFC 1928), with a password where there is one (RFC 1929).
///
/// Not ureq's, which connects to the proxy where a shutdown cannot interrupt it.
pub(crate) fn socks5_connect(
    stream: &mut (impl Read + Write),
    credentials: Option<&Credentials>,
    host: &str,
    port: u16,
) -> Result<(), NoWay> {
    const NO_PASSWORD: u8 = 0;
    const PASSWORD: u8 = 2;

    let methods: &[u8] =
        if credentials.is_some() { &[5, 2, NO_PASSWORD, PASSWORD] } else { &[5, 1, NO_PASSWORD] };
    stream.write_all(methods)?;
    stream.flush()?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen)?;
    match (chosen, credentials) {
        ([5, NO_PASSWORD], _) => {}
        ([5, PASSWORD], Some(Credentials { name, password })) => {
            // As long as it becomes, so that nothing of it stays where it grew out of.
            let mut login = Zeroizing::new(Vec::with_capacity(3 + name.len() + password.len()));
            login.push(1);
            for part in [name, password] {
                login.push(u8::try_from(part.len()).map_err(|_| {
                    refused_for_good("its name and password have at most 255 characters each")
                })?);
                login.extend_from_slice(part.as_bytes());
            }
            stream.write_all(&login)?;
            stream.flush()?;
            let mut welcome = [0; 2];
            stream.read_exact(&mut welcome)?;
            if welcome[1] != 0 {
                return Err(refused_for_good(OTHER_CREDENTIALS));
            }
        }
        ([5, _], None) => return Err(refused_for_good(CREDENTIALS)),
        ([5, _], Some(_)) => return Err(refused_for_good(OTHER_CREDENTIALS)),
        _ => return Err(refused("its answer is not SOCKS5")),
    }

    let mut request = vec![5, 1, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            let length =
                u8::try_from(host.len()).map_err(|_| refused_for_good("the name is too long"))?;
            request.extend_from_slice(&[3, length]);
            request.extend_from_slice(host.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    stream.write_all(&request)?;
    stream.flush()?;

    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    if answer[0] != 5 || answer[1] != 0 {
        return Err(refused(match answer[1] {
            2 => return Err(refused_for_good("its rules do not allow it")),
            3 => "it cannot reach the network",
            4 => "it cannot reach the host",
            5 => "the host refused the connection",
            _ => "it did not say why",
        }));
    }
    // Where it connects from: of no use, but to be read.
    let rest = match answer[3] {
        1 => 4,
        4 => 16,
        3 => {
            let mut length = [0];
            stream.read_exact(&mut length)?;
            usize::from(length[0])
        }
        _ => return Err(refused("its answer is not SOCKS5")),
    };
    stream.read_exact(&mut vec![0; rest + 2])?;
    Ok(())
}

fn authorization(Credentials { name, password }: &Credentials) -> Zeroizing<String> {
    let both = Zeroizing::new([name.as_str(), ":", password].concat());
    let encoded = Zeroizing::new(STANDARD.encode(both.as_bytes()));
    Zeroizing::new(["Proxy-Authorization: Basic ", &encoded, "\r\n"].concat())
}

fn refused(says: impl Into<String>) -> NoWay {
    NoWay::Refused(Refusal { says: says.into(), for_good: false })
}

fn refused_for_good(says: impl Into<String>) -> NoWay {
    NoWay::Refused(Refusal::lasting(says))
}
