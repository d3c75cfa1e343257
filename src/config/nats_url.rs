//! Where the store of a fleet is: `nats://host[:port][,host2[:port]…]/NAME`.

use crate::net::url::BaseUrl;

/// Where NATS is, and whose store in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NatsUrl {
    /// Each with its port, of one cluster.
    pub hosts: Vec<String>,
    pub name: String,
}

/// Where servers listen that were told nothing else.
const PORT: u16 = 4222;

const LONGEST_NAME: usize = 32;

impl NatsUrl {
    /// The error says what to change, and nothing of what was there.
    pub(crate) fn parse(value: &str) -> Result<NatsUrl, &'static str> {
        let rest = value.strip_prefix("nats://").ok_or("it begins with nats://")?;
        if rest.contains('@') {
            return Err("who connects is said by the options connector.nats.user and \
                        connector.nats.password, connector.nats.token, connector.nats.creds.file \
                        or connector.nats.nkey.file");
        }
        let (hosts, name) = rest.split_once('/').ok_or("a NAME follows the hosts")?;
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_name) {
            return Err("NAME has letters, digits, - and _, at most 32");
        }
        let hosts: Option<Vec<_>> = hosts.split(',').map(with_port).collect();
        Ok(NatsUrl { hosts: hosts.ok_or("each host is host or host:port")?, name: name.to_owned() })
    }
}

fn with_port(host: &str) -> Option<String> {
    BaseUrl::of_authority(host, true).ok()?;
    // The colons of an address of IPv6 stand in brackets.
    let has_port = host.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
    Some(if has_port { host.to_owned() } else { format!("{host}:{PORT}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_ports_and_a_name_follows_them() {
        let url = NatsUrl::parse("nats://a,b.example:5222,[::1],[::1]:1,10.0.0.1/sms_Channel-2");
        let url = url.unwrap();
        let hosts = ["a:4222", "b.example:5222", "[::1]:4222", "[::1]:1", "10.0.0.1:4222"];
        assert_eq!(url.hosts, hosts);
        assert_eq!(url.name, "sms_Channel-2");
        assert!(NatsUrl::parse(&format!("nats://a/{}", "n".repeat(32))).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let long = format!("nats://a/{}", "n".repeat(33));
        for (bad, says) in [
            ("nats:a/b", "nats://"),
            ("tls://a/b", "nats://"),
            ("nats://a", "NAME"),
            ("nats://a/", "NAME"),
            ("nats://a/b/c", "NAME"),
            ("nats://a/b.c", "NAME"),
            ("nats://a/b?c", "NAME"),
            (&long, "at most 32"),
            ("nats:///b", "each host"),
            ("nats://a,/b", "each host"),
            ("nats://a:0/b", "each host"),
            ("nats://a:x/b", "each host"),
            ("nats://a b/c", "each host"),
            ("nats://me:pa55@a/b", "connector.nats.user"),
            ("nats://t0k3n@a/b", "connector.nats.token"),
        ] {
            let refused = NatsUrl::parse(bad).unwrap_err();
            assert!(refused.contains(says) && !refused.contains("pa55"), "{bad}: {refused}");
        }
    }
}
