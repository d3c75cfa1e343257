//! What this process has used and holds.

/// What the kernel counts time and memory in, on machines that this runs on.
const TICK_US: u64 = 10_000;
const PAGE: u64 = 4096;

/// The processor's time, of all its threads, in microseconds.
pub fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Its name, in parentheses, may be anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
    (ticks(11) + ticks(12)) * TICK_US
}

/// Its memory, in bytes.
pub fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * PAGE
}
