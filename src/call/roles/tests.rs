//! What a role may be, and what tells two chains apart.

use alloc::string::ToString;
use alloc::vec;

use super::*;
use crate::aws::endpoint::Choice;
use crate::call::connection::{Connection, Credentials};
use crate::call::target::{Caller, Target};
use crate::testing::connection;

const ARN: &str = "arn:aws:iam::123456789012:role/x";

fn role(arn: &str) -> RoleOptions {
    RoleOptions {
        arn: arn.into(),
        ..RoleOptions::default()
    }
}

fn key() -> AccessKey {
    AccessKey {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: Secret::new("secret".into()),
        session_token: None,
    }
}

fn with(credentials: Credentials) -> Connection {
    Connection {
        credentials,
        ..connection()
    }
}

fn assuming(roles: Vec<RoleOptions>) -> Connection {
    with(Credentials::AssumeRole {
        source: key(),
        roles,
    })
}

fn bearing(token: &str, role: RoleOptions) -> Connection {
    with(Credentials::WebIdentity {
        token: Secret::new(token.into()),
        role,
    })
}

fn chain(connection: Connection) -> RoleChain {
    match Target::new(connection, None).unwrap().caller {
        Caller::Roles(chain) => chain,
        Caller::Signer(signer) => panic!("{signer:?}"),
    }
}

fn refused(connection: Connection) -> (String, String) {
    match Target::new(connection, None) {
        Err(Error::InvalidInput(input)) => (input.field, input.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn defaults() {
    let blank = RoleOptions {
        external_id: Some(String::new()),
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
            }
        );
        assert_eq!(chain.endpoint.authority, "sts.us-east-1.amazonaws.com");
    }
}

#[test]
fn roles_that_sts_would_refuse() {
    let field = "connection.credentials.assume-role.roles";
    let of = |role: RoleOptions| refused(assuming(vec![role]));
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
        let (at, message) = of(role(arn));
        assert_eq!(at, format!("{field}[0].arn"), "{arn}");
        assert!(
            message.contains("arn:aws:iam::123456789012:role/name"),
            "{message}"
        );
    }
    let (at, message) = of(role("arn:aws-cn:iam::123456789012:role/x"));
    assert_eq!(at, format!("{field}[0].arn"));
    assert!(
        message.contains("us-east-1") && message.contains("partition"),
        "{message}"
    );

    for external_id in ["x", "a b", "a;b", &"x".repeat(1_225)] {
        let (at, _) = of(RoleOptions {
            external_id: Some(external_id.to_string()),
            ..role(ARN)
        });
        assert_eq!(at, format!("{field}[0].external-id"));
    }
    for name in ["x", "a/b", "a b", &"x".repeat(65)] {
        let (at, _) = of(RoleOptions {
            session_name: Some(name.to_string()),
            ..role(ARN)
        });
        assert_eq!(at, format!("{field}[0].session-name"));
    }
    for seconds in [0, 899, 43_201, u32::MAX] {
        let (at, _) = of(RoleOptions {
            duration_seconds: Some(seconds),
            ..role(ARN)
        });
        assert_eq!(at, format!("{field}[0].duration-seconds"));
    }
}

#[test]
fn chains_are_never_empty_and_never_endless_and_their_later_roles_last_an_hour() {
    let field = "connection.credentials.assume-role.roles";
    assert_eq!(refused(assuming(vec![])).0, field);
    assert_eq!(refused(assuming(vec![role(ARN); 11])).0, field);
    assert_eq!(chain(assuming(vec![role(ARN); 10])).roles().count(), 10);
    let long = RoleOptions {
        duration_seconds: Some(3_601),
        ..role(ARN)
    };
    assert_eq!(
        chain(assuming(vec![long.clone()])).first.duration_seconds,
        Some(3_601)
    );
    let (at, _) = refused(assuming(vec![role(ARN), long]));
    assert_eq!(at, format!("{field}[1].duration-seconds"));
    let (at, _) = refused(assuming(vec![role(ARN), role("x")]));
    assert_eq!(at, format!("{field}[1].arn"));
}

#[test]
fn tokens_and_what_goes_with_them() {
    let field = "connection.credentials.web-identity";
    for token in [
        "",
        "abc",
        "marked token",
        "marked\ntoken",
        &"x".repeat(20_001),
    ] {
        let (at, message) = refused(bearing(token, role(ARN)));
        assert_eq!(at, format!("{field}.token"));
        assert!(!message.contains("marked"), "{message}");
    }
    let external = RoleOptions {
        external_id: Some("ext".into()),
        ..role(ARN)
    };
    assert_eq!(
        refused(bearing("a.b.c", external)).0,
        format!("{field}.role.external-id")
    );
    assert_eq!(
        refused(bearing("a.b.c", role("x"))).0,
        format!("{field}.role.arn")
    );
}

#[test]
fn sts_is_asked_in_the_connections_region_partition_and_form() {
    let authority = |region: &str, arn: &str, endpoint: Choice| {
        chain(Connection {
            region: region.into(),
            endpoint,
            ..assuming(vec![role(arn)])
        })
        .endpoint
        .authority
    };
    let cn = "arn:aws-cn:iam::123456789012:role/x";
    let gov = "arn:aws-us-gov:iam::123456789012:role/x";
    for (found, expected) in [
        (
            authority("cn-north-1", cn, Choice::Standard),
            "sts.cn-north-1.amazonaws.com.cn",
        ),
        (
            authority("us-gov-west-1", gov, Choice::Fips),
            "sts.us-gov-west-1.amazonaws.com",
        ),
        (
            authority("eu-west-1", ARN, Choice::DualStack),
            "sts.eu-west-1.api.aws",
        ),
        (
            authority("us-east-2", ARN, Choice::FipsDualStack),
            "sts-fips.us-east-2.api.aws",
        ),
        (
            authority(
                "us-east-2",
                ARN,
                Choice::Url("http://127.0.0.1:4566".into()),
            ),
            "127.0.0.1:4566",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

/// Keys are served under this name: whatever leads to other keys must change it.
#[test]
fn every_difference_tells_two_chains_apart() {
    let one = |change: fn(&mut RoleOptions)| {
        let mut options = role(ARN);
        change(&mut options);
        assuming(vec![options])
    };
    let source = |change: fn(&mut AccessKey)| {
        let mut source = key();
        change(&mut source);
        with(Credentials::AssumeRole {
            source,
            roles: vec![role(ARN)],
        })
    };
    let place = |region: &str, endpoint: Choice| Connection {
        region: region.into(),
        endpoint,
        ..assuming(vec![role(ARN)])
    };
    let connections = [
        assuming(vec![role(ARN)]),
        assuming(vec![role(ARN), role(ARN)]),
        one(|role| role.arn.push('y')),
        one(|role| role.external_id = Some("ext".into())),
        one(|role| role.session_name = Some("ext".into())),
        one(|role| role.duration_seconds = Some(900)),
        source(|key| key.access_key_id.push('X')),
        source(|key| key.secret_access_key = Secret::new("other".into())),
        source(|key| key.session_token = Some(Secret::new("t".into()))),
        place("us-east-2", Choice::Standard),
        place("us-east-1", Choice::Fips),
        place("us-east-1", Choice::Url("http://localhost:1".into())),
        place("us-east-1", Choice::Url("https://localhost:1".into())),
        place("us-east-1", Choice::Url("http://localhost:1/base".into())),
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
}
