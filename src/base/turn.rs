//! Taking turns: waiting for other threads, never beyond a deadline.
//!
//! The library never holds a plain lock while it talks to the network, because a waiting thread
//! could not give up. These two types hold their lock for an instant only.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::deadline::Deadline;
use crate::base::error::Error;

/// Locks even if another thread panicked with the lock held: the state behind these locks is
/// valid between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Deadline,
) -> Result<MutexGuard<'a, T>, Error> {
    let left = deadline.remaining()?;
    let (guard, _) = changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
    Ok(guard)
}

/// Lets one thread at a time pass, in the order in which they asked.
#[derive(Default)]
pub(crate) struct Turn {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    next_ticket: u64,
    waiting: std::collections::VecDeque<u64>,
}

/// The turn of one thread; ends when dropped.
pub(crate) struct MyTurn<'a> {
    turn: &'a Turn,
    ticket: u64,
}

impl Turn {
    pub(crate) fn take(&self, deadline: Deadline) -> Result<MyTurn<'_>, Error> {
        let mut queue = lock(&self.queue);
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.waiting.push_back(ticket);
        // Made before the wait, so that a thread that gives up leaves the queue.
        let mine = MyTurn { turn: self, ticket };
        while queue.waiting.front() != Some(&ticket) {
            queue = match wait(&self.changed, queue, deadline) {
                Ok(queue) => queue,
                Err(late) => {
                    return Err(late.context("waiting for earlier sends of this conversation"));
                }
            };
        }
        drop(queue);
        Ok(mine)
    }
}

impl Drop for MyTurn<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.turn.queue);
        queue.waiting.retain(|ticket| *ticket != self.ticket);
        // Waking nobody would still be a system call.
        if !queue.waiting.is_empty() {
            self.turn.changed.notify_all();
        }
    }
}

/// A value that is fetched by one thread for all that need it meanwhile, and kept.
///
/// The others wait for that fetch and share its outcome, good or bad.
pub(crate) struct SingleFlight<T> {
    state: Mutex<State<T>>,
    landed: Condvar,
}

struct State<T> {
    value: Option<T>,
    /// Until then the value is used although it is no longer good: it could not be renewed.
    held_until: Option<Instant>,
    /// Counts the fetches begun, so that a waiting thread knows its own from a later one.
    flight: u64,
    flying: bool,
    /// Why the last flight failed, and how long it had.
    failure: Option<(Error, Deadline)>,
}

/// Where the old value will do, nobody waits longer for a new one.
const RENEWAL: Duration = Duration::from_secs(4);

/// And nobody tries again sooner.
const HOLD: Duration = Duration::from_secs(10);

/// Who has so much more time than another does not share the failure that came of too little.
const MORE_TIME: Duration = Duration::from_secs(1);

impl<T: Clone> SingleFlight<T> {
    pub(crate) const fn new() -> Self {
        let state =
            State { value: None, held_until: None, flight: 0, flying: false, failure: None };
        SingleFlight { state: Mutex::new(state), landed: Condvar::new() }
    }

