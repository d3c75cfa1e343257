//! An agent at work in a conversation.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time;

use crate::agents::action::Action;
use crate::agents::agent::Agent;
use crate::agents::step::{Step, Wait};
use crate::cloud::shared::Shared;
use crate::model::conversation::Conversation;
use crate::model::event::Event;
use crate::model::participant::Role;
use crate::protocol::refusal::Refusal;

/// Accompanies a conversation, from its opening on.
pub(crate) async fn attend(
    agent: Agent,
    shared: Arc<Shared>,
    account_id: String,
    conversation_id: String,
) {
    let news = shared.accounts.with_site(&account_id, |site| site.news.subscribe());
    let Some(news) = news else { return };
    let mut desk = Desk { shared, account_id, conversation_id, news, events: 0, ratings: 0 };
    match agent {
        Agent::Echo => desk.echo().await,
        Agent::Script(script) => {
            for step in script.steps() {
                desk.take(step).await;
            }
        }
    }
}

/// An agent in one conversation.
struct Desk {
    shared: Arc<Shared>,
    account_id: String,
    conversation_id: String,
    news: watch::Receiver<()>,
    /// How many events the agent has seen.
    events: usize,
    /// How many ratings.
    ratings: usize,
}

impl Desk {
    async fn echo(&mut self) {
        self.act(Action::Join);
        // A survey is none of its business.
        while let Some(event) = self.until_in_main(Event::is_content).await {
            let sequences: Option<Vec<u64>> = event.sequence.map(|sequence| vec![sequence]);
            for status in ["ACCEPT", "READ"] {
                self.act(Action::Status { status, sequences: sequences.clone() });
            }
            if let Some(text) = event.consumer_text() {
                let text = format!("You said: {text}");
                self.act(Action::Type(true));
                self.act(Action::Say { text, quick_replies: Value::Null });
            }
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::WaitFor(Wait::Text) => {
                self.until_event(|event| event.consumer_text().is_some()).await;
            }
            Step::WaitFor(Wait::File) => {
                self.until_event(|event| event.event["message"].is_object()).await;
            }
            Step::WaitFor(Wait::Read) => {
                self.until_event(|event| event.event["status"] == "READ").await;
            }
            Step::WaitFor(Wait::Rating) => self.until_rating().await,
            Step::Pause(pause) => time::sleep(*pause).await,
            Step::Act(act) => {
                let done = self
                    .shared
                    .accounts
                    .with_site(&self.account_id, |site| site.obey(&self.conversation_id, act));
                self.note(done);
            }
        }
    }

    /// In the first dialog: what may follow it is none of the echo's business.
    fn act(&self, action: Action) {
        let done = self.shared.accounts.with_site(&self.account_id, |site| {
            let conversation = site.any_conversation(&self.conversation_id)?;
            if !conversation.main_is_open() {
                return Ok(Value::Null);
            }
            site.act(&self.conversation_id, &action.assigned())
        });
        self.note(done);
    }

    /// A conversation may be closed under the agent's hands.
    fn note(&self, done: Option<Result<Value, Refusal>>) {
        if let Some(Err(refusal)) = done {
            self.shared.logger.note(&format!("agent refused: {:?}", refusal.details()));
        }
    }

    /// Waits for the consumer's next event that fits, wherever it is published.
    async fn until_event(&mut self, fits: impl Fn(&Event) -> bool) {
        self.until(|conversation, desk| desk.next(conversation, &fits).map(|_| ())).await;
    }

    /// The same in the first dialog; None once it is closed.
    async fn until_in_main(&mut self, fits: impl Fn(&Event) -> bool) -> Option<Event> {
        self.until(|conversation, desk| {
            let main = &conversation.id;
            let next =
                desk.next(conversation, &|event| event.dialog_id == *main && fits(event)).cloned();
            if next.is_none() && !conversation.main_is_open() { Some(None) } else { next.map(Some) }
        })
        .await
    }

    async fn until_rating(&mut self) {
        self.until(|conversation, desk| {
            let rated = conversation.ratings > desk.ratings;
            desk.ratings += usize::from(rated);
            rated.then_some(())
        })
        .await;
    }

    /// The consumer's next event that fits. All up to it count as seen.
    fn next<'a>(
        &mut self,
        conversation: &'a Conversation,
        fits: &impl Fn(&Event) -> bool,
    ) -> Option<&'a Event> {
        let unseen = conversation.events.after(self.events);
        let place = unseen
            .iter()
            .position(|event| event.originator.role == Role::Consumer && fits(event))?;
        self.events += place + 1;
        unseen.get(place)
    }

    /// Looks at the conversation until there is something to see.
    async fn until<T>(&mut self, mut look: impl FnMut(&Conversation, &mut Desk) -> Option<T>) -> T {
        let shared = self.shared.clone();
        loop {
            // Marked before the look, so that nothing is missed after it.
            self.news.mark_unchanged();
            let account_id = self.account_id.clone();
            let seen = shared.accounts.with_site(&account_id, |site| {
                let conversation = site.any_conversation(&self.conversation_id).ok()?;
                look(conversation, self)
            });
            if let Some(seen) = seen.flatten() {
                return seen;
            }
            // The account lasts as long as the sandbox, and this task no longer.
            let _ = self.news.changed().await;
        }
    }
}
