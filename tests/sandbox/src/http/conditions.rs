//! The state that the service is in: slow, away, or neither.

use std::future;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{self, Instant};
use uuid::Uuid;

use crate::base::lock::lock;

/// The longest outage.
pub(crate) const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long each answer is held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// At least so long.
    pub least: Duration,
    /// And up to so much more, another time for each answer.
    pub jitter: Duration,
}

impl Latency {
    fn draw(self) -> Duration {
        let most = self.jitter.as_nanos();
        let more = Uuid::new_v4().as_u128() % (most + 1);
        self.least.saturating_add(Duration::from_nanos(u64::try_from(more).unwrap_or(u64::MAX)))
    }
}

/// What the service does while it is away. Either way it closes the connections that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// It refuses connections.
    Refused,
    /// It answers every request with 503.
    Unavailable,
}

impl Outage {
    const ALL: [(&str, Outage); 2] =
        [("refused", Outage::Refused), ("unavailable", Outage::Unavailable)];

    pub(crate) fn from_name(name: &str) -> Option<Outage> {
        Outage::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, outage)| outage)
    }

    /// All names, to be listed in a sentence.
    pub(crate) fn names() -> String {
        Outage::ALL.map(|(name, _)| name).join(", ")
    }
}

/// An outage and its end.
type Current = Option<(Outage, Instant)>;

pub(crate) struct Conditions {
    latency: Mutex<Latency>,
    outage: watch::Sender<Current>,
    /// How many outages have begun.
    begun: watch::Sender<u64>,
}

impl Conditions {
    pub(crate) fn new(latency: Latency) -> Conditions {
        Conditions {
            latency: Mutex::new(latency),
            outage: watch::Sender::new(None),
            begun: watch::Sender::new(0),
        }
    }

    pub(crate) fn set_latency(&self, latency: Latency) {
        *lock(&self.latency) = latency;
    }

    /// Waits for as long as an answer is held back.
    pub(crate) async fn hold_back(&self) {
        let wait = lock(&self.latency).draw();
        if !wait.is_zero() {
            time::sleep(wait).await;
        }
    }

    /// Begins an outage, in place of one that there may be.
    pub(crate) fn begin(&self, outage: Outage, length: Duration) {
        self.outage.send_replace(Some((outage, Instant::now() + length.min(LONGEST))));
        self.begun.send_modify(|begun| *begun += 1);
    }

    pub(crate) fn end(&self) {
        self.outage.send_replace(None);
    }

    /// The outage that there is now.
    pub(crate) fn outage(&self) -> Option<Outage> {
        self.outage.borrow().filter(|(_, end)| *end > Instant::now()).map(|(outage, _)| outage)
    }

    /// How long the outage that there is now lasts yet.
    pub(crate) fn outage_left(&self) -> Duration {
        let end = self.outage.borrow().map(|(_, end)| end);
        end.map_or(Duration::ZERO, |end| end.saturating_duration_since(Instant::now()))
    }

    /// Waits until the service is there again.
    pub(crate) async fn over(&self) {
        self.until(|outage| outage.is_none()).await;
    }

    /// Waits until connections are refused.
    pub(crate) async fn refusing(&self) {
        self.until(|outage| outage == Some(Outage::Refused)).await;
    }

    /// Waits until they no longer are.
    pub(crate) async fn listening(&self) {
        self.until(|outage| outage != Some(Outage::Refused)).await;
    }

    async fn until(&self, reached: impl Fn(Option<Outage>) -> bool) {
        let mut changes = self.outage.subscribe();
        loop {
            let current = *changes.borrow_and_update();
            if reached(self.outage()) {
                return;
            }
            let end = async {
                match current {
                    Some((_, end)) if end > Instant::now() => time::sleep_until(end).await,
                    _ => future::pending().await,
                }
            };
            tokio::select! {
                () = end => {}
                // The sender is this value's own.
                _ = changes.changed() => {}
            }
        }
    }

    /// Is ready once another outage has begun than those so far.
    pub(crate) fn next(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut begun = self.begun.subscribe();
        async move {
            if begun.changed().await.is_err() {
                future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Conditions, Latency, Outage};

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn an_outage_ends_in_time() {
        let conditions = Conditions::new(Latency::default());
        conditions.over().await;
        let begin = Instant::now();
        conditions.begin(Outage::Refused, MINUTE);
        conditions.refusing().await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        conditions.listening().await;
        assert!((MINUTE..2 * MINUTE).contains(&begin.elapsed()));
        assert_eq!(conditions.outage(), None);
        conditions.begin(Outage::Unavailable, MINUTE);
        conditions.begin(Outage::Unavailable, 3 * MINUTE);
        let begin = Instant::now();
        conditions.listening().await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        conditions.over().await;
        assert!(begin.elapsed() >= 3 * MINUTE, "the second one counts");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_held_back_and_never_longer_than_told() {
        let (least, jitter) = (MINUTE, 2 * MINUTE);
        let conditions = Conditions::new(Latency { least, jitter });
        let mut waits = Vec::new();
        for _ in 0..50 {
            let begin = Instant::now();
            conditions.hold_back().await;
            waits.push(begin.elapsed());
        }
        // The timer counts whole milliseconds.
        let longest = least + jitter + Duration::from_millis(2);
        assert!(waits.iter().all(|wait| (least..=longest).contains(wait)), "{waits:?}");
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 1, "each another time");
        conditions.set_latency(Latency::default());
        let begin = Instant::now();
        conditions.hold_back().await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
