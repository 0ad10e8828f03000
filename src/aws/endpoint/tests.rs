//! Hosts of every partition, and custom URLs that are accepted and rejected.

use super::*;

fn url(text: &str) -> Result<Endpoint, String> {
    resolve("lambda", "us-east-1", &EndpointChoice::Url(text.into()))
}

#[test]
fn every_partition_resolves_to_its_hosts() {
    use EndpointChoice::{DualStack, Fips, FipsDualStack, Standard};
    for (choice, hosts) in [
        (
            Standard,
            &[
                ("us-east-1", "lambda.us-east-1.amazonaws.com"),
                ("me-central-1", "lambda.me-central-1.amazonaws.com"),
                ("cn-north-1", "lambda.cn-north-1.amazonaws.com.cn"),
                ("us-gov-west-1", "lambda.us-gov-west-1.amazonaws.com"),
                ("us-iso-east-1", "lambda.us-iso-east-1.c2s.ic.gov"),
                ("us-isob-east-1", "lambda.us-isob-east-1.sc2s.sgov.gov"),
                ("eu-isoe-west-1", "lambda.eu-isoe-west-1.cloud.adc-e.uk"),
                ("us-isof-south-1", "lambda.us-isof-south-1.csp.hci.ic.gov"),
                ("eusc-de-east-1", "lambda.eusc-de-east-1.amazonaws.eu"),
            ][..],
        ),
        (
            Fips,
            &[
                ("us-east-1", "lambda-fips.us-east-1.amazonaws.com"),
                ("eusc-de-east-1", "lambda-fips.eusc-de-east-1.amazonaws.eu"),
            ],
        ),
        (
            DualStack,
            &[
                ("us-east-1", "lambda.us-east-1.api.aws"),
                (
                    "cn-north-1",
                    "lambda.cn-north-1.api.amazonwebservices.com.cn",
                ),
                ("us-iso-west-1", "lambda.us-iso-west-1.api.aws.ic.gov"),
                ("us-isob-east-1", "lambda.us-isob-east-1.api.aws.scloud"),
                (
                    "eu-isoe-west-1",
                    "lambda.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
                ),
                (
                    "us-isof-south-1",
                    "lambda.us-isof-south-1.api.aws.hci.ic.gov",
                ),
                (
                    "eusc-de-east-1",
                    "lambda.eusc-de-east-1.api.amazonwebservices.eu",
                ),
            ],
        ),
        (
            FipsDualStack,
            &[
                ("us-east-1", "lambda-fips.us-east-1.api.aws"),
                ("us-gov-east-1", "lambda-fips.us-gov-east-1.api.aws"),
            ],
        ),
    ] {
        for (region, expected) in hosts {
            let endpoint = resolve("lambda", region, &choice).unwrap();
            assert_eq!(endpoint.authority, *expected);
            assert_eq!(endpoint.scheme, Scheme::Https);
            assert_eq!(endpoint.base_path, "");
        }
    }
}

