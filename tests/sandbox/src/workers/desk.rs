//! An agent at work in a conversation.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time;

use crate::agents::action::Action;
use crate::agents::agent::Agent;
use crate::agents::attendance::{Attendance, Bookmark};
use crate::agents::step::{Step, Wait};
use crate::cloud::shared::Shared;
use crate::cloud::site::Site;
use crate::model::conversation::Conversation;
use crate::model::event::Event;
use crate::model::participant::Role;
use crate::protocol::refusal::Refusal;

/// Accompanies a conversation that somebody attends, from its opening on or from where an earlier
/// sandbox ended.
pub(crate) async fn attend(shared: Arc<Shared>, account_id: String, conversation_id: String) {
    let begun = shared.accounts.with_site(&account_id, |site| {
        Some((site.news.subscribe(), site.attendances.get(&conversation_id)?.clone()))
    });
    let Some((news, Attendance { agent, bookmark })) = begun.flatten() else { return };
    let mut desk = Desk { shared, account_id, conversation_id, news, bookmark };
    match agent {
        Agent::Echo => desk.echo().await,
        Agent::Script(script) => {
            for step in script.steps().iter().skip(bookmark.steps) {
                desk.bookmark.steps += 1;
                desk.take(step).await;
            }
        }
    }
    let Desk { shared, account_id, conversation_id, .. } = desk;
    shared.accounts.with_site(&account_id, |site| site.attendances.remove(&conversation_id));
}

/// An agent in one conversation.
struct Desk {
    shared: Arc<Shared>,
    account_id: String,
    conversation_id: String,
    news: watch::Receiver<()>,
    bookmark: Bookmark,
}

impl Desk {
    async fn echo(&mut self) {
        if self.bookmark.steps == 0 {
            self.bookmark.steps = 1;
            self.act(vec![Action::Join]);
        }
        // A survey is none of its business.
        while let Some(event) = self.until_in_main(Event::is_content).await {
            let sequences: Option<Vec<u64>> = event.sequence.map(|sequence| vec![sequence]);
            let status = |status| Action::Status { status, sequences: sequences.clone() };
            let mut answer = vec![status("ACCEPT"), status("READ")];
            if let Some(text) = event.consumer_text() {
                let text = format!("You said: {text}");
                answer.push(Action::Type(true));
                answer.push(Action::Say { text, quick_replies: Value::Null });
            }
            self.act(answer);
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
                let done = self.at_once(|site, id| vec![site.obey(id, act)]);
                self.note(done);
            }
        }
    }

    /// In the first dialog: what may follow it is none of the echo's business.
    fn act(&self, actions: Vec<Action>) {
        let done = self.at_once(|site, id| {
            let mut act = |action: Action| {
                if !site.any_conversation(id)?.main_is_open() {
                    return Ok(Value::Null);
                }
                site.act(id, &action.assigned())
            };
            actions.into_iter().map(&mut act).collect()
        });
        self.note(done);
    }

    /// Does something and turns the page with it: after a kill it is done once, or not yet.
    fn at_once(
        &self,
        act: impl FnOnce(&mut Site, &str) -> Vec<Result<Value, Refusal>>,
    ) -> Vec<Result<Value, Refusal>> {
        let done = self.shared.accounts.with_site(&self.account_id, |site| {
            if let Some(attendance) = site.attendances.get_mut(&self.conversation_id) {
                attendance.bookmark = self.bookmark;
            }
            act(site, &self.conversation_id)
        });
        done.unwrap_or_default()
    }

    /// A conversation may be closed under the agent's hands.
    fn note(&self, done: Vec<Result<Value, Refusal>>) {
        for refusal in done.into_iter().filter_map(Result::err) {
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
            let rated = conversation.ratings > desk.bookmark.ratings;
            desk.bookmark.ratings += usize::from(rated);
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
        let unseen = conversation.events.after(self.bookmark.events);
        let place = unseen
            .iter()
            .position(|event| event.originator.role == Role::Consumer && fits(event))?;
        self.bookmark.events += place + 1;
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
                let conversation = site.see_conversation(&self.conversation_id)?;
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
