//! HTTP as it is written: what goes out is decided by nobody but the client's file.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// Longer than a test may take that succeeds.
const TIMEOUT: Duration = Duration::from_secs(30);

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Sends a request and reads the answer. `headers` are lines.
pub fn exchange(
    tls: Option<&Arc<ClientConfig>>,
    method: &str,
    url: &str,
    headers: &[String],
    body: Option<&str>,
) -> io::Result<Answer> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidInput, format!("no URL: {url}"));
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let (authority, path) = rest.split_once('/').ok_or_else(wrong)?;
    let mut message = format!("{method} /{path} HTTP/1.1\r\nHost: {authority}\r\n");
    for header in headers {
        message.push_str(&format!("{header}\r\n"));
    }
    if let Some(body) = body {
        message.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    message.push_str("Connection: close\r\n\r\n");
    message.push_str(body.unwrap_or_default());

    let stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    match (scheme, tls) {
        ("http", _) => converse(stream, &message),
        ("https", Some(config)) => {
            let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_owned();
            let name = ServerName::try_from(host).map_err(io::Error::other)?;
            let session = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
            converse(StreamOwned::new(session, stream), &message)
        }
        _ => Err(wrong()),
    }
}

fn converse<S: Read + Write>(mut stream: S, message: &str) -> io::Result<Answer> {
    stream.write_all(message.as_bytes())?;
    stream.flush()?;
    let mut stream = BufReader::new(stream);
    let (line, headers) = head(&mut stream)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no answer: {line}")))?;
    Ok(Answer { status, body: body(&mut stream, &headers)? })
}

/// The first line of a message, and its headers, their names in lower case.
pub fn head(stream: &mut impl BufRead) -> io::Result<(String, Vec<(String, String)>)> {
    let mut first = String::new();
    if stream.read_line(&mut first)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => return Ok((first.trim_end().to_owned(), headers)),
        }
    }
}

/// The body of a message with these headers: the sandbox says how long it is.
pub fn body(stream: &mut impl Read, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, length)| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}