#[test]
fn sts_follows_a_custom_url_only_if_it_cannot_lead_to_lambda() {
    use EndpointChoice::{DualStack, Fips, FipsDualStack, Standard};
    let authority =
        |region: &str, choice: EndpointChoice| resolve_sts(region, &choice).unwrap().authority;
    for (region, choice, host) in [
        ("eu-central-1", Standard, "sts.eu-central-1.amazonaws.com"),
        ("us-east-1", Fips, "sts-fips.us-east-1.amazonaws.com"),
        ("us-gov-west-1", Fips, "sts.us-gov-west-1.amazonaws.com"),
        (
            "us-gov-west-1",
            FipsDualStack,
            "sts-fips.us-gov-west-1.api.aws",
        ),
        (
            "cn-north-1",
            DualStack,
            "sts.cn-north-1.api.amazonwebservices.com.cn",
        ),
    ] {
        assert_eq!(authority(region, choice), host);
    }
    let private = "https://vpce-0a-1b.lambda.us-east-1.vpce.amazonaws.com";
    for (url, host) in [
        ("http://127.0.0.1:4566", "127.0.0.1:4566"),
        (private, "sts.us-east-1.amazonaws.com"),
        (&format!("{private}.:8443"), "sts.us-east-1.amazonaws.com"),
        (
            "http://vpce-0a-1b.lambda.us-east-1.vpce.amazonaws.com",
            "sts.us-east-1.amazonaws.com",
        ),
        // A private name for a VPC endpoint looks like any other.
        ("https://notamazonaws.com", "sts.us-east-1.amazonaws.com"),
        (
            "https://lambda.corp.example:8443/base",
            "sts.us-east-1.amazonaws.com",
        ),
        ("https://localhost.example", "sts.us-east-1.amazonaws.com"),
        ("http://lambda.corp.example", "lambda.corp.example"),
        ("http://notamazonaws.com:8080", "notamazonaws.com:8080"),
        ("https://localhost:4566", "localhost:4566"),
        ("https://LOCALHOST.", "localhost."),
        ("https://aws.localhost", "aws.localhost"),
        ("https://127.0.0.1", "127.0.0.1"),
        ("https://10.1.2.3.:444", "10.1.2.3.:444"),
        ("https://[::1]:4566", "[::1]:4566"),
    ] {
        let choice = EndpointChoice::Url(url.into());
        assert_eq!(authority("us-east-1", choice), host, "{url}");
    }
    for url in ["https://emulator.example", "http://127.0.0.1:4566", private] {
        let endpoint = resolve_sts("local", &EndpointChoice::Emulator(url.into())).unwrap();
        let (_, host) = url.split_once("://").unwrap();
        assert_eq!(endpoint.authority, host);
        assert_eq!(endpoint.kind, EndpointKind::Emulator);
    }
}

#[test]
fn a_region_must_be_one_dns_label() {
    for region in ["us-east-1", "eusc-de-east-1", "local", "a"] {
        assert_eq!(check_region(region), Ok(()), "{region}");
    }
    let long = "a".repeat(64);
    for region in [
        "",
        "1234",
        "-a",
        "a-",
        "a.b",
        "evil.example/#",
        "us east",
        "US-EAST-1",
        "é",
        "a\r\nb",
        "fips-us-east-1",
        "us-east-1-fips",
        &long,
    ] {
        assert!(check_region(region).is_err(), "{region:?}");
    }
}

#[test]
fn an_aws_region_has_words_and_a_number() {
    for region in [
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "ca-central-1",
        "ca-west-1",
        "mx-central-1",
        "sa-east-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-2",
        "af-south-1",
        "il-central-1",
        "me-central-1",
        "ap-east-2",
        "ap-northeast-3",
        "ap-southeast-7",
        "cn-north-1",
        "cn-northwest-1",
        "us-gov-east-1",
        "us-iso-west-1",
        "us-isob-west-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
        "eusc-de-east-1",
        // Names that fit the pattern in Lambda's model, and a plausible new partition.
        "us-southeast-12",
        "eu-gov-central-1",
        "apsc-jp-east-1",
    ] {
        assert_eq!(check_aws_region(region), Ok(()), "{region}");
    }
    for region in [
        "",
        "s3",
        "local",
        "a",
        "us",
        "us-east",
        "us-1",
        "east-1",
        "us-east-0",
        "us-east-01",
        "us-east-123",
        "us-east-1a",
        "us-east-1-bos-1a",
        "us--1",
        "u-east-1",
        "s3-us-east-1",
        "lambda-us-east-1",
        "aws-global",
        "us-gov-iso-north-east-1",
        "fips-us-east-1",
        "us-east-1.evil",
    ] {
        assert!(check_aws_region(region).is_err(), "{region:?}");
    }
}

#[test]
fn custom_urls_keep_port_and_base_path() {
    use Scheme::{Http, Https};
    let private = "vpce-0a-1b.lambda.us-east-1.vpce.amazonaws.com";
    for (text, scheme, authority, base_path) in [
        ("http://127.0.0.1:4566", Http, "127.0.0.1:4566", ""),
        ("https://h.test:8443/base/", Https, "h.test:8443", "/base"),
        ("https://H.Test/a/b%20c", Https, "h.test", "/a/b%20c"),
        ("HTTPS://h:443/", Https, "h", ""),
        ("http://h:80", Http, "h", ""),
        ("http://h:443", Http, "h:443", ""),
        ("http://h:08080", Http, "h:8080", ""),
        ("http://[::1]:3000/x", Http, "[::1]:3000", "/x"),
        (&format!("https://{private}"), Https, private, ""),
    ] {
        let endpoint = Endpoint {
            scheme,
            authority: authority.into(),
            base_path: base_path.into(),
            kind: EndpointKind::Url,
        };
        assert_eq!(url(text), Ok(endpoint), "{text}");
    }
}

