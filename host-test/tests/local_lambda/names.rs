//! Forms of function names and qualifiers, and the errors for invalid ones.

use serde_json::{Value, json};
use testing::case;

use crate::client::{invoke, lower, start, upper};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:versioned";

#[tokio::test]
async fn every_form_of_a_name_reaches_the_function() {
    let lambda = start().await;
    let encoded = |text: &str| text.replace(':', "%3A").replace('$', "%24");
    for (name, qualifier, version) in [
        ("versioned", Value::Null, "$LATEST"),
        ("function:versioned", Value::Null, "$LATEST"),
        ("123456789012:function:versioned", Value::Null, "$LATEST"),
        ("123456789012:versioned", Value::Null, "$LATEST"),
        (
            "us-east-1:123456789012:function:versioned:2",
            json!("2"),
            "2",
        ),
        (ARN, Value::Null, "$LATEST"),
        ("versioned:beta", json!("beta"), "3"),
        ("versioned:1", json!("1"), "1"),
        ("versioned:$LATEST", json!("$LATEST"), "$LATEST"),
        (
            "versioned:$LATEST.PUBLISHED",
            json!("$LATEST.PUBLISHED"),
            "3",
        ),
        (&format!("{ARN}:beta"), json!("beta"), "3"),
        (&format!("{ARN}:$LATEST"), json!("$LATEST"), "$LATEST"),
    ] {
        for name in [name.to_owned(), encoded(name)] {
            let answer = invoke(&lambda, &name, "{}").await;
            assert_eq!(answer.status, 200, "{name}: {:?}", answer.body);
            let executed = answer.header("x-amz-executed-version");
            assert_eq!(executed, Some(version), "{name}");
            let seen = answer.json();
            assert_eq!(seen["version"], version, "{name}");
            assert_eq!(seen["qualifier"], qualifier, "{name}");
        }
    }
}

#[tokio::test]
async fn repeated_qualifier_is_rejected_only_if_it_differs() {
    let lambda = start().await;
    let answer = invoke(&lambda, "versioned:beta?Qualifier=beta", "{}").await;
    assert_eq!(answer.header("x-amz-executed-version"), Some("3"));
    let answer = invoke(&lambda, "versioned:beta?Qualifier=2", "{}").await;
    let message = "The derived qualifier from the function name does not match the specified qualifier: 'beta' and '2'.";
    answer.assert_error(400, "InvalidParameterValueException", lower(message));
}

#[tokio::test]
async fn weighted_alias_routes_one_call_in_ten_to_its_other_version() {
    let lambda = start().await;
    let mut versions = Vec::new();
    for _ in 0..20 {
        let answer = invoke(&lambda, "versioned:live", "{}").await;
        versions.push(answer.header("x-amz-executed-version").unwrap().to_owned());
    }
    let count = |wanted: &str| versions.iter().filter(|version| *version == wanted).count();
    assert_eq!((count("2"), count("3")), (18, 2));
}

#[tokio::test]
async fn unknown_functions_and_qualifiers_are_not_found() {
    let lambda = start().await;
    for (name, arn) in [
        ("missing", "missing:$LATEST"),
        ("versioned:4", "versioned:4"),
        ("versioned?Qualifier=nope", "versioned:nope"),
        ("versioned?Qualifier=%24latest", "versioned:$latest"),
        ("echo:$LATEST.PUBLISHED", "echo:$LATEST.PUBLISHED"),
        // An ARN that ends after `function` names a function called `function`.
        (
            "arn:aws:lambda:us-east-1:123456789012:function",
            "function:$LATEST",
        ),
        // No existing function can have a name of 65 characters, but a request can.
        (&"n".repeat(65), &format!("{}:$LATEST", "n".repeat(65))),
    ] {
        let answer = invoke(&lambda, name, "{}").await;
        let message =
            format!("Function not found: arn:aws:lambda:us-east-1:123456789012:function:{arn}");
        answer.assert_error(404, "ResourceNotFoundException", upper(message));
    }
}

#[tokio::test]
async fn function_in_another_region_or_account_is_unreachable() {
    let lambda = start().await;
    let other_region = "arn:aws:lambda:eu-west-1:123456789012:function:echo";
    let message = "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')";
    let answer = invoke(&lambda, other_region, "{}").await;
    answer.assert_error(404, "ResourceNotFoundException", upper(message));
    let message = "User: arn:aws:iam::123456789012:user/local-lambda is not authorized to perform: \
         lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:210987654321:function:echo \
         because no resource-based policy allows the lambda:InvokeFunction action";
    let answer = invoke(&lambda, "210987654321:function:echo", "{}").await;
    let body = json!({ "Message": message });
    answer.assert_error(403, "AccessDeniedException", body);
}

#[tokio::test]
async fn name_that_breaks_the_pattern_is_invalid() {
    let lambda = start().await;
    for name in [
        "a%20b",
        "a%2Fb",
        "versioned:1:2",
        "arn:aws:s3:us-east-1:123456789012:function:echo",
        "arn:aws:lambda::123456789012:function:echo",
        "arn:aws:lambda:us-east-1:12345:function:echo",
        &format!("{ARN}:$LATES"),
        &"n".repeat(257),
    ] {
        let _case = case(name);
        let answer = invoke(&lambda, name, "{}").await;
        let body = answer.error(400, "ValidationException");
        let message = body["message"].as_str().unwrap();
        let broken = " at 'functionName' failed to satisfy constraint: Member must ";
        assert!(message.contains(broken), "{message}");
        assert_eq!(body.as_object().unwrap().len(), 1, "only a message: {body}");
    }
    let answer = invoke(&lambda, "versioned?Qualifier=a%20b", "{}").await;
    answer.error(400, "ValidationException");
}
