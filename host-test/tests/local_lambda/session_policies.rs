//! STS issues keys that can do less than the keys they come from, and Lambda enforces it.

use std::time::{Duration, SystemTime};

use local_lambda::{Key, LocalLambda, Role, Trusted};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use testing::lambda_with;

use crate::client::{Answer, Call, get};

const ROLE: &str = "arn:aws:iam::123456789012:role/caller";
const TOKEN: &str = "token.of.the-caller";
const USER: &str = "arn:aws:iam::123456789012:user/local-lambda";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/caller/night";

pub fn arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")
}

/// A policy with one statement. `actions` and `resources` are JSON.
pub fn policy(actions: &str, resources: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":{resources}}}]}}"#
    )
}

/// The policy for one function and its qualifiers.
fn only(name: &str) -> String {
    let resources = format!(r#"["{0}","{0}:*"]"#, arn(name));
    policy(r#""lambda:InvokeFunction""#, &resources)
}

/// A policy that allows everything, further policies included.
fn all() -> String {
    policy(r#"["lambda:*","sts:*"]"#, r#""*""#)
}

async fn service() -> LocalLambda {
    lambda_with(|config| {
        config.roles = vec![Role {
            arn: ROLE.to_owned(),
            trusts: vec![
                Trusted::Key(Key::default().access_key_id),
                Trusted::Token(TOKEN.to_owned()),
            ],
            external_id: None,
            max_lifetime: None,
        }];
    })
    .await
}

async fn sts(lambda: &LocalLambda, key: &Key, action: &str, fields: &[(&str, &str)]) -> Answer {
    let encoded = |value: &str| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let mut form = format!("Action={action}&Version=2011-06-15");
    for (name, value) in fields {
        form.push_str(&format!("&{name}={}", encoded(value)));
    }
    let call = Call {
        service: "sts",
        body: form.into_bytes(),
        ..Call::new("POST", "/")
    };
    let form = "application/x-www-form-urlencoded";
    let call = call.header("content-type", form).key(key.clone());
    call.send(lambda).await
}

/// The text of the first element with this name.
fn element(answer: &Answer, name: &str) -> Option<String> {
    let text = std::str::from_utf8(&answer.body).unwrap();
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) if start.name().as_ref() == name.as_bytes() => {
                let inner = reader.read_text(start.name()).unwrap();
                return Some(unescape(&inner.decode().unwrap()).unwrap().into_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[track_caller]
pub fn keys(answer: &Answer) -> Key {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    Key {
        access_key_id: element(answer, "AccessKeyId").unwrap(),
        secret_access_key: element(answer, "SecretAccessKey").unwrap(),
        session_token: element(answer, "SessionToken"),
        ..Key::default()
    }
}

#[track_caller]
fn assert_rejected(answer: &Answer, status: u16, code: &str, message: &str) {
    let seen = (
        answer.status.as_u16(),
        element(answer, "Code"),
        element(answer, "Message"),
    );
    assert_eq!(seen, (status, Some(code.into()), Some(message.into())));
}

pub async fn temporary(lambda: &LocalLambda) -> Key {
    keys(&sts(lambda, lambda.key(), "GetSessionToken", &[]).await)
}

pub async fn scoped(lambda: &LocalLambda, key: &Key, fields: &[(&str, &str)]) -> Answer {
    sts(lambda, key, "GetScopedCredentials", fields).await
}

async fn invoke(lambda: &LocalLambda, key: &Key, function: &str) -> Answer {
    Call::invoke(function, "7")
        .key(key.clone())
        .send(lambda)
        .await
}

fn denial(principal: &str, action: &str, resource: &str) -> serde_json::Value {
    serde_json::json!({ "Message": format!(
        "User: {principal} is not authorized to perform: {action} on resource: {resource} \
         because no session policy allows the {action} action"
    ) })
}

#[tokio::test]
async fn scoped_keys_invoke_their_function_and_no_other() {
    let lambda = service().await;
    let base = temporary(&lambda).await;
    let answer = scoped(&lambda, &base, &[("Policy", &only("versioned"))]).await;
    assert_eq!(element(&answer, "Arn").as_deref(), Some(USER));
    assert_eq!(
        element(&answer, "ScopedPoliciesCount").as_deref(),
        Some("1")
    );
    let key = keys(&answer);
    for allowed in [
        "versioned",
        "versioned:1",
        "versioned:live",
        "versioned?Qualifier=2",
    ] {
        assert_eq!(
            invoke(&lambda, &key, allowed).await.status,
            200,
            "{allowed}"
        );
    }
    for (function, resource) in [
        ("echo", arn("echo")),
        ("versioned-2", arn("versioned-2")),
        ("echo:$LATEST", arn("echo:$LATEST")),
    ] {
        let answer = invoke(&lambda, &key, function).await;
        let body = denial(USER, "lambda:InvokeFunction", &resource);
        answer.assert_error(403, "AccessDeniedException", body);
    }
    for (path, action, resource) in [
        ("", "lambda:ListFunctions", "*".to_owned()),
        ("/versioned/aliases", "lambda:ListAliases", arn("versioned")),
        (
            "/versioned/configuration",
            "lambda:GetFunctionConfiguration",
            arn("versioned"),
        ),
    ] {
        let path = format!("/2015-03-31/functions{path}");
        let answer = Call::new("GET", path).key(key.clone()).send(&lambda).await;
        answer.assert_error(
            403,
            "AccessDeniedException",
            denial(USER, action, &resource),
        );
    }
    // The other keys of the same user are not limited.
    assert_eq!(invoke(&lambda, &base, "echo").await.status, 200);
    assert_eq!(get(&lambda, "/2015-03-31/functions").await.status, 200);
}

#[tokio::test]
async fn policy_of_a_role_session_limits_it() {
    let lambda = service().await;
    let named = [("RoleArn", ROLE), ("RoleSessionName", "night")];
    let policy = only("echo");
    let with = |more: &[(&'static str, &'static str)]| {
        let mut fields: Vec<(&str, &str)> = [&named[..], more].concat();
        fields.push(("Policy", &policy));
        fields
    };
    for (action, more) in [
        ("AssumeRole", &[][..]),
        ("AssumeRoleWithWebIdentity", &[("WebIdentityToken", TOKEN)]),
    ] {
        let key = keys(&sts(&lambda, lambda.key(), action, &with(more)).await);
        assert_eq!(invoke(&lambda, &key, "echo").await.status, 200, "{action}");
        let body = denial(SESSION, "lambda:InvokeFunction", &arn("greet"));
        let answer = invoke(&lambda, &key, "greet").await;
        answer.assert_error(403, "AccessDeniedException", body);
        let issued = lambda.sessions().pop().unwrap();
        assert_eq!(
            (issued.operation, issued.policies),
            (action, vec![policy.clone()])
        );
    }
    let key = keys(&sts(&lambda, lambda.key(), "AssumeRole", &named).await);
    assert_eq!(invoke(&lambda, &key, "greet").await.status, 200);
    assert_eq!(lambda.sessions().pop().unwrap().policies, [""; 0]);
}

#[tokio::test]
async fn every_policy_limits_the_ones_before_it_up_to_three() {
    let lambda = service().await;
    let mut key = temporary(&lambda).await;
    for (count, policy) in [("1", all()), ("2", all())] {
        let answer = scoped(&lambda, &key, &[("Policy", &policy)]).await;
        assert_eq!(
            element(&answer, "ScopedPoliciesCount").as_deref(),
            Some(count)
        );
        key = keys(&answer);
    }
    // A lifetime alone adds no policy.
    let answer = scoped(&lambda, &key, &[("DurationSeconds", "900")]).await;
    assert_eq!(
        element(&answer, "ScopedPoliciesCount").as_deref(),
        Some("2")
    );
    let third = keys(&scoped(&lambda, &key, &[("Policy", &all())]).await);
    assert_eq!(invoke(&lambda, &third, "greet").await.status, 200);
    assert_rejected(
        &scoped(&lambda, &third, &[("Policy", &all())]).await,
        403,
        "AccessDenied",
        "The session already has the maximum of 3 scope down policies",
    );

    let narrow = keys(&scoped(&lambda, &key, &[("Policy", &only("echo"))]).await);
    assert_eq!(invoke(&lambda, &narrow, "echo").await.status, 200);
    invoke(&lambda, &narrow, "greet")
        .await
        .error(403, "AccessDeniedException");
    // The policy does not allow another one either.
    let denied = format!(
        "User: {USER} is not authorized to perform: sts:GetScopedCredentials on resource: * because \
         no session policy allows the sts:GetScopedCredentials action"
    );
    let answer = scoped(&lambda, &narrow, &[("Policy", &all())]).await;
    assert_rejected(&answer, 403, "AccessDenied", &denied);
}

#[tokio::test]
async fn only_temporary_keys_are_scoped_and_only_long_term_keys_become_temporary() {
    let lambda = service().await;
    let policy = only("echo");
    assert_rejected(
        &scoped(&lambda, lambda.key(), &[("Policy", &policy)]).await,
        403,
        "AccessDenied",
        "Cannot call GetScopedCredentials with long-term credentials: call GetSessionToken first",
    );
    let base = temporary(&lambda).await;
    assert_rejected(
        &sts(&lambda, &base, "GetSessionToken", &[]).await,
        403,
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    );
    assert_rejected(
        &scoped(&lambda, &base, &[]).await,
        400,
        "ValidationError",
        "Provide at least one of Policy or DurationSeconds",
    );
}

#[tokio::test]
async fn lifetime_is_within_its_bounds_and_that_of_the_keys() {
    let lambda = service().await;
    let left = |lambda: &LocalLambda| {
        let issued = lambda.sessions().pop().unwrap();
        let left = issued.expires.duration_since(SystemTime::now()).unwrap();
        (issued.duration_seconds, left)
    };
    let about = |seconds: u64, left: Duration| {
        let seconds = Duration::from_secs(seconds);
        left <= seconds && left + Duration::from_secs(60) > seconds
    };
    let base = temporary(&lambda).await;
    let (asked, lasts) = left(&lambda);
    assert_eq!(asked, Some(43_200));
    assert!(about(43_200, lasts), "{lasts:?}");

    let answer = sts(
        &lambda,
        lambda.key(),
        "GetSessionToken",
        &[("DurationSeconds", "900")],
    );
    let short = keys(&answer.await);
    let policy = only("echo");
    keys(&scoped(&lambda, &short, &[("Policy", &policy)]).await);
    let (asked, lasts) = left(&lambda);
    assert_eq!(asked, None);
    assert!(about(900, lasts), "{lasts:?}");
    assert_rejected(
        &scoped(&lambda, &short, &[("DurationSeconds", "901")]).await,
        400,
        "InsufficientSessionLifetime",
        "The requested DurationSeconds exceeds the remaining lifetime of the calling session",
    );
    let second = [("Policy", &*policy), ("DurationSeconds", "1")];
    let key = keys(&scoped(&lambda, &base, &second).await);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let answer = invoke(&lambda, &key, "echo").await;
    answer.error(403, "ExpiredTokenException");

    for (action, key, seconds, least) in [
        ("GetSessionToken", lambda.key(), "899", 900),
        ("GetSessionToken", lambda.key(), "129601", 900),
        ("GetScopedCredentials", &base, "0", 1),
        ("GetScopedCredentials", &base, "129601", 1),
        ("GetScopedCredentials", &base, "soon", 1),
    ] {
        let answer = sts(&lambda, key, action, &[("DurationSeconds", seconds)]).await;
        let message = format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy \
             constraint: Member must have value between {least} and 129600"
        );
        assert_rejected(&answer, 400, "ValidationError", &message);
    }
}

#[tokio::test]
async fn malformed_or_long_policy_is_rejected_by_every_operation() {
    let lambda = service().await;
    let base = temporary(&lambda).await;
    let role = [("RoleArn", ROLE), ("RoleSessionName", "night")];
    let token = [&role[..], &[("WebIdentityToken", TOKEN)]].concat();
    let long = format!("{}{}", only("echo"), " ".repeat(2_048));
    for (key, action, fields) in [
        (&base, "GetScopedCredentials", &[][..]),
        (lambda.key(), "AssumeRole", &role),
        (lambda.key(), "AssumeRoleWithWebIdentity", &token),
    ] {
        let malformed = [fields, &[("Policy", "{")]].concat();
        assert_rejected(
            &sts(&lambda, key, action, &malformed).await,
            400,
            "MalformedPolicyDocument",
            "This policy contains invalid Json",
        );
        let long = [fields, &[("Policy", &*long)]].concat();
        assert_rejected(
            &sts(&lambda, key, action, &long).await,
            400,
            "ValidationError",
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048",
        );
    }
    assert_eq!(lambda.sessions().len(), 1);
}

#[tokio::test]
async fn denied_actions_of_a_key_also_bind_its_sessions() {
    let lambda = lambda_with(|config| {
        config.keys[0].denied_actions = vec![
            "sts:GetScopedCredentials".to_owned(),
            "lambda:ListFunctions".to_owned(),
        ];
    })
    .await;
    let base = temporary(&lambda).await;
    let answer = scoped(&lambda, &base, &[("Policy", &all())]).await;
    let message = format!(
        "User: {USER} is not authorized to perform: sts:GetScopedCredentials on resource: * because \
         no identity-based policy allows the sts:GetScopedCredentials action"
    );
    assert_rejected(&answer, 403, "AccessDenied", &message);
    for key in [lambda.key(), &base] {
        let list = Call::new("GET", "/2015-03-31/functions").key(key.clone());
        list.send(&lambda).await.error(403, "AccessDeniedException");
        assert_eq!(invoke(&lambda, key, "echo").await.status, 200);
    }
}
