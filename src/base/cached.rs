//! A value that is kept and renewed: an AppJWT, the list of services, a key set.
//!
//! One thread fetches it for all. While the value may still be used, the others go on with it and
//! wait for nobody; where there is none, they wait for that fetch and share its outcome. A value
//! outlives a renewal that fails. Where two fetches in a row failed, or brought what did not serve,
//! nobody asks again for a moment.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::base::clock::{FOREVER, Moment};
use crate::base::deadline::Deadline;
use crate::base::error::{Error, Status};
use crate::base::fork::generation;
use crate::base::interrupt;
use crate::base::lock::{lock, wait};

/// What a fetch brought.
#[derive(Clone)]
pub(crate) struct Fetched<T> {
    pub value: T,
    /// From then on the next one who asks fetches another.
    pub renew_at: Moment,
    /// From then on it is of no use.
    pub expires_at: Moment,
}

impl<T> Fetched<T> {
    /// Good for this time, and of use for as long as there is no other.
    pub(crate) fn good_for(time: Duration, value: T) -> Fetched<T> {
        let now = Moment::now();
        Fetched { value, renew_at: now + time, expires_at: now + FOREVER }
    }

    /// Good for all times.
    pub(crate) fn for_ever(value: T) -> Fetched<T> {
        Fetched::good_for(FOREVER, value)
    }
}

/// A value fetched by one thread for all that need it, and kept.
pub(crate) struct Cached<T> {
    /// Between renewals that fail, while the old value will do.
    renewal_pause: Duration,
    /// Between fetches of which none serves.
    replacement_pause: Duration,
    state: Mutex<State<T>>,
    landed: Condvar,
}

struct State<T> {
    kept: Option<Fetched<T>>,
    fetched_at: Option<Moment>,
    /// The value that the one under way is to replace was of no use while it should have been.
    was_useless: bool,
    /// Nobody fetches sooner.
    next_try: Option<Moment>,
    failure: Option<Failure>,
    failed_at: Option<Moment>,
    is_fetching: bool,
    /// Counts the fetches begun, so that a waiting thread knows its own from a later one.
    fetches: u64,
    /// Counts what made failures of earlier fetches meaningless.
    restarts: u64,
}

/// How the last fetch failed.
struct Failure {
    error: Error,
    at: Moment,
    /// How long it had.
    deadline: Deadline,
    /// The one before failed, too, a moment ago.
    is_second: bool,
}

/// Where the old value will do, its fetch gets no longer than this, nor than half of what the caller
/// has: it wants to do something with the value.
const LONGEST_RENEWAL: Duration = Duration::from_secs(4);

/// How long a second failure is told to all, where there is no value to go on with.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// Who has so much more time than another does not share the failure that came of too little.
const MORE_TIME: Duration = Duration::from_secs(1);

impl<T: Clone> Cached<T> {
    /// Nothing yet. `renewal_pause`: between renewals that fail, while the old value will do.
    /// `replacement_pause`: between fetches of which none serves.
    pub(crate) const fn new(renewal_pause: Duration, replacement_pause: Duration) -> Self {
        let state = State {
            kept: None,
            fetched_at: None,
            was_useless: false,
            next_try: None,
            failure: None,
            failed_at: None,
            is_fetching: false,
            fetches: 0,
            restarts: 0,
        };
        Cached {
            renewal_pause,
            replacement_pause,
            state: Mutex::new(state),
            landed: Condvar::new(),
        }
    }

    /// The newest value, whether it is good or not.
    pub(crate) fn newest(&self) -> Option<T> {
        lock(&self.state).kept.as_ref().map(|kept| kept.value.clone())
    }

