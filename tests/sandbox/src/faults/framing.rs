//! Where an HTTP message ends. All who are in front of a fault proxy speak HTTP/1.1 properly, so
//! what is wrong is only a message that never ends.

/// How long the head of a message is, with the empty line. None: there is more to come.
pub(crate) fn head_length(message: &[u8]) -> Option<usize> {
    find(message, b"\r\n\r\n").map(|at| at + 4)
}

/// Whether these are all bytes of a request.
pub(crate) fn is_whole_request(message: &[u8]) -> bool {
    let Some(head) = head_length(message) else { return false };
    is_whole(message, head, Body::of(&message[..head]).unwrap_or(Body::Bytes(0)))
}

/// Whether these are all bytes of an answer. One whose end is the end of the connection never is.
pub(crate) fn is_whole_answer(message: &[u8]) -> bool {
    let Some(head) = head_length(message) else { return false };
    let status = message.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let body = match status {
        b"204" | b"304" => Some(Body::Bytes(0)),
        _ => Body::of(&message[..head]),
    };
    body.is_some_and(|body| is_whole(message, head, body))
}

enum Body {
    Bytes(usize),
    Chunks,
}

impl Body {
    /// What the head says about the body, if anything.
    fn of(head: &[u8]) -> Option<Body> {
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let header = |name: &str| {
            head.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.trim())
        };
        if header("transfer-encoding") == Some("chunked") {
            return Some(Body::Chunks);
        }
        header("content-length")?.parse().ok().map(Body::Bytes)
    }
}

fn is_whole(message: &[u8], head: usize, body: Body) -> bool {
    let came = &message[head..];
    match body {
        Body::Bytes(length) => came.len() >= length,
        Body::Chunks => has_last_chunk(came).unwrap_or(false),
    }
}

/// None: the bytes end within a chunk, or are no chunks.
fn has_last_chunk(mut bytes: &[u8]) -> Option<bool> {
    loop {
        let end = find(bytes, b"\r\n")?;
        let size = str::from_utf8(&bytes[..end]).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            // Trailers may follow, then an empty line.
            return Some(
                bytes[end..].starts_with(b"\r\n\r\n") || find(bytes, b"\r\n\r\n").is_some(),
            );
        }
        bytes = bytes.get(end + 2 + size + 2..)?;
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::{head_length, is_whole_answer, is_whole_request};

    /// Each message is whole with its last byte and not before.
    #[test]
    fn a_message_ends_where_http_says() {
        let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let post = "POST / HTTP/1.1\r\ncontent-LENGTH:  5\r\n\r\n\r\n\r\n!";
        let chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                      A;x=y\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n";
        let trailers = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                        1\r\n!\r\n0\r\nX: y\r\n\r\n";
        for message in [get, post, chunks, trailers] {
            for length in 0..message.len() {
                assert!(!is_whole_request(&message.as_bytes()[..length]), "{length} of {message}");
            }
            assert!(is_whole_request(message.as_bytes()), "{message}");
        }
        assert_eq!(head_length(post.as_bytes()), Some(post.len() - 5));
    }

    #[test]
    fn an_answer_says_whether_it_has_a_body() {
        let whole = |message: &str| is_whole_answer(message.as_bytes());
        assert!(whole("HTTP/1.1 204 No Content\r\n\r\n"));
        assert!(whole("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        assert!(!whole("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"));
        assert!(!whole("HTTP/1.1 200 OK\r\n\r\nup to the end of the connection"));
    }
}
