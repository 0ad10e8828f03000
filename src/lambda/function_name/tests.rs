//! Every form of a function's name, and what is refused.

use super::*;

fn parsed(text: &str) -> FunctionName {
    FunctionName::parse("request.function", text).unwrap()
}

#[test]
fn names_and_arns_are_taken_apart() {
    let arn = "arn:aws:lambda:us-west-2:123456789012:function:f";
    for (text, region, account, name, suffix) in [
        ("f", None, None, "f", None),
        ("f:live", None, None, "f", Some("live")),
        ("f:$LATEST", None, None, "f", Some("$LATEST")),
        (
            "f:$LATEST.PUBLISHED",
            None,
            None,
            "f",
            Some("$LATEST.PUBLISHED"),
        ),
        ("a-b_c.d:7", None, None, "a-b_c.d", Some("7")),
        ("...", None, None, "...", None),
        ("function", None, None, "function", None),
        ("function:f", None, None, "f", None),
        ("function:f:1", None, None, "f", Some("1")),
        ("123456789012", None, None, "123456789012", None),
        ("123456789012:f", None, Some("123456789012"), "f", None),
        (
            "123456789012:function:f",
            None,
            Some("123456789012"),
            "f",
            None,
        ),
        (
            "123456789012:function:f:1",
            None,
            Some("123456789012"),
            "f",
            Some("1"),
        ),
        (
            "123456789012:function",
            None,
            Some("123456789012"),
            "function",
            None,
        ),
        ("us-west-2:f", None, None, "us-west-2", Some("f")),
        (
            "us-west-2:123456789012:function:f",
            Some("us-west-2"),
            Some("123456789012"),
            "f",
            None,
        ),
        (arn, Some("us-west-2"), Some("123456789012"), "f", None),
        (
            &format!("{arn}:$LATEST"),
            Some("us-west-2"),
            Some("123456789012"),
            "f",
            Some("$LATEST"),
        ),
        (
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:live",
            Some("us-gov-west-1"),
            Some("123456789012"),
            "f",
            Some("live"),
        ),
        (
            "arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:f",
            Some("eusc-de-east-1"),
            Some("123456789012"),
            "f",
            None,
        ),
    ] {
        let function = parsed(text);
        assert_eq!(function.region(), region, "{text}");
        assert_eq!(function.account.as_deref(), account, "{text}");
        assert_eq!(function.name, name, "{text}");
        assert_eq!(function.suffix(), suffix, "{text}");
        assert_eq!(function.as_given(), text);
    }
}

#[test]
fn what_is_no_function_is_refused_with_the_reason() {
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
        (
            "arn:aws:lambda:us-east-1:123456789012:function",
            "name is missing",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:",
            "name is missing",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:f:$LATES",
            "a qualifier is",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:function:f:1:2",
            "more parts",
        ),
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
        let Err(Error::InvalidInput(input)) = FunctionName::parse("request.function", text) else {
            panic!("accepted: {text:?}");
        };
        assert_eq!(input.field, "request.function");
        assert!(input.message.contains(why), "{text:?}: {}", input.message);
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
