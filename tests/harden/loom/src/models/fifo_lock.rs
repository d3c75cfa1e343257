use std::locks::waiting;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loom::thread;

use super::{Alone, never};
use crate::base::deadline::Deadline;
use crate::base::error::Status;
use crate::base::fifo_lock::FifoLock;

pub fn one_at_a_time() {
    let turn = Arc::new((FifoLock::default(), Alone::default()));
    let threads = [(); 2].map(|()| {
        let turn = turn.clone();
        thread::spawn(move || {
            let _mine = turn.0.take(never()).unwrap();
            turn.1.with(|| ());
        })
    });
    {
        let _mine = turn.0.take(never()).unwrap();
        turn.1.with(|| ());
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

pub fn in_the_order_of_asking() {
    let turn = Arc::new((FifoLock::default(), Mutex::new(Vec::new())));
    let mine = turn.0.take(never()).unwrap();
    let threads = [1, 2].map(|number| {
        let asks = turn.clone();
        let thread = thread::spawn(move || {
            let _mine = asks.0.take(never()).unwrap();
            asks.1.lock().unwrap().push(number);
        });
        while waiting() < number {
            thread::yield_now();
        }
        thread
    });
    drop(mine);
    // Who had it asks again, and does not come before those who wait.
    drop(turn.0.take(never()).unwrap());
    assert_eq!(*turn.1.lock().unwrap(), [1, 2]);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

pub fn who_gives_up_leaves_the_queue() {
    let turn = Arc::new(FifoLock::default());
    let mine = turn.take(never()).unwrap();
    let impatient = turn.clone();
    let impatient = thread::spawn(move || {
        if let Err(why) = impatient.take(Deadline::after(Duration::from_secs(1))) {
            assert_eq!(why.status(), Status::Timeout);
        }
    });
    let patient = turn.clone();
    let patient = thread::spawn(move || drop(patient.take(never()).unwrap()));
    std::clock::advance(Duration::from_secs(2));
    drop(mine);
    impatient.join().unwrap();
    patient.join().unwrap();
    assert!(turn.take(Deadline::after(Duration::ZERO)).is_ok(), "somebody is left in the queue");
}
