//! The types of the contract that can hold a secret. They are written by hand, because generated
//! ones print everything in their `Debug` output. wasmtime compares them with the component's types
//! whenever a function is looked up.

use std::fmt;

use wasmtime::component::{ComponentType, Lift, Lower};

/// A value that `Debug` output replaces.
struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// A URL without user info and query, which may contain a password or a token.
struct Public<'a>(&'a str);

impl fmt::Debug for Public<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.split(['?', '#']).next().unwrap_or_default();
        let public = match path.rsplit_once('@') {
            None => path.to_owned(),
            Some((before, after)) => match before.split_once("://") {
                Some((scheme, _)) => format!("{scheme}://{after}"),
                None => after.to_owned(),
            },
        };
        fmt::Debug::fmt(&public, f)
    }
}

/// Where Lambda is, and who is calling it. `Debug` output contains no secrets.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Connection {
    /// AWS region, for example `eu-central-1`. May be empty if every function is named by a full
    /// ARN. An ARN that names a different region is rejected.
    pub region: String,
    /// Who is calling.
    pub credentials: Credentials,
    /// `None` selects the region's standard endpoint.
    pub endpoint: Option<Endpoint>,
}

/// Who is calling. `Debug` output contains no secrets.
#[derive(Clone, ComponentType, Lift, Lower)]
#[component(variant)]
pub enum Credentials {
    /// Long-term keys, or temporary keys with their session token.
    #[component(name = "access-key")]
    AccessKey(AccessKey),
    /// A SigV4 signing key derived by the host, valid for one day, one region and the service
    /// `lambda`. The secret access key never enters the sandbox.
    #[component(name = "signing-key")]
    SigningKey(SigningKey),
    /// Keys that may assume a role, or a chain of roles.
    #[component(name = "assume-role")]
    AssumeRole(AssumeRole),
    /// An OIDC token to be exchanged for a role's temporary keys.
    #[component(name = "web-identity")]
    WebIdentity(WebIdentity),
    /// Requests leave the component unsigned, to be signed by a proxy of the host.
    #[component(name = "host-signed")]
    HostSigned,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = match self {
            Self::AccessKey(_) => f.debug_tuple("Credentials::AccessKey"),
            Self::SigningKey(_) => f.debug_tuple("Credentials::SigningKey"),
            Self::AssumeRole(_) => f.debug_tuple("Credentials::AssumeRole"),
            Self::WebIdentity(_) => f.debug_tuple("Credentials::WebIdentity"),
            Self::HostSigned => f.debug_tuple("Credentials::HostSigned"),
        };
        match self {
            Self::AccessKey(key) => tuple.field(key),
            Self::SigningKey(key) => tuple.field(key),
            Self::AssumeRole(chain) => tuple.field(chain),
            Self::WebIdentity(identity) => tuple.field(identity),
            Self::HostSigned => &mut tuple,
        }
        .finish()
    }
}

/// An access key. `Debug` output contains its ID only.
#[derive(Clone, ComponentType, Lift, Lower)]
#[component(record)]
pub struct AccessKey {
    /// The ID, which is not a secret.
    #[component(name = "access-key-id")]
    pub access_key_id: String,
    /// The secret.
    #[component(name = "secret-access-key")]
    pub secret_access_key: String,
    /// The session token of temporary keys.
    #[component(name = "session-token")]
    pub session_token: Option<String>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &Hidden)
            .field(
                "session_token",
                &self.session_token.as_ref().map(|_| Hidden),
            )
            .finish()
    }
}

/// A SigV4 signing key. `Debug` output contains the ID of its access key and its date only.
#[derive(Clone, ComponentType, Lift, Lower)]
#[component(record)]
pub struct SigningKey {
    /// The ID of the access key that the key was derived from.
    #[component(name = "access-key-id")]
    pub access_key_id: String,
    /// UTC date the key was derived for, `YYYYMMDD`.
    pub date: String,
    /// The 32-byte result of the SigV4 key derivation.
    pub key: Vec<u8>,
    /// The session token of temporary keys.
    #[component(name = "session-token")]
    pub session_token: Option<String>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("access_key_id", &self.access_key_id)
            .field("date", &self.date)
            .field("key", &Hidden)
            .field(
                "session_token",
                &self.session_token.as_ref().map(|_| Hidden),
            )
            .finish()
    }
}

/// Keys that may assume a role, or a chain of roles.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub struct AssumeRole {
    /// The keys that assume the first role.
    pub source: AccessKey,
    /// Roles in the order in which they are assumed. The last one calls Lambda.
    pub roles: Vec<Role>,
}

/// A role. `Debug` output does not contain its external ID, which some treat as a secret.
#[derive(Clone, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Role {
    /// The role's ARN.
    pub arn: String,
    /// The external ID that the role's trust policy requires.
    #[component(name = "external-id")]
    pub external_id: Option<String>,
    /// Identifies the session in AWS's logs.
    #[component(name = "session-name")]
    pub session_name: Option<String>,
    /// Lifetime of the temporary keys. Default 3,600 (one hour).
    #[component(name = "duration-seconds")]
    pub duration_seconds: Option<u32>,
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role")
            .field("arn", &self.arn)
            .field("external_id", &self.external_id.as_ref().map(|_| Hidden))
            .field("session_name", &self.session_name)
            .field("duration_seconds", &self.duration_seconds)
            .finish()
    }
}

