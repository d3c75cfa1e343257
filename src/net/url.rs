//! Base URLs of services, and the rule for where plain http may go.

use std::net::IpAddr;

use ureq::http::Uri;
use ureq::http::uri::{Authority, Parts, PathAndQuery, Scheme};

use crate::base::error::{Error, Status};

/// `scheme://authority/path` without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    path: String,
    host: String,
}

impl BaseUrl {
    /// Takes `https://host[:port][/path]` or the same with `http`; no credentials, no query.
    pub(crate) fn parse(text: &str) -> Result<BaseUrl, ()> {
        let uri: Uri = text.parse().map_err(|_| ())?;
        if uri.query().is_some() || text.contains('#') {
            return Err(());
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        let Parts { scheme: Some(scheme), authority: Some(authority), .. } = uri.into_parts()
        else {
            return Err(());
        };
        if scheme != Scheme::HTTPS && scheme != Scheme::HTTP {
            return Err(());
        }
        let host = host_of(&authority)?;
        Ok(BaseUrl { scheme, authority, path, host })
    }

    /// The URL of a bare `host[:port]`, as the Domain API gives it.
    pub(crate) fn of_authority(authority: &str, https: bool) -> Result<BaseUrl, ()> {
        // Parsed alone, so that a path or a query cannot slip in.
        let authority: Authority = authority.parse().map_err(|_| ())?;
        let host = host_of(&authority)?;
        let scheme = if https { Scheme::HTTPS } else { Scheme::HTTP };
        Ok(BaseUrl { scheme, authority, path: String::new(), host })
    }

    /// The URL of something behind the base.
    ///
    /// # Errors
    /// [`Status::Protocol`] where a part that the service gave belongs into no URL.
    pub(crate) fn join(&self, behind: &str) -> Result<Uri, Error> {
        let path: PathAndQuery = format!("{}{behind}", self.path).parse().map_err(no_url)?;
        self.at(path)
    }

    /// The same for a path that was read before; the base's own comes in front of it.
    pub(crate) fn join_parsed(&self, behind: &PathAndQuery) -> Result<Uri, Error> {
        if self.path.is_empty() { self.at(behind.clone()) } else { self.join(behind.as_str()) }
    }

    fn at(&self, path: PathAndQuery) -> Result<Uri, Error> {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(no_url)
    }

    /// The host alone: lower case, no port, no brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether the host is this machine: the only place where plain http may go.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}

fn no_url<E>(_: E) -> Error {
    Error::new(Status::Protocol, "the service's parts of a URL do not make one")
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
        let joined = url.join("/a?b=c").unwrap();
        assert_eq!(joined, "https://VA.idp.liveperson.net:8443/base/a?b=c");
        assert_eq!(url.join_parsed(&PathAndQuery::from_static("/a?b=c")).unwrap(), joined);
        assert_eq!(url.join("/\u{1}").unwrap_err().status(), Status::Protocol);
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
        let url = BaseUrl::of_authority("va.msg:443", true).unwrap();
        assert_eq!(url.join("/a").unwrap(), "https://va.msg:443/a");
        let parsed = url.join_parsed(&PathAndQuery::from_static("/a")).unwrap();
        assert_eq!(parsed, "https://va.msg:443/a");
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
