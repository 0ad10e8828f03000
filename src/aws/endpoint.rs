//! Endpoint resolution: partitions, FIPS and dual-stack hosts, custom endpoints.
//!
//! Source: the endpoint rule set and `partitions.json` 1.1 of the AWS SDKs.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

mod address;
use address::is_prohibited;

/// Lambda's signing name and endpoint prefix.
pub const LAMBDA: &str = "lambda";
/// The signing name and endpoint prefix of STS.
pub const STS: &str = "sts";

/// The scheme of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text, for custom endpoints only.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    fn default_port(self) -> &'static str {
        match self {
            Scheme::Http => "80",
            Scheme::Https => "443",
        }
    }
}

/// The scheme, host and base path of every request of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `https`, or `http` for a custom endpoint.
    pub scheme: Scheme,
    /// The host in lower case, and the port unless it is the scheme's default. This is the signed
    /// value of the `Host` header.
    pub authority: String,
    /// The path that precedes every request's path: empty, or `/` and more without a final `/`.
    pub base_path: String,
    /// Who responds at this endpoint.
    pub kind: EndpointKind,
}

/// Who responds at an endpoint, by the caller's choice of the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// A host of AWS.
    Aws,
    /// A URL that leads to AWS, possibly by way of a proxy or gateway, which may respond itself.
    Url,
    /// A local emulator, which omits headers that AWS always sends.
    Emulator,
}

/// Which endpoint of a region to use, unchecked. A URL with a password is rejected later, so that the
/// `Debug` output has only URLs that are valid.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum EndpointChoice {
    /// The region's standard endpoint.
    #[default]
    Standard,
    /// The FIPS 140 validated endpoint.
    Fips,
    /// The endpoint for IPv4 and IPv6.
    DualStack,
    /// The FIPS 140 validated endpoint for IPv4 and IPv6.
    FipsDualStack,
    /// The base URL of a VPC endpoint or a proxy.
    Url(String),
    /// The base URL of a local emulator.
    Emulator(String),
}

impl fmt::Debug for EndpointChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, url, kind) = match self {
            EndpointChoice::Standard => return formatter.write_str("Standard"),
            EndpointChoice::Fips => return formatter.write_str("Fips"),
            EndpointChoice::DualStack => return formatter.write_str("DualStack"),
            EndpointChoice::FipsDualStack => return formatter.write_str("FipsDualStack"),
            EndpointChoice::Url(url) => ("Url", url, EndpointKind::Url),
            EndpointChoice::Emulator(url) => ("Emulator", url, EndpointKind::Emulator),
        };
        let shown = match parse_url(url, kind) {
            Ok(_) => url,
            Err(_) => "…",
        };
        formatter.debug_tuple(name).field(&shown).finish()
    }
}

/// A partition's name in ARNs, and its DNS suffixes.
struct Partition {
    id: &'static str,
    dns: &'static str,
    dual_stack: &'static str,
}

/// Partitions by the prefix of their regions' names. Any other region is in `aws`.
const PARTITIONS: [(&str, Partition); 7] = [
    (
        "cn-",
        Partition {
            id: "aws-cn",
            dns: "amazonaws.com.cn",
            dual_stack: "api.amazonwebservices.com.cn",
        },
    ),
    (
        "us-gov-",
        Partition {
            id: "aws-us-gov",
            dns: "amazonaws.com",
            dual_stack: "api.aws",
        },
    ),
    (
        "us-iso-",
        Partition {
            id: "aws-iso",
            dns: "c2s.ic.gov",
            dual_stack: "api.aws.ic.gov",
        },
    ),
    (
        "us-isob-",
        Partition {
            id: "aws-iso-b",
            dns: "sc2s.sgov.gov",
            dual_stack: "api.aws.scloud",
        },
    ),
    (
        "us-isof-",
        Partition {
            id: "aws-iso-f",
            dns: "csp.hci.ic.gov",
            dual_stack: "api.aws.hci.ic.gov",
        },
    ),
    (
        "eu-isoe-",
        Partition {
            id: "aws-iso-e",
            dns: "cloud.adc-e.uk",
            dual_stack: "api.cloud-aws.adc-e.uk",
        },
    ),
    (
        "eusc-",
        Partition {
            id: "aws-eusc",
            dns: "amazonaws.eu",
            dual_stack: "api.amazonwebservices.eu",
        },
    ),
];
const AWS: Partition = Partition {
    id: "aws",
    dns: "amazonaws.com",
    dual_stack: "api.aws",
};

fn partition(region: &str) -> &'static Partition {
    PARTITIONS
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or(&AWS, |(_, partition)| partition)
}

