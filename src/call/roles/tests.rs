//! Checks of roles and tokens, and the identity of chains.

use super::*;
use crate::aws::endpoint::EndpointChoice;
use crate::call::connection::{Connection, Credentials};
use crate::call::target::{Caller, Target};
use crate::testing::{
    access_key, assert_contains, assuming, bearing, connection_with, refused, role,
};

const ARN: &str = "arn:aws:iam::123456789012:role/x";

fn chain(connection: Connection) -> RoleChain {
    match Target::new(connection, None).unwrap().caller {
        Caller::Roles(chain) => chain,
        Caller::Signer(signer) => panic!("{signer:?}"),
    }
}

fn rejected_field(connection: Connection) -> String {
    refused(Target::new(connection, None)).field
}

#[test]
fn options_left_out_or_blank_have_their_defaults() {
    let blank = RoleOptions {
        external_id: Some(Secret::new(String::new())),
        session_name: Some(String::new()),
        ..role(ARN)
    };
    for options in [role(ARN), blank] {
        let chain = chain(assuming(vec![options]));
        assert_eq!(
            chain.first,
            Role {
                arn: ARN.into(),
                external_id: None,
                session_name: "aws-lambda-connector".into(),
                duration_seconds: None,
                policy: None,
            }
        );
        assert_eq!(chain.endpoint.authority, "sts.us-east-1.amazonaws.com");
    }
}

#[test]
fn a_role_that_sts_would_reject_is_rejected() {
    let field = "connection.credentials.assume-role.roles";
    for arn in [
        "",
        "x",
        "arn:aws:iam::12345678901:role/x",
        "arn:aws:iam::123456789012:user/ada",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/path/",
        "arn:aws:iam:us-east-1:123456789012:role/x",
        "arn:aws:sts::123456789012:assumed-role/x/y",
        "arn:aws:iam::123456789012:role/a b",
        &format!("arn:aws:iam::123456789012:role/{}", "x".repeat(2_048)),
    ] {
        let input = refused(Target::new(assuming(vec![role(arn)]), None));
        assert_eq!(input.field, format!("{field}[0].arn"), "{arn}");
        assert_contains(&input.message, ["arn:aws:iam::123456789012:role/name"]);
    }
    let chinese = role("arn:aws-cn:iam::123456789012:role/x");
    let input = refused(Target::new(assuming(vec![chinese]), None));
    assert_eq!(input.field, format!("{field}[0].arn"));
    assert_contains(&input.message, ["us-east-1", "partition"]);

    let rejected_with = |name: &str, change: &dyn Fn(&mut RoleOptions)| {
        let mut role = role(ARN);
        change(&mut role);
        let rejected = rejected_field(assuming(vec![role]));
        assert_eq!(rejected, format!("{field}[0].{name}"));
    };
    for text in ["x", "a b", "a;b", &"x".repeat(1_225)] {
        rejected_with("external-id", &|role| {
            role.external_id = Some(Secret::new(text.into()))
        });
    }
    for text in ["x", "a/b", "a b", &"x".repeat(65)] {
        rejected_with("session-name", &|role| {
            role.session_name = Some(text.into())
        });
    }
    for seconds in [0, 899, 43_201, u32::MAX] {
        rejected_with("duration-seconds", &|role| {
            role.duration_seconds = Some(seconds);
        });
    }
}

#[test]
fn a_chain_has_1_to_10_roles_and_later_roles_last_at_most_an_hour() {
    let field = "connection.credentials.assume-role.roles";
    assert_eq!(rejected_field(assuming(vec![])), field);
    assert_eq!(rejected_field(assuming(vec![role(ARN); 11])), field);
    assert_eq!(chain(assuming(vec![role(ARN); 10])).roles().count(), 10);
    let long = RoleOptions {
        duration_seconds: Some(3_601),
        ..role(ARN)
    };
    assert_eq!(
        chain(assuming(vec![long.clone()])).first.duration_seconds,
        Some(3_601)
    );
    let chain_of = |roles| Target::new(assuming(vec![role(ARN); roles]), None);
    assert_eq!(chain(assuming(vec![role(ARN); 10])).rest.len(), 9);
    assert_eq!(refused(chain_of(11)).field, field);
    for (second, wrong) in [(long, "duration-seconds"), (role("x"), "arn")] {
        let rejected = rejected_field(assuming(vec![role(ARN), second]));
        assert_eq!(rejected, format!("{field}[1].{wrong}"));
    }
}

#[test]
fn an_invalid_token_or_an_external_id_with_a_token_is_rejected() {
    let field = "connection.credentials.web-identity";
    for token in [
        "",
        "abc",
        "marked token",
        "marked\ntoken",
        &"x".repeat(20_001),
    ] {
        let input = refused(Target::new(bearing(token, role(ARN)), None));
        assert_eq!(input.field, format!("{field}.token"));
        assert!(!input.message.contains("marked"), "{}", input.message);
    }
    let external = RoleOptions {
        external_id: Some(Secret::new("ext".into())),
        ..role(ARN)
    };
    for (role, wrong) in [(external, "external-id"), (role("x"), "arn")] {
        let rejected = rejected_field(bearing("a.b.c", role));
        assert_eq!(rejected, format!("{field}.role.{wrong}"));
    }
}

