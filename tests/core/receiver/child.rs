//! A receiver in a process of its own, which can be killed: this very program, started once more to
//! run one test only, and told line by line what to do.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use lpconnector::Config;

use super::*;

/// Lines such as `receiver.store=sqlite:FILE`.
const OPTIONS: &str = "TEST_RECEIVER_OPTIONS";

/// Does what it is told, and answers each time with a line that begins so.
const SAYS: &str = "> ";

#[test]
#[ignore = "a part of the other tests"]
fn serve() {
    // Without it, somebody ran all that is ignored.
    let Ok(options) = std::env::var(OPTIONS) else { return };
    let mut config = Config::new();
    for (key, value) in options.lines().filter_map(|line| line.split_once('=')) {
        config.set(key, value).unwrap();
    }
    let receiver = Receiver::new(&config).unwrap();
    let say = |what: &str| {
        let mut out = std::io::stdout();
        writeln!(out, "\n{SAYS}{what}").unwrap();
        out.flush().unwrap();
    };
    say(receiver.url());
    let mut last = None;
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "poll" => {
                let next = receiver.poll(Duration::ZERO).unwrap();
                say(&next.as_ref().map_or("nothing".to_owned(), name_of));
                last = next.or(last);
            }
            "ack" => match receiver.ack(last.as_ref().unwrap()) {
                Ok(()) => say("done"),
                Err(why) => say(&format!("{:?}", why.status())),
            },
            other => panic!("{other}"),
        }
    }
}

/// The text up to its first space: the rest is only long.
fn name_of(notification: &Notification) -> String {
    text_of(notification).split(' ').next().unwrap().to_owned()
}

/// One that runs. Dropping it kills it.
pub struct Served {
    process: Child,
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Served {
    pub fn start(
        scene: &Scene,
        store: &Path,
        more: &[(&str, &str)],
        environment: &[(&str, &Path)],
    ) -> Served {
        let secret = &scene.account.client_secret;
        let mut options = format!("receiver.secret={secret}\n");
        options += &format!("receiver.store=sqlite:{}\n", store.display());
        for (key, value) in more {
            options += &format!("{key}={value}\n");
        }
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "receiver::child::serve"])
            .env(OPTIONS, options)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = answer(&mut said);
        let address = url.split('/').nth(2).unwrap().parse().unwrap();
        Served { process, orders, said, address }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn tell(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        answer(&mut self.said)
    }

    /// What is there, all of it.
    pub fn names(&mut self) -> Vec<String> {
        let next = || Some(self.tell("poll")).filter(|name| name != "nothing");
        std::iter::from_fn(next).collect()
    }
}

fn answer(said: &mut Lines<BufReader<ChildStdout>>) -> String {
    loop {
        let line = said.next().expect("it ended").unwrap();
        if let Some(answer) = line.strip_prefix(SAYS) {
            return answer.to_owned();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // By SIGKILL.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
