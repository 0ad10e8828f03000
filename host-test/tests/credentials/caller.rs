//! Credentials kept by the host: each call gets a fresh instance, the host caches temporary keys,
//! and the sandbox sees only the signing key of the day.

use std::time::Duration;

use aws_lambda_connector_host::bindings::types::{
    AssumeRole, Connection, Credentials, Error, Invocation,
};
use aws_lambda_connector_host::caller::{Caller, SessionCache};
use aws_lambda_connector_host::policy::Refusal;
use testing::outcome::unauthenticated;
use testing::{Component, case, for_each_component};

use crate::{
    EXTERNAL_ID, FIRST, SECOND, SESSION_TOKEN, access_key, assume, chain, connection, roles, start,
    start_short_lived, sts_requests, web_identity,
};

fn caller(
    component: Component,
    credentials: Credentials,
    url: String,
    sessions: &SessionCache,
) -> Caller {
    caller_of(component, connection(credentials, url), sessions)
}

fn caller_of(component: Component, connection: Connection, sessions: &SessionCache) -> Caller {
    let host = component.host().clone();
    Caller::new(host, connection, "us-east-1", &[], sessions.clone()).unwrap()
}

async fn invoke(caller: &Caller) -> Result<Invocation, Error> {
    caller.invoke(&testing::request("echo", "7")).await.unwrap()
}

#[for_each_component]
#[tokio::test]
async fn access_key_is_narrowed_to_a_signing_key(component: Component) {
    let lambda = start(Some(SESSION_TOKEN), vec![]).await;
    let keys = Credentials::AccessKey(access_key(Some(SESSION_TOKEN)));
    let caller = caller(component, keys, lambda.url(), &SessionCache::default());
    assert_eq!(invoke(&caller).await.unwrap().status_code, 200);
}

#[for_each_component]
#[tokio::test]
async fn fresh_instances_share_the_keys_cached_by_the_host(component: Component) {
    let lambda = start(None, roles()).await;
    let sessions = SessionCache::default();
    let shared = caller(component, chain(), lambda.url(), &sessions);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let shared = shared.clone();
            tokio::spawn(async move { invoke(&shared).await.unwrap().status_code })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
    assert_eq!(
        sts_requests(&lambda).len(),
        2,
        "one exchange for each of the two roles"
    );

    // A different connection never gets these keys.
    let token = caller(component, web_identity(), lambda.url(), &sessions);
    invoke(&token).await.unwrap();
    assert_eq!(sts_requests(&lambda).len(), 3);
    let mut other = access_key(None);
    other.secret_access_key = "guessed".to_owned();
    let guessed = Credentials::AssumeRole(AssumeRole {
        source: other,
        roles: vec![assume(FIRST, None), assume(SECOND, Some(EXTERNAL_ID))],
    });
    let rejected = invoke(&caller(component, guessed, lambda.url(), &sessions)).await;
    assert_eq!(unauthenticated(rejected).code, "SignatureDoesNotMatch");
}

#[for_each_component]
#[tokio::test]
async fn keys_are_renewed_before_expiry_and_after_early_expiry(component: Component) {
    let lambda = start_short_lived(Duration::from_secs(299)).await;
    let sessions = SessionCache::default();
    let short = caller(component, web_identity(), lambda.url(), &sessions);
    invoke(&short).await.unwrap();
    invoke(&short).await.unwrap();
    assert_eq!(sts_requests(&lambda).len(), 2);

    let lambda = start(None, roles()).await;
    let sessions = SessionCache::default();
    let early = caller(component, web_identity(), lambda.url(), &sessions);
    invoke(&early).await.unwrap();
    lambda.expire_sessions();
    assert_eq!(invoke(&early).await.unwrap().status_code, 200);
    assert_eq!(sts_requests(&lambda).len(), 2);
    invoke(&early).await.unwrap();
    assert_eq!(sts_requests(&lambda).len(), 2, "the new keys are cached");
}

#[for_each_component]
#[tokio::test]
async fn sts_is_allowed_only_for_the_exchange(component: Component) {
    // The requests never reach the real AWS hosts. The test checks only what the policy allows or
    // refuses.
    let at_aws = |credentials| Connection {
        endpoint: None,
        ..connection(credentials, String::new())
    };
    for (kind, credentials) in [
        ("access key", Credentials::AccessKey(access_key(None))),
        ("chain", chain()),
        ("web identity", web_identity()),
    ] {
        let _case = case(kind);
        let caller = caller_of(component, at_aws(credentials), &SessionCache::default());
        let lambda: http::Uri = "https://lambda.us-east-1.amazonaws.com/".parse().unwrap();
        let sts: http::Uri = "https://sts.us-east-1.amazonaws.com/".parse().unwrap();
        let (calls, exchanges) = caller.policies();
        assert!(calls.check(&lambda).is_ok() && calls.check(&sts).is_err());
        assert!(exchanges.check(&sts).is_ok() && exchanges.check(&lambda).is_err());
        let refusal = Refusal::NotAllowed {
            scheme: "https".to_owned(),
            host: "sts.us-east-1.amazonaws.com".to_owned(),
            port: 443,
        };
        assert!(caller.refusals().contains(&refusal));
    }
}
