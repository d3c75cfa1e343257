//! What a sandbox can be told at its start.

use std::path::PathBuf;
use std::time::Duration;

/// The options of a sandbox. Start from `Options::default()` and change what the test needs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Serve HTTPS with a certificate of a CA made for this sandbox. Default: false, plain HTTP.
    pub tls: bool,
    /// Mutual TLS: refuse the handshake of a client without a certificate of the CA, and show one
    /// of it to endpoints of notifications. Needs `tls`. Default: false.
    pub client_certificates: bool,
    /// Which versions of TLS are spoken. Default: [`TlsVersions::All`].
    pub tls_versions: TlsVersions,
    /// Port of the services on 127.0.0.1. Default: 0, a free one.
    pub port: u16,
    /// Port of the control API on 127.0.0.1. Default: 0, a free one.
    pub control_port: u16,
    /// Port of the Domain API over plain HTTP on 127.0.0.1; there is one with `tls`. Default: 0, a
    /// free one.
    pub domain_port: u16,
    /// Further names in the server's certificate: names of hosts, or IP addresses. Default: none.
    pub hosts: Vec<String>,
    /// How long an AppJWT is valid, in whole seconds. Default: 3600 s.
    pub token_lifetime: Duration,
    /// What `body.sequence` of an answer counts. Default: [`Sequence::Event`].
    pub sequence: Sequence,
    /// Answer a batch of which an item is refused with HTTP 400 and all its answers; the service
    /// does both. Default: false, HTTP 200.
    pub refuse_whole_batch: bool,
    /// Largest request body in bytes; a longer one is answered with 413. Default: 1 MiB.
    pub max_body: usize,
    /// Largest file in bytes that can be uploaded. Default: 3 MiB.
    pub max_file: usize,
    /// Give `temp_url_expires` of file URLs as a number. Default: false, as text.
    pub expires_as_number: bool,
    /// How long each answer of the services is held back. Default: not at all.
    pub latency: Duration,
    /// How much longer at most, another time for each answer. Default: not at all.
    pub jitter: Duration,
    /// Where the CA certificate is written as PEM. Default: a temporary file, removed with the
    /// sandbox.
    pub ca_file: Option<PathBuf>,
    /// A directory in which accounts, keys, certificates and ports are kept for the next sandbox,
    /// whatever ends this one. One sandbox has it at a time. Default: nowhere.
    pub state: Option<PathBuf>,
    /// Serve the console, a page to look on and to act as the agent, at the address of the control
    /// API. Default: false.
    pub console: bool,
    /// Where the log goes. Default: [`Log::Off`].
    pub log: Log,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            tls: false,
            client_certificates: false,
            tls_versions: TlsVersions::All,
            port: 0,
            control_port: 0,
            domain_port: 0,
            hosts: Vec::new(),
            token_lifetime: Duration::from_secs(3600),
            sequence: Sequence::Event,
            refuse_whole_batch: false,
            max_body: 1024 * 1024,
            max_file: 3 * 1024 * 1024,
            expires_as_number: false,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            ca_file: None,
            state: None,
            console: false,
            log: Log::Off,
        }
    }
}

/// Which versions of TLS are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    All,
    /// 1.2 alone.
    Only12,
    /// 1.3 alone.
    Only13,
}

/// What `body.sequence` of an answer counts: the sources disagree, so both can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// How often a request with the same id took effect before in the conversation: 0, then 2, 4,
    /// 8 … It stays at 2^30 from there on, because clients read a 32-bit integer.
    Resend,
    /// The number of the event in its dialog, 0 first. What is not a numbered event has no
    /// sequence.
    Event,
}

/// Where the log goes: one line for each request, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// Nowhere.
    Off,
    /// To the standard error.
    Stderr,
    /// To the end of this file.
    File(PathBuf),
}
