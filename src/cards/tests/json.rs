//! The fields that take JSON: `payload` and `clientContext`.

use super::*;

/// The request of an invocation of `echo` with these JSON texts as values.
fn sent(invocation_type: &str, payload: Option<&str>, client_context: Option<&str>) -> Sent {
    let lambda = account(&["echo"]);
    let mut values = format!(r#"{{"yourFunctions":"echo","invocationType":"{invocation_type}""#);
    for (key, value) in [("payload", payload), ("clientContext", client_context)] {
        if let Some(value) = value {
            values.push_str(&format!(r#","{key}":{value}"#));
        }
    }
    values.push('}');
    // Not every payload is JSON that serde_json can read back.
    block_on(run(&lambda, CONNECT, "invoke", &values)).unwrap();
    let mut sent = lambda.sent.borrow_mut();
    assert_eq!(sent.len(), 1, "{values}");
    sent.remove(0)
}

fn has(sent: &Sent, header: &str) -> bool {
    sent.headers.iter().any(|(name, _)| *name == header)
}

#[test]
fn client_context_is_sent_with_a_dry_run_and_left_out_of_an_event() {
    for (invocation_type, header) in [
        ("RequestResponse", "eyJjdXN0b20iOnt9fQ=="),
        ("DryRun", "eyJjdXN0b20iOnt9fQ=="),
        ("Event", ""),
    ] {
        let sent = sent(invocation_type, Some("7"), Some(r#"{"custom":{}}"#));
        assert_eq!(
            sent.header("x-amz-client-context"),
            header,
            "{invocation_type}"
        );
        assert_eq!(has(&sent, "x-amz-client-context"), !header.is_empty());
        assert_eq!(sent.body, "7", "{invocation_type}");
    }
}

#[test]
fn client_context_of_an_event_is_checked_before_it_is_left_out() {
    let lambda = account(&["echo"]);
    let long = format!(r#"{{"k":"{}"}}"#, "x".repeat(2_680));
    for context in ["[]", "7", "\"text\"", "true", &long] {
        let values = format!(
            r#"{{"yourFunctions":"echo","invocationType":"Event","clientContext":{context}}}"#
        );
        assert_eq!(
            refused(invoke(&lambda, &values)).field,
            "clientContext",
            "{context}"
        );
    }
    assert_eq!(lambda.attempts(), 0);
}

#[test]
fn blank_text_in_a_json_field_counts_as_nothing() {
    for blank in [r#""""#, r#"" ""#, r#""\n\t\r ""#, r#""\u00a0""#] {
        let sent = sent("RequestResponse", Some(blank), Some(blank));
        assert_eq!(sent.body, "", "{blank}");
        for header in ["content-type", "x-amz-client-context"] {
            assert!(!has(&sent, header), "{blank}: {header}");
        }
    }
    // `null` is a JSON value that a payload may be, and a client context may not.
    let sent = sent("RequestResponse", Some("null"), Some("null"));
    assert_eq!(sent.body, "null");
    assert!(!has(&sent, "x-amz-client-context"));
}

#[test]
fn json_text_of_an_object_or_array_is_sent_as_the_object_or_array() {
    for (payload, body) in [
        (r#""{\"key\": 1}""#, r#"{"key": 1}"#),
        (
            r#"" \n[1.50, 12345678901234567890]\t""#,
            "[1.50, 12345678901234567890]",
        ),
        (r#""{\"a\":\"\\u00fc\"}""#, r#"{"a":"\u00fc"}"#),
        (r#""\u007b\u007d""#, "{}"),
        // Any other string is sent as the string that it is.
        (r#""text""#, r#""text""#),
        (r#""7""#, r#""7""#),
        (r#""null""#, r#""null""#),
        (r#""\"text\"""#, r#""\"text\"""#),
        (r#"" {\"key\" 1}""#, r#"" {\"key\" 1}""#),
        (r#""{} {}""#, r#""{} {}""#),
        (r#""\ud800""#, r#""\ud800""#),
    ] {
        for invocation_type in ["RequestResponse", "DryRun", "Event"] {
            assert_eq!(
                sent(invocation_type, Some(payload), None).body,
                body,
                "{payload}"
            );
        }
    }
}

#[test]
fn client_context_as_json_text_is_sent_as_the_object() {
    let sent = sent("RequestResponse", None, Some(r#""{\"custom\":{}}""#));
    assert_eq!(sent.header("x-amz-client-context"), "eyJjdXN0b20iOnt9fQ==");
    let lambda = account(&["echo"]);
    for context in [r#""text""#, r#""[]""#, r#""{""#] {
        let values = format!(r#"{{"yourFunctions":"echo","clientContext":{context}}}"#);
        assert_eq!(
            refused(invoke(&lambda, &values)).field,
            "clientContext",
            "{context}"
        );
    }
    assert_eq!(lambda.attempts(), 0);
}
