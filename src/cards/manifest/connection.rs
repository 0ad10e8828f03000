//! The form that sets a connection up.

use super::{Choice, Condition, FIELD, Field, Kind};

const ADVANCED: Option<&str> = Some("Advanced");

/// Shown for these choices of the credential type only.
const fn only_for(types: &'static [&'static str]) -> Option<Condition> {
    Some(Condition {
        key: "credentialType",
        values: types,
    })
}

const CREDENTIAL_TYPES: &[Choice] = &[
    Choice {
        value: "accessKeys",
        label: "Access keys",
        description: "Long-term keys of an IAM user, or temporary keys with their session token.",
    },
    Choice {
        value: "assumeRole",
        label: "IAM role",
        description: "Access keys that assume a role, also one of another account; the role calls Lambda with temporary keys.",
    },
    Choice {
        value: "webIdentity",
        label: "OIDC token",
        description: "A token of an identity provider that IAM trusts, exchanged for a role's temporary keys; no AWS key is needed.",
    },
    Choice {
        value: "signingKey",
        label: "Signing key",
        description: "A key that the platform derives from a secret access key for one day, so that the secret never enters the sandbox.",
    },
    Choice {
        value: "hostSigned",
        label: "Signed by the host",
        description: "Requests leave the sandbox unsigned, and a proxy of the platform signs them: no credentials are filled in here.",
    },
];

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
        choices: CREDENTIAL_TYPES,
        ..FIELD
    },
    Field {
        key: "accessKeyId",
        label: "Access Key ID",
        definition: "The key's public part, for example AKIAIOSFODNN7EXAMPLE. Its user or role needs the permission lambda:InvokeFunction, and lambda:ListFunctions to choose functions from a list; to assume an IAM role, only sts:AssumeRole on that role.",
        required: true,
        visible_when: only_for(&["accessKeys", "assumeRole", "signingKey"]),
        ..FIELD
    },
    Field {
        key: "secretAccessKey",
        label: "Secret Access Key",
        definition: "The key's secret part. It signs requests inside the sandbox and is never sent.",
        required: true,
        secret: true,
        visible_when: only_for(&["accessKeys", "assumeRole"]),
        ..FIELD
    },
    Field {
        key: "signingKeyDate",
        label: "Signing Key Date",
        definition: "The UTC day that the signing key was derived for, as YYYYMMDD. AWS takes the key on that day only.",
        required: true,
        visible_when: only_for(&["signingKey"]),
        ..FIELD
    },
    Field {
        key: "signingKey",
        label: "Signing Key",
        definition: "The end of the SigV4 key derivation for that day, this region and the service lambda: 64 hexadecimal digits. It is never sent.",
        required: true,
        secret: true,
        visible_when: only_for(&["signingKey"]),
        ..FIELD
    },
    Field {
        key: "sessionToken",
        label: "Session Token",
        definition: "Only for temporary keys, which begin with ASIA: the token that came with them.",
        secret: true,
        visible_when: only_for(&["accessKeys", "assumeRole", "signingKey"]),
        ..FIELD
    },
    Field {
        key: "roleArn",
        label: "Role ARN",
        definition: "The role to assume, for example arn:aws:iam::123456789012:role/name. Its trust policy must allow sts:AssumeRole to the access key's owner, or sts:AssumeRoleWithWebIdentity to the OIDC token's issuer. The role needs the permission lambda:InvokeFunction, and lambda:ListFunctions to choose functions from a list.",
        required: true,
        visible_when: only_for(&["assumeRole", "webIdentity"]),
        ..FIELD
    },
    Field {
        key: "externalId",
        label: "External ID",
        definition: "What the role's trust policy demands as sts:ExternalId: the owner of a role in another account tells it. Empty where it demands none.",
        visible_when: only_for(&["assumeRole"]),
        ..FIELD
    },
    Field {
        key: "webIdentityToken",
        label: "OIDC Token",
        definition: "The token as the identity provider issued it, for example a JWT. IAM must know the provider and the token's audience, and the token must not have expired when a step runs. It is sent to STS only.",
        required: true,
        secret: true,
        visible_when: only_for(&["webIdentity"]),
        ..FIELD
    },
    Field {
        key: "endpoint",
        label: "Endpoint",
        definition: "Leave it empty for the region's standard endpoint. Else fips, dual-stack or fips-dual-stack, or the URL of a VPC endpoint, a proxy or a local service. Roles are assumed at a proxy or a local service, too; with a VPC endpoint, at the region's STS.",
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "roleSessionName",
        label: "Role Session Name",
        definition: "What CloudTrail calls the session: 2 to 64 letters, digits and _+=,.@-. Empty names it aws-lambda-connector.",
        visible_when: only_for(&["assumeRole", "webIdentity"]),
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "roleDurationSeconds",
        label: "Role Duration (Seconds)",
        definition: "How long the keys that call Lambda last, 900 to 43,200 and no more than the role allows; with a second role, at most 3,600. They are renewed as needed. Empty is an hour.",
        kind: Kind::Number,
        visible_when: only_for(&["assumeRole", "webIdentity"]),
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "secondRoleArn",
        label: "Second Role ARN",
        definition: "A role that the first one assumes, and that calls Lambda in its place. Its trust policy must allow sts:AssumeRole to the first role, which needs the permission sts:AssumeRole on it. Empty where one role is enough.",
        visible_when: only_for(&["assumeRole"]),
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "secondExternalId",
        label: "Second External ID",
        definition: "What the second role's trust policy demands as sts:ExternalId. Empty where it demands none.",
        visible_when: only_for(&["assumeRole"]),
        group: ADVANCED,
        ..FIELD
    },
];
