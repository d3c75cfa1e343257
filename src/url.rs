//! Base URLs of services, and the rule for where plain http may go.

use std::net::IpAddr;

use ureq::http::Uri;
use ureq::http::uri::Authority;

/// `scheme://authority/path` without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    text: String,
    host: String,
    https: bool,
}

impl BaseUrl {
    /// Takes `https://host[:port][/path]` or the same with `http`; no credentials, no query.
    pub(crate) fn parse(text: &str) -> Result<BaseUrl, ()> {
        let uri: Uri = text.parse().map_err(|_| ())?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(()),
        };
        let authority = uri.authority().ok_or(())?;
        if uri.query().is_some() || text.contains('#') {
            return Err(());
        }
        let host = host_of(authority)?;
        let text = format!(
            "{}://{authority}{}",
            if https { "https" } else { "http" },
            uri.path().trim_end_matches('/')
        );
        Ok(BaseUrl { text, host, https })
    }

    /// The URL of a bare `host[:port]`, as the Domain API gives it.
    pub(crate) fn of_authority(authority: &str, https: bool) -> Result<BaseUrl, ()> {
        // Parsed alone, so that a path or a query cannot slip in.
        let parsed: Authority = authority.parse().map_err(|_| ())?;
        let host = host_of(&parsed)?;
        let scheme = if https { "https" } else { "http" };
        Ok(BaseUrl { text: format!("{scheme}://{parsed}"), host, https })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The host alone: lower case, no port, no brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    /// Whether the host is this machine: the only place where plain http may go.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}

fn host_of(authority: &Authority) -> Result<String, ()> {
    let host = authority.host();
    // What follows the host is nothing or a port; credentials would stand before it.
    let good_port = match authority.as_str().strip_prefix(host).ok_or(())?.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok_and(|port| port != 0),
        None => authority.as_str() == host,
    };
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if !good_port || !is_host(host) {
        return Err(());
    }
    Ok(host.to_ascii_lowercase())
}

/// Whether this is a host name or an IP address, without port or brackets.
pub(crate) fn is_host(text: &str) -> bool {
    let name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_';
    text.parse::<IpAddr>().is_ok() || (!text.is_empty() && text.bytes().all(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_scheme_host_port_and_path_only() {
        let url = BaseUrl::parse("https://VA.idp.liveperson.net:8443/base/").unwrap();
        assert_eq!(url.as_str(), "https://VA.idp.liveperson.net:8443/base");
        assert_eq!(url.host(), "va.idp.liveperson.net");
        assert_eq!(BaseUrl::parse("https://[::1]:1").unwrap().host(), "::1");
        for bad in [
            "",
            "host",
            "//host",
            "ftp://host",
            "https://",
            "https://u:p@host",
            "https://host?q",
            "https://host#f",
            "https://host:99999",
            "https://host:",
            "https://a b",
            "https://h\r\nX: y",
        ] {
            assert_eq!(BaseUrl::parse(bad), Err(()), "{bad:?}");
        }
    }

    #[test]
    fn a_discovered_authority_is_a_bare_host() {
        assert_eq!(
            BaseUrl::of_authority("va.msg:443", true).unwrap().as_str(),
            "https://va.msg:443"
        );
        for bad in
            ["", "host/path", "host?x", "evil@host", "https://host", "host\\x", "a b", "host:x"]
        {
            assert_eq!(BaseUrl::of_authority(bad, true), Err(()), "{bad:?}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, loopback) in [
            ("http://localhost", true),
            ("http://127.0.0.1:80", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:80", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("http://127.0.0.1.example.com", false),
        ] {
            assert_eq!(BaseUrl::parse(url).unwrap().is_loopback(), loopback, "{url}");
        }
    }
}
