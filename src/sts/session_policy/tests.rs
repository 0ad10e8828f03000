//! The policy's text, by value. `tests/session_policy.rs` evaluates such policies with third-party software.

use super::*;
use crate::testing::{assert_contains, refused};

fn scope(functions: &[&str]) -> Scope {
    Scope {
        functions: functions.iter().map(|name| (*name).into()).collect(),
        ..Scope::default()
    }
}

fn json(scope: &Scope, region: &str) -> Result<String, Error> {
    SessionPolicy::new(scope)?.json(region, "123456789012")
}

/// The resources of the only statement.
fn resources(functions: &[&str], region: &str) -> Vec<String> {
    let policy: serde_json::Value =
        serde_json::from_str(&json(&scope(functions), region).unwrap()).unwrap();
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Action"], "lambda:InvokeFunction");
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 1);
    let resources = statement["Resource"].as_array().unwrap().iter();
    resources
        .map(|arn| arn.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_form_of_a_name_allows_the_function_and_all_its_qualifiers() {
    for (name, region, arn) in [
        (
            "f",
            "eu-west-1",
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
        ),
        (
            "f:prod",
            "eu-west-1",
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
        ),
        (
            "function:f",
            "us-gov-west-1",
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f",
        ),
        (
            "210987654321:f",
            "cn-north-1",
            "arn:aws-cn:lambda:cn-north-1:210987654321:function:f",
        ),
        (
            "210987654321:function:f:$LATEST",
            "eu-west-1",
            "arn:aws:lambda:eu-west-1:210987654321:function:f",
        ),
        (
            "eu-west-2:210987654321:function:f",
            "eu-west-1",
            "arn:aws:lambda:eu-west-2:210987654321:function:f",
        ),
        (
            "arn:aws:lambda:eu-west-2:210987654321:function:f:7",
            "eu-west-1",
            "arn:aws:lambda:eu-west-2:210987654321:function:f",
        ),
    ] {
        let all = format!("{arn}:*");
        assert_eq!(resources(&[name], region), [arn, &all], "{name}");
    }
}

#[test]
fn function_that_is_named_twice_is_allowed_once() {
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let all = format!("{arn}:*");
    assert_eq!(resources(&["f", arn, "f:1"], "eu-west-1"), [arn, &all]);
}

#[test]
fn policy_allows_what_the_scope_names_and_nothing_else() {
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let list = r#"{"Effect":"Allow","Action":["lambda:ListFunctions","lambda:ListAliases","lambda:ListVersionsByFunction"],"Resource":"*"}"#;
    let invoke = format!(
        r#"{{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":["{arn}","{arn}:*"]}}"#
    );
    let executions = format!(
        r#"{{"Effect":"Allow","Action":["lambda:InvokeFunction","lambda:GetDurableExecution","lambda:GetDurableExecutionHistory","lambda:ListDurableExecutionsByFunction","lambda:StopDurableExecution","lambda:SendDurableExecutionCallbackSuccess","lambda:SendDurableExecutionCallbackFailure","lambda:SendDurableExecutionCallbackHeartbeat"],"Resource":["{arn}","{arn}:*"]}}"#
    );
    for (functions, list_functions, executed, statements) in [
        (&["f"][..], false, false, invoke.clone()),
        (&["f"], true, false, format!("{invoke},{list}")),
        (&["f"], true, true, format!("{executions},{list}")),
        (&[], true, false, list.into()),
    ] {
        let scope = Scope {
            list_functions,
            executions: executed,
            ..scope(functions)
        };
        assert_eq!(
            json(&scope, "eu-west-1").unwrap(),
            format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
        );
    }
}

/// A wildcard or a policy variable in a name would widen the policy.
#[test]
fn name_with_a_character_that_a_policy_interprets_is_rejected() {
    for name in ["*", "f*", "f?", "${aws:username}", "f\"", "f\\", "f:*", ""] {
        let rejected = refused(json(&scope(&[name]), "eu-west-1"));
        assert_eq!(rejected.field, "request.scope.functions[0]", "{name}");
    }
}

#[test]
fn too_many_functions_are_rejected_with_the_count_that_fits() {
    let names: Vec<String> = (100..200)
        .map(|number| format!("orders-{number}"))
        .collect();
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    for (scope_of, fits) in [
        (scope as fn(&[&str]) -> Scope, 15),
        (
            |functions| Scope {
                executions: true,
                list_functions: true,
                ..scope(functions)
            },
            12,
        ),
    ] {
        let rejected = refused(json(&scope_of(&names), "eu-central-1"));
        assert_eq!(rejected.field, FUNCTIONS);
        assert_contains(
            &rejected.message,
            [&format!("only the first {fits} of"), "2048 characters"],
        );
        let longest = json(&scope_of(&names[..fits]), "eu-central-1").unwrap();
        assert!(longest.len() <= POLICY_LIMIT, "{}", longest.len());
        let over = json(&scope_of(&names[..=fits]), "eu-central-1");
        assert!(over.is_err(), "{fits} is the most");
    }
}

#[test]
fn description_fits_its_limit() {
    let described = |functions: &[&str], list_functions| {
        let scope = Scope {
            list_functions,
            ..scope(functions)
        };
        SessionPolicy::new(&scope).unwrap().description()
    };
    assert_eq!(described(&["1:f", "g"][..0], true), "list functions");
    assert_eq!(described(&["123456789012:function:f:1"], false), "invoke f");
    assert_eq!(described(&["f", "g"], true), "invoke 2 functions");
    assert_eq!(described(&[&"f".repeat(249)], false).len(), 256);
    assert_eq!(described(&[&"f".repeat(250)], false), "invoke 1 function");
}
