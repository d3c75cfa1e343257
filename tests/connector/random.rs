//! Numbers that differ each time; where a test fails, it says how to have the same again.

use std::io::Write;
use std::time::SystemTime;

/// xorshift.
pub struct Random {
    /// Names the seed of an earlier run.
    variable: &'static str,
    seed: u64,
    state: u64,
}

impl Random {
    pub fn new(variable: &'static str) -> Random {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let seed =
            std::env::var(variable).map_or(now.as_nanos() as u64, |seed| seed.parse().unwrap());
        Random { variable, seed, state: seed | 1 }
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
            let _ = writeln!(std::io::stderr(), "{}={}", self.variable, self.seed);
        }
    }
}
