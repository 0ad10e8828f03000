//! Recognizes link-local addresses in every notation that reaches them.
//!
//! 169.254.169.254 serves the keys of the machine's role to any process on it, and 169.254.170.2
//! those of a container. fd00:ec2::254 is the same service over IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is link-local, belongs to EC2's per-machine services, or embeds a link-local
/// IPv4 address in an IPv6 address.
pub fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local()
                || is_ec2_service(v6)
                || embedded_v4(v6).is_some_and(|v4| v4.is_link_local())
        }
    }
}

/// fd00:ec2::/32 serves metadata (`::254`), container credentials (`::23`), DNS and time.
fn is_ec2_service(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0xfd00, 0x0ec2, ..])
}

/// Returns the IPv4 address that packets to this one reach, if it is mapped, compatible, NAT64 or
/// 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let joined = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => joined(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => joined(high, low),
        [0x2002, high, low, ..] => joined(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link_local(text: &str) -> bool {
        is_link_local(text.parse().unwrap())
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
            assert!(link_local(text), "{text}");
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
            "fec0::1",
            "fd00:ec3::254",
            "::ffff:10.0.0.1",
            "2002:a00:1::1",
            "2600:1f00::1",
        ] {
            assert!(!link_local(text), "{text}");
        }
    }
}
