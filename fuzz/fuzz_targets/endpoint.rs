//! Custom endpoints. An accepted URL names one host that is not a link-local address, and nothing
//! in it breaks out of the request line or the `Host` header.
//!
//! The input is `{region}`, a line feed and the URL.
#![no_main]

use std::net::{Ipv4Addr, Ipv6Addr};

use aws_lambda_connector::aws::endpoint::{self, Endpoint, EndpointChoice, Scheme};
use aws_lambda_connector_fuzz::secrets;
use aws_lambda_connector_fuzz::verdict::no_secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if secrets::are_known(text.as_bytes()) {
        return;
    }
    let (region, url) = text.split_once('\n').unwrap_or(("eu-central-1", text));
    let region = match endpoint::check_region(region) {
        Ok(()) => region,
        Err(_) => "eu-central-1",
    };
    assert!(
        region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    );
    for choice in [
        EndpointChoice::Standard,
        EndpointChoice::Fips,
        EndpointChoice::DualStack,
        EndpointChoice::FipsDualStack,
    ] {
        let lambda = endpoint::resolve("lambda", region, &choice).unwrap();
        let sts = endpoint::resolve_sts(region, &choice).unwrap();
        for (endpoint, service) in [(lambda, "lambda"), (sts, "sts")] {
            assert_eq!(endpoint.scheme, Scheme::Https);
            let host = endpoint.authority.strip_prefix(service).unwrap();
            let host = host.strip_prefix("-fips").unwrap_or(host);
            let suffix = host.strip_prefix(&format!(".{region}.")).unwrap();
            assert!(endpoint::dns_suffixes().any(|known| known == suffix));
        }
    }

    let choice = EndpointChoice::Url(url.into());
    if let Ok(endpoint) = endpoint::resolve("lambda", region, &choice) {
        check(url, &endpoint);
        // The endpoint survives a round trip.
        let scheme = match endpoint.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let written = format!("{scheme}://{}{}", endpoint.authority, endpoint.base_path);
        let again = endpoint::resolve("lambda", region, &EndpointChoice::Url(written)).unwrap();
        assert_eq!(again, endpoint);
        let sts = endpoint::resolve_sts(region, &choice).unwrap();
        let standard = endpoint::resolve_sts(region, &EndpointChoice::Standard).unwrap();
        assert!(sts == endpoint || sts == standard);
        let host = host(&endpoint.authority);
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_aws = endpoint::dns_suffixes().any(|suffix| {
            let rest = host.strip_suffix(suffix);
            rest.is_some_and(|rest| rest.ends_with('.'))
        });
        let is_local = host.starts_with('[')
            || resolver_v4(host).is_some()
            || host == "localhost"
            || host.ends_with(".localhost");
        let serves_sts = is_local || (endpoint.scheme == Scheme::Http && !is_aws);
        assert_eq!(
            sts == standard,
            !serves_sts || endpoint == standard,
            "{host}"
        );
    }
    // A secret in the wrong field, or in the URL.
    for url in [
        format!("{url}{}", secrets::KEY),
        format!("https://{}@{url}", secrets::KEY),
    ] {
        if let Err(problem) = endpoint::resolve("lambda", region, &EndpointChoice::Url(url)) {
            no_secret(&problem, &[]);
        }
    }
});

fn check(url: &str, endpoint: &Endpoint) {
    let Endpoint {
        authority,
        base_path,
        ..
    } = endpoint;
    assert!(!authority.is_empty() && authority.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!authority.contains(['/', '\\', '?', '#', '@', '%']));
    assert!(!authority.bytes().any(|byte| byte.is_ascii_uppercase()));
    assert!(base_path.is_empty() || base_path.starts_with('/'));
    assert!(!base_path.ends_with('/') && base_path.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!base_path.contains(['?', '#', '\\', '"', '<', '>']));
    for segment in base_path.split('/') {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        assert!(segment != "." && segment != "..");
    }

    let host = host(authority);
    let port = authority.strip_prefix(host).unwrap();
    assert!(port.is_empty() || port[1..].parse::<u16>().is_ok_and(|port| port > 0));
    // The host is the URL's.
    assert!(url.to_ascii_lowercase().contains(host));

    let address = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(text) => text.parse::<Ipv6Addr>().unwrap(),
        None => match resolver_v4(host) {
            Some(address) => address.to_ipv6_mapped(),
            None => return,
        },
    };
    assert!(!address.is_unicast_link_local());
    let v4 = address.to_ipv4().or(embedded(address));
    assert!(!v4.is_some_and(|address| address.is_link_local()), "{host}");
}

fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    }
}

/// The IPv4 address in a 6to4 (RFC 3056) or NAT64 (RFC 6052) address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let at = match address.segments() {
        [0x2002, ..] => 2,
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => 12,
        _ => return None,
    };
    Some(Ipv4Addr::new(
        octets[at],
        octets[at + 1],
        octets[at + 2],
        octets[at + 3],
    ))
}

/// Reads a host as `inet_aton` does, which resolvers try first: one to four numbers in decimal,
/// octal or hexadecimal, of which the last fills the remaining bytes.
fn resolver_v4(host: &str) -> Option<Ipv4Addr> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let parts: Option<Vec<u64>> = host.split('.').map(number).collect();
    let parts = parts.filter(|parts| parts.len() <= 4)?;
    let (last, first) = parts.split_last()?;
    if first.iter().any(|part| *part > 255) || *last >= 1 << (8 * (4 - first.len())) {
        return None;
    }
    let mut address = *last;
    for (index, part) in first.iter().enumerate() {
        address |= part << (8 * (3 - index));
    }
    Some(Ipv4Addr::from(u32::try_from(address).ok()?))
}

fn number(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    if let Some(hex) = lower.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok();
    }
    let radix = if lower.len() > 1 && lower.starts_with('0') {
        8
    } else {
        10
    };
    u64::from_str_radix(&lower, radix).ok()
}
