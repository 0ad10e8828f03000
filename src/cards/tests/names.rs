//! Typed names: complete ones, parts of names, and texts that name no function.

use super::*;
use crate::call::error::{Category, Executed, TransportKind};
use crate::testing::{failure, lambdas, transport_error};

fn typed<S: Service>(lambda: &Scripted<S>, name: &str) -> Result<Value, Error> {
    let values = json!({"useFunctionName": "Yes", "functionName": name});
    let outputs = block_on(run(lambda, CONNECT, "invoke", &values.to_string()))?;
    Ok(serde_json::from_str(&outputs).unwrap())
}

/// The paths of the requests, without the common prefix. A list has an empty one.
fn requests<S: Service>(lambda: &Scripted<S>) -> Vec<String> {
    let sent = lambda.sent.borrow();
    let path = |sent: &Sent| sent.path.replace("/2015-03-31/functions", "");
    sent.iter().map(path).collect()
}

#[test]
fn white_space_around_a_name_is_removed() {
    for (key, use_name) in [("functionName", "Yes"), ("yourFunctions", "No")] {
        for name in [" orders", "orders ", "\torders\n", "\u{a0}orders\u{a0}"] {
            let lambda = account(&["orders"]);
            let values = json!({"useFunctionName": use_name, key: name});
            invoke(&lambda, &values.to_string()).unwrap();
            assert_eq!(requests(&lambda), ["/orders/invocations"], "{name:?}");
        }
        let lambda = account(&["orders"]);
        let values = json!({"useFunctionName": use_name, key: " \n"});
        let input = refused(invoke(&lambda, &values.to_string()));
        assert_eq!((&*input.field, &*input.message), (key, "it is required"));
        assert_eq!(lambda.attempts(), 0);
    }
}

#[test]
fn part_of_a_name_keeps_its_qualifier() {
    let lambda = account(&["mail-sender", "orders"]);
    typed(&lambda, " SENDER:live ").unwrap();
    assert_eq!(
        requests(&lambda),
        [
            "/SENDER%3Alive/invocations",
            "",
            "/mail-sender%3Alive/invocations"
        ]
    );
    assert_eq!(lambda.service.invoked.borrow()[0].0, "mail-sender:live");
}

#[test]
fn part_of_a_name_is_completed_after_403() {
    for (text, invoked) in [
        ("sender", "mail-sender"),
        ("sender:live", "mail-sender:live"),
    ] {
        let mut lambda = account(&["mail-sender", "orders"]);
        lambda.service.unknown = DENIED;
        typed(&lambda, text).unwrap();
        assert_eq!(lambda.attempts(), 3);
        assert_eq!(lambda.service.invoked.borrow()[0].0, invoked);
    }
}

#[test]
fn arn_is_not_completed() {
    for unknown in [NOT_FOUND, DENIED] {
        for name in [
            "arn:aws:lambda:us-east-1:123456789012:function:sender",
            "arn:aws:lambda:us-east-1:123456789012:function:sender:live",
            "123456789012:function:sender",
            "123456789012:sender",
            "us-east-1:123456789012:function:sender",
            "function:sender",
            "function:sender:live",
        ] {
            let mut lambda = account(&["mail-sender"]);
            lambda.service.unknown = unknown;
            assert_eq!(
                service_error(typed(&lambda, name)).code,
                unknown.1,
                "{name}"
            );
            assert_eq!(lambda.attempts(), 1, "{name}");
        }
    }
}

