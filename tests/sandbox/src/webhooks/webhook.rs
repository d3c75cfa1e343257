//! Where an account's notifications go, and how often.

use std::time::Duration;

use axum::http::Uri;
use serde::{Deserialize, Serialize};

use crate::webhooks::signature::Signature;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_RETRIES: u32 = 5;
/// Between two attempts with [`Retry::Times`].
const PAUSE: Duration = Duration::from_secs(30);
/// The longest wait with [`Retry::Retention`].
const MAX_WAIT: Duration = Duration::from_secs(5 * 60);

/// The endpoint of an account's notifications. Start from [`Webhook::to`] and change what the test
/// needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Where notifications go. With https the endpoint needs a certificate of the sandbox's CA.
    pub url: String,
    /// What happens to a notification that was not delivered. Default: three more attempts.
    pub retry: Retry,
    /// What the waits between attempts are multiplied by, so that tests need not sit through them.
    /// The timeouts stay as they are. Default: 1.
    pub time_scale: f64,
    /// How notifications are signed. Default: [`Signature::Sha1Base64`].
    pub signature: Signature,
    /// How long connecting may take, the TLS handshake included. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long the answer may take. Default: 5 s.
    pub read_timeout: Duration,
    /// Whether events of a survey carry only the id of its dialog, and not that of the
    /// conversation, as with older services. Default: false.
    pub bare_dialogs: bool,
}

/// When a notification is sent again that was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// So many times, every 30 s. Meanwhile other notifications overtake it.
    Times {
        /// 0 to 5.
        max: u32,
    },
    /// After 2, 4, 8 … s, at most 5 min apart, for as long as the waits do not add up to more than
    /// this. Those behind it in the same conversation wait.
    Retention {
        /// 2 s to 3 days.
        time: Duration,
    },
}

impl Webhook {
    /// A webhook with the defaults.
    pub fn to(url: impl Into<String>) -> Webhook {
        Webhook {
            url: url.into(),
            retry: Retry::Times { max: 3 },
            time_scale: 1.0,
            signature: Signature::default(),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            bare_dialogs: false,
        }
    }

    /// Says what is wrong with this webhook, if anything. `tls`: whether the sandbox has TLS, and
    /// so a CA to trust.
    pub fn check(&self, tls: bool) -> Result<(), String> {
        let uri: Uri = self.url.parse().map_err(|_| format!("{:?} is no URL", self.url))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") if tls => {}
            Some("https") => {
                return Err("an https URL needs a sandbox with TLS: only its CA is trusted".into());
            }
            _ => return Err(format!("{:?} must begin with http:// or https://", self.url)),
        }
        if !(0.0..=1e6).contains(&self.time_scale) {
            return Err("time_scale must be a number from 0 to 1000000".into());
        }
        match self.retry {
            Retry::Times { max } if max > MAX_RETRIES => {
                Err(format!("max_retries must be 0 to {MAX_RETRIES}"))
            }
            Retry::Retention { time } if !(Duration::from_secs(2)..=3 * DAY).contains(&time) => {
                Err("retention_time must be 2 s to 3 days".into())
            }
            _ => Ok(()),
        }
    }

    /// How long the sandbox waits where the service would wait so long.
    pub(crate) fn scaled(&self, wait: Duration) -> Duration {
        wait.mul_f64(self.time_scale)
    }
}

impl Retry {
    /// Whether a notification waits for the one before it.
    pub(crate) fn in_order(self) -> bool {
        matches!(self, Retry::Retention { .. })
    }

    /// The wait after so many attempts that failed; `waited` is the sum of those before. None: it
    /// was the last one.
    pub(crate) fn wait(self, attempts: u32, waited: Duration) -> Option<Duration> {
        match self {
            Retry::Times { max } => (attempts <= max).then_some(PAUSE),
            Retry::Retention { time } => {
                let wait = Duration::from_secs(1_u64 << attempts.min(16)).min(MAX_WAIT);
                (waited + wait <= time).then_some(wait)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{DAY, Retry, Webhook};

    fn waits(retry: Retry) -> Vec<u64> {
        let (mut waits, mut waited) = (Vec::new(), Duration::ZERO);
        while let Some(wait) = retry.wait(waits.len() as u32 + 1, waited) {
            waits.push(wait.as_secs());
            waited += wait;
        }
        waits
    }

    #[test]
    fn the_waits_are_those_of_the_service() {
        assert!(waits(Retry::Times { max: 0 }).is_empty());
        assert_eq!(waits(Retry::Times { max: 3 }), [30, 30, 30]);
        let retention = |seconds| waits(Retry::Retention { time: Duration::from_secs(seconds) });
        assert_eq!(retention(2), [2]);
        assert_eq!(retention(14), [2, 4, 8]);
        assert_eq!(retention(15), [2, 4, 8]);
        let long = retention(3 * 24 * 60 * 60);
        assert_eq!(long[..9], [2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(long.last(), Some(&300));
        assert!((259_200 - 300..=259_200).contains(&long.iter().sum::<u64>()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let good = Webhook::to("http://127.0.0.1:1/hook?x=y");
        assert_eq!(good.check(false), Ok(()));
        assert!(Webhook::to("https://127.0.0.1:1/").check(true).is_ok());
        let retention = |time| Retry::Retention { time };
        for wrong in [
            Webhook::to("https://127.0.0.1:1/"),
            Webhook::to("127.0.0.1:1"),
            Webhook::to("/hook"),
            Webhook::to(""),
            Webhook::to("ftp://127.0.0.1/"),
            Webhook { time_scale: -1.0, ..good.clone() },
            Webhook { time_scale: f64::NAN, ..good.clone() },
            Webhook { time_scale: f64::INFINITY, ..good.clone() },
            Webhook { retry: Retry::Times { max: 6 }, ..good.clone() },
            Webhook { retry: retention(Duration::from_secs(1)), ..good.clone() },
            Webhook { retry: retention(4 * DAY), ..good.clone() },
        ] {
            assert!(wrong.check(false).is_err(), "{wrong:?}");
        }
    }
}
