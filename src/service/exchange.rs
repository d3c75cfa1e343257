//! How a request travels: sent, judged, and sent again where that is right. Every request of the
//! library passes here, with its deadline.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::http::uri::Authority;

use crate::base::cached::{Cached, Fetched};
use crate::base::deadline::Deadline;
use crate::base::delivery::Delivery;
use crate::base::error::{Error, ServiceSays, Status};
use crate::base::fork::generation;
use crate::base::jitter::jitter;
use crate::base::log::{Log, LogLevel};
use crate::base::shutdown::Shutdown;
use crate::base::stats::{Counters, Operation, Stats, count};
use crate::config::settings::Settings;
use crate::net::transport::{HttpAnswer, HttpRequest, Transport};
use crate::protocol::message::Idempotency;
use crate::protocol::redact::redact;
use crate::service::dates::retry_after_ms;
use crate::service::outages::Outages;
use crate::service::rate_limit::RateLimit;
use crate::service::retry::wait_before_retry;

/// The way to all services, for one process.
pub(crate) struct Exchange {
    pub settings: Arc<Settings>,
    pub transport: Transport,
    pub shutdown: Shutdown,
    pub counters: Arc<Counters>,
    rate_limit: RateLimit,
    /// What messages need, tokens above all, pauses by itself: nobody who has it waits for that.
    rate_limit_of_needs: RateLimit,
    outages: Outages,
    /// The process that it is for.
    generation: u64,
}

/// Between two calls that go on because their host answers again, on average.
const SPREAD: Duration = Duration::from_millis(10);

/// One request to a service, and what its failures mean.
pub(crate) struct ServiceRequest<'a> {
    /// What is being done, as the beginning of an error message.
    pub doing: &'static str,
    pub operation: Operation,
    pub http: HttpRequest<'a>,
    /// What must not come back in an error, should the server echo it.
    pub secrets: &'a [&'a [u8]],
    pub idempotency: Idempotency,
    /// The least that all wait after a 429.
    pub least_pause: Duration,
}

impl<'a> ServiceRequest<'a> {
    /// A request that carries no secret and changes nothing.
    pub(crate) fn new(
        doing: &'static str,
        operation: Operation,
        http: HttpRequest<'a>,
    ) -> ServiceRequest<'a> {
        ServiceRequest {
            doing,
            operation,
            http,
            secrets: &[],
            idempotency: Idempotency::Safe,
            least_pause: Duration::ZERO,
        }
    }

    /// Whether it fetches what messages need, and what is kept once it is there.
    fn is_need(&self) -> bool {
        use Operation::{Consumer, Domain, Keys, Token};
        matches!(self.operation, Domain | Token | Keys | Consumer)
    }
}

impl Exchange {
    pub(crate) fn new(
        settings: Arc<Settings>,
        transport: Transport,
        shutdown: Shutdown,
        counters: Arc<Counters>,
    ) -> Exchange {
        let (rate_limit, rate_limit_of_needs) = (RateLimit::new(), RateLimit::new());
        let outages = Outages::default();
        let generation = generation();
        Exchange {
            settings,
            transport,
            shutdown,
            counters,
            rate_limit,
            rate_limit_of_needs,
            outages,
            generation,
        }
    }

    pub(crate) fn log(&self) -> &Log {
        &self.settings.log
    }

    /// Sends a request until it is answered for good; the answer is 2xx or an error.
    pub(crate) fn send(
        &self,
        request: &ServiceRequest,
        deadline: Deadline,
    ) -> Result<HttpAnswer, Error> {
        let sent = self.deliver(request, deadline, &mut Delivery::default());
        sent.map_err(|error| self.count_failure(error))
    }

    /// As [`send`](Exchange::send), for a request that its caller may send once more, with another token:
    /// what becomes of it goes into `delivery`, and it is the caller who says that it failed for good.
    ///
    /// This is where an attempt that failed is looked at and another may follow.
    pub(crate) fn deliver(
        &self,
        request: &ServiceRequest,
        deadline: Deadline,
        delivery: &mut Delivery,
    ) -> Result<HttpAnswer, Error> {
        let mut attempts = 0;
        let mut limited = None;
        let mut was_woken = false;
        loop {
            if let Err(error) = self.wait_for_rate_limit(request, deadline) {
                // The 429 of this very request says more than that there was one.
                let error = match limited {
                    Some(limited) if error.status() == Status::RateLimited => limited,
                    _ => error,
                };
                return Err(error.with_delivery(delivery));
            }

            attempts += 1;
            delivery.attempts += 1;
            let error = match self.attempt(request, deadline) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let is_unsent = error.is_unsent();
            if error.maybe_delivered() && request.idempotency != Idempotency::Safe {
                delivery.maybe_delivered = true;
            }
            let error = error.context(request.doing).with_delivery(delivery);
            let Some(wait) = self.retry_in(request, &error, attempts, deadline) else {
                return Err(error);
            };
            self.log().write(LogLevel::Warn, || {
                let (next, ms) = (attempts + 1, wait.as_millis());
                let most = self.settings.retry.max_attempts;
                format!("{}; attempt {next} of {most} in {ms} ms", error.message())
            });
            count(&self.counters.retries);
            if error.status() == Status::RateLimited {
                // Waited for with all others.
                limited = Some(error);
            } else if is_unsent && !was_woken {
                was_woken = self.sleep_until_reachable(&request.http.url, wait);
            } else {
                // Woken before in vain: the host answers some only, over connections it has, for example.
                self.shutdown.sleep(wait);
            }
        }
    }

