//! Which hosts no proxy is used for, as `NO_PROXY` says it. There is no standard: it is read as curl does.

use std::net::IpAddr;

/// The hosts that are spoken to without a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NoProxy {
    all: bool,
    hosts: Vec<Exception>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    /// A name, which stands for all names inside it, too.
    Name(String),
    /// Addresses that begin with the same bits.
    Network { address: IpAddr, bits: u32 },
}

impl NoProxy {
    /// Takes names, addresses and networks (`10.0.0.0/8`), separated by commas or blanks; or `*` alone,
    /// for all. Ports, brackets and `*` inside a name match nothing.
    pub(crate) fn parse(list: &str) -> NoProxy {
        let hosts = list.split([',', ' ', '\t']).filter_map(Exception::parse).collect();
        NoProxy { all: list == "*", hosts }
    }

    /// Whether a host is spoken to without a proxy; an IPv6 address stands here without its brackets.
    pub(crate) fn excepts(&self, host: &str) -> bool {
        let address = host.parse().ok();
        self.all || self.hosts.iter().any(|exception| exception.is(host, address))
    }
}

impl Exception {
    fn parse(text: &str) -> Option<Exception> {
        let (network, bits) = match text.split_once('/') {
            Some((network, bits)) => (network, bits.parse().ok()?),
            None => (text, 0),
        };
        if let Ok(address) = network.parse::<IpAddr>() {
            let all = if address.is_ipv4() { 32 } else { 128 };
            // None are all, as for curl: who wants no proxy at all writes `*`.
            let bits = if bits == 0 { all } else { bits };
            return (bits <= all).then_some(Exception::Network { address, bits });
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let name = name.strip_prefix('.').unwrap_or(name);
        (!name.is_empty()).then(|| Exception::Name(name.to_ascii_lowercase()))
    }

    fn is(&self, host: &str, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Exception::Network { address: IpAddr::V4(ours), bits }, Some(IpAddr::V4(theirs))) => {
                let differs = u32::from(*ours) ^ u32::from(theirs);
                differs.checked_shr(32 - bits).unwrap_or(0) == 0
            }
            (Exception::Network { address: IpAddr::V6(ours), bits }, Some(IpAddr::V6(theirs))) => {
                let differs = u128::from(*ours) ^ u128::from(theirs);
                differs.checked_shr(128 - bits).unwrap_or(0) == 0
            }
            (Exception::Name(name), None) => {
                let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
                host.strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tests/core/proxies.rs compares with curl is not said here again.
    #[test]
    fn a_network_is_as_long_as_its_bits() {
        for (list, host, excepted) in [
            // curl 7.88 compares IPv6 addresses letter by letter, against its own description.
            ("0:0:0:0:0:0:0:1", "::1", true),
            ("::/64", "::1", true),
            ("::1/128", "::1", true),
            ("10.1.2.3/31", "10.1.2.2", true),
            ("10.1.2.3/31", "10.1.2.4", false),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("10.0.0.0/-1", "10.0.0.0", false),
            ("10.0.0.0/x", "10.0.0.0", false),
            ("fd00::/7", "fc00::1", true),
            ("fd00::/9", "fd80::1", false),
            ("fd00::/129", "fd00::", false),
            ("::ffff:10.0.0.1", "10.0.0.1", false),
        ] {
            assert_eq!(NoProxy::parse(list).excepts(host), excepted, "{list} {host}");
        }
        assert_eq!(NoProxy::parse(" ,.,\t,"), NoProxy::default());
    }
}