/// An OIDC token and the role that it leads to. `Debug` output does not contain the token.
#[derive(Clone, ComponentType, Lift, Lower)]
#[component(record)]
pub struct WebIdentity {
    /// The OIDC token.
    pub token: String,
    /// The role whose temporary keys it is exchanged for.
    pub role: Role,
}

impl fmt::Debug for WebIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentity")
            .field("token", &Hidden)
            .field("role", &self.role)
            .finish()
    }
}

/// The endpoint of the calls. `Debug` output contains neither user info nor a query.
#[derive(Clone, ComponentType, Lift, Lower)]
#[component(variant)]
pub enum Endpoint {
    /// The region's FIPS endpoint.
    #[component(name = "fips")]
    Fips,
    /// The region's endpoint for IPv4 and IPv6.
    #[component(name = "dual-stack")]
    DualStack,
    /// The region's FIPS endpoint for IPv4 and IPv6.
    #[component(name = "fips-dual-stack")]
    FipsDualStack,
    /// Base URL through which Lambda itself is reached, such as a VPC endpoint or a proxy. Its path
    /// is kept. A response counts as Lambda's only if it carries Lambda's request ID.
    #[component(name = "url")]
    Url(String),
    /// Base URL of a local emulator. Emulators omit headers that Lambda always sends and ignore some
    /// that it honours, so a response without a request ID is accepted here. Never use this for a
    /// URL that leads to AWS.
    #[component(name = "emulator")]
    Emulator(String),
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fips => f.write_str("Endpoint::Fips"),
            Self::DualStack => f.write_str("Endpoint::DualStack"),
            Self::FipsDualStack => f.write_str("Endpoint::FipsDualStack"),
            Self::Url(url) => f.debug_tuple("Endpoint::Url").field(&Public(url)).finish(),
            Self::Emulator(url) => f
                .debug_tuple("Endpoint::Emulator")
                .field(&Public(url))
                .finish(),
        }
    }
}

/// Temporary keys. `Debug` output contains no secrets.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Session {
    /// The keys, to be passed back as an access key.
    pub keys: AccessKey,
    /// Seconds since 1970-01-01 00:00 UTC.
    pub expires: u64,
    /// ARN of the principal the keys belong to.
    pub principal: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hunter2";

    fn secret() -> String {
        SECRET.to_owned()
    }

    fn key() -> AccessKey {
        AccessKey {
            access_key_id: "AKID".to_owned(),
            secret_access_key: secret(),
            session_token: Some(secret()),
        }
    }

    fn role() -> Role {
        Role {
            arn: "arn:role".to_owned(),
            external_id: Some(secret()),
            session_name: None,
            duration_seconds: None,
        }
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let credentials = [
            Credentials::AccessKey(key()),
            Credentials::SigningKey(SigningKey {
                access_key_id: "AKID".to_owned(),
                date: "20260101".to_owned(),
                key: SECRET.as_bytes().to_vec(),
                session_token: Some(secret()),
            }),
            Credentials::AssumeRole(AssumeRole {
                source: key(),
                roles: vec![role()],
            }),
            Credentials::WebIdentity(WebIdentity {
                token: secret(),
                role: role(),
            }),
            Credentials::HostSigned,
        ];
        let bytes = format!("{:?}", SECRET.as_bytes());
        for credentials in credentials {
            for url in [
                "https://u:hunter2@h/p",
                "https://h/?t=hunter2",
                "u:hunter2@h",
            ] {
                for endpoint in [Endpoint::Url, Endpoint::Emulator] {
                    let connection = Connection {
                        region: "us-east-1".to_owned(),
                        credentials: credentials.clone(),
                        endpoint: Some(endpoint(url.to_owned())),
                    };
                    for shown in [format!("{connection:?}"), format!("{connection:#?}")] {
                        assert!(!shown.contains(SECRET), "{shown}");
                        assert!(!shown.contains(&bytes), "{shown}");
                        assert!(shown.contains("us-east-1"), "{shown}");
                    }
                }
            }
        }
        let session = Session {
            keys: key(),
            expires: 7,
            principal: "arn:session".to_owned(),
        };
        let shown = format!("{session:?}");
        assert!(!shown.contains(SECRET) && shown.contains("AKID"), "{shown}");
    }

    #[test]
    fn debug_output_of_a_url_keeps_what_is_public() {
        for (url, shown) in [
            ("http://h:1/b", r#"Endpoint::Url("http://h:1/b")"#),
            ("http://u:p@h:1/b?q", r#"Endpoint::Url("http://h:1/b")"#),
            ("http://u:p@p@h/", r#"Endpoint::Url("http://h/")"#),
        ] {
            assert_eq!(format!("{:?}", Endpoint::Url(url.to_owned())), shown);
        }
    }
}
