//! The component and the reference host never contact the same addresses. Each has a list of its own,
//! because the host crate is published without the component's sources.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_lambda_connector::aws::endpoint::{EndpointChoice, LAMBDA, resolve};
use aws_lambda_connector_host::policy::Policy;
use http::Uri;

/// Every form in which an IPv6 address carries an IPv4 address, and forms that only look like one.
fn forms(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let [a, b, c, d] = address.octets();
    let pair = |high: u8, low: u8| u16::from_be_bytes([high, low]);
    let (high, low) = (pair(a, b), pair(c, d));
    [
        [0, 0, 0, 0, 0, 0xffff, high, low],
        [0, 0, 0, 0, 0, 0, high, low],
        [0, 0, 0, 0, 0xffff, 0, high, low],
        [0x64, 0xff9b, 0, 0, 0, 0, high, low],
        [0x64, 0xff9b, 1, 0, 0, 0, high, low],
        [0x64, 0xff9b, 1, 0xfffe, 0, 0, high, low],
        [0x64, 0xff9b, 1, 7, u16::from(a), pair(b, c), pair(d, 0), 0],
        [0x64, 0xff9b, 1, pair(7, a), u16::from(b), pair(c, d), 0, 0],
        [0x64, 0xff9b, 1, high, u16::from(c), pair(d, 0), 0, 0],
        [0x64, 0xff9b, 2, 0, 0, 0, high, low],
        [0x2002, high, low, 0, 0, 0, 0, 1],
        [0x2001, 0, 0x102, 0x304, 0, 0xffff, !high, !low],
        [0x2001, 0, high, low, 0, 0xffff, 1, 1],
        [0x2001, 1, high, low, 0, 0xffff, 1, 1],
        [0x2001, 0xdb8, 0, 0, 0, 0x5efe, high, low],
        [0x2001, 0xdb8, 0, 0, 0x200, 0x5efe, high, low],
        [0x2001, 0xdb8, 0, 0, 0x300, 0x5efe, high, low],
        [0x2001, 0xdb8, 0, 0, 0, 0, high, low],
    ]
    .map(Ipv6Addr::from)
    .into()
}

fn addresses() -> Vec<IpAddr> {
    let v4 = [
        "169.253.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "169.255.0.0",
        "100.100.100.199",
        "100.100.100.200",
        "100.100.100.201",
        "168.63.129.15",
        "168.63.129.16",
        "168.63.129.17",
        "10.0.0.1",
        "127.0.0.1",
        "0.0.0.0",
        "52.94.0.1",
        "255.255.255.255",
    ];
    let v6 = [
        "::",
        "::1",
        "fe7f::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "fd00:ec1::254",
        "fd00:ec2::",
        "fd00:ec2::254",
        "fd00:ec2:ffff::1",
        "fd00:ec3::254",
        "fd20:ce::253",
        "fd20:ce::254",
        "fd20:ce::255",
        "fd20:cf::254",
        "2600:1f00::1",
    ];
    let v4 = v4.map(|text| text.parse::<Ipv4Addr>().unwrap());
    let v6 = v6.map(|text| text.parse::<Ipv6Addr>().unwrap());
    let embedded = v4.into_iter().flat_map(forms);
    let v6 = v6.into_iter().chain(embedded).map(IpAddr::V6);
    v4.map(IpAddr::V4).into_iter().chain(v6).collect()
}

#[test]
fn component_and_host_prohibit_the_same_addresses() {
    let mut prohibited = 0;
    for address in addresses() {
        let authority = match address {
            IpAddr::V4(_) => format!("{address}:8080"),
            IpAddr::V6(_) => format!("[{address}]:8080"),
        };
        let url = format!("http://{authority}");
        let by_component = resolve(LAMBDA, "us-east-1", &EndpointChoice::Url(url.clone())).is_err();
        let by_host = match Policy::deny_all().allow(&url) {
            Err(_) => true,
            Ok(policy) => policy.check(&url.parse::<Uri>().unwrap()).is_err(),
        };
        assert_eq!(by_component, by_host, "{address}");
        prohibited += usize::from(by_host);
    }
    // Five IPv4 addresses in at least 13 forms each: the comparison is not between two empty lists.
    assert!(prohibited > 5 * 13, "{prohibited}");
}