/// Returns every partition's DNS suffixes, standard and dual-stack.
pub fn dns_suffixes() -> impl Iterator<Item = &'static str> {
    let others = PARTITIONS.iter().map(|(_, partition)| partition);
    [&AWS]
        .into_iter()
        // GovCloud shares the suffixes of `aws`.
        .chain(others.filter(|partition| partition.dns != AWS.dns))
        .flat_map(|partition| [partition.dns, partition.dual_stack])
}

/// Returns the name of the region's partition, as in an ARN.
pub fn partition_id(region: &str) -> &'static str {
    partition(region).id
}

/// Resolves the endpoint of `service` in `region`. The region must have passed [`check_region`],
/// because it becomes part of a host name.
///
/// # Errors
/// A message that describes what is wrong with a custom URL.
pub fn resolve(service: &str, region: &str, choice: &EndpointChoice) -> Result<Endpoint, String> {
    let partition = partition(region);
    let (fips, suffix) = match choice {
        EndpointChoice::Standard => ("", partition.dns),
        EndpointChoice::Fips => ("-fips", partition.dns),
        EndpointChoice::DualStack => ("", partition.dual_stack),
        EndpointChoice::FipsDualStack => ("-fips", partition.dual_stack),
        EndpointChoice::Url(url) => return parse_url(url, EndpointKind::Url),
        EndpointChoice::Emulator(url) => return parse_url(url, EndpointKind::Emulator),
    };
    Ok(Endpoint {
        scheme: Scheme::Https,
        authority: format!("{service}{fips}.{region}.{suffix}"),
        base_path: String::new(),
        kind: EndpointKind::Aws,
    })
}

/// Resolves the endpoint of STS. In GovCloud its standard host is also its FIPS host, unlike those
/// of other services.
///
/// An emulator serves STS as well. Any other custom URL may lead to Lambda alone, because its host may
/// be a VPC endpoint or a private name for one. Lambda would then receive the tokens that are for STS,
/// so that STS is called at its standard endpoint. Lambda itself is never reached over plain HTTP, at
/// an IP address or on this machine. Such a URL is a proxy or a local stack that serves both.
///
/// # Errors
/// A message that describes what is wrong with a custom URL.
pub fn resolve_sts(region: &str, choice: &EndpointChoice) -> Result<Endpoint, String> {
    match choice {
        EndpointChoice::Fips if region.starts_with("us-gov-") => {
            resolve(STS, region, &EndpointChoice::Standard)
        }
        EndpointChoice::Url(url) => {
            let custom = parse_url(url, EndpointKind::Url)?;
            if serves_sts(&custom) {
                Ok(custom)
            } else {
                resolve(STS, region, &EndpointChoice::Standard)
            }
        }
        _ => resolve(STS, region, choice),
    }
}

/// Whether a custom URL cannot be a VPC endpoint of Lambda, or a private name for one.
fn serves_sts(custom: &Endpoint) -> bool {
    let authority = &custom.authority;
    if authority.starts_with('[') {
        return true;
    }
    let host = authority.split(':').next().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_local =
        host == "localhost" || host.ends_with(".localhost") || host.parse::<Ipv4Addr>().is_ok();
    is_local || (custom.scheme == Scheme::Http && !is_aws_host(host))
}

/// Whether `host`, without a final dot, is a name of AWS.
fn is_aws_host(host: &str) -> bool {
    let within = |suffix: &str| {
        host.strip_suffix(suffix)
            .is_some_and(|rest| rest.ends_with('.'))
    };
    PARTITIONS
        .iter()
        .map(|(_, partition)| partition)
        .chain([&AWS])
        .any(|partition| within(partition.dns) || within(partition.dual_stack))
}

/// Checks that `region` looks like the name of an AWS region, which becomes part of an AWS host
/// name. Any other label could make the name of another service's host.
///
/// Every region of every partition has this form: letters such as `us`, `us-gov` or `eusc-de`, a
/// direction, and a number. A partition may be added, so that the letters are not compared with a list.
///
/// # Errors
/// A message that states what is wrong and what is allowed.
pub fn check_aws_region(region: &str) -> Result<(), String> {
    check_region(region)?;
    let mut labels = region.split('-');
    let is_number = |label: &str| {
        (1..=2).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_digit())
            && !label.starts_with('0')
    };
    let is_word = |label: &str| label.len() >= 2 && label.bytes().all(|b| b.is_ascii_lowercase());
    let is_region = labels.next_back().is_some_and(is_number)
        && labels.clone().next().is_some_and(|first| first.len() <= 4)
        && (2..=4).contains(&labels.clone().count())
        && labels.all(is_word);
    if is_region {
        Ok(())
    } else {
        Err("it is not the name of an AWS region, for example eu-central-1 or us-gov-west-1: correct it, or name the endpoint by its URL".into())
    }
}