    /// The kept value while it `serves` the caller and needs no renewal, otherwise what `fetch`
    /// brings by the deadline that it is given. What this gives may not serve either: then it is the
    /// newest there is, and too soon for another.
    ///
    /// # Errors
    /// Those of `fetch`, also where another thread called it, or somebody a moment ago.
    pub(crate) fn get(
        &self,
        deadline: Deadline,
        serves: impl Fn(&T) -> bool,
        fetch: impl Fn(Deadline) -> Result<Fetched<T>, Error>,
    ) -> Result<T, Error> {
        let mut state = lock(&self.state);
        let mut joined = None;
        loop {
            let old = match self.next_step(&state, &serves, deadline, joined) {
                Step::Take(outcome) => return outcome,
                Step::Join => {
                    joined = Some(state.fetches);
                    while state.is_fetching && joined == Some(state.fetches) {
                        state = wait(&self.state, &self.landed, state, deadline)?;
                    }
                    continue;
                }
                Step::Fetch { old } => old,
            };
            let restarts = state.begin(&serves);
            drop(state);
            let landing = Landing { cached: self, is_over: false, generation: generation() };
            let left = deadline.remaining().unwrap_or_default();
            let renewal = deadline.at_most(LONGEST_RENEWAL.min(left / 2));
            let by = if old.is_some() { renewal } else { deadline };
            let outcome = fetch(by);
            let Some(landed) = landing.end() else {
                // The lock is the parent's, and may be held by a thread that is not here.
                let forked = Error::new(Status::Closed, "the process forked during the call");
                return Err(outcome.err().unwrap_or(forked));
            };
            state = landed;
            let failure = match outcome {
                Ok(fetched) if has_ended(&fetched) && state.usable(&serves).is_some() => {
                    Error::new(Status::Protocol, "what came in its place has ended already")
                }
                Ok(fetched) => return Ok(state.keep(fetched, self.replacement_pause)),
                Err(failure) => failure,
            };
            let is_outdated = state.restarts != restarts;
            // That this thread had no more time, or was called away, says nothing to the others.
            let had_time = old.is_some() || deadline.remaining().is_ok();
            if !is_outdated && had_time && !interrupt::came() {
                state.fail(failure.clone(), by, self.failure_pause());
            }
            match old {
                Some(old) if state.usable(&serves).is_some() => return Ok(old),
                // It ended meanwhile: now there is all the time that the caller has.
                Some(_) if failure.is_retryable() => {
                    joined = None;
                    state.failure = None;
                }
                // What it was made with was replaced meanwhile.
                None if is_outdated && deadline.remaining().is_ok() && !interrupt::came() => {}
                _ => return Err(failure),
            }
        }
    }

    /// `joined`: the fetch that the caller waited for.
    fn next_step(
        &self,
        state: &State<T>,
        serves: impl Fn(&T) -> bool,
        deadline: Deadline,
        joined: Option<u64>,
    ) -> Step<T> {
        let now = Moment::now();
        let failed_within = |pause| state.failure.as_ref().is_some_and(|it| now < it.at + pause);
        if let Some(usable) = state.usable(serves) {
            let value = usable.value.clone();
            let will_do = now < usable.renew_at
                || state.is_fetching
                || failed_within(self.renewal_pause)
                || deadline.remaining().is_err();
            return if will_do { Step::Take(Ok(value)) } else { Step::Fetch { old: Some(value) } };
        }
        if state.is_fetching {
            return Step::Join;
        }
        if let Some(failure) = &state.failure {
            let is_told = failure.is_second && failed_within(self.failure_pause());
            let counts = joined == Some(state.fetches) || is_told;
            let had_less_time = deadline.exceeds(failure.deadline, MORE_TIME);
            if counts && !(failure.error.is_retryable() && had_less_time) {
                return Step::Take(Err(failure.error.clone()));
            }
        }
        match &state.kept {
            Some(newest) if state.next_try.is_some_and(|at| now < at) => {
                Step::Take(Ok(newest.value.clone()))
            }
            _ => Step::Fetch { old: None },
        }
    }

    /// How long nobody fetches yet for whom the newest value does not serve.
    pub(crate) fn pause(&self, serves: impl Fn(&T) -> bool) -> Duration {
        let state = lock(&self.state);
        match state.next_try {
            Some(at) if state.usable(serves).is_none() => at.since(Moment::now()),
            _ => Duration::ZERO,
        }
    }

    fn failure_pause(&self) -> Duration {
        FAILURE_PAUSE.min(self.renewal_pause)
    }

    /// What failed so far says nothing any more: whoever needs the value may fetch it at once.
    pub(crate) fn restart(&self) {
        let mut state = lock(&self.state);
        state.restarts += 1;
        state.next_try = None;
        state.failure = None;
        state.failed_at = None;
    }
}

fn has_ended<T>(fetched: &Fetched<T>) -> bool {
    fetched.expires_at <= Moment::now()
}

/// What somebody who needs the value does.
enum Step<T> {
    Take(Result<T, Error>),
    /// Waits for the fetch under way.
    Join,
    /// `old`: what will do should the fetch fail.
    Fetch {
        old: Option<T>,
    },
}

impl<T: Clone> State<T> {
    /// The kept value, while it is valid and serves.
    fn usable(&self, serves: impl Fn(&T) -> bool) -> Option<&Fetched<T>> {
        let now = Moment::now();
        self.kept.as_ref().filter(|kept| now < kept.expires_at && serves(&kept.value))
    }

