//! Recognizes addresses that serve a machine's own credentials, in every notation that reaches
//! them.
//!
//! 169.254.169.254 serves the keys of the machine's role to any process on it, and 169.254.170.2
//! those of a container. fd00:ec2::254 is the same service over IPv6. Other clouds have their
//! services at addresses that are not link-local.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that no rule can allow: networks, each with the length of its prefix.
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
    let listed = |address| PROHIBITED.iter().any(|network| contains(*network, address));
    match address {
        IpAddr::V4(_) => listed(address),
        IpAddr::V6(v6) => {
            listed(address)
                || embedded(v6)
                    .into_iter()
                    .flatten()
                    .map(IpAddr::V4)
                    .any(listed)
        }
    }
}

fn contains((network, length): (IpAddr, u32), address: IpAddr) -> bool {
    let same = |network: u128, address: u128, bits: u32| {
        (network ^ address).checked_shr(bits - length).unwrap_or(0) == 0
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
fn embedded(address: Ipv6Addr) -> [Option<Ipv4Addr>; 5] {
    let last = last_32(address);
    match address.segments() {
        // IPv4-compatible, IPv4-mapped and IPv4-translated.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => one(last),
        // NAT64 with the well-known prefix (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => one(last),
        // NAT64 with a prefix of the local network (RFC 8215), of any length that RFC 6052 defines.
        [0x64, 0xff9b, 1, ..] => {
            let octets = address.octets();
            let at = |places: [usize; 4]| Some(Ipv4Addr::from(places.map(|place| octets[place])));
            [
                at([6, 7, 9, 10]),
                at([7, 9, 10, 11]),
                at([9, 10, 11, 12]),
                Some(last),
                None,
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
            None,
        ],
        // ISATAP (RFC 5214).
        [.., 0 | 0x200, 0x5efe, _, _] => one(last),
        _ => [None; 5],
    }
}

fn one(address: Ipv4Addr) -> [Option<Ipv4Addr>; 5] {
    [Some(address), None, None, None, None]
}

fn last_32(address: Ipv6Addr) -> Ipv4Addr {
    let [.., high, low] = address.segments();
    joined(high, low)
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
    fn link_local_address_is_recognized_in_every_notation() {
        for text in [
            "169.254.0.0",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.255.255",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(prohibited(text), "{text}");
        }
    }

    #[test]
    fn metadata_service_of_each_cloud_is_prohibited() {
        for text in [
            "100.100.100.200",
            "168.63.129.16",
            "fd20:ce::254",
            "fd00:ec2::254",
        ] {
            assert!(prohibited(text), "{text}");
        }
        for text in [
            "100.100.100.199",
            "100.100.100.201",
            "168.63.129.15",
            "168.63.129.17",
            "fd20:ce::253",
            "fd20:ce::255",
            "fd20:cf::254",
        ] {
            assert!(!prohibited(text), "{text}");
        }
    }

    /// Every IPv4 address of the list in every form that can carry it.
    #[test]
    fn ipv6_forms_of_a_prohibited_ipv4_address_are_prohibited() {
        for address in ["169.254.169.254", "100.100.100.200", "168.63.129.16"] {
            let v4: Ipv4Addr = address.parse().unwrap();
            let [a, b, c, d] = v4.octets();
            let hex = |a: u8, b: u8| format!("{:x}", u16::from_be_bytes([a, b]));
            for (form, text) in [
                ("mapped", format!("::ffff:{address}")),
                ("compatible", format!("::{address}")),
                ("translated", format!("::ffff:0:{address}")),
                ("NAT64", format!("64:ff9b::{address}")),
                ("local NAT64, /96", format!("64:ff9b:1::{address}")),
                ("local NAT64, /96", format!("64:ff9b:1:fffe::{address}")),
                (
                    "local NAT64, /64",
                    format!("64:ff9b:1:7:{}:{}:{}::", hex(0, a), hex(b, c), hex(d, 0)),
                ),
                (
                    "local NAT64, /56",
                    format!("64:ff9b:1:{}:{}:{}::", hex(7, a), hex(0, b), hex(c, d)),
                ),
                (
                    "local NAT64, /48",
                    format!("64:ff9b:1:{}:{}:{}::", hex(a, b), hex(0, c), hex(d, 0)),
                ),
                ("6to4", format!("2002:{}:{}::1", hex(a, b), hex(c, d))),
                (
                    "Teredo, client",
                    format!("2001:0:102:304:0:ffff:{}:{}", hex(!a, !b), hex(!c, !d)),
                ),
                (
                    "Teredo, server",
                    format!("2001:0:{}:{}:0:ffff:1:1", hex(a, b), hex(c, d)),
                ),
                ("ISATAP", format!("2001:db8::5efe:{address}")),
                ("ISATAP, global", format!("2001:db8::200:5efe:{address}")),
            ] {
                assert!(prohibited(&text), "{address}, {form}: {text}");
            }
        }
    }

    #[test]
    fn ipv6_forms_of_another_ipv4_address_are_allowed() {
        for text in [
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "::10.0.0.1",
            "64:ff9b::52.94.0.1",
            "64:ff9b:1::52.94.0.1",
            "64:ff9b:1:7:34:5e00:100::",
            "2002:a00:1::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:db8::5efe:10.0.0.1",
        ] {
            assert!(!prohibited(text), "{text}");
        }
    }

    #[test]
    fn other_addresses_are_not_link_local() {
        for text in [
            "169.253.255.255",
            "169.255.0.0",
            "127.0.0.1",
            "10.0.0.1",
            "::1",
            "::",
            "fec0::1",
            "fd00:ec3::254",
            "2600:1f00::1",
            "64:ff9c::a9fe:a9fe",
        ] {
            assert!(!prohibited(text), "{text}");
        }
    }
}
