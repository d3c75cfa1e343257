//! What lies between a node's thread and those of its engine: what is here, and what is wanted.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::clock::Moment;
use crate::base::lock::lock;
use crate::store::fleet::broker::Waiting;

/// So long after the program asked for updates more of them may come.
const WANTED_FOR: Duration = Duration::from_secs(2);

/// Between two looks whether some are wanted.
const LOOK: Duration = Duration::from_millis(500);

/// The desk.
#[derive(Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    asked: Notify,
}

#[derive(Default)]
struct State {
    /// The actions that are here.
    actions: HashMap<u64, Action>,
    /// The updates that are here, and whether the program has them.
    updates: HashMap<u64, bool>,
    wanted_at: Option<Moment>,
    is_always_wanted: bool,
    is_stopped: bool,
    is_away: bool,
    waits: Option<Waiting>,
}

struct Action {
    /// Until then nobody else has it, as far as the broker says.
    until: Moment,
    /// Until then nobody else can have it.
    fresh_until: Moment,
    /// Nothing of it went out.
    is_untouched: bool,
}

/// Of an action that was let go.
pub(crate) struct Was {
    /// Nobody else had it.
    pub is_held: bool,
    /// Nothing of it had gone out.
    pub is_untouched: bool,
}

impl Desk {
    pub(super) fn hold(&self, id: u64, lease: Duration, is_untouched: bool) {
        let until = Moment::now() + lease;
        let action = Action { until, fresh_until: until, is_untouched };
        lock(&self.state).actions.insert(id, action);
    }

    pub(super) fn extend(&self, id: u64, lease: Duration) {
        if let Some(action) = lock(&self.state).actions.get_mut(&id) {
            action.until = Moment::now() + lease;
        }
    }

    /// What was so of the action just before: who means to send it marks it first, and looks whether it is held then.
    pub(crate) fn let_go(&self, id: u64) -> Was {
        let action = lock(&self.state).actions.remove(&id);
        let is_held = action.as_ref().is_some_and(|action| Moment::now() < action.until);
        Was { is_held, is_untouched: action.is_some_and(|action| action.is_untouched) }
    }

    /// Whether it was let go.
    pub(super) fn lacks(&self, id: u64) -> bool {
        !lock(&self.state).actions.contains_key(&id)
    }

    /// Whether nobody else has the action.
    pub(crate) fn holds(&self, id: u64) -> bool {
        lock(&self.state).actions.get(&id).is_some_and(|action| Moment::now() < action.until)
    }

    /// Whether it came so lately that nobody else can have it.
    pub(crate) fn is_fresh(&self, id: u64) -> bool {
        let is_fresh = |action: &Action| Moment::now() < action.fresh_until;
        lock(&self.state).actions.get(&id).is_some_and(is_fresh)
    }

    /// The action goes out now, if nobody else has it. Whoever lets it go sees that mark.
    pub(crate) fn goes_out(&self, id: u64) -> bool {
        let mut state = lock(&self.state);
        let Some(action) = state.actions.get_mut(&id) else { return false };
        action.is_untouched = false;
        Moment::now() < action.until
    }

    /// The action goes out, or it is known that nothing of it did.
    pub(crate) fn touch(&self, id: u64, goes_out: bool) {
        if let Some(action) = lock(&self.state).actions.get_mut(&id) {
            action.is_untouched = !goes_out;
        }
    }

    /// The program asks for updates.
    pub(crate) fn want(&self) {
        lock(&self.state).wanted_at = Some(Moment::now());
        self.asked.notify_waiters();
    }

    /// The program asks whenever something is there.
    pub(crate) fn want_always(&self) {
        lock(&self.state).is_always_wanted = true;
        self.asked.notify_waiters();
    }

    fn is_wanted(&self) -> bool {
        let state = lock(&self.state);
        // Who was shut down asks as long as he asks.
        (state.is_always_wanted && !state.is_stopped)
            || state.wanted_at.is_some_and(|at| at.elapsed() < WANTED_FOR)
    }

    /// Waits until the program asks for updates, or never will.
    pub(super) async fn wanted(&self) {
        while !self.is_wanted() && !self.is_stopped() {
            let _ = tokio::time::timeout(LOOK, self.asked.notified()).await;
        }
    }

    pub(super) fn hold_update(&self, id: u64) {
        lock(&self.state).updates.insert(id, false);
    }

    pub(super) fn let_go_of_update(&self, id: u64) {
        lock(&self.state).updates.remove(&id);
    }

    /// Whether nobody else has the update.
    pub(crate) fn holds_update(&self, id: u64) -> bool {
        lock(&self.state).updates.contains_key(&id)
    }

    /// The program has the update, if nobody else has.
    pub(crate) fn give(&self, id: u64) -> bool {
        let mut state = lock(&self.state);
        state.updates.get_mut(&id).map(|is_given| *is_given = true).is_some()
    }

    /// Whether an update has waited here for so long, and the program asks for none.
    pub(super) fn is_idle(&self, id: u64, waits: Duration, most: Duration) -> bool {
        let is_given = || lock(&self.state).updates.get(&id).is_some_and(|is_given| *is_given);
        waits >= most && !self.is_wanted() && !is_given()
    }

    /// Nothing more is taken.
    pub(crate) fn stop(&self) {
        lock(&self.state).is_stopped = true;
        self.asked.notify_waiters();
    }

    pub(super) fn is_stopped(&self) -> bool {
        lock(&self.state).is_stopped
    }

    pub(super) fn set_there(&self, is_there: bool) {
        lock(&self.state).is_away = !is_there;
    }

    pub(crate) fn is_there(&self) -> bool {
        !lock(&self.state).is_away
    }

    pub(super) fn set_waits(&self, waits: Waiting) {
        lock(&self.state).waits = Some(waits);
    }

    /// How many actions and updates wait, as far as anybody knows.
    pub(crate) fn waits(&self) -> (u64, u64) {
        lock(&self.state).waits.map_or((0, 0), |waits| (waits.outgoing, waits.incoming))
    }
}
