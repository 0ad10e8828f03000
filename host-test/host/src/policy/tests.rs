//! Each form of a rule, against URIs that it allows and refuses.

use super::*;

fn check(policy: &Policy, uri: &str) -> Result<(), Refusal> {
    policy.check(&uri.parse().unwrap())
}

fn not_allowed(scheme: &str, host: &str, port: u16) -> Result<(), Refusal> {
    Err(Refusal::NotAllowed {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        port,
    })
}

#[test]
fn region_allows_only_its_lambda_endpoints() {
    let policy = Policy::for_region("us-east-1");
    for allowed in [
        "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions",
        "https://lambda.us-east-1.amazonaws.com:443/",
        "https://LAMBDA.us-east-1.amazonaws.com/",
        "https://lambda-fips.us-east-1.api.aws/",
    ] {
        assert_eq!(check(&policy, allowed), Ok(()), "{allowed}");
    }
    let sts = "https://sts.us-east-1.amazonaws.com/";
    let host = "sts.us-east-1.amazonaws.com";
    assert_eq!(check(&policy, sts), not_allowed("https", host, 443));
    let with_sts = Policy::for_region("us-east-1").and_sts("us-east-1");
    assert_eq!(check(&with_sts, sts), Ok(()));
    let host = "lambda.us-east-1.amazonaws.com";
    for (refused, scheme, name, port) in [
        ("http://lambda.us-east-1.amazonaws.com/", "http", host, 80),
        (
            "http://lambda.us-east-1.amazonaws.com:443/",
            "http",
            host,
            443,
        ),
        (
            "https://lambda.us-east-1.amazonaws.com:8443/",
            "https",
            host,
            8443,
        ),
        (
            "https://lambda.us-east-2.amazonaws.com/",
            "https",
            "lambda.us-east-2.amazonaws.com",
            443,
        ),
        (
            "https://s3.us-east-1.amazonaws.com/",
            "https",
            "s3.us-east-1.amazonaws.com",
            443,
        ),
        (
            "https://lambda.us-east-1.amazonaws.com.evil.example/",
            "https",
            "lambda.us-east-1.amazonaws.com.evil.example",
            443,
        ),
        ("https://127.0.0.1/", "https", "127.0.0.1", 443),
    ] {
        assert_eq!(
            check(&policy, refused),
            not_allowed(scheme, name, port),
            "{refused}"
        );
    }
}

#[test]
fn empty_policy_refuses_every_destination() {
    let policy = Policy::for_region("");
    let uri = "https://lambda.us-east-1.amazonaws.com/";
    assert_eq!(
        check(&policy, uri),
        not_allowed("https", "lambda.us-east-1.amazonaws.com", 443)
    );
    assert!(check(&Policy::deny_all(), uri).is_err());
}

#[test]
fn user_info_is_refused_without_repeating_its_password() {
    let policy = Policy::for_region("us-east-1");
    for port in ["", ":443"] {
        let uri = format!("https://me:secret@lambda.us-east-1.amazonaws.com{port}/");
        let refusal = check(&policy, &uri).unwrap_err();
        assert!(matches!(refusal, Refusal::Malformed { .. }), "{refusal:?}");
        assert!(!refusal.to_string().contains("secret"), "{refusal}");
    }
    let error = Policy::deny_all()
        .allow("https://me:secret@host/")
        .unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn name_allows_both_schemes_on_their_default_ports() {
    let policy = Policy::deny_all().allow("Lambda.Internal").unwrap();
    assert_eq!(check(&policy, "http://lambda.internal/"), Ok(()));
    assert_eq!(check(&policy, "https://lambda.internal/"), Ok(()));
    assert_eq!(
        check(&policy, "https://lambda.internal:8443/"),
        not_allowed("https", "lambda.internal", 8443)
    );
}

#[test]
fn port_allows_only_that_port() {
    let policy = Policy::deny_all().allow("127.0.0.1:9001").unwrap();
    assert_eq!(check(&policy, "http://127.0.0.1:9001/base/"), Ok(()));
    assert_eq!(
        check(&policy, "http://127.0.0.1/"),
        not_allowed("http", "127.0.0.1", 80)
    );
}

#[test]
fn url_allows_only_its_scheme() {
    let policy = Policy::deny_all().allow("http://[::1]:9001/base").unwrap();
    assert_eq!(check(&policy, "http://[0:0::1]:9001/"), Ok(()));
    assert_eq!(
        check(&policy, "https://[::1]:9001/"),
        not_allowed("https", "[::1]", 9001)
    );
}

#[test]
fn link_local_literal_is_refused_even_if_a_rule_names_it() {
    for host in [
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
    ] {
        let policy = Policy::deny_all().allow(host).unwrap();
        assert_eq!(
            check(&policy, &format!("http://{host}/latest/meta-data/")),
            Err(Refusal::LinkLocal {
                host: host.to_owned()
            })
        );
    }
}

#[test]
fn invalid_destination_is_rejected() {
    for text in [
        "",
        ":443",
        "host:",
        "host:99999",
        "ftp://host/",
        "https://",
        "a b",
        "host/path",
    ] {
        assert!(Policy::deny_all().allow(text).is_err(), "{text:?}");
    }
}

#[test]
fn repeated_refusal_is_kept_once_and_names_the_flag() {
    let policy = Policy::for_region("us-east-1");
    for _ in 0..3 {
        check(&policy, "https://vpce-1.example:8443/").unwrap_err();
    }
    let messages: Vec<String> = policy.refusals().iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "refused https://vpce-1.example:8443, which is not an allowed destination; \
          `--allow vpce-1.example:8443` allows it"
        ]
    );
}

#[test]
fn refusals_are_bounded() {
    let policy = Policy::deny_all();
    for n in 0..200 {
        check(&policy, &format!("https://h{n}.example/")).unwrap_err();
    }
    assert_eq!(policy.refusals().len(), MAX_REFUSALS);
}
