//! A chat in the terminal: with an agent of a real account, or with that of the sandbox.
//!
//! Settings come from the environment: `LPC_ACCOUNT_ID`, `LPC_CLIENT_ID`, `LPC_CLIENT_SECRET`, and
//! `LPC_RECEIVER_LISTEN`, the address and port to which the service posts notifications.
//!
//! ```sh
//! cargo build --workspace --examples
//! target/debug/lpc-sandbox --tls --quiet --receiver --agent echo -- target/debug/examples/lpc-chat
//! ```
//!
//! `lpc-chat [CONSUMER [CONVERSATION]]`: who you are, by an id of your own, and the id of a
//! conversation to go on with. Without a terminal it reads and writes plain lines.
//!
//! Four threads: this one owns the chat (`chat.rs`) and shows it (`view.rs`); one sends
//! (`sender.rs`), so that a slow answer never stops the keyboard; one waits for notifications, one
//! for input. They tell this one what happened through one channel.

mod chat;
mod sender;
mod view;

use std::error::Error;
use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use lpconnector::{AttachOptions, Client, Config, Notification, OpenOptions, Receiver};

use crate::chat::Chat;
use crate::sender::{Done, Job};
use crate::view::{Input, Plain, Screen, View};

/// What the main thread waits for.
pub enum News {
    /// Somebody wrote something, or pressed a key.
    Input(Input),
    /// The service posted something.
    Heard(Notification),
    /// A job is done.
    Done(Done),
    /// Nothing can be heard any more.
    Deaf(lpconnector::Error),
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(stderr(), "lpc-chat: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Chats. False if something could not be sent.
fn run() -> Result<bool, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "lpc-chat".to_owned());
    if name.starts_with('-') {
        return Err("usage: lpc-chat [CONSUMER [CONVERSATION]]".into());
    }

    let mut config = Config::new();
    config.set("receiver.order", "true")?; // what is said is shown in its order
    config.load_env()?;
    let receiver = Receiver::new(&config)?; // before anything is said that could be answered
    let client = Client::new(&config)?;
    let consumer = client.consumer(&name)?;
    let conversation = match arguments.next() {
        Some(id) => consumer.attach(&id, &AttachOptions::new())?,
        None => consumer.open(&OpenOptions::default())?,
    };
    let mut chat = Chat::new(conversation.id(), consumer.lp_id()?);
    chat.note(&format!("conversation {}; notifications: {}", conversation.id(), receiver.url()));
    chat.note("/help tells what there is to do");

    let (news, hear) = channel();
    let (jobs, todo) = channel();
    let done = news.clone();
    let sending = thread::spawn(move || sender::work(&consumer, conversation, &todo, &done));
    let (listen, heard) = (receiver.clone(), news.clone());
    thread::spawn(move || listen_to(&listen, &heard));
    let terminal = stdin().is_terminal() && stdout().is_terminal();
    let mut view: Box<dyn View> =
        if terminal { Box::new(Screen::new(news)?) } else { Box::new(Plain::new(news)) };

    // The jobs go where they are done, and end when this is dropped.
    let jobs = JobQueue(Some(jobs));
    loop {
        view.show(&mut chat)?;
        let news = match hear.recv_timeout(view.patience()) {
            Ok(news) => Some(news),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        match news {
            Some(News::Heard(notification)) => {
                for event in notification.events() {
                    jobs.add(chat.hear(event));
                }
                receiver.ack(&notification)?; // only now: otherwise it comes again
            }
            Some(News::Done(done)) => chat.done(done),
            Some(News::Deaf(error)) => return Err(error.into()),
            Some(News::Input(Input::Abort)) => {
                client.shutdown(); // ends the calls that are under way
                break;
            }
            Some(News::Input(input)) => {
                let (line, state) = view.take(input);
                jobs.add(state.filter(|_| chat.is_open()));
                match line {
                    Some(line) if line.trim() == "/quit" => break,
                    Some(line) => jobs.add(chat.command(&line)),
                    None => {}
                }
            }
            None => jobs.add(view.idle().filter(|_| chat.is_open())),
        }
    }

    // What was written goes out before the program ends, and what it came to is told.
    jobs.add(view.idle().filter(|_| chat.is_open()));
    drop(jobs);
    sending.join().map_err(|_| "the sending thread failed")?;
    for news in hear.try_iter() {
        if let News::Done(done) = news {
            chat.done(done);
        }
    }
    view.show(&mut chat)?;
    drop(view);
    if terminal {
        Plain::print(&chat)?; // so that the chat is still there to read
    }
    Ok(chat.all_sent())
}

/// Jobs on their way to the thread that sends.
struct JobQueue(Option<Sender<Job>>);

impl JobQueue {
    fn add(&self, jobs: impl IntoIterator<Item = Job>) {
        for job in jobs {
            // That thread ends after this queue.
            let _ = self.0.as_ref().map(|queue| queue.send(job));
        }
    }
}

/// Hands on what the service posts.
fn listen_to(receiver: &Receiver, news: &Sender<News>) {
    loop {
        let heard = match receiver.poll(Duration::MAX) {
            Ok(Some(notification)) => News::Heard(notification),
            Ok(None) => continue,
            Err(error) => News::Deaf(error),
        };
        let deaf = matches!(heard, News::Deaf(_));
        if news.send(heard).is_err() || deaf {
            return;
        }
    }
}
