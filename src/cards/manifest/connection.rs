//! The form that sets a connection up.

use super::{Choice, Condition, FIELD, Field, Kind};

const ACCESS_KEYS: Condition = Condition {
    key: "credentialType",
    values: &["accessKeys"],
};

pub const FIELDS: &[Field] = &[
    Field {
        key: "region",
        label: "Region",
        definition: "AWS region in which the functions are, for example eu-central-1.",
        required: true,
        ..FIELD
    },
    Field {
        key: "credentialType",
        label: "Credential Type",
        definition: "How the connector proves who is calling.",
        kind: Kind::Dropdown,
        required: true,
        default: Some("\"accessKeys\""),
        choices: &[Choice {
            value: "accessKeys",
            label: "Access keys",
            description: "Long-term keys of an IAM user, or temporary keys with their session token.",
        }],
        ..FIELD
    },
    Field {
        key: "accessKeyId",
        label: "Access Key ID",
        definition: "The key's public part, for example AKIAIOSFODNN7EXAMPLE. Its user or role needs the permission lambda:InvokeFunction, and lambda:ListFunctions to choose functions from a list.",
        required: true,
        visible_when: Some(ACCESS_KEYS),
        ..FIELD
    },
    Field {
        key: "secretAccessKey",
        label: "Secret Access Key",
        definition: "The key's secret part. It signs requests inside the sandbox and is never sent.",
        required: true,
        secret: true,
        visible_when: Some(ACCESS_KEYS),
        ..FIELD
    },
    Field {
        key: "sessionToken",
        label: "Session Token",
        definition: "Only for temporary keys, which begin with ASIA: the token that came with them.",
        secret: true,
        visible_when: Some(ACCESS_KEYS),
        ..FIELD
    },
    Field {
        key: "endpoint",
        label: "Endpoint",
        definition: "Leave it empty for the region's standard endpoint. Else fips, dual-stack or fips-dual-stack, or the URL of a VPC endpoint, a proxy or a local service.",
        group: Some("Advanced"),
        ..FIELD
    },
];