    /// A fetch begins.
    fn begin(&mut self, serves: impl Fn(&T) -> bool) -> u64 {
        let now = Moment::now();
        self.was_useless = self.kept.as_ref().is_some_and(|kept| {
            let came_too_late = self.fetched_at.is_some_and(|at| kept.expires_at <= at);
            came_too_late || (now < kept.expires_at && !serves(&kept.value))
        });
        self.is_fetching = true;
        self.fetches += 1;
        self.next_try = None;
        self.failure = None;
        self.restarts
    }

    /// A fetch failed.
    fn fail(&mut self, error: Error, deadline: Deadline, pause: Duration) {
        let at = Moment::now();
        let is_second = self.failed_at.is_some_and(|before| at < before + pause);
        self.failed_at = Some(at);
        self.failure = Some(Failure { error, at, deadline, is_second });
    }

    /// A fetch succeeded.
    fn keep(&mut self, fetched: Fetched<T>, replacement_pause: Duration) -> T {
        let now = Moment::now();
        let is_recent = self.fetched_at.is_some_and(|at| now < at + replacement_pause);
        self.next_try = (is_recent && self.was_useless).then(|| now + replacement_pause);
        self.fetched_at = Some(now);
        self.failed_at = None;
        let value = fetched.value.clone();
        self.kept = Some(fetched);
        value
    }
}

/// A fetch under way. It is over also where it panics: then the waiting threads try for themselves.
struct Landing<'a, T> {
    cached: &'a Cached<T>,
    is_over: bool,
    /// The process that began it.
    generation: u64,
}

impl<'a, T> Landing<'a, T> {
    /// Nothing in a child that was forked meanwhile, as in a log function: the fetch is its parent's.
    fn end(mut self) -> Option<MutexGuard<'a, State<T>>> {
        self.is_over = true;
        if self.generation != generation() {
            return None;
        }
        let mut state = lock(&self.cached.state);
        state.is_fetching = false;
        self.cached.landed.notify_all();
        Some(state)
    }
}

