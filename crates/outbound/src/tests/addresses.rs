//! Every kind of address, as it stands in a URL: what does it reach, and is it called?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use crate::{
    Policy,
    Reach::{
        self, Benchmarking, Broadcast, Carrier, Documentation, LinkLocal, Loopback, Metadata, Multicast,
        Private, Protocol, Public, Reserved, Unspecified,
    },
    Refused,
};

const ADDRESSES: [(&str, Reach); 104] = [
    // Public, and next to what is not.
    ("1.0.0.0", Public),
    ("1.1.1.1", Public),
    ("8.8.8.8", Public),
    ("9.255.255.255", Public),
    ("11.0.0.0", Public),
    ("100.63.255.255", Public),
    ("100.128.0.0", Public),
    ("126.255.255.255", Public),
    ("128.0.0.0", Public),
    ("168.63.129.15", Public),
    ("169.253.255.255", Public),
    ("169.255.0.0", Public),
    ("172.15.255.255", Public),
    ("172.32.0.0", Public),
    ("192.0.1.0", Public),
    ("192.0.3.0", Public),
    ("192.88.98.255", Public),
    ("192.88.100.0", Public),
    ("192.167.255.255", Public),
    ("192.169.0.0", Public),
    ("198.17.255.255", Public),
    ("198.20.0.0", Public),
    ("198.51.99.255", Public),
    ("203.0.114.0", Public),
    ("223.255.255.255", Public),
    // Not public.
    ("0.0.0.0", Unspecified),
    ("0.0.0.1", Unspecified),
    ("0.255.255.255", Unspecified),
    ("10.0.0.0", Private),
    ("10.255.255.255", Private),
    ("100.64.0.0", Carrier),
    ("100.127.255.255", Carrier),
    ("100.100.100.200", Metadata),
    ("127.0.0.1", Loopback),
    ("127.255.255.254", Loopback),
    ("168.63.129.16", Metadata),
    ("169.254.0.1", LinkLocal),
    ("169.254.169.253", LinkLocal),
    ("169.254.169.254", Metadata),
    ("172.16.0.1", Private),
    ("172.31.255.255", Private),
    ("192.0.0.1", Protocol),
    ("192.0.0.9", Protocol),
    ("192.0.0.192", Metadata),
    ("192.0.0.255", Protocol),
    ("192.0.2.1", Documentation),
    ("192.88.99.1", Protocol),
    ("192.168.0.1", Private),
    ("192.168.255.255", Private),
    ("198.18.0.1", Benchmarking),
    ("198.19.255.255", Benchmarking),
    ("198.51.100.7", Documentation),
    ("203.0.113.255", Documentation),
    ("224.0.0.1", Multicast),
    ("239.255.255.255", Multicast),
    ("240.0.0.1", Reserved),
    ("255.255.255.254", Reserved),
    ("255.255.255.255", Broadcast),
    // IPv6.
    ("2000::", Public),
    ("2001:200::1", Public),
    ("2001:4860:4860::8888", Public),
    ("2606:4700:4700::1111", Public),
    ("3ffe:ffff::1", Public),
    ("3fff:1000::1", Public),
    ("::", Unspecified),
    ("::1", Loopback),
    ("::2", Unspecified),
    ("100::1", Reserved),
    ("100:0:0:1::1", Reserved),
    ("1fff:ffff::1", Reserved),
    ("4000::1", Reserved),
    ("5f00::1", Reserved),
    ("2001::1", Protocol),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Protocol),
    ("2001:2::1", Benchmarking),
    ("2001:20::1", Protocol),
    ("2001:1ff:ffff::1", Protocol),
    ("2001:db8::1", Documentation),
    ("2001:db8:ffff::1", Documentation),
    ("3fff::1", Documentation),
    ("3fff:fff:ffff::1", Documentation),
    ("fc00::1", Private),
    ("fd00::1", Private),
    ("fdff:ffff::1", Private),
    ("fd00:ec2::254", Metadata),
    ("fe80::1", LinkLocal),
    ("febf::1", LinkLocal),
    ("fec0::1", Private),
    ("feff::1", Private),
    ("ff02::1", Multicast),
    // An address of IPv4 in one of IPv6.
    ("::ffff:8.8.8.8", Public),
    ("::ffff:127.0.0.1", Loopback),
    ("::ffff:169.254.169.254", Metadata),
    ("::ffff:0:8.8.8.8", Reserved),
    ("::8.8.8.8", Reserved),
    ("::127.0.0.1", Loopback),
    ("::10.0.0.1", Private),
    ("64:ff9b::8.8.8.8", Public),
    ("64:ff9b::10.0.0.1", Private),
    ("64:ff9b::169.254.169.254", Metadata),
    ("64:ff9b:1::8.8.8.8", Protocol),
    ("2002:808:808::1", Public),
    ("2002:7f00:1::1", Loopback),
    ("2002:a9fe:a9fe::", Metadata),
];