#[test]
fn a_rejected_url_is_reported_with_the_reason() {
    for (text, why) in [
        ("", "must begin with https:// or http://"),
        ("h.example", "must begin with https:// or http://"),
        ("ftp://h", "must begin with https:// or http://"),
        ("https://user:pw@h/", "not contain a user name or password"),
        ("https://h/?a=b", "not have a query"),
        ("https://h/#f", "not have a query (?) or a fragment"),
        ("https://", "host must be"),
        ("https:///path", "host must be"),
        ("https://a b/", "host must be"),
        ("https://a\r\nb/", "host must be"),
        ("https://a\\b/", "host must be"),
        ("https://a..b/", "host must be"),
        ("https://é.example/", "host must be"),
        ("https://[::1", "closing bracket"),
        ("https://[::1]x", "host must be"),
        ("https://[zz]", "host must be"),
        ("https://h:", "port must be"),
        ("https://h:0", "port must be"),
        ("https://h:65536", "port must be"),
        ("https://h:+1", "port must be"),
        ("https://h/a/../b", "not have a `.` or `..` segment"),
        ("https://h/a/%2E%2e/b", "not have a `.` or `..` segment"),
        ("https://h/a b", "path may contain"),
        ("https://h/%zz", "path may contain"),
        ("https://h/%a", "path may contain"),
    ] {
        let message = url(text).unwrap_err();
        assert!(message.contains(why), "{text:?}: {message}");
    }
}

#[test]
fn host_name_has_at_most_253_characters_without_its_final_dot() {
    let label = "x".repeat(62);
    let longest = [&*label, &label, &label, &label, "y"].join(".");
    assert_eq!(longest.len(), 253);
    assert!(url(&format!("https://{longest}")).is_ok());
    assert!(url(&format!("https://{longest}.")).is_ok());
    assert!(url(&format!("https://{longest}y")).is_err());
}

#[test]
fn link_local_addresses_are_rejected_in_every_notation() {
    for text in [
        "http://169.254.169.254/",
        "http://169.254.170.2",
        "http://169.254.0.1.:80",
        "http://[fe80::1]",
        "http://[febf::1]:80",
        "http://[::ffff:169.254.169.254]",
        "http://[::ffff:a9fe:a9fe]",
        "http://[::169.254.169.254]",
        "http://[64:ff9b::169.254.169.254]",
        "http://[2002:a9fe:a9fe::1]",
        "http://[fd00:ec2::254]",
        "http://[fd20:ce::254]",
        "http://[64:ff9b:1::169.254.169.254]",
        "http://[::ffff:0:169.254.169.254]",
        "http://[2001:0:a9fe:a9fe::1]",
        "http://100.100.100.200",
        "http://168.63.129.16.:80",
    ] {
        let message = url(text).unwrap_err();
        assert!(message.contains("link-local"), "{text}: {message}");
    }
    // Some resolvers read these as 169.254.169.254.
    for text in [
        "http://2852039166/",
        "http://0xA9FEA9FE/",
        "http://0xa9.254.0251.0xfe",
        "http://169.254.43518",
        "http://0251.0376.0251.0376",
    ] {
        let message = url(text).unwrap_err();
        assert!(
            message.contains("four decimal numbers"),
            "{text}: {message}"
        );
    }
}

#[test]
fn debug_of_a_choice_has_no_url_that_may_contain_a_password() {
    let url = |text: &str| EndpointChoice::Url(text.into());
    let emulator = EndpointChoice::Emulator("http://h:1".into());
    for (choice, shown) in [
        (EndpointChoice::Standard, "Standard"),
        (EndpointChoice::Fips, "Fips"),
        (EndpointChoice::DualStack, "DualStack"),
        (EndpointChoice::FipsDualStack, "FipsDualStack"),
        (url("https://h/b"), r#"Url("https://h/b")"#),
        (emulator, r#"Emulator("http://h:1")"#),
        (url("https://user:marked@h/"), r#"Url("…")"#),
        (url("https://h/?key=marked"), r#"Url("…")"#),
        (url("marked"), r#"Url("…")"#),
    ] {
        assert_eq!(format!("{choice:?}"), shown);
    }
}
