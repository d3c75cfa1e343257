//! A connection whose other end is far away: each answer takes a round trip longer, and so does the
//! first one once more, as the connection itself does.

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

pub struct Far<S> {
    stream: S,
    round_trip: Duration,
    /// Something was read since the last answer.
    asked: bool,
}

impl<S> Far<S> {
    /// Waits as long as connecting would have taken.
    pub fn new(stream: S, round_trip: Duration) -> Far<S> {
        wait(round_trip);
        Far { stream, round_trip, asked: false }
    }
}

impl<S: Read> Read for Far<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.asked = true;
        self.stream.read(bytes)
    }
}

impl<S: Write> Write for Far<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.asked) {
            wait(self.round_trip);
        }
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn wait(time: Duration) {
    if !time.is_zero() {
        thread::sleep(time);
    }
}
