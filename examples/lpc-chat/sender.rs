//! What goes to the service, one after the other.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};

use lpconnector::{
    AcceptStatus, AttachOptions, Attachment, ChatState, Consumer, Conversation, CsatStatus, Error,
};

use crate::News;

/// Something to send.
pub enum Job {
    /// A text: which message of the chat it is, and what it says.
    Text(usize, String),
    /// A file: which message of the chat it is, and where the file is.
    File(usize, PathBuf),
    /// What the consumer is doing.
    State(ChatState),
    /// The agent's message with this sequence was read.
    Read(i64),
    /// So many stars.
    Rate(i64),
    /// The conversation is over.
    Close,
    /// Goes on in another dialog of the conversation: a survey, for example.
    Dialog(String),
}

/// What became of a job.
pub struct Done {
    /// Which message of the chat it was.
    pub message: Option<usize>,
    /// In words, for a person who is to learn of it in any case.
    pub said: Option<String>,
    /// What it was, for a person who is to learn that it failed.
    pub what: &'static str,
    /// Whether it was done.
    pub result: Result<(), Error>,
}

/// Does all jobs in their order, until there will be no more.
pub fn work(
    consumer: &Consumer,
    mut conversation: Conversation,
    jobs: &Receiver<Job>,
    news: &Sender<News>,
) {
    for job in jobs {
        let (mut message, mut said) = (None, None);
        let (what, result) = match job {
            Job::Text(number, text) => {
                message = Some(number);
                ("send this", conversation.send_text(&text).map(|_| ()))
            }
            Job::File(number, path) => {
                message = Some(number);
                let sent = conversation.send_file(&Attachment::from_path(path));
                ("send this file", sent.map(|_| ()))
            }
            Job::State(state) => {
                ("tell that you type", conversation.send_chat_state(state).map(|_| ()))
            }
            Job::Read(sequence) => {
                let read = conversation.send_accept_status(AcceptStatus::Read, &[sequence], None);
                ("mark a message as read", read.map(|_| ()))
            }
            Job::Rate(stars) => {
                let rated = conversation.rate(stars, stars > 3, CsatStatus::Filled);
                said = Some(format!("rated {stars} of 5"));
                ("rate the conversation", rated.map(|_| ()))
            }
            Job::Close => ("close the conversation", conversation.close().map(|_| ())),
            Job::Dialog(id) => {
                let other = consumer
                    .attach(conversation.id(), &AttachOptions::new().dialog_id(id.as_str()));
                ("go on in another dialog", other.map(|other| conversation = other))
            }
        };
        if news.send(News::Done(Done { message, said, what, result })).is_err() {
            return;
        }
    }
}
