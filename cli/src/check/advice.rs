//! What to do about a step that failed.

use lpconnector::{Error, Status};

pub(super) const SETTINGS: &str = "Set it in the environment, in the file of --config, or by --set; CONFIGURATION.md lists all options.";

pub(super) const NAME: &str = "Have this machine look up names of the internet. Where only a proxy may, \
     name it in proxy.url or HTTPS_PROXY.";

pub(super) const CONSUMER: &str = "See whether the app install may speak for consumers: it needs the \
     scope msg.consumer. Where app.jwt is set, it may have expired.";

pub(super) const CLOCK: &str = "Have the machine's clock set by NTP: certificates are checked by it, and \
     your logs are compared with the service's.";

const ACCOUNT: &str = "See whether account.id is right; it is what you log in to \
     Conversational Cloud with.";

const STRANGE: &str = "See whether domain.api.url and domain.allowed.suffixes are right: that is not what \
     LivePerson answers.";

const FIREWALL: &str = "Let this machine connect there: ask for a rule in the firewall, or name the proxy \
     in proxy.url or HTTPS_PROXY.";

const PROXY: &str = "See whether proxy.url, or HTTPS_PROXY, is the right proxy with its credentials, and \
     whether it lets this host pass. NO_PROXY names hosts that need none.";

const TLS: &str = "Look at who issued the certificate. If it is your company, whose proxy looks into TLS, \
     tls.ca.file has to name its root. If it is only out of date, look at this machine's clock.";

const LATER: &str = "The service has trouble: try again in some minutes.";

const CREDENTIALS: &str = "See whether client.id and client.secret are those of the app install, and \
     whether it is one of this account. docs/account.md tells where they come from.";

const NO_CREDENTIALS: &str = "Set LPC_CLIENT_ID and LPC_CLIENT_SECRET, or LPC_APP_JWT. docs/account.md \
     tells where they come from.";

const REACH: &str = "The lines above say whether this host can be reached at all.";

/// What is wrong with a connection.
pub(super) fn connection(error: &Error, through_proxy: bool) -> &'static str {
    match error.status() {
        Status::Tls => TLS,
        _ if through_proxy => PROXY,
        _ => FIREWALL,
    }
}

/// What is wrong with the list of services.
pub(super) fn services(error: &Error) -> &'static str {
    match error.status() {
        Status::Unauthorized | Status::Rejected => ACCOUNT,
        Status::Protocol => STRANGE,
        _ => passing(error),
    }
}

/// What is wrong with what obtains tokens.
pub(super) fn token(error: &Error) -> &'static str {
    match error.status() {
        Status::Config => NO_CREDENTIALS,
        Status::Unauthorized | Status::Rejected => CREDENTIALS,
        _ => passing(error),
    }
}

/// What is wrong with asking who a consumer is.
pub(super) fn consumer(error: &Error) -> &'static str {
    match error.status() {
        Status::Unauthorized | Status::Rejected => CONSUMER,
        _ => passing(error),
    }
}

fn passing(error: &Error) -> &'static str {
    match error.status() {
        Status::Server | Status::RateLimited => LATER,
        _ => REACH,
    }
}