    /// Sleeps so long, or until the host answers somebody else; whether it did.
    fn sleep_until_reachable(&self, url: &Uri, most: Duration) -> bool {
        let Some(host) = url.authority() else { return false };
        let (begun, waiting) = (Instant::now(), self.outages.wait_for(host));
        self.shutdown.sleep_unless(most, || waiting.is_over());
        // They do not all come at once, nor later than they would have.
        let spread = jitter(SPREAD.saturating_mul(waiting.all() as u32 - 1));
        self.shutdown.sleep(spread.min(most.saturating_sub(begun.elapsed())));
        waiting.is_over()
    }

    /// What was counted so far.
    pub(crate) fn stats(&self) -> Stats {
        // Whoever looks in is good for that, too.
        self.transport.close_old();
        self.counters.read()
    }

    /// Counts and logs a request that failed for good, also by what a 2xx answer says.
    pub(crate) fn count_failure(&self, error: Error) -> Error {
        count(&self.counters.failures);
        // Of a batch, the one that was refused.
        let _about = self.log().about_one(error.request_id());
        self.log().write_failure(|| error.message().to_owned());
        error
    }

    /// What is kept of something that is fetched: a failure of another thread, or of a moment ago, is one
    /// of this call, too.
    pub(crate) fn kept<T: Clone>(
        &self,
        kept: &Cached<T>,
        deadline: Deadline,
        serves: impl Fn(&T) -> bool,
        fetch: impl Fn(Deadline) -> Result<Fetched<T>, Error>,
    ) -> Result<T, Error> {
        let asked = Cell::new(false);
        let outcome = kept.get(deadline, serves, |by| {
            asked.set(true);
            fetch(by)
        });
        outcome.map_err(|error| if asked.get() { error } else { self.count_failure(error) })
    }

    /// One attempt: a 2xx answer, or what came instead.
    fn attempt(&self, request: &ServiceRequest, deadline: Deadline) -> Result<HttpAnswer, Error> {
        let begun = Instant::now();
        let outcome = self
            .transport
            .attempt(&request.http, deadline)
            // Before anything reads it, shortens it, or makes an error of it.
            .map(|answer| HttpAnswer { body: redact(answer.body, request.secrets), ..answer })
            .and_then(accept)
            .map_err(|error| self.or_closed(error));
        let took = begun.elapsed();
        let failed = outcome.as_ref().err().map(Error::status);
        // A refusal is an answer, too; a 5xx may be that of a gateway before a host that is gone.
        let answers =
            outcome.as_ref().map_or_else(|why| (1..500).contains(&why.http_status()), |_| true);
        let host = request.http.url.authority().filter(|_| answers);
        if host.is_some_and(|host| self.outages.end(host)) {
            self.shutdown.wake();
        }
        self.counters.attempt(request.operation, failed, took);
        self.log().write(LogLevel::Debug, || {
            let status = match &outcome {
                Ok(answer) => answer.status.to_string(),
                Err(error) if error.http_status() != 0 => error.http_status().to_string(),
                Err(error) => format!("no answer ({})", error.message()),
            };
            let (doing, method) = (request.doing, &request.http.method);
            let place = without_query(&request.http.url);
            format!("{doing}: {method} {place}: {status} in {} ms", took.as_millis())
        });
        outcome
    }

    /// A shutdown breaks connections: that is the cause then, not what it looks like.
    fn or_closed(&self, error: Error) -> Error {
        match self.shutdown.check() {
            Err(closed) if error.http_status() == 0 && error.maybe_delivered() => {
                closed.and_maybe_delivered()
            }
            Err(closed) if error.http_status() == 0 => closed,
            _ => error,
        }
    }

