//! Every form of a function's name, and what is refused.

use super::*;
use crate::testing::{assert_contains, refused};

fn parsed(text: &str) -> FunctionName {
    FunctionName::parse("request.function", text).unwrap()
}

/// Its parts: region, account, name and suffix, `-` where there is none.
#[test]
fn names_and_arns_are_taken_apart() {
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
        let taken_apart = [region, account, &function.name, suffix].join(" ");
        assert_eq!(taken_apart, parts, "{text}");
        assert_eq!(function.as_given(), text);
    }
}

#[test]
fn what_is_no_function_is_refused_with_the_reason() {
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
            "not one of a function",
        ),
        (
            "arn:aws:s3:us-east-1:123456789012:function:f",
            "service `lambda`",
        ),
        ("arn:aws:lambda::123456789012:function:f", "region is wrong"),
        ("arn:aws:lambda:us-east-1::function:f", "12 digits"),
        (
            "arn:aws:lambda:us-east-1:12345678901x:function:f",
            "12 digits",
        ),
        (
            "arn:gcp:lambda:us-east-1:123456789012:function:f",
            "partition",
        ),
        ("arn:aws", "service `lambda`"),
    ] {
        let input = refused(FunctionName::parse("request.function", text));
        assert_eq!(input.field, "request.function");
        assert_contains(&input.message, [why]);
    }
}

#[test]
fn the_qualifier_comes_off_for_listings() {
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
fn the_resource_of_a_policy() {
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
