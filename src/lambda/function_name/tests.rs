//! Every form of a function's name, and names that are rejected.

use super::*;
use crate::testing::{assert_contains, refused};

fn parsed(text: &str) -> FunctionName {
    FunctionName::parse("request.function", text).unwrap()
}

/// The parts are region, account, name and suffix, with `-` for an absent one.
#[test]
fn names_and_arns_are_parsed_into_their_parts() {
    for (text, parts) in [
        ("f", "- - f -"),
        ("f:live", "- - f live"),
        ("f:$LATEST", "- - f $LATEST"),
        ("f:$LATEST.PUBLISHED", "- - f $LATEST.PUBLISHED"),
        ("a-b_c.d:7", "- - a-b_c.d 7"),
        ("...", "- - ... -"),
        ("function", "- - function -"),
        ("function:f", "- - f -"),
        ("function:f:1", "- - f 1"),
        ("123456789012", "- - 123456789012 -"),
        ("123456789012:f", "- 123456789012 f -"),
        ("123456789012:function:f", "- 123456789012 f -"),
        ("123456789012:function:f:1", "- 123456789012 f 1"),
        ("123456789012:function", "- 123456789012 function -"),
        ("us-west-2:f", "- - us-west-2 f"),
        (
            "us-west-2:123456789012:function:f",
            "us-west-2 123456789012 f -",
        ),
        (
            "arn:aws:lambda:us-west-2:123456789012:function:f",
            "us-west-2 123456789012 f -",
        ),
        (
            "arn:aws:lambda:us-west-2:123456789012:function:f:$LATEST",
            "us-west-2 123456789012 f $LATEST",
        ),
        (
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:live",
            "us-gov-west-1 123456789012 f live",
        ),
        (
            "arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:f",
            "eusc-de-east-1 123456789012 f -",
        ),
    ] {
        let function = parsed(text);
        let region = function.region().unwrap_or("-");
        let account = function.account.as_deref().unwrap_or("-");
        let suffix = function.suffix().unwrap_or("-");
        let parsed = [region, account, &function.name, suffix].join(" ");
        assert_eq!(parsed, parts, "{text}");
        assert_eq!(function.as_given(), text);
    }
}

#[test]
fn an_invalid_name_is_rejected_with_the_reason() {
    assert!(FunctionName::parse("f", &"a".repeat(256)).is_ok());
    let function = "arn:aws:lambda:us-east-1:123456789012:function";
    for (text, why) in [
        ("", "it is empty"),
        (&"a".repeat(257)[..], "longer than 256"),
        (".", "`.` and `..`"),
        ("..", "`.` and `..`"),
        ("..:live", "`.` and `..`"),
        (":live", "name is missing"),
        ("f:", "a qualifier is"),
        ("f:$latest", "a qualifier is"),
        ("f:a.b", "a qualifier is"),
        ("f:a:b", "more parts"),
        ("a b", "letters, digits"),
        ("a/b", "letters, digits"),
        ("a%2e", "letters, digits"),
        ("a\r\nx-evil: 1", "letters, digits"),
        ("ƒ", "letters, digits"),
        (function, "name is missing"),
        (&format!("{function}:"), "name is missing"),
        (&format!("{function}:f:$LATES"), "a qualifier is"),
        (&format!("{function}:f:1:2"), "more parts"),
        (
            "arn:aws:lambda:us-east-1:123456789012:layer:f",
            "resource type must be `function`",
        ),
        (
            "arn:aws:s3:us-east-1:123456789012:function:f",
            "service must be `lambda`",
        ),
        (
            "arn:aws:lambda::123456789012:function:f",
            "region is invalid",
        ),
        ("arn:aws:lambda:us-east-1::function:f", "12 digits"),
        (
            "arn:aws:lambda:us-east-1:12345678901x:function:f",
            "12 digits",
        ),
        (
            "arn:gcp:lambda:us-east-1:123456789012:function:f",
            "partition",
        ),
        ("arn:aws", "service must be `lambda`"),
        (
            "arn:aws-cn:lambda:us-east-1:123456789012:function:f",
            "partition must be aws, which is that of its region us-east-1",
        ),
        (
            "arn:aws:lambda:cn-north-1:123456789012:function:f",
            "partition must be aws-cn",
        ),
        (
            "arn:aws:lambda:us-gov-west-1:123456789012:function:f",
            "partition must be aws-us-gov",
        ),
        (
            "arn:aws-iso:lambda:us-isob-east-1:123456789012:function:f",
            "partition must be aws-iso-b",
        ),
    ] {
        let input = refused(FunctionName::parse("request.function", text));
        assert_eq!(input.field, "request.function");
        assert_contains(&input.message, [why]);
    }
}

#[test]
fn an_unqualified_name_has_no_qualifier() {
    for (text, unqualified) in [
        ("f", "f"),
        ("f:live", "f"),
        ("live:live", "live"),
        ("123456789012:function:f:1", "123456789012:function:f"),
        (
            "arn:aws:lambda:us-west-2:123456789012:function:f:$LATEST",
            "arn:aws:lambda:us-west-2:123456789012:function:f",
        ),
    ] {
        assert_eq!(parsed(text).unqualified(), unqualified);
    }
}

#[test]
fn a_policy_resource_is_a_full_arn_with_its_qualifier() {
    assert_eq!(
        parsed("f").policy_resource("cn-north-1", None),
        "arn:aws-cn:lambda:cn-north-1:<account>:function:f"
    );
    assert_eq!(
        parsed("123456789012:function:f").policy_resource("us-east-1", Some("live")),
        "arn:aws:lambda:us-east-1:123456789012:function:f:live"
    );
    let arn = "arn:aws-iso:lambda:us-iso-east-1:123456789012:function:f:1";
    assert_eq!(parsed(arn).policy_resource("us-iso-east-1", None), arn);
}