    /// How long to wait before the next attempt, if there is one: what cannot be over in time is not
    /// begun.
    fn retry_in(
        &self,
        request: &ServiceRequest,
        error: &Error,
        attempts: u32,
        deadline: Deadline,
    ) -> Option<Duration> {
        let settings = &self.settings;
        let is_limited = error.status() == Status::RateLimited;
        if is_limited {
            let asked = Duration::from_millis(error.retry_after_ms().unwrap_or(0));
            let least = settings.rate_limit_backoff.max(request.least_pause);
            let limit =
                if request.is_need() { &self.rate_limit_of_needs } else { &self.rate_limit };
            limit.pause(asked.max(least));
        }
        let wait = wait_before_retry(&settings.retry, error, attempts, request.idempotency)?;
        let wait = if is_limited { self.longest(request, RateLimit::left) } else { wait };
        let is_short = !is_limited || settings.rate_limit_max_wait.is_some_and(|most| wait <= most);
        (is_short && deadline.remaining().is_ok_and(|left| wait < left)).then_some(wait)
    }

    /// The longest that any limit which concerns this request gives.
    fn longest(&self, request: &ServiceRequest, of: impl Fn(&RateLimit) -> Duration) -> Duration {
        let of_all = of(&self.rate_limit);
        if request.is_need() { of_all.max(of(&self.rate_limit_of_needs)) } else { of_all }
    }

    /// Waits, with all other threads of the client, while the service wants no requests.
    fn wait_for_rate_limit(
        &self,
        request: &ServiceRequest,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let settings = &self.settings;
        loop {
            self.shutdown.check()?;
            if generation() != self.generation {
                // In a log callback, for example: the connections are the parent's.
                return Err(Error::new(Status::Closed, "the process forked during the call"));
            }
            let left = self.longest(request, RateLimit::left);
            let remaining = deadline.remaining().map_err(|late| late.context(request.doing))?;
            if left.is_zero() {
                return Ok(());
            }
            let most = settings.rate_limit_max_wait;
            if left >= remaining || most.is_none_or(|most| left > most) {
                // Up: who comes back after so long is not told to wait for nothing.
                let ms = left.as_nanos().div_ceil(1_000_000) as u64;
                let says = ServiceSays { retry_after_ms: Some(ms), ..ServiceSays::default() };
                let bound = match most {
                    None => String::new(),
                    Some(most) if left > most => {
                        format!("; rate.limit.max.wait.ms allows {} ms", most.as_millis())
                    }
                    Some(_) => format!("; call.timeout.ms leaves {} ms", remaining.as_millis()),
                };
                let message = format!(
                    "the service wants no requests for another {ms} ms, after a 429 before{bound}"
                );
                let error = Error::new(Status::RateLimited, message);
                return Err(error.with_service(says).context(request.doing));
            }
            // Spread out, but not beyond what this call has.
            let over = settings.rate_limit_backoff.min((remaining - left) / 2);
            let wait = self.longest(request, |limit| limit.wait(over));
            self.log().write(LogLevel::Trace, || {
                format!("{}: waiting {} ms after a 429", request.doing, wait.as_millis())
            });
            self.shutdown.sleep(wait);
        }
    }
}

/// Where a request goes, without the query: in the storage it is a signature.
fn without_query(url: &Uri) -> String {
    let authority = url.authority().map_or("", Authority::as_str);
    format!("{}://{authority}{}", url.scheme_str().unwrap_or_default(), url.path())
}

fn accept(answer: HttpAnswer) -> Result<HttpAnswer, Error> {
    if (200..=299).contains(&answer.status) {
        return Ok(answer);
    }
    let says = ServiceSays {
        http_status: answer.status,
        retry_after_ms: retry_after_ms(&answer.headers),
        ..ServiceSays::read(&answer.body)
    };
    let message = match answer.status {
        300..=399 => {
            format!("the service answered {}: redirects are never followed", answer.status)
        }
        status => {
            let hint = ServiceSays::hint(says.status(Status::of_http(status)));
            let cut = if answer.is_cut { ", and broke off before it said why" } else { "" };
            format!("the service answered {status}{cut}{}{hint}", says.reason())
        }
    };
    let says = ServiceSays { body: answer.body, ..says };
    let refused =
        Error::new(says.status(Status::of_http(answer.status)), message).with_service(says);
    // Its words, which did not come, may have said that it is a matter of time, or of the conversation.
    Err(if answer.is_cut { refused.and_passing() } else { refused })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_a_place_in_the_storage_is_not_logged() {
        let shown = |url: &'static str| without_query(&Uri::from_static(url));
        assert_eq!(shown("https://h:1/v1/a.png?temp_url_sig=x"), "https://h:1/v1/a.png");
        assert_eq!(shown("https://h/v1"), "https://h/v1");
    }
}
