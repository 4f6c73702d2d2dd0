//! What an address reaches.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// What an address reaches. All but the first is nothing for a call whose aim somebody else has named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// One host of the public network.
    Public,
    Unspecified,
    Loopback,
    Private,
    LinkLocal,
    /// Between a carrier and its customers: `100.64.0.0/10`.
    Carrier,
    /// Where a cloud tells a machine its credentials. Opened by its very address alone, never by a range or a name.
    Metadata,
    /// For protocols and tunnels, not for hosts: `192.0.0.0/24`, `2001::/23`, and what maps IPv4 in a way that cannot be judged.
    Protocol,
    Documentation,
    Benchmarking,
    Multicast,
    Broadcast,
    Reserved,
}

impl Reach {
    /// Source: the special-purpose address registries of IANA (RFC 6890 and its updates). Of IPv6 only `2000::/3`
    /// has been given to hosts (RFC 4291 §2.4), so that whatever else there will be is refused until somebody has looked at it.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Carrier => "a carrier's",
            Self::Metadata => "of a metadata service",
            Self::Protocol => "for protocols",
            Self::Documentation => "for documentation",
            Self::Benchmarking => "for benchmarks",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Reserved => "reserved",
        })
    }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        // AWS, Google, Azure and others; Alibaba; Oracle; the wire server of Azure, which lies among public addresses.
        [169, 254, 169, 254] | [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => {
            Reach::Metadata
        }
        [0, ..] => Reach::Unspecified,
        [127, ..] => Reach::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Private,
        [169, 254, ..] => Reach::LinkLocal,
        [100, 64..=127, ..] => Reach::Carrier,
        // The second: relays of 6to4, given back by RFC 7526.
        [192, 0, 0, _] | [192, 88, 99, _] => Reach::Protocol,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Reach::Documentation,
        [198, 18..=19, ..] => Reach::Benchmarking,
        [224..=239, ..] => Reach::Multicast,
        [255, 255, 255, 255] => Reach::Broadcast,
        [240..=255, ..] => Reach::Reserved,
        _ => Reach::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Reach {
    if let Some(inner) = embedded(address) {
        return of_v4(inner);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Reach::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Loopback,
        // Compatible with IPv4, given up by RFC 4291 §2.5.5.1: worse than reserved, if what it holds is.
        [0, 0, 0, 0, 0, 0, ..] => {
            let reach = last_v4(address);
            if reach == Reach::Public { Reach::Reserved } else { reach }
        }
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Reach::Metadata,
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // The second: site-local, given up by RFC 3879, and still a private network where it is in use.
        [0xfe80..=0xfebf, ..] => Reach::LinkLocal,
        [0xfec0..=0xfeff, ..] => Reach::Private,
        [0xff00..=0xffff, ..] => Reach::Multicast,
        // 64:ff9b:1::/48, translation of a network's own: where the IPv4 address lies in it, that network alone knows.
        [0x0064, 0xff9b, 0x0001, ..] => Reach::Protocol,
        [0x2001, 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Reach::Documentation,
        [0x2001, 0x0002, 0, ..] => Reach::Benchmarking,
        // Teredo, ORCHID and what else the IETF keeps.
        [0x2001, 0x0000..=0x01ff, ..] => Reach::Protocol,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Reserved,
    }
}

/// The address of IPv4 that is reached by one of IPv6: mapped, translated by the well-known prefix, or by 6to4.
pub(crate) fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        // Source: RFC 4291 §2.5.5.2, RFC 6052 §2.1, RFC 3056 §2.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x0064, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

fn last_v4(address: Ipv6Addr) -> Reach {
    let [.., a, b, c, d] = address.octets();
    of_v4(Ipv4Addr::new(a, b, c, d))
}
