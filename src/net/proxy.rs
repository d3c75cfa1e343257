//! Which proxy connections go through.

use std::fmt;
use std::sync::Arc;

use ureq::{Error, ProxyProtocol};
use zeroize::Zeroizing;

use crate::net::no_proxy::NoProxy;

/// A proxy, and the hosts that are spoken to without it.
#[derive(Clone, Debug)]
pub(crate) struct ProxyChoice {
    proxy: Proxy,
    exceptions: NoProxy,
}

impl ProxyChoice {
    /// The proxy on the way to a host; an IPv6 address stands here without its brackets.
    pub(crate) fn of(&self, host: &str) -> Option<&Proxy> {
        (!self.exceptions.excepts(host)).then_some(&self.proxy)
    }
}

/// A proxy.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// Where it is and how it is spoken to, without credentials: ureq wipes nothing.
    pub way: ureq::Proxy,
    pub credentials: Option<Arc<Credentials>>,
}

/// What a proxy asks for, in memory that is wiped.
pub(crate) struct Credentials {
    pub name: Zeroizing<String>,
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Proxy {
    /// Its URL, without credentials.
    #[cfg(feature = "probe")]
    pub(crate) fn url(&self) -> String {
        self.way.uri().to_string().trim_end_matches('/').to_owned()
    }

    fn new(url: &str) -> Result<Proxy, Error> {
        let begin = url.find("://").map_or(0, |end| end + 3);
        let authority = url[begin..].split(['/', '?', '#']).next().unwrap_or_default();
        let Some((user, _)) = authority.rsplit_once('@') else {
            return Ok(Proxy { way: ureq::Proxy::new(url)?, credentials: None });
        };
        let host = begin + user.len() + 1;
        let way = ureq::Proxy::new(&[&url[..begin], &url[host..]].concat())?;
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        let credentials = Credentials { name: decoded(name)?, password: decoded(password)? };
        Ok(Proxy { way, credentials: Some(Arc::new(credentials)) })
    }
}

/// A part of a URL as it was before its characters were written as `%40` and so on.
fn decoded(part: &str) -> Result<Zeroizing<String>, Error> {
    // Never too short, so that nothing of it stays where it grew out of.
    let mut bytes = Zeroizing::new(Vec::with_capacity(part.len()));
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        if !first.is_ascii_alphanumeric() && !b"-._~!$&'()*+,;=:@[]%".contains(first) {
            return Err(Error::InvalidProxyUrl);
        }
        let hex = after.get(..2).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let hex = hex.and_then(|hex| str::from_utf8(hex).ok()).filter(|_| *first == b'%');
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    let text = str::from_utf8(&bytes).map_err(|_| Error::InvalidProxyUrl)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Takes `http://`, `https://`, `socks5://` (names are looked up here) or `socks5h://` (there), with
/// credentials or without.
pub(crate) fn parse(url: &str) -> Result<ProxyChoice, Error> {
    // Without this, ureq would take `host:port` and SOCKS4 too, which api and docs do not promise.
    let known = ["http://", "https://", "socks5://", "socks5h://"];
    if !known.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Error::InvalidProxyUrl);
    }
    Ok(ProxyChoice { proxy: Proxy::new(url)?, exceptions: NoProxy::default() })
}

/// The proxy of `https_proxy` or `HTTPS_PROXY`, if one is set, with the exceptions of `no_proxy` or
/// `NO_PROXY`. In lower case they come first, and empty ones count as not set, as for curl.
///
/// Not `HTTP_PROXY`: plain http goes through no proxy, and in a CGI program a remote client can set
/// that variable.
///
/// # Errors
/// Where it is set to what is no proxy: going out directly could be what it was to prevent.
pub(crate) fn from_env() -> Result<Option<ProxyChoice>, Error> {
    let variable = |names: [&str; 2]| {
        let set = names.iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
        set.map(|value| value.into_string().map_err(|_| Error::InvalidProxyUrl)).transpose()
    };
    let Some(url) = variable(["https_proxy", "HTTPS_PROXY"])? else { return Ok(None) };
    let proxy = Proxy::new(&url)?;
    if matches!(proxy.way.protocol(), ProxyProtocol::Socks4 | ProxyProtocol::Socks4A) {
        return Err(Error::InvalidProxyUrl);
    }
    let exceptions = variable(["no_proxy", "NO_PROXY"])?.unwrap_or_default();
    Ok(Some(ProxyChoice { proxy, exceptions: NoProxy::parse(&exceptions) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_url_of_a_known_kind() {
        for good in
            ["http://proxy:3128", "https://u:p%40@proxy", "socks5://127.0.0.1:1080", "socks5h://p"]
        {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["proxy:3128", "ftp://proxy", "socks4://proxy", "http://", "none", "http://u:p@"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for bad in [" ", "\"", "\n", "\u{e4}", "%ff"] {
            assert!(parse(&format!("http://u:{bad}@proxy")).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn credentials_are_kept_apart_from_the_url() {
        for (url, credentials) in [
            ("http://proxy/x@y", None),
            ("http://u@proxy:1", Some(("u", ""))),
            ("http://u:@proxy:1", Some(("u", ""))),
            ("http://:p@proxy:1", Some(("", "p"))),
            ("http://u%3a:p:%40@q%2F@proxy:1", Some(("u:", "p:@@q/"))),
            ("http://u:%c3%A4%@[::1]:1/?#", Some(("u", "\u{e4}%"))),
            ("u:p%4@proxy:1", Some(("u", "p%4"))),
        ] {
            let proxy = Proxy::new(url).unwrap();
            let kept = proxy.credentials.as_deref().map(|kept| (&**kept.name, &**kept.password));
            assert_eq!(kept, credentials, "{url}");
            assert!(["proxy", "[::1]"].contains(&proxy.way.host()), "{url}");
            assert!(proxy.way.username().is_none() && proxy.way.password().is_none(), "{url}");
        }
    }
}