    /// The kept value if it `is_good`, otherwise what `fetch` brings by the deadline that it is
    /// given. Where that fails, the kept one will do for a while if it `is_usable`.
    pub(crate) fn get(
        &self,
        deadline: Deadline,
        is_good: impl Fn(&T) -> bool,
        is_usable: impl Fn(&T) -> bool,
        fetch: impl FnOnce(Deadline) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut state = lock(&self.state);
        loop {
            let held = state.held_until.is_some_and(|until| Instant::now() < until);
            let will_do = |value: &&T| is_good(value) || held && is_usable(value);
            if let Some(value) = state.value.as_ref().filter(will_do) {
                return Ok(value.clone());
            }
            if !state.flying {
                break;
            }
            let joined = state.flight;
            while state.flying && state.flight == joined {
                state = wait(&self.landed, state, deadline)?;
            }
            // A later flight may be under way by now; ours is over, and its outcome counts.
            if state.flight == joined {
                match (&state.failure, &state.value) {
                    (Some((failure, theirs)), _)
                        if !failure.is_retryable() || !deadline.exceeds(*theirs, MORE_TIME) =>
                    {
                        return Err(failure.clone());
                    }
                    (None, Some(value)) => return Ok(value.clone()),
                    _ => {}
                }
            }
        }
        let old = state.value.clone().filter(|old| is_usable(old));
        state.flying = true;
        state.flight += 1;
        state.failure = None;
        drop(state);

        let mut landing = Landing { flight: self, deadline, outcome: None, held: false };
        let outcome = match old {
            None => fetch(deadline),
            Some(old) => fetch(deadline.at_most(RENEWAL)).or_else(|failed| {
                // What will not come right must be told: wrong credentials, a forged token.
                landing.held = failed.is_retryable();
                if landing.held { Ok(old) } else { Err(failed) }
            }),
        };
        landing.outcome = Some(outcome.clone());
        outcome
    }
}

/// Ends a flight, also when the fetch panics: then the waiting threads try for themselves. They do
/// so, too, where the fetch failed because its own thread ran out of time: they may have some left.
struct Landing<'a, T> {
    flight: &'a SingleFlight<T>,
    deadline: Deadline,
    outcome: Option<Result<T, Error>>,
    held: bool,
}

