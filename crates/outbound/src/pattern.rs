//! One line of an operator's lists: which hosts, and perhaps which port.

use std::{fmt, net::IpAddr, num::NonZeroU16, str::FromStr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use url::Host;

use crate::address::embedded;

/// Hosts that an operator allows or denies: `10.2.0.0/16`, `10.2.0.7:8443`, `[fd00::7]:8443`, `hooks.example.com`, or
/// `*.example.com`, which is every name below `example.com` and not that name itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    hosts: Hosts,
    port: Option<NonZeroU16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    Net(IpNet),
    Name(String),
    /// Every name that ends with it; begins with a full stop.
    Below(String),
}

/// A text that names no hosts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no address, address range, name or `*.` before a name, each with or without `:` and a port"
)]
pub struct InvalidPattern {
    pub text: String,
}

impl Pattern {
    fn is_at(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own.get() == port)
    }

    /// Whether it names the host by the name that it is called by: in lower case, without a full stop at its end.
    pub(crate) fn names(&self, name: &str, port: u16) -> bool {
        self.is_at(port)
            && match &self.hosts {
                Hosts::Net(_) => false,
                Hosts::Name(own) => own == name,
                Hosts::Below(end) => name.len() > end.len() && name.ends_with(end.as_str()),
            }
    }

    /// Whether it has the address in it, as it stands or as the one of IPv4 that is reached by it.
    pub(crate) fn has(&self, address: IpAddr, port: u16) -> bool {
        let Hosts::Net(net) = &self.hosts else { return false };
        let inner = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => embedded(address).map(IpAddr::from),
        };
        self.is_at(port) && (net.contains(&address) || inner.is_some_and(|inner| net.contains(&inner)))
    }

    /// Whether it is for one address and no other.
    pub(crate) fn is_single(&self) -> bool {
        matches!(&self.hosts, Hosts::Net(net) if net.prefix_len() == net.max_prefix_len())
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        read(text).ok_or_else(|| InvalidPattern { text: text.to_owned() })
    }
}

fn read(text: &str) -> Option<Pattern> {
    let port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
    if let Some((inner, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let net = net(inner).filter(|_| inner.contains(':'))?;
        let port = if rest.is_empty() { None } else { Some(port(rest.strip_prefix(':')?)?) };
        return Some(Pattern { hosts: Hosts::Net(net), port });
    }
    if let Some(net) = net(text) {
        return Some(Pattern { hosts: Hosts::Net(net), port: None });
    }
    match text.split_once(':') {
        Some((hosts, text)) => Some(Pattern { hosts: read_hosts(hosts)?, port: Some(port(text)?) }),
        None => Some(Pattern { hosts: read_hosts(text)?, port: None }),
    }
}

fn read_hosts(text: &str) -> Option<Hosts> {
    if let Some(net) = net(text) {
        return Some(Hosts::Net(net));
    }
    let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
    // A URL may have a star in its host; a list of hosts with one would not mean what it seems to.
    if name.contains('*') {
        return None;
    }
    match Host::parse(name).ok()? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            let usable = !name.is_empty() && !name.starts_with('.');
            usable
                .then(|| if below { Hosts::Below(format!(".{name}")) } else { Hosts::Name(name.to_owned()) })
        }
        // A spelling that a URL takes for an address, such as `127.1`, is one here, too.
        Host::Ipv4(address) if !below => Some(Hosts::Net(IpAddr::from(address).into())),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// A range without what lies beyond its prefix; one of mapped addresses is one of IPv4.
fn net(text: &str) -> Option<IpNet> {
    let net = match text.parse::<IpNet>() {
        Ok(net) => net.trunc(),
        Err(_) => text.parse::<IpAddr>().ok()?.into(),
    };
    let mapped = match net {
        IpNet::V4(_) => None,
        IpNet::V6(net) => net.addr().to_ipv4_mapped().zip(net.prefix_len().checked_sub(96)),
    };
    Some(match mapped {
        Some((address, prefix)) => Ipv4Net::new(address, prefix).ok()?.into(),
        None => net,
    })
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = match &self.hosts {
            Hosts::Net(net) if self.is_single() => net.addr().to_string(),
            Hosts::Net(net) => net.to_string(),
            Hosts::Name(name) => name.clone(),
            Hosts::Below(end) => format!("*{end}"),
        };
        match self.port {
            Some(port) if hosts.contains(':') => write!(f, "[{hosts}]:{port}"),
            Some(port) => write!(f, "{hosts}:{port}"),
            None => f.write_str(&hosts),
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}
