//! A number of places for those who stay. Who comes when all are taken gets that of the oldest.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::base::lock::lock;

/// How many there are: more pages than anybody looks at.
pub(crate) const MOST: usize = 32;

#[derive(Clone, Default)]
pub(crate) struct Places(Arc<Mutex<VecDeque<Arc<Notify>>>>);

/// Somebody's place, free again when it is dropped.
pub(crate) struct Place {
    places: Places,
    lost: Arc<Notify>,
}

impl Places {
    pub(crate) fn take(&self) -> Place {
        let lost = Arc::new(Notify::new());
        let mut taken = lock(&self.0);
        taken.push_back(lost.clone());
        if taken.len() > MOST
            && let Some(oldest) = taken.pop_front()
        {
            oldest.notify_one();
        }
        Place { places: self.clone(), lost }
    }
}

impl Place {
    /// Waits until somebody else has it.
    pub(crate) async fn lost(&self) {
        self.lost.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.places.0).retain(|taken| !Arc::ptr_eq(taken, &self.lost));
    }
}
