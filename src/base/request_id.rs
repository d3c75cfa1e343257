//! Ids for requests: unique over threads, processes and machines.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::rand::{SecureRandom, SystemRandom};

/// The longest id that the service takes.
pub(crate) const MOST: usize = 64;

/// Gives out ids: 64 random bits of this process, then a count.
pub(crate) struct RequestIds {
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> RequestIds {
        let mut random = [0; 8];
        // Without the system's random numbers, time and process still tell ids apart.
        if SystemRandom::new().fill(&mut random).is_err() {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64;
            random = (now ^ (u64::from(std::process::id()) << 40)).to_be_bytes();
        }
        let prefix = format!("{:016x}-", u64::from_be_bytes(random));
        RequestIds { prefix, next: AtomicU64::new(1) }
    }

    pub(crate) fn next(&self) -> String {
        let mut id = String::with_capacity(MOST);
        id.push_str(&self.prefix);
        // Writing into a String cannot fail.
        let _ = write!(id, "{}", self.next.fetch_add(1, Ordering::Relaxed));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_of_a_length_the_service_takes() {
        let (one, other) = (RequestIds::new(), RequestIds::new());
        let ids: std::collections::HashSet<String> =
            (0..100).flat_map(|_| [one.next(), other.next()]).collect();
        assert_eq!(ids.len(), 200);
        assert!(ids.iter().all(|id| (1..=MOST).contains(&id.len())));
        assert!(format!("{}{}", one.prefix, u64::MAX).len() <= MOST);
    }
}
