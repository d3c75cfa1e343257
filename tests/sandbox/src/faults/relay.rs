//! What goes to and fro between a client and the server behind a fault proxy, with what a fault
//! makes of it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time;

use crate::faults::bytes::{read, until_left};
use crate::faults::fault::{Fault, Then};
use crate::faults::framing;
use crate::faults::queue::Queue;

/// What a TLS connection begins with: the type of a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// How a connection ends.
pub(crate) enum End {
    /// The client left.
    Left,
    /// By RST.
    Reset,
    /// By FIN, as by a server that closes: bytes that come later are answered with RST.
    Close,
    /// By FIN, as by a server that still reads.
    HalfClose,
}

/// Relays until the connection ends, or something else has to be its end.
pub(crate) async fn run(client: &mut TcpStream, target: SocketAddr, queue: &Queue) -> End {
    let Ok(first) = read(client).await else { return End::Left };
    let Ok(server) = TcpStream::connect(target).await else { return End::Reset };
    // Without it small requests would wait; a system that refuses is only slower.
    let _ = server.set_nodelay(true);
    let tls = first.first() == Some(&TLS_HANDSHAKE);
    let mut relay = Relay {
        client,
        server,
        queue,
        tls,
        request: Vec::new(),
        answered: true,
        manner: Manner::Whole,
    };
    relay.run(first).await
}

/// How bytes of the server go to the client until the next request.
enum Manner {
    /// As they come.
    Whole,
    /// Byte by byte.
    Drip(Duration),
    /// So many of them, then FIN.
    Cut(usize),
    /// Not at all, and then RST.
    Reset,
    /// Not at all.
    Withheld,
}

struct Relay<'a> {
    client: &'a mut TcpStream,
    server: TcpStream,
    queue: &'a Queue,
    tls: bool,
    /// What came of a request that is not whole yet; not used over TLS.
    request: Vec<u8>,
    /// Whether the server sent something after the last bytes of the client.
    answered: bool,
    manner: Manner,
}

impl Relay<'_> {
    async fn run(&mut self, first: Vec<u8>) -> End {
        let mut step = self.client_sent(first).await;
        loop {
            match step {
                Ok(()) => step = self.next().await,
                Err(end) => return end,
            }
        }
    }

    /// Waits for bytes and hands them on.
    async fn next(&mut self) -> Result<(), End> {
        tokio::select! {
            bytes = read(self.client) => match bytes {
                Ok(bytes) => self.client_sent(bytes).await,
                Err(_) => Err(End::Left),
            },
            bytes = read(&mut self.server) => match bytes {
                Ok(bytes) => self.server_sent(&bytes).await,
                // The server left; but nothing more is to come from it.
                Err(_) if matches!(self.manner, Manner::Withheld) => {
                    until_left(self.client).await;
                    Err(End::Left)
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(End::Close),
                Err(_) => Err(End::Reset),
            },
        }
    }

    async fn client_sent(&mut self, bytes: Vec<u8>) -> Result<(), End> {
        let follows = if self.tls { self.answered } else { self.request.is_empty() };
        self.answered = false;
        // What is withheld is withheld for good.
        let begins = follows && !matches!(self.manner, Manner::Withheld);
        if begins {
            self.manner = match self.queue.at_request(self.tls) {
                None => Manner::Whole,
                Some(Fault::ResetUnread) => return Err(End::Reset),
                Some(Fault::Stall) => Manner::Withheld,
                Some(Fault::Drip { pause }) => Manner::Drip(pause),
                Some(Fault::ResetRead) if self.tls => Manner::Reset,
                Some(Fault::Cut(most)) if self.tls => Manner::Cut(most),
                Some(Fault::Instead { bytes: instead, then }) => {
                    self.request = bytes;
                    return Err(self.instead(&instead, then).await);
                }
                Some(fault) => {
                    self.pass_on(&bytes).await?;
                    return self.change_answer(fault).await;
                }
            };
        }
        self.pass_on(&bytes).await
    }

    /// Gives bytes to the server.
    async fn pass_on(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.server.write_all(bytes).await.map_err(|_| End::Reset)?;
        if !self.tls {
            self.request.extend_from_slice(bytes);
            if framing::is_whole_request(&self.request) {
                self.request.clear();
            }
        }
        Ok(())
    }

    async fn server_sent(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.answered = true;
        match &mut self.manner {
            Manner::Whole => self.answer(bytes).await,
            Manner::Drip(pause) => {
                let pause = *pause;
                self.drip(bytes, pause).await
            }
            Manner::Cut(left) if bytes.len() < *left => {
                *left -= bytes.len();
                self.answer(bytes).await
            }
            Manner::Cut(left) => {
                let left = *left;
                self.answer(&bytes[..left]).await?;
                Err(End::Close)
            }
            Manner::Reset => Err(End::Reset),
            Manner::Withheld => Ok(()),
        }
    }

    /// Gives bytes to the client.
    async fn answer(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.client.write_all(bytes).await.map_err(|_| End::Left)
    }

    async fn drip(&mut self, bytes: &[u8], pause: Duration) -> Result<(), End> {
        for (number, byte) in bytes.iter().enumerate() {
            if number > 0 {
                time::sleep(pause).await;
            }
            self.answer(&[*byte]).await?;
        }
        Ok(())
    }

    /// Waits for the whole answer to a request that has begun, and hands on what the fault leaves
    /// of it.
    async fn change_answer(&mut self, fault: Fault) -> Result<(), End> {
        while !self.request.is_empty() {
            let bytes = read(self.client).await.map_err(|_| End::Left)?;
            self.pass_on(&bytes).await?;
        }
        let mut whole = self.whole_answer().await?;
        let head = framing::head_length(&whole).unwrap_or(whole.len());
        let (sent, end) = match fault {
            Fault::CutHead => (head / 2, End::Close),
            Fault::CutBody => (head + (whole.len() - head) / 2, End::Close),
            Fault::Cut(most) => (most.min(whole.len()), End::Close),
            Fault::HalfClose => (whole.len(), End::HalfClose),
            Fault::Surplus(more) => {
                whole.extend_from_slice(&more);
                return self.answer(&whole).await;
            }
            // Of the others only ResetRead comes here.
            _ => (0, End::Reset),
        };
        self.answer(&whole[..sent]).await?;
        Err(end)
    }

    /// Reads an answer to its end, or to that of the connection.
    async fn whole_answer(&mut self) -> Result<Vec<u8>, End> {
        let mut answer = Vec::new();
        while !framing::is_whole_answer(&answer) {
            tokio::select! {
                bytes = read(&mut self.server) => match bytes {
                    Ok(bytes) => answer.extend_from_slice(&bytes),
                    Err(_) => break,
                },
                () = until_left(self.client) => return Err(End::Left),
            }
        }
        Ok(answer)
    }

    /// Answers in the server's place, once the request is whole.
    async fn instead(&mut self, bytes: &[u8], then: Then) -> End {
        while !framing::is_whole_request(&self.request) {
            match read(self.client).await {
                Ok(bytes) => self.request.extend_from_slice(&bytes),
                Err(_) => return End::Left,
            }
        }
        if let Err(end) = self.answer(bytes).await {
            return end;
        }
        match then {
            Then::Close => return End::Close,
            Then::Repeat(piece) if !piece.is_empty() => {
                let (mut from, mut to) = self.client.split();
                tokio::select! {
                    () = until_left(&mut from) => {}
                    () = async { while to.write_all(&piece).await.is_ok() {} } => {}
                }
            }
            Then::Repeat(_) | Then::Stall => until_left(self.client).await,
        }
        End::Left
    }
}
