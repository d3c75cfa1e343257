//! The types of the core over which threads meet, in every order in which that can happen.
//!
//! What is compiled here are the sources of the core. Their `std` is a crate of that name beside this one,
//! whose locks, atomics and clock are loom's; so no line of the core knows of this. A model that finds an
//! order in which something fails panics and names it; a thread that nobody wakes is found as a deadlock.
//!
//!     cargo run [NAME…]     the models whose names hold one of these; all without
#![allow(dead_code, clippy::unwrap_used)] // What the models leave out; a model that cannot go on fails.

// Every `std::` in the sources below.
extern crate loom_std as std;

mod base;
mod models;
mod net;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for (name, model) in models::ALL {
        if wanted.is_empty() || wanted.iter().any(|one| name.contains(one.as_str())) {
            models::play(name, *model);
        }
    }
}
