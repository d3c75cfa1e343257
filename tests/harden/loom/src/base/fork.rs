//! Which process this is: the one that a model says.

use std::sync::Mutex;

struct Generation(Mutex<u64>);

loom::lazy_static! {
    static ref GENERATION: Generation = Generation(Mutex::new(1));
}

pub fn generation() -> u64 {
    *GENERATION.0.lock().unwrap()
}

/// From now on this is the child.
pub fn fork() {
    *GENERATION.0.lock().unwrap() += 1;
}
