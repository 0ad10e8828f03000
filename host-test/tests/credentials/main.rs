//! Every kind of credentials through the components: which requests are sent, to which service, and
//! that no secret leaks or stays in memory.

mod caller;
mod concurrency;
mod executions;
mod kinds;
mod leaks;
mod logs;
#[expect(
    unsafe_code,
    reason = "wasmtime's traits for a custom memory are unsafe"
)]
mod memory;
mod renewal;
mod scope;
mod signing_proxy;

use std::time::{Duration, SystemTime};

use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Endpoint, Role, SigningKey, WebIdentity,
};
use aws_lambda_connector_host::credentials::signing_key;
use local_lambda::{self, Key, LocalLambda, RecordedRequest, Trusted};

const FIRST: &str = "arn:aws:iam::123456789012:role/first";
const SECOND: &str = "arn:aws:iam::123456789012:role/second";
const EXTERNAL_ID: &str = "ext:id/1";

/// Secrets that must never appear: one for each source of secrets.
const SECRET: &str = "marked/Secret+Access/Key+0123456789abcde";
const SESSION_TOKEN: &str = "marked/Session+Token/0123456789==";
const OIDC_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.markedOidcToken0123456789.c2lnbmF0dXJl";

/// The key that the service accepts, with the session token that it requires, if any.
fn key(session_token: Option<&str>) -> Key {
    Key {
        access_key_id: "AKIDMARKED".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: session_token.map(str::to_owned),
        denied: false,
        denied_actions: Vec::new(),
    }
}

fn role(arn: &str, trusted: Trusted) -> local_lambda::Role {
    local_lambda::Role {
        arn: arn.to_owned(),
        trusts: vec![trusted],
        external_id: None,
        max_lifetime: None,
    }
}

/// The first role trusts the owner of the keys and the bearer of the token. The second role trusts
/// the first and requires an external ID.
fn roles() -> Vec<local_lambda::Role> {
    let mut first = role(FIRST, Trusted::Key("AKIDMARKED".to_owned()));
    first.trusts.push(Trusted::Token(OIDC_TOKEN.to_owned()));
    let mut second = role(SECOND, Trusted::Role(FIRST.to_owned()));
    second.external_id = Some(EXTERNAL_ID.to_owned());
    vec![first, second]
}

async fn start(session_token: Option<&str>, roles: Vec<local_lambda::Role>) -> LocalLambda {
    testing::lambda_with(|config| {
        config.keys = vec![key(session_token)];
        config.roles = roles;
    })
    .await
}

/// Starts the service with roles whose keys expire after `lifetime`.
async fn start_short_lived(lifetime: Duration) -> LocalLambda {
    let mut roles = roles();
    for role in &mut roles {
        role.max_lifetime = Some(lifetime);
    }
    start(None, roles).await
}

fn connection(credentials: Credentials, url: String) -> Connection {
    Connection {
        region: "us-east-1".to_owned(),
        credentials,
        endpoint: Some(Endpoint::Url(url)),
    }
}

/// The requests sent to STS.
fn sts_requests(lambda: &LocalLambda) -> Vec<RecordedRequest> {
    let mut requests = lambda.requests();
    requests.retain(|request| request.path_and_query == "/");
    requests
}

fn access_key(session_token: Option<&str>) -> AccessKey {
    testing::access_key(&key(session_token))
}

/// A signing key derived for today.
fn todays_key(session_token: Option<&str>) -> SigningKey {
    signing_key(&access_key(session_token), "us-east-1", SystemTime::now())
}

fn assume(arn: &str, external_id: Option<&str>) -> Role {
    Role {
        external_id: external_id.map(str::to_owned),
        ..testing::role(arn)
    }
}

fn assume_role(roles: Vec<Role>) -> Credentials {
    Credentials::AssumeRole(AssumeRole {
        source: access_key(None),
        roles,
    })
}

fn chain() -> Credentials {
    assume_role(vec![assume(FIRST, None), assume(SECOND, Some(EXTERNAL_ID))])
}

fn web_identity() -> Credentials {
    Credentials::WebIdentity(WebIdentity {
        token: OIDC_TOKEN.to_owned(),
        role: assume(FIRST, None),
    })
}