#[test]
fn an_address_is_called_if_and_only_if_it_is_public() {
    let policy = Policy::default();
    for (text, reach) in ADDRESSES {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(Reach::of(address), reach, "{text}");
        let url = match address {
            IpAddr::V4(_) => format!("https://{text}/hooks"),
            IpAddr::V6(_) => format!("https://[{text}]/hooks"),
        };
        let by_url = policy.read(&url).map(drop).map_err(|refused| refused.code());
        let by_name = policy.check_addresses("hooks.example.com", 443, &[address]);
        let expected = if reach == Public { Ok(()) } else { Err("outbound_address_not_public") };
        assert_eq!(by_url, expected, "{url}");
        assert_eq!(by_name.map_err(|refused| refused.code()), expected, "{text}");
    }
}

#[test]
fn an_address_is_known_however_it_is_written() {
    for (host, address) in [
        ("0x7f.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("%31%32%37.0.0.1", "127.0.0.1"),
        ("１２７.0.0.1", "127.0.0.1"),
        ("①②⑦.⓪.⓪.①", "127.0.0.1"),
        ("0xA9FEA9FE", "169.254.169.254"),
        ("0251.0376.0251.0376", "169.254.169.254"),
        ("[::ffff:7f00:1]", "::ffff:7f00:1"),
        ("[0:0:0:0:0:ffff:127.0.0.1]", "::ffff:7f00:1"),
        ("[::1]", "::1"),
        ("0", "0.0.0.0"),
    ] {
        let refused = Policy::default().read(&format!("https://{host}/")).unwrap_err();
        let Refused::AddressNotPublic { address: found, .. } = refused else { panic!("{host}: {refused:?}") };
        assert_eq!(found, address.parse::<IpAddr>().unwrap(), "{host}");
    }
}

#[test]
fn one_address_that_is_not_public_refuses_the_name() {
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
    let check = |texts: &[&str]| {
        let checked = Policy::default().check_addresses("hooks.example.com", 443, &addresses(texts));
        checked.map_err(|refused| refused.code())
    };
    let refused = Err("outbound_address_not_public");
    assert_eq!(check(&["8.8.8.8", "2001:4860:4860::8888"]), Ok(()));
    assert_eq!(check(&["8.8.8.8", "10.0.0.1"]), refused);
    assert_eq!(check(&["10.0.0.1", "8.8.8.8"]), refused);
    assert_eq!(check(&["8.8.8.8", "::1"]), refused);
    assert_eq!(check(&[]), Err("outbound_name_not_resolved"));
}

proptest! {
    /// What is reached by an address of IPv4 is what is reached by one of IPv6 that holds it.
    #[test]
    fn no_disguise_helps(bits in any::<u32>(), rest in any::<u64>()) {
        let address = Ipv4Addr::from_bits(bits);
        let bits = u128::from(bits);
        let disguises = [0xffff_u128 << 32 | bits, 0x64_ff9b_u128 << 96 | bits, 0x2002_u128 << 112 | bits << 80 | u128::from(rest)];
        for disguise in disguises {
            prop_assert_eq!(Reach::of(Ipv6Addr::from_bits(disguise).into()), Reach::of(address.into()));
        }
        prop_assert_ne!(Reach::of(Ipv6Addr::from_bits(bits).into()), Public);
    }

    /// Beyond what holds an address of IPv4, nothing is public that has not been given to hosts.
    #[test]
    fn no_address_of_ipv6_is_public_outside_of_2000_3(bits in any::<u128>()) {
        let address = Ipv6Addr::from_bits(bits);
        if Reach::of(address.into()) == Public && crate::address::embedded(address).is_none() {
            prop_assert_eq!(bits >> 125, 1);
        }
    }
}
