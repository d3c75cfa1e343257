//! Numbers that differ each time; where a test fails, it says how to have the same again.

use std::io::Write;
use std::time::SystemTime;

/// Names the seed of an earlier run.
const SEED: &str = "LPC_KILLS_SEED";

/// xorshift.
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    pub fn new() -> Random {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let seed = std::env::var(SEED).map_or(now.as_nanos() as u64, |seed| seed.parse().unwrap());
        Random { seed, state: seed | 1 }
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % end
    }
}

impl Drop for Random {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "{SEED}={}", self.seed);
        }
    }
}
