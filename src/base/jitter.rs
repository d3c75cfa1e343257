//! Times at random, so that threads and processes do not come back together.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

/// A time from zero to `most`.
///
/// From the system, because after a `fork()` a generator of ours would give parent and child the
/// same numbers.
pub(crate) fn jitter(most: Duration) -> Duration {
    let mut random = [0; 4];
    // Without random numbers there is no spread; TLS would not work either.
    let _ = SystemRandom::new().fill(&mut random);
    most.mul_f64(f64::from(u32::from_ne_bytes(random)) / f64::from(u32::MAX))
}
