//! Addresses that serve a machine's own credentials, in every notation that reaches them.
//!
//! The reference host has the same list. A host without such a list relies on this one.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that are never contacted: networks, each with the length of its prefix.
const PROHIBITED: [(IpAddr, u32); 6] = [
    // Link-local: AWS, Google Cloud, Azure, DigitalOcean, OpenStack, containers on ECS and EKS.
    (v4(169, 254, 0, 0), 16),
    // Alibaba Cloud's metadata.
    (v4(100, 100, 100, 200), 32),
    // Azure's platform: its agent, DNS, health probes.
    (v4(168, 63, 129, 16), 32),
    // Link-local.
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0]), 10),
    // EC2's metadata (`::254`), container credentials (`::23`), DNS and time.
    (v6([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0]), 32),
    // Google Cloud's metadata.
    (v6([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254]), 128),
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(segments: [u16; 8]) -> IpAddr {
    let [a, b, c, d, e, f, g, h] = segments;
    IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))
}

/// Whether an address is link-local or that of a metadata service, or an IPv6 address that leads to
/// such an IPv4 address.
pub fn is_prohibited(address: IpAddr) -> bool {
    let is_listed = |address| PROHIBITED.iter().any(|network| contains(*network, address));
    match address {
        IpAddr::V4(_) => is_listed(address),
        IpAddr::V6(v6) => {
            let mut embedded = embedded(v6).into_iter().flatten();
            is_listed(address) || embedded.any(|v4| is_listed(IpAddr::V4(v4)))
        }
    }
}

fn contains((network, length): (IpAddr, u32), address: IpAddr) -> bool {
    let same = |network: u128, address: u128, bits: u32| {
        let rest = bits.saturating_sub(length);
        (network ^ address).checked_shr(rest).unwrap_or(0) == 0
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            same(network.to_bits().into(), address.to_bits().into(), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            same(network.to_bits(), address.to_bits(), 128)
        }
        _ => false,
    }
}

/// Returns the IPv4 addresses that packets to this address may reach: those that a translator or a
/// tunnel reads from it.
fn embedded(address: Ipv6Addr) -> [Option<Ipv4Addr>; 4] {
    let [.., high, low] = address.segments();
    let last = joined(high, low);
    let one = |address| [Some(address), None, None, None];
    match address.segments() {
        // IPv4-compatible, IPv4-mapped and IPv4-translated.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => one(last),
        // NAT64 with the well-known prefix (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => one(last),
        // NAT64 with a prefix of the local network (RFC 8215), of any length that RFC 6052 defines.
        [0x64, 0xff9b, 1, ..] => {
            let [_, _, _, _, _, _, a, b, _, c, d, e, f, ..] = address.octets();
            [
                Some(Ipv4Addr::new(a, b, c, d)),
                Some(Ipv4Addr::new(b, c, d, e)),
                Some(Ipv4Addr::new(c, d, e, f)),
                Some(last),
            ]
        }
        // 6to4.
        [0x2002, high, low, ..] => one(joined(high, low)),
        // Teredo (RFC 4380): the server, and the client with every bit inverted.
        [0x2001, 0, high, low, ..] => [
            Some(joined(high, low)),
            Some(Ipv4Addr::from_bits(!last.to_bits())),
            None,
            None,
        ],
        // ISATAP (RFC 5214).
        [.., 0 | 0x200, 0x5efe, _, _] => one(last),
        _ => [None; 4],
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prohibited(text: &str) -> bool {
        is_prohibited(text.parse().unwrap())
    }

    #[test]
    fn address_that_serves_credentials_is_prohibited_in_every_notation() {
        for text in [
            "169.254.0.0",
            "169.254.169.254",
            "169.254.255.255",
            "100.100.100.200",
            "168.63.129.16",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            // IPv4-mapped, IPv4-compatible, IPv4-translated.
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "::ffff:0:100.100.100.200",
            // NAT64, with the well-known prefix and with local ones of each length.
            "64:ff9b::169.254.169.254",
            "64:ff9b::168.63.129.16",
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:a9:fe:a9fe::",
            "64:ff9b:1:0:a9:fea9:fe00:0",
            // 6to4, Teredo (server and client), ISATAP.
            "2002:a9fe:a9fe::1",
            "2002:6464:64c8::1",
            "2001:0:a9fe:a9fe::1",
            "2001:0:102:304::5601:5601",
            "2001:db8::5efe:169.254.169.254",
        ] {
            assert!(prohibited(text), "{text}");
        }
    }

    #[test]
    fn address_beside_a_prohibited_one_is_allowed() {
        for text in [
            "169.253.255.255",
            "169.255.0.0",
            "100.100.100.199",
            "100.100.100.201",
            "168.63.129.17",
            "10.0.0.1",
            "127.0.0.1",
            "fe7f::1",
            "fec0::1",
            "fd00:ec3::254",
            "fd20:ce::255",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::10.0.0.1",
            "2002:a00:1::1",
            "2001:0:102:304::f5ff:fffe",
            "2001:db8::5efe:10.0.0.1",
            "2001:db8::1",
        ] {
            assert!(!prohibited(text), "{text}");
        }
    }
}
