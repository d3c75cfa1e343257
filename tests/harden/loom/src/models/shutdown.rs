use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use loom::thread;

use crate::base::shutdown::Shutdown;

pub fn every_sleep_ends() {
    let begun = Arc::new(AtomicBool::new(false));
    let shutdown = Arc::new(Shutdown::new(begun.clone()));
    let threads = [(); 2].map(|()| {
        let shutdown = shutdown.clone();
        thread::spawn(move || {
            shutdown.sleep(Duration::from_secs(3600));
            assert!(shutdown.check().is_err());
        })
    });
    begun.store(true, SeqCst);
    shutdown.wake();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