impl<T> Drop for Landing<'_, T> {
    fn drop(&mut self) {
        if !self.is_over && self.generation == generation() {
            lock(&self.cached.state).is_fetching = false;
            self.cached.landed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::base::clock::tests::sleep_machine;

    const HOUR: Duration = Duration::from_secs(3600);

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    fn now() -> Deadline {
        Deadline::after(Duration::ZERO)
    }

    /// Good for an hour.
    fn good<T>(value: T) -> Result<Fetched<T>, Error> {
        let later = Moment::now() + HOUR;
        Ok(Fetched { value, renew_at: later, expires_at: later })
    }

    /// To be renewed at once, and of use for an hour.
    fn due<T>(value: T) -> Result<Fetched<T>, Error> {
        let now = Moment::now();
        Ok(Fetched { value, renew_at: now, expires_at: now + HOUR })
    }

    fn down<T>() -> Result<T, Error> {
        Err(Error::new(Status::Server, "down"))
    }

    fn refused<T>() -> Result<T, Error> {
        Err(Error::new(Status::Unauthorized, "wrong secret"))
    }

    fn cached<T: Clone>() -> Cached<T> {
        Cached::new(HOUR, HOUR)
    }

    /// One that asks again at once.
    fn hasty<T: Clone>() -> Cached<T> {
        Cached::new(Duration::ZERO, Duration::ZERO)
    }

    #[test]
    fn many_threads_share_one_fetch() {
        let (cached, fetched, start) = (cached(), AtomicU32::new(0), Barrier::new(16));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    start.wait();
                    let fetch = |_| good(fetched.fetch_add(1, Ordering::SeqCst));
                    assert_eq!(cached.get(soon(), |_| true, fetch).unwrap(), 0);
                });
            }
        });
        assert_eq!(fetched.into_inner(), 1);
    }

    #[test]
    fn those_who_wait_share_the_failure() {
        let cached = hasty::<u32>();
        let (fetching, go) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let fetch = |_| {
                    fetching.wait();
                    go.wait();
                    refused()
                };
                assert!(cached.get(soon(), |_| true, fetch).is_err());
            });
            fetching.wait();
            let late = cached.get(now(), |_| true, |_| unreachable!("one is under way"));
            assert_eq!(late.unwrap_err().status(), Status::Timeout);
            // Should it come too late to wait, it fails by itself.
            let waiter = scope.spawn(|| cached.get(soon(), |_| true, |_| refused()));
            go.wait();
            assert_eq!(waiter.join().unwrap().unwrap_err().message(), "wrong secret");
        });
        assert_eq!(cached.get(soon(), |_| true, |_| good(1)).unwrap(), 1);
    }

    #[test]
    fn while_one_renews_the_others_go_on_with_what_there_is() {
        let cached = hasty();
        assert_eq!(cached.get(soon(), |_| true, |_| due(1)).unwrap(), 1);
        let (fetching, go) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            let renewing = scope.spawn(|| {
                cached.get(
                    soon(),
                    |_| true,
                    |within| {
                        let longest = Deadline::after(LONGEST_RENEWAL);
                        assert!(!within.exceeds(longest, Duration::ZERO), "not for long");
                        fetching.wait();
                        go.wait();
                        good(2)
                    },
                )
            });
            fetching.wait();
            // Without any time to wait.
            assert_eq!(cached.get(now(), |_| true, |_| unreachable!("renewing")).unwrap(), 1);
            go.wait();
            assert_eq!(renewing.join().unwrap().unwrap(), 2);
        });
        assert_eq!(cached.get(now(), |_| true, |_| unreachable!("renewed")).unwrap(), 2);
    }

    #[test]
    fn a_renewal_leaves_the_caller_time_for_what_it_wants_to_do() {
        let cached = hasty();
        assert_eq!(cached.get(soon(), |_| true, |_| due(1)).unwrap(), 1);
        let short = Deadline::after(Duration::from_secs(6));
        let renew = |within: Deadline| {
            assert!(short.exceeds(within, Duration::from_secs(2)), "half of it");
            down()
        };
        assert_eq!(cached.get(short, |_| true, renew).unwrap(), 1);
        let none = cached.get(now(), |_| true, |_| unreachable!("it has no time"));
        assert_eq!(none.unwrap(), 1);
    }

    #[test]
    fn a_value_outlives_a_renewal_that_fails_and_nobody_asks_again_for_a_while() {
        for fails in [down as fn() -> _, refused] {
            let cached = cached();
            cached.state.lock().unwrap().kept = due(1).ok();
            assert_eq!(cached.get(soon(), |_| true, |_| fails()).unwrap(), 1);
            let asked = cached.get(soon(), |_| true, |_| unreachable!("asked again"));
            assert_eq!(asked.unwrap(), 1);
            // Whom the old one does not serve learns why there is no other.
            let other = cached.get(soon(), |_| false, |_| fails());
            assert_eq!(other.unwrap_err(), fails().err().unwrap());
        }
    }

    #[test]
    fn a_renewal_that_failed_silences_nobody_once_the_old_value_has_ended() {
        let ended = |cached: &Cached<u32>, ago| {
            sleep_machine(ago);
            cached.state.lock().unwrap().kept.as_mut().unwrap().expires_at = Moment::now();
        };
        let cached = cached();
        cached.state.lock().unwrap().kept = due(1).ok();
        assert_eq!(cached.get(soon(), |_| true, |_| refused()).unwrap(), 1);
        ended(&cached, FAILURE_PAUSE);
        assert_eq!(cached.get(soon(), |_| true, |_| good(2)).unwrap(), 2);
        // What came of too little time counts for nobody who has more.
        let cached = self::cached();
        cached.state.lock().unwrap().kept = due(1).ok();
        assert_eq!(cached.get(soon(), |_| true, |_| down()).unwrap(), 1);
        ended(&cached, Duration::ZERO);
        assert_eq!(cached.get(soon(), |_| true, |_| good(2)).unwrap(), 2);
    }

    #[test]
    fn where_the_old_value_ends_during_its_renewal_there_is_time_for_another_fetch() {
        for short in [soon(), Deadline::after(Duration::from_millis(1900))] {
            another_fetch_after(short);
        }
    }

    fn another_fetch_after(deadline: Deadline) {
        let cached = cached();
        cached.state.lock().unwrap().kept = due(1).ok();
        let fetches = AtomicU32::new(0);
        let fetch = |within: Deadline| {
            if fetches.fetch_add(1, Ordering::SeqCst) == 0 {
                cached.state.lock().unwrap().kept.as_mut().unwrap().expires_at = Moment::now();
                return Err(Error::new(Status::Timeout, "not within 4 s"));
            }
            assert!(!deadline.exceeds(within, Duration::ZERO), "all the time that there is");
            good(2)
        };
        assert_eq!(cached.get(deadline, |_| true, fetch).unwrap(), 2);
    }

    #[test]
    fn a_renewal_that_brings_what_has_ended_is_one_that_fails() {
        let cached = cached();
        cached.state.lock().unwrap().kept = due(1).ok();
        let ended = |_| Ok(Fetched { expires_at: Moment::now(), ..good(2)? });
        assert_eq!(cached.get(soon(), |_| true, ended).unwrap(), 1);
        assert_eq!(cached.get(soon(), |_| true, |_| unreachable!("asked again")).unwrap(), 1);
        // But where the old one has ended, too, the newest is the best there is.
        let cached = self::cached();
        cached.state.lock().unwrap().kept = due(1).ok();
        let both = |by| {
            cached.state.lock().unwrap().kept.as_mut().unwrap().expires_at = Moment::now();
            ended(by)
        };
        assert_eq!(cached.get(soon(), |_| true, both).unwrap(), 2);
    }

    #[test]
    fn what_lived_its_life_is_replaced_at_once_every_time() {
        let cached = cached();
        for value in 1..4 {
            assert_eq!(cached.get(soon(), |_| true, |_| good(value)).unwrap(), value);
            cached.state.lock().unwrap().kept.as_mut().unwrap().expires_at = Moment::now();
        }
    }

    #[test]
    fn what_is_kept_ends_also_while_the_machine_sleeps() {
        let cached = cached();
        assert_eq!(cached.get(soon(), |_| true, |_| good(1)).unwrap(), 1);
        assert_eq!(cached.get(soon(), |_| true, |_| unreachable!("still good")).unwrap(), 1);
        sleep_machine(HOUR);
        assert_eq!(cached.get(soon(), |_| true, |_| good(2)).unwrap(), 2);
    }

    #[test]
    fn what_has_expired_is_no_longer_given() {
        let cached = hasty();
        let now = Moment::now();
        let expired = Fetched { value: 1, renew_at: now, expires_at: now };
        cached.state.lock().unwrap().kept = Some(expired);
        assert_eq!(cached.get(soon(), |_| true, |_| down()).unwrap_err().message(), "down");
        cached.restart();
        assert_eq!(cached.get(soon(), |_| true, |_| good(2)).unwrap(), 2);
    }

    #[test]
    fn a_second_failure_is_told_to_all_for_a_while() {
        let (cached, fetches) = (cached::<u32>(), AtomicU32::new(0));
        for count in 1..3 {
            let fetch = |_| {
                fetches.fetch_add(1, Ordering::SeqCst);
                refused()
            };
            assert!(cached.get(soon(), |_| true, fetch).is_err());
            assert_eq!(fetches.load(Ordering::SeqCst), count, "the first one is told to nobody");
        }
        let asked = cached.get(soon(), |_| true, |_| unreachable!("asked again"));
        assert_eq!(asked.unwrap_err().message(), "wrong secret");
        // But for who knows better.
        cached.restart();
        assert_eq!(cached.get(soon(), |_| true, |_| good(1)).unwrap(), 1);
    }

    #[test]
    fn who_asks_for_another_gets_one_and_then_not_for_a_while() {
        let cached = cached();
        let another_than = |refused| move |value: &i32| *value != refused;
        assert_eq!(cached.get(soon(), |_| true, |_| good(1)).unwrap(), 1);
        assert_eq!(cached.get(soon(), another_than(1), |_| good(2)).unwrap(), 2);
        let newest = cached.get(soon(), another_than(2), |_| unreachable!("too soon"));
        assert_eq!(newest.unwrap(), 2);
        let pauses = [another_than(2), another_than(1)].map(|serves| cached.pause(serves));
        assert!(pauses[0] > HOUR / 2 && pauses[1].is_zero(), "{pauses:?}");
        cached.restart();
        assert!(cached.pause(another_than(2)).is_zero());
        // Nor where it has expired when it comes.
        let cached = self::cached();
        let expired = |value| Ok(Fetched { expires_at: Moment::now(), ..good(value)? });
        assert_eq!(cached.get(soon(), |_| true, |_| expired(1)).unwrap(), 1);
        assert_eq!(cached.get(soon(), |_| true, |_| expired(2)).unwrap(), 2);
        assert_eq!(cached.get(soon(), |_| true, |_| unreachable!("too soon")).unwrap(), 2);
        // A renewal whose time has come is another matter.
        let cached = self::cached();
        for value in 1..4 {
            assert_eq!(cached.get(soon(), |_| true, |_| due(value)).unwrap(), value);
        }
        assert_eq!(cached.get(soon(), another_than(3), |_| good(4)).unwrap(), 4);
    }

    #[test]
    fn one_whom_the_value_does_not_serve_spoils_it_for_nobody() {
        let cached = cached();
        assert_eq!(cached.get(soon(), |_| true, |_| good(1)).unwrap(), 1);
        assert!(cached.get(soon(), |value| *value != 1, |_| down()).is_err());
        assert_eq!(cached.get(soon(), |_| true, |_| unreachable!("still good")).unwrap(), 1);
    }

    #[test]
    fn what_was_replaced_meanwhile_fails_nobody() {
        let (cached, tries) = (cached(), AtomicU32::new(0));
        let fetch = |_| match tries.fetch_add(1, Ordering::SeqCst) {
            0 => {
                cached.restart();
                refused()
            }
            _ => good(1),
        };
        assert_eq!(cached.get(soon(), |_| true, fetch).unwrap(), 1);
    }

    #[test]
    fn a_failure_with_what_was_replaced_meanwhile_does_not_count() {
        let (cached, tries) = (cached::<u32>(), AtomicU32::new(0));
        let fetch = |_| {
            if tries.fetch_add(1, Ordering::SeqCst) == 0 {
                cached.restart();
            }
            refused()
        };
        assert!(cached.get(soon(), |_| true, fetch).is_err());
        assert_eq!(tries.load(Ordering::SeqCst), 2);
        // It was the first one, so the next one asks.
        assert_eq!(cached.get(soon(), |_| true, |_| good(1)).unwrap(), 1);
    }

    #[test]
    fn a_renewal_that_is_refused_is_not_repeated_where_the_old_value_ended_meanwhile() {
        let (cached, fetches) = (cached(), AtomicU32::new(0));
        assert_eq!(cached.get(soon(), |_| true, |_| due(1)).unwrap(), 1);
        let fetch = |_| {
            fetches.fetch_add(1, Ordering::SeqCst);
            cached.state.lock().unwrap().kept.as_mut().unwrap().expires_at = Moment::now();
            refused()
        };
        assert_eq!(cached.get(soon(), |_| true, fetch).unwrap_err().message(), "wrong secret");
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_is_good_for_a_time_is_of_use_for_longer_than_a_process_lives() {
        const LIFE: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);

        let now = Moment::now();
        let fetched = Fetched::good_for(HOUR, 1);
        assert!(fetched.renew_at >= now + HOUR && fetched.renew_at < now + LIFE);
        assert!(fetched.expires_at > now + LIFE);
        let cached = cached();
        assert_eq!(cached.newest(), None);
        assert_eq!(cached.get(soon(), |_| true, |_| Ok(Fetched::for_ever(2))).unwrap(), 2);
        assert_eq!(cached.newest(), Some(2));
    }

    #[test]
    fn who_has_time_left_does_not_share_the_end_of_anothers() {
        // Whether the second thread comes in time to join is its luck: often enough it does.
        for _ in 0..100 {
            let (cached, start) = (cached::<u32>(), Barrier::new(2));
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let fetch = |_| {
                        start.wait();
                        std::thread::yield_now();
                        Err(Error::new(Status::Timeout, "out of time"))
                    };
                    let late = cached.get(now(), |_| true, fetch);
                    assert_eq!(late.unwrap_err().status(), Status::Timeout);
                });
                start.wait();
                assert_eq!(cached.get(soon(), |_| true, |_| good(7)).unwrap(), 7);
            });
        }
    }

    #[test]
    fn who_has_much_more_time_tries_anew() {
        let cached = cached::<u32>();
        let short = Deadline::after(Duration::from_secs(30));
        assert!(cached.get(short, |_| true, |_| down()).is_err());
        assert!(cached.get(short, |_| true, |_| down()).is_err());
        assert!(cached.get(short, |_| true, |_| unreachable!("no more time")).is_err());
        assert_eq!(cached.get(soon(), |_| true, |_| good(7)).unwrap(), 7);
    }

    #[test]
    fn a_panicking_fetch_frees_the_others() {
        let cached = cached::<u32>();
        let panics =
            std::panic::AssertUnwindSafe(|| cached.get(soon(), |_| true, |_| panic!("defect")));
        assert!(std::panic::catch_unwind(panics).is_err());
        assert_eq!(cached.get(now(), |_| true, |_| good(1)).unwrap(), 1);
    }
}
