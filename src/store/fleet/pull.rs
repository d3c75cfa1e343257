//! Entries that are asked for. They come under a subject of their own, so that each question has its own place for
//! answers.

use std::time::Duration;

use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::store::fleet::broker::Trouble;
use crate::store::fleet::link::{Link, ended};

/// A question that was not answered yet.
struct Pull {
    /// None once the answer is there, or none will come.
    answers: Option<Subscriber>,
    client: Client,
    /// Of the link.
    end: watch::Receiver<()>,
    deadline: Instant,
}

impl Link {
    /// Asks for an entry. It may be dropped at any time: what comes then is given back, or nobody else would have
    /// it before its time is over.
    pub(super) async fn pull(
        &self,
        subject: String,
        body: Bytes,
        patience: Duration,
    ) -> Result<Message, Trouble> {
        let inbox = self.new_inbox();
        let mut pull = Pull {
            answers: self.listen(inbox.clone()).await,
            client: self.client().clone(),
            end: self.end(),
            deadline: Instant::now() + self.request_time() + patience,
        };
        let mut sent = self.send(subject, None, body, Some(inbox)).await?;
        let Some(answers) = &mut pull.answers else { return Err(ended()) };
        let answer = tokio::select! {
            biased;
            answer = answers.next() => answer.ok_or_else(ended),
            refusal = &mut sent.ticket.answer => refusal.unwrap_or_else(|_| Err(ended())),
            trouble = sent.on.fails(pull.deadline) => Err(trouble),
        };
        pull.answers = None;
        self.answered(answer)
    }
}

impl Drop for Pull {
    fn drop(&mut self) {
        let (Some(mut answers), Ok(runtime)) = (self.answers.take(), Handle::try_current()) else {
            return;
        };
        let (client, deadline) = (self.client.clone(), self.deadline);
        let mut end = self.end.clone();
        runtime.spawn(async move {
            let answer = tokio::select! {
                answer = answers.next() => answer,
                _ = end.changed() => None,
                () = sleep_until(deadline) => None,
            };
            let reply = answer.and_then(|it| it.reply);
            if let Some(reply) = reply.filter(|it| it.starts_with("$JS.ACK.")) {
                let _ = client.publish(reply, Bytes::from_static(b"-NAK")).await;
            }
        });
    }
}
