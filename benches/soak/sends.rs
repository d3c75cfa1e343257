//! SENDs of several clients, with several conversations each, on several threads.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use lpconnector::{Client, Config, Conversation, OpenOptions};
use serde_json::Value;

pub const THREADS: usize = CLIENTS * CONVERSATIONS;

const CLIENTS: usize = 2;
const CONVERSATIONS: usize = 3;

/// The service, and the conversations with it.
pub struct Load {
    conversations: Vec<Conversation>,
    service: Child,
}

impl Load {
    pub fn new() -> Load {
        let program =
            std::env::var("SOAK_SERVER").expect("SOAK_SERVER names the program of benches/server");
        let mut service =
            Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(service.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let variables: Value = serde_json::from_str(&ready).unwrap();
        let conversations = (0..CLIENTS).flat_map(|_| conversations(&variables["http"])).collect();
        Load { conversations, service }
    }

    /// Sends so many, spread over all conversations; says how many.
    pub fn run(&self, count: u64) -> u64 {
        let each = count / self.conversations.len() as u64;
        std::thread::scope(|scope| {
            for conversation in &self.conversations {
                scope.spawn(move || {
                    for _ in 0..each {
                        conversation.send_text("Thank you for waiting, how can I help?").unwrap();
                    }
                });
            }
        });
        each * self.conversations.len() as u64
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.service.stdin.take());
        let _ = self.service.wait();
    }
}

/// Those of a client of its own.
fn conversations(variables: &Value) -> Vec<Conversation> {
    let mut config = Config::new();
    for (name, value) in variables.as_object().unwrap() {
        if let Some(key) = name.strip_prefix("LPC_") {
            let key = key.to_lowercase().replace('_', ".");
            config.set(&key, value.as_str().unwrap()).unwrap();
        }
    }
    let client = Client::new(&config).unwrap();
    let open =
        |n: usize| client.consumer(&format!("consumer {n}")).unwrap().open(&OpenOptions::new());
    (0..CONVERSATIONS).map(|n| open(n).unwrap()).collect()
}
