//! Session policies, evaluated by a third-party implementation of IAM's language: which requests they
//! allow, and that they allow no other.

#![allow(clippy::unwrap_used, clippy::panic)]

use aws_lambda_connector::sts::session_policy::{Scope, SessionPolicy};
use iam_rs::{Arn, Decision, IAMPolicy, IAMRequest, Principal, PrincipalId, evaluate_policy};

const REGION: &str = "eu-central-1";
const ACCOUNT: &str = "123456789012";
const ORDERS: &str = "arn:aws:lambda:eu-central-1:123456789012:function:orders";

fn scope(functions: &[&str], list_functions: bool, executions: bool) -> Scope {
    Scope {
        functions: functions.iter().map(|name| (*name).into()).collect(),
        list_functions,
        executions,
    }
}

/// Returns the policy of a scope, for functions of the region and account above.
fn policy(scope: &Scope) -> IAMPolicy {
    let policy = SessionPolicy::new(scope).unwrap();
    let json = policy.json(REGION, ACCOUNT).unwrap();
    IAMPolicy::from_json(&json).unwrap()
}

fn decide(policy: &IAMPolicy, action: &str, resource: &str) -> Decision {
    let session = "arn:aws:sts::123456789012:assumed-role/caller/aws-lambda-connector";
    let principal = Principal::Aws(PrincipalId::String(session.into()));
    let request = IAMRequest::new(principal, action, Arn::parse(resource).unwrap());
    evaluate_policy(policy, &request).unwrap()
}

#[track_caller]
fn assert_allowed(policy: &IAMPolicy, action: &str, resource: &str) {
    let decision = decide(policy, action, resource);
    assert_eq!(decision, Decision::Allow, "{action} on {resource}");
}

/// No statement denies, so that a request is either allowed or not covered.
#[track_caller]
fn assert_not_allowed(policy: &IAMPolicy, action: &str, resource: &str) {
    let decision = decide(policy, action, resource);
    assert_eq!(decision, Decision::NotApplicable, "{action} on {resource}");
}

const INVOKE: &str = "lambda:InvokeFunction";

#[test]
fn function_and_each_of_its_qualifiers_is_allowed() {
    for name in [
        "orders",
        "orders:prod",
        "123456789012:function:orders",
        ORDERS,
        &format!("{ORDERS}:7"),
    ] {
        let policy = policy(&scope(&[name], false, false));
        assert_allowed(&policy, INVOKE, ORDERS);
        for qualifier in ["7", "prod", "$LATEST", "$LATEST.PUBLISHED"] {
            assert_allowed(&policy, INVOKE, &format!("{ORDERS}:{qualifier}"));
        }
    }
}

#[test]
fn other_function_place_or_action_is_not_allowed() {
    let policy = policy(&scope(&["orders"], false, false));
    for (part, other) in [
        (":orders", ":orders-2"),
        (":orders", ":orders-2:prod"),
        (":orders", ":order"),
        (":orders", ":my-orders"),
        (":orders", ":Orders"),
        (":orders", ":payments"),
        (":eu-central-1", ":eu-central-2"),
        (":123456789012", ":210987654321"),
        ("arn:aws:", "arn:aws-cn:"),
        (":lambda:", ":states:"),
        (":function:", ":layer:"),
    ] {
        let resource = ORDERS.replace(part, other);
        assert_ne!(resource, ORDERS);
        assert_not_allowed(&policy, INVOKE, &resource);
    }
    for action in [
        "lambda:InvokeFunctionUrl",
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:UpdateFunctionCode",
        "lambda:AddPermission",
        "lambda:DeleteFunction",
        "lambda:ListFunctions",
        "lambda:ListAliases",
        "lambda:GetDurableExecution",
        "sts:AssumeRole",
        "sts:GetScopedCredentials",
        "iam:PassRole",
        "s3:GetObject",
    ] {
        assert_not_allowed(&policy, action, ORDERS);
        assert_not_allowed(&policy, action, &format!("{ORDERS}:7"));
    }
}

#[test]
fn listing_allows_lists_of_any_function_and_no_invocation() {
    let policy = policy(&scope(&[], true, false));
    for action in [
        "lambda:ListFunctions",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
    ] {
        assert_allowed(&policy, action, ORDERS);
        assert_allowed(&policy, action, &ORDERS.replace("orders", "payments"));
    }
    for action in [INVOKE, "lambda:GetFunction", "lambda:ListTags"] {
        assert_not_allowed(&policy, action, ORDERS);
    }
}

/// IAM authorizes these actions on the execution.
#[test]
fn executions_of_the_function_are_allowed_and_no_others() {
    let limited = policy(&scope(&["orders"], false, true));
    let execution = format!("{ORDERS}:1/durable-execution/order-7/2f1c");
    let others = execution.replace(":orders:", ":orders-2:");
    for action in [
        "lambda:GetDurableExecution",
        "lambda:GetDurableExecutionHistory",
        "lambda:StopDurableExecution",
        "lambda:SendDurableExecutionCallbackSuccess",
        "lambda:SendDurableExecutionCallbackFailure",
        "lambda:SendDurableExecutionCallbackHeartbeat",
    ] {
        assert_allowed(&limited, action, &execution);
        assert_not_allowed(&limited, action, &others);
    }
    let list = "lambda:ListDurableExecutionsByFunction";
    assert_allowed(&limited, list, ORDERS);
    assert_allowed(&limited, INVOKE, ORDERS);
    assert_not_allowed(&limited, list, &ORDERS.replace("orders", "orders-2"));
    assert_not_allowed(&limited, "lambda:DeleteDurableExecution", &execution);
}

#[test]
fn several_functions_are_allowed_in_their_own_places() {
    let other = "arn:aws:lambda:eu-west-1:210987654321:function:payments";
    let policy = policy(&scope(&["orders", other], false, false));
    for allowed in [ORDERS, other] {
        assert_allowed(&policy, INVOKE, allowed);
        assert_allowed(&policy, INVOKE, &format!("{allowed}:prod"));
    }
    for (part, swapped) in [("orders", "payments"), ("payments", "orders")] {
        for arn in [ORDERS, other] {
            let resource = arn.replace(part, swapped);
            if resource != arn {
                assert_not_allowed(&policy, INVOKE, &resource);
            }
        }
    }
}
