//! GetFunctionConfiguration.

use serde_json::json;
use testing::case;

use crate::client::{get, start};

fn path(name: &str) -> String {
    format!("/2015-03-31/functions/{name}")
}

#[tokio::test]
async fn configuration_has_the_state_and_the_qualified_arn() {
    let lambda = start().await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:versioned";
    for (target, arn, version) in [
        ("versioned/configuration", arn.to_owned(), "$LATEST"),
        (
            "versioned/configuration?Qualifier=%24LATEST",
            format!("{arn}:$LATEST"),
            "$LATEST",
        ),
        (
            "versioned/configuration?Qualifier=live",
            format!("{arn}:2"),
            "2",
        ),
        ("versioned%3A3/configuration", format!("{arn}:3"), "3"),
        (
            "versioned/configuration?Qualifier=%24LATEST.PUBLISHED",
            format!("{arn}:3"),
            "3",
        ),
    ] {
        let _case = case(target);
        let answer = get(&lambda, path(target)).await;
        assert_eq!(answer.status, 200);
        let body = answer.json();
        for (field, value) in [
            ("FunctionArn", json!(arn)),
            ("Version", json!(version)),
            ("State", json!("Active")),
            ("LastUpdateStatus", json!("Successful")),
            ("Timeout", json!(30)),
        ] {
            assert_eq!(body[field], value, "{field}");
        }
    }
}

#[tokio::test]
async fn unknown_function_or_qualifier_is_not_found() {
    let lambda = start().await;
    for target in [
        "missing/configuration",
        "echo/configuration?Qualifier=1",
        "echo%3A%24LATEST.PUBLISHED/configuration",
    ] {
        let _case = case(target);
        let answer = get(&lambda, path(target)).await;
        assert_eq!(answer.status, 404);
        let code = answer.header("x-amzn-errortype");
        assert_eq!(code, Some("ResourceNotFoundException"));
    }
}