impl<T> Drop for Landing<'_, T> {
    fn drop(&mut self) {
        let mut state = lock(&self.flight.state);
        state.flying = false;
        state.held_until = self.held.then(|| Instant::now() + HOLD);
        match self.outcome.take() {
            Some(Ok(value)) => state.value = Some(value),
            Some(Err(failure)) => {
                state.value = None;
                if self.deadline.remaining().is_ok() {
                    state.failure = Some((failure, self.deadline));
                }
            }
            None => state.value = None,
        }
        drop(state);
        self.flight.landed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::base::error::Status;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    fn now() -> Deadline {
        Deadline::after(Duration::ZERO)
    }

    #[test]
    fn a_turn_that_cannot_come_in_time_is_a_timeout_and_leaves_the_queue() {
        let turn = Turn::default();
        let first = turn.take(soon()).unwrap();
        assert_eq!(turn.take(now()).err().unwrap().status(), Status::Timeout);
        drop(first);
        assert!(turn.take(now()).is_ok());
    }

    #[test]
    fn many_threads_share_one_fetch() {
        let flight = SingleFlight::new();
        let fetched = AtomicU32::new(0);
        let start = Barrier::new(16);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    start.wait();
                    let value = flight.get(
                        soon(),
                        |_| true,
                        |_| false,
                        |_| Ok(fetched.fetch_add(1, Ordering::SeqCst)),
                    );
                    assert_eq!(value.unwrap(), 0);
                });
            }
        });
        assert_eq!(fetched.into_inner(), 1);
    }

    #[test]
    fn those_who_wait_share_the_failure_and_the_next_tries_anew() {
        let flight = SingleFlight::<u32>::new();
        let (flying, gave_up) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let failed = flight.get(
                    soon(),
                    |_| true,
                    |_| false,
                    |_| {
                        flying.wait();
                        gave_up.wait();
                        Err(Error::new(Status::Server, "down"))
                    },
                );
                assert_eq!(failed.unwrap_err().status(), Status::Server);
            });
            flying.wait();
            let late = flight.get(now(), |_| true, |_| false, |_| Ok(7)).unwrap_err();
            assert_eq!(late.status(), Status::Timeout, "waits for the flight under way");
            let waiter = scope.spawn(|| {
                flight.get(soon(), |_| true, |_| false, |_| Err(Error::new(Status::Server, "down")))
            });
            gave_up.wait();
            assert_eq!(waiter.join().unwrap().unwrap_err().message(), "down");
        });
        assert_eq!(flight.get(soon(), |_| true, |_| false, |_| Ok(7)).unwrap(), 7);
    }

    #[test]
    fn who_has_time_left_does_not_share_the_end_of_anothers() {
        let mut flight = SingleFlight::<u32>::new();
        // Whether the second thread comes in time to join is its luck: often enough it does.
        for _ in 0..100 {
            flight = SingleFlight::new();
            let start = Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let late = flight.get(
                        now(),
                        |_| true,
                        |_| false,
                        |_| {
                            start.wait();
                            std::thread::yield_now();
                            Err(Error::new(Status::Timeout, "out of time"))
                        },
                    );
                    assert_eq!(late.unwrap_err().status(), Status::Timeout);
                });
                start.wait();
                assert_eq!(flight.get(soon(), |_| true, |_| false, |_| Ok(7)).unwrap(), 7);
            });
        }
        // A value that is no longer good does not come back when its renewal fails.
        let failed =
            flight.get(soon(), |_| false, |_| false, |_| Err(Error::new(Status::Server, "down")));
        assert!(failed.is_err());
        assert_eq!(flight.get(soon(), |_| true, |_| false, |_| Ok(8)).unwrap(), 8);
    }

    #[test]
    fn a_stale_value_is_fetched_again() {
        let flight = SingleFlight::new();
        assert_eq!(flight.get(soon(), |_| true, |_| false, |_| Ok(1)).unwrap(), 1);
        assert_eq!(flight.get(soon(), |v| *v > 1, |_| false, |_| Ok(2)).unwrap(), 2);
        assert_eq!(flight.get(soon(), |v| *v > 1, |_| false, |_| Ok(3)).unwrap(), 2);
    }

    #[test]
    fn a_panicking_fetch_frees_the_flight() {
        let flight = SingleFlight::<u32>::new();
        let panics = std::panic::AssertUnwindSafe(|| {
            flight.get(soon(), |_| true, |_| false, |_| panic!("defect"))
        });
        assert!(std::panic::catch_unwind(panics).is_err());
        assert_eq!(flight.get(now(), |_| true, |_| false, |_| Ok(1)).unwrap(), 1);
    }

    #[test]
    fn a_value_that_cannot_be_renewed_will_do_while_it_is_usable() {
        let flight = SingleFlight::new();
        assert_eq!(flight.get(soon(), |_| true, |_| true, |_| Ok(1)).unwrap(), 1);
        let down = |within: Deadline| {
            assert!(!within.exceeds(Deadline::after(RENEWAL), Duration::ZERO), "not for long");
            Err(Error::new(Status::Server, "down"))
        };
        assert_eq!(flight.get(soon(), |_| false, |_| true, down).unwrap(), 1);
        // For a while nobody asks again.
        let asked = flight.get(soon(), |_| false, |_| true, |_| unreachable!("asked again"));
        assert_eq!(asked.unwrap(), 1);
        // What is of no use must be fetched.
        assert_eq!(flight.get(soon(), |_| false, |_| false, |_| Ok(2)).unwrap(), 2);
        // Nor is what will not come right hidden.
        let refused = |_: Deadline| Err(Error::new(Status::Unauthorized, "wrong secret"));
        let refused = flight.get(soon(), |_| false, |_| true, refused).unwrap_err();
        assert_eq!(refused.status(), Status::Unauthorized);
    }

    #[test]
    fn who_has_much_more_time_tries_anew() {
        let flight = SingleFlight::<u32>::new();
        let short = Deadline::after(Duration::from_secs(30));
        let (flying, go) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let failed = flight.get(
                    short,
                    |_| true,
                    |_| false,
                    |_| {
                        flying.wait();
                        go.wait();
                        Err(Error::new(Status::Server, "no retry fits"))
                    },
                );
                assert!(failed.is_err());
            });
            flying.wait();
            let waiter = scope.spawn(|| flight.get(soon(), |_| true, |_| false, |_| Ok(7)));
            go.wait();
            assert_eq!(waiter.join().unwrap().unwrap(), 7);
        });
    }
}
