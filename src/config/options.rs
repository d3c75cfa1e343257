//! The one table of options: it drives parsing, defaults, redaction and error texts.

use crate::config::kind::Kind;

/// One configuration option.
pub(crate) struct OptionSpec {
    pub key: &'static str,
    /// The default in the same text form that a caller would set; `None` if there is none.
    pub default: Option<&'static str>,
    pub kind: Kind,
    /// Never shown, not even to who set it.
    pub secret: bool,
    /// What it means, for CONFIGURATION.md.
    pub text: &'static str,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const fn option(
    key: &'static str,
    default: Option<&'static str>,
    kind: Kind,
    text: &'static str,
) -> OptionSpec {
    OptionSpec { key, default, kind, secret: false, text }
}

const fn secret(key: &'static str, kind: Kind, text: &'static str) -> OptionSpec {
    OptionSpec { key, default: None, kind, secret: true, text }
}

/// Every option there is.
pub(crate) static OPTIONS: &[OptionSpec] = &[
    option("account.id", None, Kind::AccountId, "The account's site id. Required."),
    option(
        "client.id",
        None,
        Kind::Text,
        "The app install's id, to obtain AppJWTs. Not needed where `app.jwt` is given.",
    ),
    secret("client.secret", Kind::Text, "The app install's secret."),
    secret("app.jwt", Kind::Token, "An AppJWT of your own, which the library never replaces."),
    option(
        "domain.api.url",
        Some("https://api.liveperson.net"),
        Kind::Url,
        "Where services are discovered: the Domain API.",
    ),
    option(
        "domain.messaging",
        None,
        Kind::Url,
        "Base URL of the messaging service (CONVERSATION, SEND), in place of discovery.",
    ),
    option(
        "domain.sentinel",
        None,
        Kind::Url,
        "Base URL of Sentinel, which gives AppJWTs, in place of discovery.",
    ),
    option(
        "domain.idp",
        None,
        Kind::Url,
        "Base URL of the IDP, which identifies consumers, in place of discovery.",
    ),
    option(
        "domain.storage",
        None,
        Kind::Url,
        "Base URL of the file storage, in place of discovery.",
    ),
    option(
        "domain.allowed.suffixes",
        Some("liveperson.net,liveperson.com"),
        Kind::Hosts,
        "A discovered host outside these is refused: no token goes there.",
    ),
    option(
        "domain.cache.ttl.ms",
        Some("3600000"),
        Kind::Millis { min: 0, max: 30 * DAY_MS },
        "How long discovered hosts are kept.",
    ),
    option(
        "allow.plaintext",
        Some("false"),
        Kind::Bool,
        "Lets URLs given by hand be http, and discovered hosts be used with the scheme of `domain.api.url`; loopback addresses only.",
    ),
    option(
        "token.api.version",
        Some("1"),
        Kind::Number { min: 1, max: 2 },
        "Version of Sentinel's token API.",
    ),
    option(
        "token.refresh.margin.ms",
        Some("60000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "An AppJWT this close to its end is replaced before use; half of its life is the most.",
    ),
    option(
        "token.verify",
        Some("false"),
        Kind::Bool,
        "Check signature, `aud` and `iss` of each AppJWT that is obtained: with Sentinel v1 by its static key, with v2 by the key set that it publishes.",
    ),
    option(
        "token.public.key",
        None,
        Kind::PublicKey,
        "The key for `token.verify` with Sentinel v1. Unset, the one that the service is known to use.",
    ),
    option(
        "connect.timeout.ms",
        Some("5000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "For one connection: name resolution, proxy and TLS included. Where a name has several addresses, one that does not answer has 250 ms before the next is tried beside it. A connector that starts with a store in NATS waits no longer for any answer from there, either.",
    ),
    option(
        "request.timeout.ms",
        Some("15000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "For one attempt of an HTTP request.",
    ),
    option(
        "call.timeout.ms",
        Some("60000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "For one call, with all the requests that it needs and all their retries.",
    ),
    option(
        "retry.max.attempts",
        Some("4"),
        Kind::Number { min: 1, max: 100 },
        "How often a request is tried in all; 1 turns retries off.",
    ),
    option(
        "retry.backoff.ms",
        Some("5000,10000,15000"),
        Kind::MillisList { max: DAY_MS },
        "The wait before each retry after a 5xx or a connection failure, the last for all that follow; up to a quarter more is added at random. After a connection failure it ends sooner, once for each call, where the host answers another call of the client.",
    ),
    option(
        "retry.ambiguous",
        Some("false"),
        Kind::Bool,
        "Also repeat a message that may have been delivered, with the same request id.",
    ),
    option(
        "rate.limit.backoff.ms",
        Some("1000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long all threads pause after a 429, unless `Retry-After` asks for more; token requests pause for 5 s at least, and by themselves. Threads then leave spread over as long again.",
    ),
    option(
        "rate.limit.max.wait.ms",
        Some("30000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "The longest such pause that a call waits for; where it would be longer, the call fails at once.",
    ),
    option(
        "pool.max.connections",
        Some("32"),
        Kind::Number { min: 1, max: 10_000 },
        "Idle connections kept per host.",
    ),
    option(
        "pool.idle.timeout.ms",
        Some("15000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long an idle connection is kept. The library has no thread that closes it: the next request of the client to any host does, and reading the stats. One that was idle while the machine slept is not used again.",
    ),
    option(
        "dns.cache.ttl.ms",
        Some("60000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long a resolved name is kept, the time that the machine sleeps included.",
    ),
    // Secret because the URL may hold credentials.
    secret(
        "proxy.url",
        Kind::Proxy,
        "The proxy that connections go through, with credentials or without. Unset, the environment's `HTTPS_PROXY` and `NO_PROXY` count, read as curl reads them: `example.com` stands for its subdomains, too, `10.0.0.0/8` for a network, `*` alone for all hosts; ports and brackets match nothing; names in lower case come first. A proxy that refuses (4xx) is not asked again. Plain http never goes through it.",
    ),
    option(
        "tls.ca.file",
        None,
        Kind::File,
        "PEM file of the only root certificates to trust. Unset, the system's: read once, at the process's first connection over TLS.",
    ),
    option(
        "tls.client.cert.file",
        None,
        Kind::File,
        "PEM file of our certificate, for mutual TLS.",
    ),
    option("tls.client.key.file", None, Kind::File, "PEM file of its private key."),
    option(
        "response.max.bytes",
        Some("8388608"),
        Kind::Number { min: 1024, max: 1 << 30 },
        "A longer answer, or downloaded file, is an error.",
    ),
    option(
        "file.max.bytes",
        Some("3145728"),
        Kind::Number { min: 1, max: 1 << 40 },
        "The largest file that is sent.",
    ),
    option(
        "file.preview.max.bytes",
        Some("30720"),
        Kind::Number { min: 1, max: 1 << 20 },
        "The largest preview of a file, counted as it is sent: in base64.",
    ),
    option(
        "client.properties",
        None,
        Kind::ClientProperties,
        "What the connector says about itself in the Client-Properties header; a conversation can say more.",
    ),
    option(
        "features",
        None,
        Kind::Features,
        "What the channel can do: `CO_BROWSE`, `CO_APP`, `PHOTO_SHARING`, `SECURE_FORMS`, `AUTO_MESSAGES`, `RICH_CONTENT`, `QUICK_REPLIES`, `MULTI_DIALOG` (without it the account starts no survey), `FILE_SHARING`, `MARKDOWN_HYPERLINKS`; other names go out as they are.",
    ),
    option(
        "user.agent",
        None,
        Kind::Header,
        "Appended to `lpconnector/VERSION` in the User-Agent header.",
    ),
    option(
        "receiver.listen",
        Some("127.0.0.1:0"),
        Kind::Listen,
        "Where a receiver listens for webhooks; port 0 is a free one. Unset, a connector does not listen: the program hands in what it got.",
    ),
    option("receiver.path", Some("/"), Kind::Path, "The path that the service posts to."),
    option(
        "receiver.health.path",
        Some("/healthz"),
        Kind::PathOrNone,
        "A path for checks of health, without a signature: GET and HEAD are answered with 200, or with 503 while nothing can be taken, because the queue is full or the store failed in the last 30 s. With `receiver.tls.client.ca.file` a check has to show a certificate, too. `none` turns it off; so does a `receiver.path` that is the same while this is unset.",
    ),
    option(
        "receiver.tls.cert.file",
        None,
        Kind::File,
        "PEM file of the receiver's certificate chain. It, the key and the client CA are read again when the files change; what is broken or does not fit changes nothing. Unset, it speaks plain http: for behind a proxy that ends TLS.",
    ),
    option("receiver.tls.key.file", None, Kind::File, "PEM file of its private key."),
    option(
        "receiver.tls.client.ca.file",
        None,
        Kind::File,
        "PEM file of the root certificates for mutual TLS: who connects must show a certificate of one of them. Unset, nobody is asked for one.",
    ),
    secret(
        "receiver.secret",
        Kind::Text,
        "What the service signs with; several, separated by commas, while one replaces another. Unset, `client.secret`. Where `account.id` and `client.id` are set, notifications of other accounts and apps are refused (401).",
    ),
    secret(
        "receiver.accounts",
        Kind::Accounts,
        "Further accounts whose notifications are taken, each with what its service signs with: `64467156=secret,le81823118=other`. An account may stand there several times, while one secret replaces another.",
    ),
    option(
        "receiver.queue.max",
        Some("10000"),
        Kind::Number { min: 1, max: 10_000_000 },
        "The most notifications kept for the program, those that it has and must still acknowledge included; beyond, the service is told to come again (503).",
    ),
    option(
        "receiver.body.max.bytes",
        Some("1048576"),
        Kind::Number { min: 1024, max: 4 << 20 },
        "A longer notification is refused (413).",
    ),
    option(
        "receiver.ack",
        Some("enqueue"),
        Kind::Word(&["enqueue", "manual"]),
        "When the service is told that a notification arrived: once it is queued, or once the program acknowledged it.",
    ),
    option(
        "receiver.ack.timeout.ms",
        Some("2000"),
        Kind::Millis { min: 1, max: 2500 },
        "With `receiver.ack=manual`, how long the program has for that; then the service is told to come again (503), and what is kept in `receiver.store` is given out again.",
    ),
    option(
        "receiver.order",
        Some("false"),
        Kind::Bool,
        "Gives the events of one dialog out by sequence, and the end of a conversation after what is held back of it.",
    ),
    option(
        "receiver.order.wait.ms",
        Some("1000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long that waits for one that is missing.",
    ),
    option(
        "receiver.duplicates.window",
        Some("10000"),
        Kind::Number { min: 0, max: 10_000_000 },
        "How many of the last notifications are remembered, to drop what comes again, beside those that must still be acknowledged; with `receiver.store` also over a restart.",
    ),
    option(
        "receiver.store",
        Some("memory"),
        Kind::Store,
        "Where notifications are kept until the program acknowledges them: a file (SQLite) outlives the process. It is made for its owner alone (0600), and what was acknowledged is gone from it three seconds later.",
    ),
    option(
        "connector.store",
        None,
        Kind::ConnectorStore,
        "Where a connector keeps what it was given to send, and what the program has not acknowledged. Required for one: `memory` lasts as long as the process; a file (SQLite) outlives its crash and the power's. The file belongs to one process, has one name (no hard links), is made for its owner alone (0600), and what is done is wiped from it. Any number of processes on any machines share what is in NATS JetStream (`nats:`), of one cluster with these hosts, where all of it begins with NAME: letters, digits, - and _, at most 32.",
    ),
    option(
        "connector.nats.user",
        None,
        Kind::Text,
        "Who connects to NATS; it belongs to `connector.nats.password`. Only one of user, token, creds and nkey can be set.",
    ),
    secret("connector.nats.password", Kind::Text, "The password of `connector.nats.user`."),
    secret("connector.nats.token", Kind::Text, "The token with which to connect to NATS."),
    option(
        "connector.nats.creds.file",
        None,
        Kind::File,
        "The credentials with which to connect to NATS: a JWT and its seed, as `nsc` writes them.",
    ),
    option(
        "connector.nats.nkey.file",
        None,
        Kind::File,
        "The seed of the NKey with which to connect to NATS.",
    ),
    option(
        "connector.nats.tls.ca.file",
        None,
        Kind::File,
        "Certificates (PEM) to trust in place of the system's where NATS is reached over TLS. It is where this or the next is set, or the server demands it.",
    ),
    option(
        "connector.nats.tls.cert.file",
        None,
        Kind::File,
        "A client certificate (PEM, with its chain) to show NATS; it belongs to `connector.nats.tls.key.file`.",
    ),
    option(
        "connector.nats.tls.key.file",
        None,
        Kind::File,
        "The key (PEM) of `connector.nats.tls.cert.file`.",
    ),
    option(
        "connector.nats.replicas",
        Some("1"),
        Kind::Number { min: 1, max: 5 },
        "On how many servers of a cluster each entry lies. It counts when a store is made: one that is there keeps its own.",
    ),
    option(
        "connector.nats.partitions",
        Some("64"),
        Kind::Number { min: 1, max: 256 },
        "Over how many lines the consumers are spread; each is worked on by one node at a time. All nodes of a store must have the same number.",
    ),
    option(
        "connector.takeover.ms",
        Some("10000"),
        Kind::Millis { min: 1000, max: 600_000 },
        "A node of a fleet that says nothing for so long, because it died or was cut off, is replaced by another.",
    ),
    option(
        "connector.queue.max",
        Some("1000000"),
        Kind::Number { min: 1, max: 100_000_000 },
        "The most actions that wait to be sent; beyond, another is refused with `LPC_FULL`. As many updates wait for the program; beyond, submitting is `LPC_FULL`, too, and the service is told to come again (503).",
    ),
    option(
        "connector.key.window.ms",
        Some("3600000"),
        Kind::Millis { min: 0, max: 30 * DAY_MS },
        "How long an action's key is remembered: the same key again is taken, and not sent twice.",
    ),
    option(
        "connector.open",
        None,
        Kind::OpenOptions,
        "How a connector opens conversations, where an action does not say: the options of `lpc_conversation_open` as JSON, without `firstMessage`, which is the action's own.",
    ),
    option(
        "connector.give.up.ms",
        Some("86400000"),
        Kind::Millis { min: 1, max: 30 * DAY_MS },
        "How long an action is tried, from when it was submitted; then it has failed.",
    ),
    option(
        "connector.pause.ms",
        Some("1000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "The pause after the first failure that may pass; it doubles with each that follows. `retry.*` and `rate.limit.max.wait.ms` do not matter to a connector, which waits in its queue.",
    ),
    option(
        "connector.pause.max.ms",
        Some("60000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "The longest such pause, unless the service asks for more; that counts up to `connector.give.up.ms`.",
    ),
    option(
        "connector.external.id",
        Some("true"),
        Kind::Bool,
        "Gives each message an `ExternalId` in its metadata, by which a connector learns from the service's notifications that one whose outcome is unknown did arrive.",
    ),
    option(
        "connector.echo.wait.ms",
        Some("35000"),
        Kind::Millis { min: 0, max: DAY_MS },
        "How long it waits for such a notification.",
    ),
    option(
        "connector.ambiguous",
        Some("repeat"),
        Kind::Word(&["repeat", "fail"]),
        "What becomes of a message whose outcome is still unknown then: sent again, and possibly seen twice, or reported as failed.",
    ),
    option(
        "connector.ack.timeout.ms",
        Some("30000"),
        Kind::Millis { min: 1, max: DAY_MS },
        "How long the program has to acknowledge an update; then it is given out again.",
    ),
    option(
        "connector.receipts",
        Some("accept"),
        Kind::Word(&["none", "accept", "read"]),
        "What the agent sees of a message once the program acknowledged it: nothing, that it arrived, or that it was read.",
    ),
    option(
        "connector.foreign",
        Some("false"),
        Kind::Bool,
        "Also gives out what happens in conversations that the connector did not open: webhooks are for the whole account.",
    ),
    option(
        "connector.workers",
        Some("8"),
        Kind::Number { min: 1, max: 256 },
        "Threads that send: how many consumers are served at a time.",
    ),
    option(
        "connector.survey",
        Some("true"),
        Kind::Bool,
        "Whether messages answer the survey that runs after a conversation; with `false` they end it, and open another conversation.",
    ),
];

/// The place of an option in [`OPTIONS`], or the closest key to what was meant.
pub(crate) fn find(key: &str) -> Result<usize, Option<&'static str>> {
    if let Some(index) = OPTIONS.iter().position(|option| option.key == key) {
        return Ok(index);
    }
    // What is much longer than any key was not meant as one, and would take long to compare.
    let closest = OPTIONS
        .iter()
        .filter(|_| key.len() <= 64)
        .map(|option| (strsim::damerau_levenshtein(key, option.key), option.key))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3);
    Err(closest.map(|(_, candidate)| candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_the_option_takes() {
        for option in OPTIONS {
            if let Some(default) = option.default {
                assert_eq!(option.kind.check(default), Ok(()), "{}", option.key);
            }
        }
    }

    #[test]
    fn a_misspelt_key_finds_its_neighbour_and_nonsense_finds_none() {
        assert_eq!(find("conect.timeout.ms"), Err(Some("connect.timeout.ms")));
        assert_eq!(find("client.secert"), Err(Some("client.secret")));
        assert_eq!(find("x"), Err(None));
        assert_eq!(find(&"call.timeout.ms".repeat(100_000)), Err(None));
        assert!(find("account.id").is_ok());
    }
}
