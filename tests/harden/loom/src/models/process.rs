use std::sync::Arc;

use loom::thread;

use super::Count;
use crate::base::fork::fork;
use crate::base::process::PerProcess;

/// Counts those that live.
struct Made {
    number: u64,
    dropped: Arc<Count>,
}

impl Drop for Made {
    fn drop(&mut self) {
        self.dropped.up();
    }
}

#[derive(Default)]
struct Counts {
    made: Count,
    dropped: Arc<Count>,
}

impl Counts {
    fn make(&self) -> Made {
        Made { number: self.made.up(), dropped: self.dropped.clone() }
    }
}

/// What three threads get that ask at the same time: the same.
fn asked_by_three(cell: &Arc<PerProcess<Made>>, counts: &Arc<Counts>) -> u64 {
    let threads = [(); 2].map(|()| {
        let (cell, counts) = (cell.clone(), counts.clone());
        thread::spawn(move || {
            let seen = cell.peek().map(|early| early.number);
            let mine = cell.get(|| counts.make()).number;
            assert!(seen.is_none_or(|seen| seen == mine), "another value was there before");
            mine
        })
    });
    let mine = cell.get(|| counts.make()).number;
    for thread in threads {
        assert_eq!(thread.join().unwrap(), mine);
    }
    mine
}

pub fn one_value_for_all() {
    let (cell, counts) = (Arc::new(PerProcess::new()), Arc::new(Counts::default()));
    asked_by_three(&cell, &counts);
    assert_eq!(counts.dropped.get(), counts.made.get() - 1, "of those that were made one is kept");
    drop(cell);
    assert_eq!(counts.dropped.get(), counts.made.get());
}

pub fn a_child_makes_its_own() {
    let (cell, counts) = (Arc::new(PerProcess::new()), Arc::new(Counts::default()));
    let parents = cell.get(|| counts.make()).number;
    let unused = PerProcess::new();
    unused.get(|| counts.make());
    fork();
    assert!(cell.peek().is_none());
    assert_ne!(asked_by_three(&cell, &counts), parents);
    drop((cell, unused));
    assert_eq!(counts.dropped.get(), counts.made.get() - 2, "what was inherited stays untouched");
}
