//! Which proxy connections go through.

use ureq::{Error, Proxy, ProxyProtocol};

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
    if matches!(proxy.protocol(), ProxyProtocol::Socks4 | ProxyProtocol::Socks4A) {
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
        for bad in ["proxy:3128", "ftp://proxy", "socks4://proxy", "http://", "none"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
