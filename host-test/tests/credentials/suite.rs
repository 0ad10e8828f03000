//! One of the components.

mod caller;
mod kinds;
pub mod leaks;
mod memory;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Endpoint, Role, WebIdentity,
};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::{self, Config, Key, LocalLambda, Trusted};

use super::COMPONENT;
use crate::{logs, signing_proxy};

pub const FIRST: &str = "arn:aws:iam::123456789012:role/first";
pub const SECOND: &str = "arn:aws:iam::123456789012:role/second";
pub const EXTERNAL_ID: &str = "ext:id/1";

/// What must not be found anywhere: one for each place that a secret can come from.
pub const SECRET: &str = "marked/Secret+Access/Key+0123456789abcde";
pub const SESSION_TOKEN: &str = "marked/Session+Token/0123456789==";
pub const OIDC_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.markedOidcToken0123456789.c2lnbmF0dXJl";

pub fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(Path::new(COMPONENT), Options::default()).unwrap())
}

/// The owner of the keys, whose token is checked where there is one.
pub fn key(session_token: Option<&str>) -> Key {
    Key {
        access_key_id: "AKIDMARKED".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: session_token.map(str::to_owned),
        denied: false,
    }
}

pub fn role(arn: &str, trusted: Trusted) -> local_lambda::Role {
    local_lambda::Role {
        arn: arn.to_owned(),
        trusts: vec![trusted],
        external_id: None,
        lasts: None,
    }
}

/// The first role trusts the owner of the keys and the bearer of the token; the second one trusts
/// the first, and demands an external ID.
pub fn roles() -> Vec<local_lambda::Role> {
    let mut first = role(FIRST, Trusted::Key("AKIDMARKED".to_owned()));
    first.trusts.push(Trusted::Token(OIDC_TOKEN.to_owned()));
    let mut second = role(SECOND, Trusted::Role(FIRST.to_owned()));
    second.external_id = Some(EXTERNAL_ID.to_owned());
    vec![first, second]
}

pub async fn start(session_token: Option<&str>, roles: Vec<local_lambda::Role>) -> LocalLambda {
    let config = Config {
        keys: vec![key(session_token)],
        roles,
        ..Config::default()
    };
    LocalLambda::start(config).await.unwrap()
}

/// The same with roles whose keys end so soon.
pub async fn start_short_lived(lasts: Duration) -> LocalLambda {
    let mut roles = roles();
    for role in &mut roles {
        role.lasts = Some(lasts);
    }
    start(None, roles).await
}

pub fn connection(credentials: Credentials, url: String) -> Connection {
    Connection {
        region: "us-east-1".to_owned(),
        credentials,
        endpoint: Some(Endpoint::Url(url)),
    }
}

pub fn access_key(session_token: Option<&str>) -> AccessKey {
    AccessKey {
        access_key_id: "AKIDMARKED".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: session_token.map(str::to_owned),
    }
}

pub fn assume(arn: &str, external_id: Option<&str>) -> Role {
    Role {
        arn: arn.to_owned(),
        external_id: external_id.map(str::to_owned),
        session_name: None,
        duration_seconds: None,
    }
}

pub fn assume_role(roles: Vec<Role>) -> Credentials {
    Credentials::AssumeRole(AssumeRole {
        source: access_key(None),
        roles,
    })
}

pub fn chain() -> Credentials {
    assume_role(vec![assume(FIRST, None), assume(SECOND, Some(EXTERNAL_ID))])
}

pub fn web_identity() -> Credentials {
    Credentials::WebIdentity(WebIdentity {
        token: OIDC_TOKEN.to_owned(),
        role: assume(FIRST, None),
    })
}

/// Everything at one address, as the local service has it.
pub fn only(url: &str) -> Arc<Policy> {
    Arc::new(Policy::deny_all().allow(url).unwrap())
}
