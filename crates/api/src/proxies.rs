//! Where a request comes from when proxies of ours stand before us.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Hops that are looked at; nobody has more proxies of their own.
const HOPS_MAX: usize = 32;

/// The header that the proxies write. One alone is read: they leave the other as the caller sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedBy {
    /// `X-Forwarded-For`: addresses, with commas.
    #[default]
    XForwardedFor,
    /// `Forwarded`. Source: RFC 7239.
    Forwarded,
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Empty: none is.
    pub trusted: Vec<IpNet>,
    pub forwarded_by: ForwardedBy,
}

impl Proxies {
    /// The address of whoever asks: the last one, read from the right, that is none of the proxies. What stands left of it was
    /// written by a stranger.
    pub(crate) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut known = peer.to_canonical();
        if !self.trusts(known) {
            return known;
        }
        let lines: Vec<&str> = match self.forwarded_by {
            ForwardedBy::XForwardedFor => lines(headers, &X_FORWARDED_FOR),
            ForwardedBy::Forwarded => lines(headers, &header::FORWARDED),
        };
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for hop in hops.take(HOPS_MAX) {
            let address = match self.forwarded_by {
                ForwardedBy::XForwardedFor => address(hop.trim()),
                ForwardedBy::Forwarded => forwarded_for(hop),
            };
            // A hop that hides itself, or is no address: the proxy that says so is as far as one sees.
            let Some(address) = address else { return known };
            known = address;
            if !self.trusts(known) {
                return known;
            }
        }
        known
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }
}

/// In their order. A line that is no text hides what stands left of it.
fn lines<'of>(headers: &'of HeaderMap, name: &HeaderName) -> Vec<&'of str> {
    headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("?")).collect()
}

/// With a port or without; of IPv6 in brackets or without.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None if text.matches(':').count() == 1 => text.split_once(':')?.0,
        None => text,
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    address(named.next()?.1.trim())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(forwarded_by: ForwardedBy, peer: &str, lines: &[&'static str], caller: &str) {
        let trusted = ["10.0.0.0/8", "2001:db8:1::/48"].map(|net| net.parse().unwrap()).to_vec();
        let name = match forwarded_by {
            ForwardedBy::XForwardedFor => X_FORWARDED_FOR,
            ForwardedBy::Forwarded => header::FORWARDED,
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_static(line));
        }
        let proxies = Proxies { trusted, forwarded_by };
        assert_eq!(proxies.caller(peer.parse().unwrap(), &headers).to_string(), caller, "{lines:?}");
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts() {
        for (peer, lines, caller) in [
            ("10.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.9", "10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8:2::1]:4711"], "2001:db8:2::1"),
            ("2001:db8:1::1", &["2001:db8:2::1"], "2001:db8:2::1"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            check(ForwardedBy::XForwardedFor, peer, lines, caller);
        }
    }

    #[test]
    fn what_a_stranger_writes_is_not_believed() {
        for (peer, lines, caller) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("203.0.113.9", &["10.0.0.1"], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, , 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["198.51.100.1, 1.2.3"], "10.0.0.1"),
        ] {
            check(ForwardedBy::XForwardedFor, peer, lines, caller);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::FORWARDED, HeaderValue::from_static("for=198.51.100.1"));
        let proxies = Proxies { trusted: vec!["10.0.0.0/8".parse().unwrap()], ..Proxies::default() };
        let caller = proxies.caller("10.0.0.1".parse().unwrap(), &headers);
        assert_eq!(
            caller.to_string(),
            "10.0.0.1",
            "the header that the proxies do not write is the caller's own"
        );
    }

    #[test]
    fn the_standard_header_is_read_likewise() {
        for (lines, caller) in [
            (&["for=203.0.113.9;proto=https;by=10.0.0.1"][..], "203.0.113.9"),
            (&["for=198.51.100.1, For=\"[2001:db8:2::1]:4711\", for=10.0.0.2"], "2001:db8:2::1"),
            (&["for=198.51.100.1, for=_hidden"], "10.0.0.1"),
            (&["for=198.51.100.1, proto=https"], "10.0.0.1"),
        ] {
            check(ForwardedBy::Forwarded, "10.0.0.1", lines, caller);
        }
    }

    #[test]
    fn no_header_is_long_enough_to_be_read_for_ever() {
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_str(&"10.0.0.2,".repeat(1_000)).unwrap());
        let proxies = Proxies { trusted: vec!["10.0.0.0/8".parse().unwrap()], ..Proxies::default() };
        assert_eq!(proxies.caller("10.0.0.1".parse().unwrap(), &headers).to_string(), "10.0.0.1");
    }
}
