//! Host names of AWS services by region, in all eight partitions.

/// For each partition, the prefix of its regions, its DNS suffix, and its suffix of dual-stack
/// endpoints.
const PARTITIONS: [(&str, &str, &str); 7] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("us-gov-", "amazonaws.com", "api.aws"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
];

/// The partition of every other region.
const DEFAULT: (&str, &str, &str) = ("", "amazonaws.com", "api.aws");

/// Returns a service's hosts in a region: standard and FIPS, IPv4 and dual-stack. The text becomes
/// part of a host name, so a text that is not a region has no hosts.
pub fn hosts(service: &str, region: &str) -> Vec<String> {
    if !is_region(region) {
        return Vec::new();
    }
    let (_, dns, dual_stack) = PARTITIONS
        .into_iter()
        .find(|(prefix, ..)| region.starts_with(prefix))
        .unwrap_or(DEFAULT);
    let mut hosts = Vec::with_capacity(4);
    for suffix in [dns, dual_stack] {
        for fips in ["", "-fips"] {
            hosts.push(format!("{service}{fips}.{region}.{suffix}"));
        }
    }
    hosts
}

/// Whether the text has the form of a region, such as `us-east-1` or `eusc-de-east-1`: words of
/// lower-case letters and a number, joined by hyphens. A text of another form could name a different
/// service: `lambda-fips.s3.amazonaws.com` is a bucket of S3.
fn is_region(text: &str) -> bool {
    let mut parts = text.rsplit('-');
    let number = parts.next().unwrap_or_default();
    let words: Vec<&str> = parts.collect();
    text.len() <= 63
        && words.len() >= 2
        && is_made_of(number, |byte| byte.is_ascii_digit())
        && words
            .iter()
            .all(|word| is_made_of(word, |byte| byte.is_ascii_lowercase()))
}

fn is_made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_of_the_standard_partition_has_four_hosts() {
        assert_eq!(
            hosts("lambda", "eu-central-1"),
            [
                "lambda.eu-central-1.amazonaws.com",
                "lambda-fips.eu-central-1.amazonaws.com",
                "lambda.eu-central-1.api.aws",
                "lambda-fips.eu-central-1.api.aws",
            ]
        );
    }

    #[test]
    fn region_has_the_suffixes_of_its_partition() {
        for (region, plain, dual_stack) in [
            (
                "cn-north-1",
                "amazonaws.com.cn",
                "api.amazonwebservices.com.cn",
            ),
            ("us-gov-west-1", "amazonaws.com", "api.aws"),
            ("us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"),
            ("eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
            ("eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
            ("mx-central-1", "amazonaws.com", "api.aws"),
        ] {
            let hosts = hosts("sts", region);
            assert_eq!(hosts[0], format!("sts.{region}.{plain}"));
            assert_eq!(hosts[3], format!("sts-fips.{region}.{dual_stack}"));
        }
    }

    #[test]
    fn invalid_region_has_no_hosts() {
        for text in [
            "",
            "-",
            "1",
            "a.evil",
            "evil.example/#",
            "us-east-1\n",
            "US-EAST-1",
            "-a",
            "a-",
            "s3",
            "us-east",
            "us-east-",
            "us--1",
            "us-1",
            "us-east-1a",
            "s3-us-east-1",
            "us-east-1-1",
        ] {
            assert_eq!(hosts("lambda", text), [""; 0], "{text:?}");
        }
    }
}
