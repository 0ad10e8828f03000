//! IAM: requests about an execution are authorized on the execution, and lists on the function.

use local_lambda::{Key, LocalLambda};
use serde_json::json;
use testing::case;

use super::{begin_event, callback_id, complete, path, stop};
use crate::client::{Answer, Call};
use crate::session_policies::{arn, keys, policy, scoped, temporary};

const ACTIONS: [&str; 7] = [
    "GetDurableExecution",
    "GetDurableExecutionHistory",
    "StopDurableExecution",
    "SendDurableExecutionCallbackHeartbeat",
    "SendDurableExecutionCallbackSuccess",
    "SendDurableExecutionCallbackFailure",
    "ListDurableExecutionsByFunction",
];

/// A service, an execution of `approval:1` that waits for a callback, and the ID of the callback.
async fn waiting(change: impl FnOnce(&mut Key)) -> (LocalLambda, String, String) {
    let mut denied = Key {
        access_key_id: "AKIDDENIED".to_owned(),
        ..Key::default()
    };
    change(&mut denied);
    let lambda = testing::lambda_with(|config| {
        config.invisible_reads = 0;
        config.keys.push(denied);
    })
    .await;
    let arn = begin_event(&lambda, "approval:1", "{}").await;
    let id = callback_id(&lambda, &arn).await;
    (lambda, arn, id)
}

fn call(action: &str, arn: &str, id: &str) -> Call {
    match action {
        "GetDurableExecution" => Call::new("GET", path(arn, "")),
        "GetDurableExecutionHistory" => Call::new("GET", path(arn, "/history")),
        "StopDurableExecution" => stop(arn, ""),
        "SendDurableExecutionCallbackHeartbeat" => complete(id, "heartbeat", ""),
        "SendDurableExecutionCallbackSuccess" => complete(id, "succeed", ""),
        "SendDurableExecutionCallbackFailure" => complete(id, "fail", ""),
        _ => Call::new("GET", "/2025-12-01/functions/approval/durable-executions"),
    }
}

#[track_caller]
fn assert_denied(answer: &Answer, principal: &str, action: &str, resource: &str, kind: &str) {
    let message = format!(
        "User: {principal} is not authorized to perform: lambda:{action} on resource: {resource} \
         because no {kind} policy allows the lambda:{action} action"
    );
    let body = json!({ "Message": message });
    assert_eq!(answer.error(403, "AccessDeniedException"), body);
}

#[tokio::test]
async fn denied_action_names_the_execution() {
    let (lambda, execution, id) = waiting(|key| {
        let denied = ACTIONS.map(|action| format!("lambda:{action}"));
        key.denied_actions = denied.into();
    })
    .await;
    let denied = Key {
        access_key_id: "AKIDDENIED".to_owned(),
        ..Key::default()
    };
    let user = "arn:aws:iam::123456789012:user/local-lambda";
    for action in ACTIONS {
        let _case = case(action);
        let resource = match action {
            "ListDurableExecutionsByFunction" => arn("approval"),
            _ => execution.clone(),
        };
        let call = call(action, &execution, &id).key(denied.clone());
        let answer = call.send(&lambda).await;
        assert_denied(&answer, user, action, &resource, "identity-based");
    }
    // An unknown callback does not have an execution to name.
    let call = complete("Ab==", "succeed", "").key(denied);
    let answer = call.send(&lambda).await;
    let action = "SendDurableExecutionCallbackSuccess";
    assert_denied(&answer, user, action, "*", "identity-based");
}

#[tokio::test]
async fn session_policy_is_evaluated_on_the_execution() {
    let (lambda, execution, id) = waiting(|_| ()).await;
    let version = arn("approval:1");
    for (resource, about_execution, about_function) in [
        (format!("{}:*", arn("approval")), true, false),
        (format!("{version}/durable-execution/*"), true, false),
        (execution.clone(), true, false),
        // An unqualified ARN does not match an execution, and an alias does neither.
        (arn("approval"), false, true),
        (
            format!("{}:live/durable-execution/*", arn("approval")),
            false,
            false,
        ),
        (
            format!("{}:2/durable-execution/*", arn("approval")),
            false,
            false,
        ),
        (format!("{}:*", arn("workflow")), false, false),
    ] {
        let _case = case(&resource);
        let policy = policy(r#""lambda:*""#, &format!("\"{resource}\""));
        let owner = temporary(&lambda).await;
        let issued = scoped(&lambda, &owner, &[("Policy", &policy)]).await;
        let key = keys(&issued);
        for (action, allowed) in [
            ("GetDurableExecution", about_execution),
            ("GetDurableExecutionHistory", about_execution),
            ("SendDurableExecutionCallbackHeartbeat", about_execution),
            ("ListDurableExecutionsByFunction", about_function),
        ] {
            let call = call(action, &execution, &id).key(key.clone());
            let status = call.send(&lambda).await.status;
            assert_eq!(status, if allowed { 200 } else { 403 }, "{action}");
        }
    }
}

#[tokio::test]
async fn session_policy_limits_the_actions() {
    for allowed in ACTIONS {
        let (lambda, execution, id) = waiting(|_| ()).await;
        let action = format!("\"lambda:{allowed}\"");
        let owner = temporary(&lambda).await;
        let policy = policy(&action, r#""*""#);
        let issued = scoped(&lambda, &owner, &[("Policy", &policy)]).await;
        let key = keys(&issued);
        for action in ACTIONS {
            let call = call(action, &execution, &id).key(key.clone());
            let status = call.send(&lambda).await.status;
            let expected = if action == allowed { 200 } else { 403 };
            assert_eq!(status, expected, "{action} with {allowed}");
        }
    }
}

#[tokio::test]
async fn request_without_a_valid_signature_is_rejected() {
    let (lambda, execution, id) = waiting(|_| ()).await;
    let wrong = Key {
        secret_access_key: "wrong".to_owned(),
        ..lambda.key().clone()
    };
    for action in ACTIONS {
        let call = call(action, &execution, &id).key(wrong.clone());
        let answer = call.send(&lambda).await;
        answer.error(403, "InvalidSignatureException");
    }
}
