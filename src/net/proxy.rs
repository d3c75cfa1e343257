//! Which proxy connections go through.

use ureq::{Error, Proxy, ProxyProtocol};

/// Takes `http://`, `https://`, `socks5://` (names are looked up here) or `socks5h://` (there), with
/// credentials or without.
pub(crate) fn parse(url: &str) -> Result<Proxy, Error> {
    // Without this, ureq would take `host:port` and SOCKS4 too, which api and docs do not promise.
    let known = ["http://", "https://", "socks5://", "socks5h://"];
    if !known.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Error::InvalidProxyUrl);
    }
    Proxy::new(url)
}

/// The proxy of `HTTPS_PROXY`, if that is set, with the exceptions of `NO_PROXY`.
///
/// Not `HTTP_PROXY`: plain http goes through no proxy, and in a CGI program a remote client can set
/// that variable.
///
/// # Errors
/// Where it is set to what is no proxy: going out directly could be what it was to prevent.
pub(crate) fn from_env() -> Result<Option<Proxy>, Error> {
    let variable = |names: [&str; 2]| match names.iter().find_map(std::env::var_os) {
        Some(value) => value.into_string().map(Some).map_err(|_| Error::InvalidProxyUrl),
        None => Ok(None),
    };
    match variable(["HTTPS_PROXY", "https_proxy"])? {
        Some(url) if !url.is_empty() => {
            let excepted = variable(["NO_PROXY", "no_proxy"])?.unwrap_or_default();
            let proxy = Proxy::new(&url)?;
            if matches!(proxy.protocol(), ProxyProtocol::Socks4 | ProxyProtocol::Socks4A) {
                return Err(Error::InvalidProxyUrl);
            }
            with_exceptions(&proxy, &excepted).map(Some)
        }
        _ => Ok(None),
    }
}

fn with_exceptions(proxy: &Proxy, hosts: &str) -> Result<Proxy, Error> {
    let mut builder = Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
    if let Some(name) = proxy.username() {
        builder = builder.username(name);
    }
    if let Some(password) = proxy.password() {
        builder = builder.password(password);
    }
    for host in hosts.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        builder = builder.no_proxy(host);
    }
    builder.build()
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

    #[test]
    fn exceptions_are_added_and_the_rest_is_kept() {
        let proxy = Proxy::new("https://me:p%40ss@proxy:8443").unwrap();
        let proxy = with_exceptions(&proxy, " localhost, .example.com,,").unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("proxy", 8443));
        assert_eq!((proxy.username(), proxy.password()), (Some("me"), Some("p@ss")));
        for (host, excepted) in
            [("localhost", true), ("a.example.com", true), ("example.org", false)]
        {
            let uri = format!("https://{host}/").parse().unwrap();
            assert_eq!(proxy.is_no_proxy(&uri), excepted, "{host}");
        }
    }
}
