//! Which proxy connections go through.

use ureq::{Error, Proxy};

/// Takes `http://`, `https://` or `socks5://`, with credentials or without.
pub(crate) fn parse(url: &str) -> Result<Proxy, Error> {
    // Without this, ureq would take `host:port` and SOCKS4 too, which api and docs do not promise.
    let known = ["http://", "https://", "socks5://"];
    if !known.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Error::InvalidProxyUrl);
    }
    Proxy::new(url)
}

/// The proxy of `HTTPS_PROXY`, if that is set and usable, with the exceptions of `NO_PROXY`.
///
/// Not `HTTP_PROXY`: our requests are https, and in a CGI program a remote client can set it.
pub(crate) fn from_env() -> Option<Proxy> {
    let variable = |names: [&str; 2]| names.iter().find_map(|name| std::env::var(name).ok());
    let url = variable(["HTTPS_PROXY", "https_proxy"]).filter(|url| !url.is_empty())?;
    let proxy = Proxy::new(&url).ok()?;
    let mut builder = Proxy::builder(proxy.protocol()).host(proxy.host()).port(proxy.port());
    if let Some(name) = proxy.username() {
        builder = builder.username(name);
    }
    if let Some(password) = proxy.password() {
        builder = builder.password(password);
    }
    for host in variable(["NO_PROXY", "no_proxy"]).unwrap_or_default().split(',') {
        builder = builder.no_proxy(host.trim());
    }
    builder.build().ok()
}