/// Checks that `region` is one DNS label. It is part of every signature, and the region of a custom
/// endpoint may have any name.
///
/// # Errors
/// A message that states what is wrong and what is allowed.
pub fn check_region(region: &str) -> Result<(), String> {
    let label = (1..=63).contains(&region.len())
        && region
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !region.starts_with('-')
        && !region.ends_with('-')
        && !region.bytes().all(|b| b.is_ascii_digit());
    if !label {
        return Err(
            "an AWS region is 1 to 63 lower-case letters, digits and inner hyphens, for example eu-central-1"
                .into(),
        );
    }
    // Older SDKs had pseudo-regions for FIPS. No host has such a name.
    if region.starts_with("fips-") || region.ends_with("-fips") {
        return Err(
            "a region's name does not contain `fips`: give the plain region and choose the endpoint `fips`"
                .into(),
        );
    }
    Ok(())
}

/// Parses a custom endpoint's base URL.
fn parse_url(url: &str, kind: EndpointKind) -> Result<Endpoint, String> {
    let (scheme, rest) = split_scheme(url).ok_or(
        "the endpoint URL must begin with https:// or http://, for example https://host:8443/base",
    )?;
    if url.contains(['?', '#']) {
        return Err("the endpoint URL must not have a query (?) or a fragment (#)".into());
    }
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err("the endpoint URL must not contain a user name or password (`@`)".into());
    }
    Ok(Endpoint {
        scheme,
        authority: check_authority(authority, scheme)?,
        base_path: check_base_path(path)?.into(),
        kind,
    })
}

fn split_scheme(url: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    if scheme.eq_ignore_ascii_case("https") {
        Some((Scheme::Https, rest))
    } else if scheme.eq_ignore_ascii_case("http") {
        Some((Scheme::Http, rest))
    } else {
        None
    }
}

fn check_authority(authority: &str, scheme: Scheme) -> Result<String, String> {
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (address, after) = bracketed
            .split_once(']')
            .ok_or("the endpoint URL's IPv6 address lacks its closing bracket")?;
        let port = match after {
            "" => None,
            _ => Some(after.strip_prefix(':').ok_or(BAD_HOST)?),
        };
        (check_ipv6(address)?, port)
    } else {
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        (check_host_name(host)?, port)
    };
    match port {
        None => Ok(host),
        Some(port) => {
            let number: u16 = port
                .parse()
                .ok()
                .filter(|number| *number > 0 && port.bytes().all(|b| b.is_ascii_digit()))
                .ok_or("the endpoint URL's port must be a number from 1 to 65535")?;
            let port = number.to_string();
            // The signed host must be the one on the wire, and HTTP clients omit a default port.
            Ok(if port == scheme.default_port() {
                host
            } else {
                format!("{host}:{port}")
            })
        }
    }
}

const BAD_HOST: &str =
    "the endpoint URL's host must be a DNS name, an IPv4 address or an IPv6 address in brackets";
const PROHIBITED: &str = "the endpoint URL's host is a link-local address or a cloud's metadata service, which is never contacted, because cloud machines serve their own credentials there: use another address";

fn check_host_name(host: &str) -> Result<String, String> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let labels_fit = name.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
    if !labels_fit || name.len() > 253 {
        return Err(BAD_HOST.into());
    }
    // Resolvers read a name whose last label is a number as an IPv4 address, also in octal,
    // hexadecimal and shortened forms. Only the plain form can be checked reliably.
    let last = name.rsplit('.').next().unwrap_or(name);
    let numeric = last.bytes().all(|b| b.is_ascii_digit())
        || last
            .get(..2)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"));
    if numeric {
        let address: Ipv4Addr = name.parse().map_err(|_| {
            "the endpoint URL's IPv4 address must be four decimal numbers, for example 10.0.0.1"
        })?;
        if is_prohibited(IpAddr::V4(address)) {
            return Err(PROHIBITED.into());
        }
    }
    Ok(host.to_ascii_lowercase())
}

fn check_ipv6(text: &str) -> Result<String, String> {
    let address: Ipv6Addr = text.parse().map_err(|_| BAD_HOST)?;
    if is_prohibited(IpAddr::V6(address)) {
        return Err(PROHIBITED.into());
    }
    Ok(format!("[{}]", text.to_ascii_lowercase()))
}

fn check_base_path(path: &str) -> Result<&str, String> {
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let allowed = match byte {
            b'%' => {
                let mut hex = || rest.next().is_some_and(|b| b.is_ascii_hexdigit());
                hex() && hex()
            }
            _ => byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@/".contains(&byte),
        };
        if !allowed {
            return Err(
                "the endpoint URL's path may contain letters, digits, -_.~!$&'()*+,;=:@/ and %XX escapes"
                    .into(),
            );
        }
    }
    let dot = |segment: &str| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    };
    if path.split('/').any(dot) {
        return Err("the endpoint URL's path must not have a `.` or `..` segment".into());
    }
    Ok(path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests;