#[test]
fn chosen_function_is_not_completed() {
    let lambda = account(&["mail-sender"]);
    let error = service_error(invoke(&lambda, r#"{"yourFunctions":"sender"}"#));
    assert_eq!(error.code, "ResourceNotFoundException");
    assert_eq!(lambda.attempts(), 1);
}

/// The alias is missing, or the policy does not allow this function: the list shows that the name is
/// complete, so no other function is meant.
#[test]
fn complete_name_is_never_replaced_by_a_longer_one() {
    for (functions, text, unknown) in [
        (&["orders", "orders-eu"][..], "orders:beta", NOT_FOUND),
        (&["orders-eu", "orders"], "orders:beta", DENIED),
        (
            &["orders-eu", "orders-us", "orders"],
            "orders:beta",
            NOT_FOUND,
        ),
    ] {
        let mut lambda = account(functions);
        lambda.service.unknown = unknown;
        let error = service_error(typed(&lambda, text));
        assert_eq!(error.code, unknown.1);
        assert_eq!(requests(&lambda).len(), 2, "{text}");
        assert!(lambda.service.invoked.borrow().is_empty());
    }
}

/// The complete name may be on a later page than several longer ones.
#[test]
fn complete_name_is_recognised_on_the_last_page() {
    let mut functions = vec!["orders-eu"; 120];
    functions.push("orders-us");
    functions.push("orders");
    let mut lambda = account(&functions);
    lambda.service.unknown = DENIED;
    let error = service_error(typed(&lambda, "orders:beta"));
    assert_eq!(error.code, "AccessDeniedException");
    assert!(lambda.service.invoked.borrow().is_empty());
}

#[test]
fn function_that_is_listed_twice_is_one_match() {
    let lambda = account(&["mail-sender", "mail-sender"]);
    typed(&lambda, "sender").unwrap();
    assert_eq!(lambda.service.invoked.borrow()[0].0, "mail-sender");
}

#[test]
fn several_matches_are_listed_up_to_ten() {
    let names: Vec<&'static str> = vec![
        "job-0", "job-1", "job-2", "job-3", "job-4", "job-5", "job-6", "job-7", "job-8", "job-9",
        "job-10",
    ];
    let message = |count: usize, part: &str| {
        let mut lambda = account(&names[..count]);
        lambda.service.unknown = DENIED;
        let input = refused(typed(&lambda, part));
        assert_eq!(input.field, "functionName");
        assert!(lambda.service.invoked.borrow().is_empty());
        input.message
    };
    let listed = "it is part of the names of several functions, and none was invoked; type one of them: job-0, job-1";
    assert_eq!(message(2, "job-"), listed);
    assert_eq!(message(2, "job-:live"), listed);
    assert!(message(10, "job").ends_with(", job-9"));
    assert!(message(11, "job").ends_with(", job-9 and more"));
}

#[test]
fn error_is_returned_with_a_hint_when_the_list_is_denied_as_well() {
    for (unknown, hint) in [
        (
            NOT_FOUND,
            "check the function's name, its qualifier, the region and the account; ",
        ),
        (DENIED, "lambda:InvokeFunction"),
    ] {
        let mut lambda = closed_account(&["mail-sender"]);
        lambda.service.unknown = unknown;
        let error = service_error(typed(&lambda, "sender"));
        assert_eq!((error.status_code, &*error.code), unknown);
        assert_eq!(error.executed, Executed::No);
        assert_contains(
            &error.hint.unwrap(),
            [
                hint,
                "the name was not completed, because listing the functions is denied as well: type the complete name, or allow lambda:ListFunctions",
            ],
        );
        assert_eq!(lambda.attempts(), 2);
    }
}

#[test]
fn error_is_returned_with_a_hint_when_the_list_cannot_be_read() {
    let lambda = Scripted::new(|sent: &Sent| {
        if sent.path.ends_with("/invocations") {
            return Ok(coded(404, "ResourceNotFoundException"));
        }
        Err(failure(TransportKind::Connect, Executed::No))
    });
    let error = service_error(typed(&lambda, "sender"));
    assert_eq!(error.category, Category::NotFound);
    assert_contains(
        &error.hint.unwrap(),
        ["the functions cannot be listed (no response, as scripted): type the complete name"],
    );
}

#[test]
fn list_that_is_throttled_is_not_called_denied() {
    let lambda = Scripted::new(|sent: &Sent| {
        Ok(if sent.path.ends_with("/invocations") {
            coded(404, "ResourceNotFoundException")
        } else {
            coded(429, "TooManyRequestsException")
        })
    });
    let error = service_error(typed(&lambda, "sender"));
    assert_contains(
        &error.hint.unwrap(),
        ["the functions cannot be listed (TooManyRequestsException)"],
    );
}

/// A response to an invocation, and a list with one match.
fn unlucky(answer: fn() -> Answer) -> Scripted<impl Service> {
    Scripted::new(move |sent: &Sent| {
        if sent.path.ends_with("/sender/invocations") {
            return answer();
        }
        assert!(!sent.path.ends_with("/mail-sender/invocations"), "{sent:?}");
        Ok(lambdas(
            200,
            &[],
            r#"{"Functions":[{"FunctionName":"mail-sender"}]}"#,
        ))
    })
}

#[test]
fn no_other_function_is_invoked_after_any_other_error() {
    for answer in [
        (|| Ok(coded(429, "TooManyRequestsException"))) as fn() -> Answer,
        || Ok(coded(500, "ServiceException")),
        || Ok(coded(403, "InvalidSignatureException")),
        || Ok(coded(400, "InvalidParameterValueException")),
        || Err(failure(TransportKind::Timeout, Executed::Unknown)),
        || Err(failure(TransportKind::Connect, Executed::No)),
    ] {
        let lambda = unlucky(answer);
        typed(&lambda, "sender").unwrap_err();
        let requests = requests(&lambda);
        assert!(
            requests.iter().all(|path| path == "/sender/invocations"),
            "{requests:?}"
        );
    }
}

/// The first attempt may have run a function, so a 404 of the second one is not the end of doubt.
#[test]
fn no_other_function_is_invoked_after_an_unknown_outcome() {
    for second in [NOT_FOUND, DENIED] {
        let lambda = Scripted::script(vec![
            Err(failure(TransportKind::Timeout, Executed::Unknown)),
            Ok(coded(second.0, second.1)),
        ]);
        let values = r#"{"useFunctionName":"Yes","functionName":"sender","idempotent":true}"#;
        let ran = block_on(run(&lambda, CONNECT, "invoke", values));
        assert_eq!(service_error(ran).executed, Executed::Unknown);
        assert_eq!(lambda.attempts(), 2);
    }
}

#[test]
fn error_of_the_completed_name_is_returned() {
    let lambda = Scripted::new(|sent: &Sent| {
        if sent.path.ends_with("/mail-sender/invocations") {
            return Err(failure(TransportKind::Timeout, Executed::Unknown));
        }
        if sent.path.ends_with("/invocations") {
            return Ok(coded(404, "ResourceNotFoundException"));
        }
        Ok(lambdas(
            200,
            &[],
            r#"{"Functions":[{"FunctionName":"mail-sender"}]}"#,
        ))
    });
    let error = transport_error(typed(&lambda, "sender"));
    assert_eq!(error.executed, Executed::Unknown);
    assert_eq!(
        requests(&lambda),
        ["/sender/invocations", "", "/mail-sender/invocations"]
    );
}

/// A list whose every page has another marker.
fn endless(rows: &'static str) -> Scripted<impl Service> {
    Scripted::new(move |sent: &Sent| {
        if sent.path.ends_with("/invocations") {
            return Ok(coded(404, "ResourceNotFoundException"));
        }
        let number: u32 = sent
            .parameter("Marker")
            .map_or(0, |marker| marker[1..].parse().unwrap());
        let next = number + 1;
        let page = format!(r#"{{"Functions":[{rows}],"NextMarker":"m{next}"}}"#);
        Ok(lambdas(200, &[], page))
    })
}

#[test]
fn search_through_an_endless_list_ends() {
    for rows in [
        "",
        r#"{"FunctionName":"other"}"#,
        r#"{"FunctionName":"mail-sender"}"#,
    ] {
        let lambda = endless(rows);
        let error = service_error(typed(&lambda, "sender"));
        assert_eq!(error.code, "ResourceNotFoundException");
        assert_contains(
            &error.hint.unwrap(),
            ["the account has more functions than a search reads: type the complete name"],
        );
        assert_eq!(lambda.attempts(), 1 + 200, "{rows}");
    }
}

#[test]
fn search_through_an_endless_list_of_matches_ends() {
    let lambda = endless(r#"{"FunctionName":"sender-a"},{"FunctionName":"sender-b"}"#);
    let message = refused(typed(&lambda, "sender")).message;
    assert!(message.ends_with("and more"), "{message}");
    assert_eq!(lambda.attempts(), 1 + 200);
}

#[test]
fn choices_of_an_endless_list_end() {
    let lambda = endless("");
    let page = block_on(choices(
        &lambda,
        CONNECT,
        "invoke",
        "yourFunctions",
        "{}",
        Some("sender"),
        None,
    ));
    assert!(page.unwrap().next.is_some());
    assert_eq!(lambda.attempts(), 200);
}

#[test]
fn url_is_rejected_by_what_it_is() {
    let function_url = "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws/";
    for (text, message) in [
        (function_url, "it is a function URL, "),
        (&function_url.to_uppercase(), "it is a function URL, "),
        (
            function_url.strip_prefix("https://").unwrap(),
            "it is a function URL, ",
        ),
        ("https://lambda.us-east-1.amazonaws.com", "it is a URL: "),
        ("http://127.0.0.1:9000/", "it is a URL: "),
    ] {
        for (key, use_name) in [("functionName", "Yes"), ("yourFunctions", "No")] {
            let lambda = account(&[]);
            let values = json!({"useFunctionName": use_name, key: text}).to_string();
            let chosen = choices(&lambda, CONNECT, "invoke", "qualifier", &values, None, None);
            for input in [refused(invoke(&lambda, &values)), refused(block_on(chosen))] {
                assert_eq!(input.field, key);
                assert!(input.message.starts_with(message), "{}", input.message);
                assert_contains(&input.message, ["name or ARN"]);
            }
            assert_eq!(lambda.attempts(), 0);
        }
    }
}