#[test]
fn sts_is_called_at_the_region_and_endpoint_of_the_connection() {
    let cn = "arn:aws-cn:iam::123456789012:role/x";
    let gov = "arn:aws-us-gov:iam::123456789012:role/x";
    let url = EndpointChoice::Url("http://127.0.0.1:4566".into());
    for (region, arn, endpoint, authority) in [
        (
            "cn-north-1",
            cn,
            EndpointChoice::Standard,
            "sts.cn-north-1.amazonaws.com.cn",
        ),
        (
            "us-gov-west-1",
            gov,
            EndpointChoice::Fips,
            "sts.us-gov-west-1.amazonaws.com",
        ),
        (
            "eu-west-1",
            ARN,
            EndpointChoice::DualStack,
            "sts.eu-west-1.api.aws",
        ),
        (
            "us-east-2",
            ARN,
            EndpointChoice::FipsDualStack,
            "sts-fips.us-east-2.api.aws",
        ),
        ("us-east-2", ARN, url, "127.0.0.1:4566"),
    ] {
        let chain = chain(Connection {
            region: region.into(),
            endpoint,
            ..assuming(vec![role(arn)])
        });
        assert_eq!(chain.endpoint.authority, authority);
    }
}

/// The cache serves keys by this ID, so anything that leads to other keys must change it.
#[test]
fn chains_that_differ_in_any_part_have_different_ids() {
    let one = |change: fn(&mut RoleOptions)| {
        let mut options = role(ARN);
        change(&mut options);
        assuming(vec![options])
    };
    let source = |change: fn(&mut AccessKey)| {
        let (mut source, roles) = (access_key(), vec![role(ARN)]);
        change(&mut source);
        connection_with(Credentials::AssumeRole { source, roles })
    };
    let place = |region: &str, endpoint: EndpointChoice| Connection {
        region: region.into(),
        endpoint,
        ..assuming(vec![role(ARN)])
    };
    let connections = [
        assuming(vec![role(ARN)]),
        assuming(vec![role(ARN), role(ARN)]),
        one(|role| role.arn.push('y')),
        one(|role| role.external_id = Some(Secret::new("ext".into()))),
        one(|role| role.session_name = Some("ext".into())),
        one(|role| role.duration_seconds = Some(900)),
        source(|key| key.access_key_id.push('X')),
        source(|key| key.secret_access_key = Secret::new("other".into())),
        source(|key| key.session_token = Some(Secret::new("t".into()))),
        place("us-east-2", EndpointChoice::Standard),
        place("us-east-1", EndpointChoice::Fips),
        place(
            "us-east-1",
            EndpointChoice::Url("http://localhost:1".into()),
        ),
        place(
            "us-east-1",
            EndpointChoice::Url("https://localhost:1".into()),
        ),
        place(
            "us-east-1",
            EndpointChoice::Url("http://localhost:1/base".into()),
        ),
        bearing("aaaa", role(ARN)),
        bearing("bbbb", role(ARN)),
    ];
    let ids: Vec<ChainId> = connections.iter().cloned().map(|c| chain(c).id()).collect();
    for (index, id) in ids.iter().enumerate() {
        assert_eq!(
            chain(connections[index].clone()).id(),
            *id,
            "the same again"
        );
        assert!(!ids[..index].contains(id), "{index}");
    }
    let mut limited = chain(assuming(vec![role(ARN)]));
    limited.limit(Some("{}".into()), "field", None).unwrap();
    assert!(!ids.contains(&limited.id()), "a session policy");
}

#[test]
fn limits_of_a_session_apply_to_the_last_role() {
    let second = "arn:aws:iam::210987654321:role/y";
    let mut options = role(second);
    options.duration_seconds = Some(1_000);
    let mut chain = chain(assuming(vec![role(ARN), options]));
    assert_eq!(chain.account(), "210987654321");
    chain.limit(Some("{}".into()), "field", None).unwrap();
    let limits = |role: &Role| (role.policy.clone(), role.duration_seconds);
    assert_eq!(limits(&chain.first), (None, None));
    assert_eq!(limits(&chain.rest[0]), (Some("{}".into()), Some(1_000)));
    chain.limit(None, "field", Some(3_600)).unwrap();
    assert_eq!(limits(&chain.rest[0]), (None, Some(3_600)));
    for seconds in [0, 899, 3_601] {
        let rejected = crate::testing::refused(chain.limit(None, "field", Some(seconds)));
        assert_eq!(rejected.field, "field");
        assert_contains(&rejected.message, ["900 to 3,600"]);
    }

    let mut single = self::chain(assuming(vec![role(ARN)]));
    for seconds in [900, 43_200] {
        single.limit(None, "field", Some(seconds)).unwrap();
        assert_eq!(single.first.duration_seconds, Some(seconds));
    }
    let rejected = crate::testing::refused(single.limit(None, "field", Some(43_201)));
    assert_contains(&rejected.message, ["900 to 43,200"]);
}

#[test]
fn debug_shows_whether_there_is_an_external_id_but_not_which() {
    let options = RoleOptions {
        external_id: Some(Secret::new("marked".into())),
        ..role(ARN)
    };
    assert_eq!(
        format!("{options:?}"),
        format!(
            r#"RoleOptions {{ arn: "{ARN}", external_id: Some(Secret(…)), session_name: None, duration_seconds: None }}"#
        )
    );
    let chain = chain(assuming(vec![options]));
    assert_eq!(
        format!("{:?}", chain.first),
        format!(
            r#"Role {{ arn: "{ARN}", external_id: Some(Secret(…)), session_name: "aws-lambda-connector", duration_seconds: None, policy: None }}"#
        )
    );
    let bearing = self::chain(bearing("marked-token", role(ARN)));
    for shown in [format!("{chain:?}"), format!("{bearing:?}")] {
        assert!(!shown.contains("marked"), "{shown}");
        assert!(!shown.contains("secret\""), "{shown}");
    }
    assert!(format!("{:?}", bearing.first).contains("external_id: None"));
}
