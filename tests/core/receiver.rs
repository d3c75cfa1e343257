//! The receiver, over real HTTP and HTTPS.

mod accounts;
mod acknowledgements;
mod answers;
mod certificates;
mod child;
mod crowd;
mod disk;
mod hang_ups;
mod health;
mod mutual_tls;
mod polls;
mod service;
mod starts;
mod stats;
mod store;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use lpc_sandbox::Signature;
use lpconnector::{Notification, Receiver};
use socket2::SockRef;

use crate::scene::Scene;

/// A receiver, and the account whose secret it knows.
struct Post {
    scene: Scene,
    receiver: Receiver,
}

impl Post {
    fn with(options: &[(&str, &str)]) -> Post {
        let scene = Scene::new();
        let receiver = Receiver::new(&scene.config(options)).unwrap();
        Post { scene, receiver }
    }

    fn address(&self) -> SocketAddr {
        address(&self.receiver)
    }

    fn sign(&self, body: &str) -> String {
        sign(&self.scene, body)
    }

    /// The head and the body as the service sends them.
    fn request(&self, body: &str) -> String {
        request(&self.scene, body)
    }

    /// Posts it as the service does; gives back the status of the answer.
    fn deliver(&self, body: &str) -> u16 {
        exchange(self.address(), &self.request(body))
    }

    fn next(&self) -> Notification {
        self.receiver.poll(Duration::MAX).unwrap().unwrap()
    }

    /// The texts that are there.
    fn texts(&self) -> Vec<String> {
        std::iter::from_fn(|| self.receiver.poll(Duration::ZERO).unwrap())
            .map(|notification| text_of(&notification))
            .collect()
    }
}

const SIGNATURE: &str = "X-LivePerson-Signature";
const HEAD: &str = "POST / HTTP/1.1\r\nHost: receiver\r\n";

fn sign(scene: &Scene, body: &str) -> String {
    scene.sandbox.sign(&scene.account.id, body.as_bytes(), Signature::default())
}

fn request(scene: &Scene, body: &str) -> String {
    let (signature, length) = (sign(scene, body), body.len());
    format!("{HEAD}Content-Length: {length}\r\n{SIGNATURE}: {signature}\r\n\r\n{body}")
}

fn address(receiver: &Receiver) -> SocketAddr {
    let authority = receiver.url().split('/').nth(2).unwrap();
    authority.parse().unwrap()
}

fn text_of(notification: &Notification) -> String {
    notification.events()[0].text().to_owned()
}

/// The body of a notification.
fn text(conversation: &str, sequence: i64, message: &str) -> String {
    format!(
        r#"{{"kind":"notification","type":"ms.MessagingEventNotification","body":{{"changes":[
        {{"sequence":{sequence},"conversationId":"{conversation}","dialogId":"{conversation}",
        "event":{{"type":"ContentEvent","contentType":"text/plain","message":"{message}"}}}}]}}}}"#
    )
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    // So that what is long gets only as far as the receiver reads it.
    SockRef::from(&stream).set_send_buffer_size(256 * 1024).unwrap();
    // So that what never comes fails a test.
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    stream
}

/// Sends a request and gives back the status of the answer.
fn exchange(address: SocketAddr, request: &str) -> u16 {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    status(&mut stream)
}

/// The status of the answer that comes next, which has no body.
fn status(stream: &mut TcpStream) -> u16 {
    head(stream)[9..12].parse().unwrap()
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}
