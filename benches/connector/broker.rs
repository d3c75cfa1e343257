//! What a broker keeps, asked of it directly.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::nats_server::NatsServer;

/// A stream.
pub struct Kept {
    pub messages: u64,
    pub bytes: u64,
}

impl Kept {
    pub fn bytes_each(&self) -> f64 {
        self.bytes as f64 / self.messages as f64
    }
}

/// What is in a stream.
pub fn broker_says(server: &NatsServer, stream: &str) -> Kept {
    let info = Link::new(server).ask(&format!("$JS.API.STREAM.INFO.{stream}"), "");
    let number = |name: &str| info["state"][name].as_u64().unwrap();
    Kept { messages: number("messages"), bytes: number("bytes") }
}

pub struct Bucket {
    pub disk: u64,
    pub memory: u64,
    pub restart: Duration,
}

/// A bucket with records of so many consumers, so many of each, of so many bytes with all that the broker adds.
pub fn bucket(server: &mut NatsServer, consumers: usize, bytes: usize, records: usize) -> Bucket {
    let mut link = Link::new(server);
    let config = json!({ "name": "KV_many-consumers", "subjects": ["$KV.many-consumers.>"],
        "max_msgs_per_subject": 1, "storage": "file", "discard": "new", "allow_direct": true });
    link.ask("$JS.API.STREAM.CREATE.KV_many-consumers", &config.to_string());
    // A hash in base64 names a record.
    let subject = |n: usize| format!("$KV.many-consumers.c.{n:043}");
    let body = "x".repeat(bytes.saturating_sub(subject(0).len() + 30));
    let all = consumers * records;
    for n in 0..all {
        // What comes faster than it is written is dropped: now and then one is waited for.
        if n % 1000 == 999 {
            link.ask(&subject(n), &body);
        } else {
            link.publish(&subject(n), &body);
        }
    }
    assert_eq!(broker_says(server, "KV_many-consumers").messages, all as u64);
    let (disk, memory) = (size(server.directory()), server.resident());
    drop(link);
    let begun = Instant::now();
    server.kill();
    server.start_again();
    assert_eq!(broker_says(server, "KV_many-consumers").messages, all as u64);
    Bucket { disk, memory, restart: begun.elapsed() }
}

fn size(directory: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|it| if it.is_dir() { size(&it) } else { it.metadata().unwrap().len() }).sum()
}

/// A connection in NATS's own protocol.
struct Link {
    reader: BufReader<TcpStream>,
    writer: std::io::BufWriter<TcpStream>,
}

impl Link {
    fn new(server: &NatsServer) -> Link {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = std::io::BufWriter::new(stream);
        writer.write_all(b"CONNECT {\"verbose\":false}\r\nSUB answers 1\r\n").unwrap();
        Link { reader, writer }
    }

    fn publish(&mut self, subject: &str, body: &str) {
        write!(self.writer, "PUB {subject} {}\r\n{body}\r\n", body.len()).unwrap();
    }

    fn ask(&mut self, subject: &str, body: &str) -> Value {
        write!(self.writer, "PUB {subject} answers {}\r\n{body}\r\n", body.len()).unwrap();
        self.writer.flush().unwrap();
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "NATS left");
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[0] {
                "PING" => {
                    self.writer.write_all(b"PONG\r\n").unwrap();
                    self.writer.flush().unwrap();
                }
                "MSG" => {
                    let mut body = vec![0; words[words.len() - 1].parse::<usize>().unwrap() + 2];
                    self.reader.read_exact(&mut body).unwrap();
                    return serde_json::from_slice(&body).unwrap();
                }
                "-ERR" => panic!("{line}"),
                _ => {}
            }
        }
    }
}
