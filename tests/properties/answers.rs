//! Arbitrary responses.

use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::aws::json::Fields;
use aws_lambda_connector::aws::message::Response;
use aws_lambda_connector::block_on::block_on;
use aws_lambda_connector::call::connection::Connection;
use aws_lambda_connector::call::delivery::Options;
use aws_lambda_connector::call::error::{Error, Executed, TransportKind};
use aws_lambda_connector::call::{failure, log_tail};
use aws_lambda_connector::cards;
use aws_lambda_connector::lambda::invoke::{InvocationType, Invoke, InvokeRequest};
use aws_lambda_connector::lambda::list_functions::{FunctionQuery, ListFunctions};
use aws_lambda_connector::lambda::list_qualifiers::ListQualifiers;
use aws_lambda_connector::perform::perform;
use aws_lambda_connector::sts::query;
use aws_lambda_connector::test_connection::test_connection;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::mutation::{bytes_like, text_like};
use crate::{SECRET, Script, TOKEN, assert_no_secret, config, connection};

const STATUSES: [u16; 20] = [
    200, 201, 202, 204, 206, 301, 307, 400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504,
    999,
];

/// The statuses that HTTP defines as refused before the request is processed or forwarded.
const REFUSALS: [u16; 9] = [407, 411, 413, 414, 417, 421, 431, 505, 511];

const BODIES: [&str; 20] = [
    "",
    "null",
    r#"{"ok":true,"n":12345678901234567890}"#,
    r#"{"errorMessage":"boom","errorType":"ValueError","requestId":"r","stackTrace":["  File \"a.py\", line 1\n"]}"#,
    r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 3a53 Error: Task timed out after 1.00 seconds"}"#,
    r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 3a53 Error: Runtime exited with error: signal: killed"}"#,
    r#"{"errorType":"Error","errorMessage":"m","trace":["Error: m","    at f (/var/task/index.js:1:1)"],"cause":{"errorType":"E"}}"#,
    r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:eu-central-1:123456789012:function:f"}"#,
    r#"{"message":"Rate exceeded","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User"}"#,
    r#"{"__type":"com.amazonaws#InvalidSignatureException:http://x","message":"Signature expired: 20261122T110000Z is now earlier than 20261122T115500Z (20261122T120000Z - 5 min.)"}"#,
    r#"{"Functions":[{"FunctionName":"f","FunctionArn":"arn:aws:lambda:eu-central-1:123456789012:function:f","Version":"$LATEST","Timeout":3,"MemorySize":128,"Architectures":["arm64"],"TenancyConfig":{"TenantIsolationMode":"PER_TENANT"},"DurableConfig":{}}],"NextMarker":"bWFya2Vy"}"#,
    r#"{"Versions":[{"FunctionName":"f","FunctionArn":"a","Version":"1","Description":"d"}],"NextMarker":null}"#,
    r#"{"Aliases":[{"AliasArn":"a","Name":"live","FunctionVersion":"2","Description":"","RoutingConfig":{"AdditionalVersionWeights":{"3":0.1}}}]}"#,
    r#"{"DurableExecutionArn":"arn:aws:lambda:eu-central-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e","DurableExecutionName":"order-7","FunctionArn":"a","StartTimestamp":1795780800.25,"EndTimestamp":1.795780801E9,"Status":"FAILED","Version":"1","InputPayload":"{\"a\": 1}","Error":{"ErrorType":"T","StackTrace":["x"]}}"#,
    r#"{"DurableExecutions":[{"DurableExecutionArn":"a","DurableExecutionName":"n","StartTimestamp":1,"Status":"REVIEWING"}],"NextMarker":"m"}"#,
    r#"{"Events":[{"EventType":"StepFailed","EventId":7,"EventTimestamp":1,"Id":"o","ParentId":"p","Name":"n","StepFailedDetails":{"a" : 1}}]}"#,
    r#"{"StopTimestamp":"2026-11-27T12:00:00Z"}"#,
    "<html><body>502 Bad Gateway</body></html>",
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message></Error></ErrorResponse>",
];

const LOG: &str = "U1RBUlQgUmVxdWVzdElkOiBhIFZlcnNpb246ICRMQVRFU1QKRU5EIFJlcXVlc3RJZDogYQpSRVBPUlQgUmVxdWVzdElkOiBhCUR1cmF0aW9uOiAxLjIzIG1zCUJpbGxlZCBEdXJhdGlvbjogMiBtcwlNZW1vcnkgU2l6ZTogMTI4IE1CCU1heCBNZW1vcnkgVXNlZDogMzYgTUIJSW5pdCBEdXJhdGlvbjogMTEyLjM0IG1zCQo=";

const HEADERS: [(&str, &str); 14] = [
    ("content-type", "application/json"),
    ("content-length", "6291557"),
    ("Date", "Sun, 22 Nov 2026 12:00:00 GMT"),
    ("date", "Fri, 31 Dec 9999 23:59:60 GMT"),
    ("age", "1"),
    ("x-amz-function-error", "Unhandled"),
    ("X-Amz-Log-Result", LOG),
    ("x-amz-executed-version", "$LATEST"),
    ("x-amzn-requestid", "3a53bd2c-0b5c-4b3e-9a2c-2f2f0b3d6a11"),
    (
        "x-amzn-errortype",
        "TooManyRequestsException:http://internal.amazon.com/",
    ),
    ("x-amzn-errortype", "ServiceException"),
    ("x-amz-retry-after", "1500"),
    (
        "x-amzn-trace-id",
        "root=1-5759e988-bd862e3fe1be46a994272793;sampled=0",
    ),
    (
        "x-amz-durable-execution-arn",
        "arn:aws:lambda:eu-central-1:123456789012:function:f:1/durable-execution/n/i",
    ),
];

/// Values of [`HEADERS`], which are combined with any of the names.
const VALUES: [&str; 6] = [
    "Unhandled",
    LOG,
    "1500",
    "",
    "Sun, 22 Nov 2026 12:00:00 GMT",
    "-1",
];

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    prop_oneof![
        select(&HEADERS[..]).prop_map(|(name, value)| (name.into(), value.into())),
        (select(&HEADERS[..]), bytes_like(&VALUES))
            .prop_map(|((name, _), value)| (name.into(), value)),
    ]
}

pub fn response() -> impl Strategy<Value = Response> {
    let status = prop_oneof![4 => select(&STATUSES[..]), 1 => any::<u16>()];
    (status, vec(header(), 0..8), bytes_like(&BODIES)).prop_map(|(status, headers, body)| {
        Response {
            status,
            headers,
            body,
            ..Response::default()
        }
    })
}

/// A response of anything but AWS.
fn foreign_response() -> impl Strategy<Value = Response> {
    let refusal = select(&REFUSALS[..]);
    (response(), option::weighted(0.3, refusal), any::<bool>()).prop_map(
        |(mut response, refusal, blank)| {
            response
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("x-amzn-requestid"));
            if blank {
                let header = ("X-Amzn-RequestId".into(), b" ".to_vec());
                response.headers.push(header);
            }
            response.status = refusal.unwrap_or(response.status);
            response
        },
    )
}

fn clock() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1_795_348_800), any::<u64>()]
}

/// Checks what must be true of any error.
pub fn check_error(error: &Error, runs_function: bool) {
    assert_no_secret(&format!("{error:?}"));
    let (executed, attempts) = match error {
        Error::Service(error) | Error::Unauthenticated(error) => (error.executed, error.attempts),
        Error::Transport(error) => (error.executed, error.attempts),
        Error::FunctionFailed(failed) => (Executed::Yes, failed.invocation.attempts),
        Error::InvalidInput(input) => panic!("the input is valid: {input:?}"),
    };
    assert!((1..=3).contains(&attempts), "{error:?}");
    assert!(runs_function || executed == Executed::No, "{error:?}");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn invoking_survives_any_response(
        answers in vec(response(), 1..4),
        now in clock(),
        kind in select(&[None, Some(InvocationType::Event), Some(InvocationType::DryRun)][..]),
        durable in any::<bool>(),
    ) {
        let request = InvokeRequest {
            function: "f".into(),
            invocation_type: kind,
            durable_execution_name: durable.then(|| "n".into()),
            ..InvokeRequest::default()
        };
        let last_success = answers.iter().any(|answer| (200..300).contains(&answer.status));
        let script = Script::new(answers, now);
        match block_on(perform(&script, Invoke::new(connection(), request).unwrap())) {
            Ok(invocation) => {
                prop_assert!((200..300).contains(&invocation.status_code) && last_success);
                assert_no_secret(&format!("{invocation:?}"));
            }
            // Others than Lambda may run the function for a dry run.
            Err(error) => check_error(&error, true),
        }
        prop_assert!((1..=3).contains(&script.sent.get()));
        // Two backoffs of a throttled call, each lengthened by the most that the service may add.
        prop_assert!(script.waited_ms.get() <= 1_000 + 2_000 + 2 * 5_000);
    }

    /// Something else than Lambda answers. Only a status that HTTP defines as refused before the
    /// request is forwarded proves that the function did not start.
    #[test]
    fn answers_without_a_request_id_prove_nothing_unless_http_refuses(
        answers in vec(foreign_response(), 1..4),
        now in clock(),
        kind in select(&[None, Some(InvocationType::Event), Some(InvocationType::DryRun)][..]),
        durable in any::<bool>(),
        idempotent in any::<bool>(),
        at_url in any::<bool>(),
    ) {
        let endpoint = if at_url {
            EndpointChoice::Url("https://proxy.example".into())
        } else {
            EndpointChoice::Standard
        };
        let connection = Connection { endpoint, ..connection() };
        let request = InvokeRequest {
            function: "f".into(),
            invocation_type: kind,
            durable_execution_name: durable.then(|| "n".into()),
            delivery: Some(Options { idempotent: Some(idempotent), ..Options::default() }),
            ..InvokeRequest::default()
        };
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        let script = Script::new(answers, now);
        let result = block_on(perform(&script, Invoke::new(connection, request).unwrap()));
        let Err(Error::Transport(error)) = result else {
            panic!("{statuses:?}: {result:?}");
        };
        assert_no_secret(&format!("{error:?}"));
        // After the last answer, connections fail.
        let sent = usize::try_from(script.sent.get()).unwrap();
        let answered = statuses.get(..sent).unwrap_or(&statuses);
        let kind = if sent > statuses.len() { TransportKind::Connect } else { TransportKind::NotLambda };
        let refused = answered.iter().all(|status| REFUSALS.contains(status));
        let executed = if refused { Executed::No } else { Executed::Unknown };
        prop_assert_eq!((error.kind, error.executed), (kind, executed), "{:?}: {:?}", answered, error);
        prop_assert!(idempotent || sent == 1, "{answered:?}: {sent} requests");
    }

    #[test]
    fn listing_survives_any_response(answers in vec(response(), 1..6), now in clock(), all_versions in any::<bool>()) {
        let query = FunctionQuery {
            all_versions,
            limit: Some(2),
            name_contains: all_versions.then(|| "F".into()),
            ..FunctionQuery::default()
        };
        match block_on(perform(&Script::new(answers.clone(), now), ListFunctions::new(connection(), query).unwrap())) {
            Ok(page) => {
                prop_assert!(page.functions.len() <= 2);
                // A returned cursor is accepted.
                let next = FunctionQuery { cursor: page.next, ..FunctionQuery::default() };
                prop_assert!(ListFunctions::new(connection(), next).is_ok());
            }
            Err(error) => check_error(&error, false),
        }
        match block_on(perform(&Script::new(answers, now), ListQualifiers::new(connection(), "f").unwrap())) {
            Ok(qualifiers) => assert_no_secret(&format!("{qualifiers:?}")),
            Err(error) => check_error(&error, false),
        }
    }

    #[test]
    fn testing_the_connection_survives_any_response(answers in vec(response(), 0..9), now in clock()) {
        let checks = block_on(test_connection(&Script::new(answers, now), &connection(), Some("f"), None)).unwrap();
        prop_assert_eq!(checks.len(), 6);
        assert_no_secret(&format!("{checks:?}"));
    }

    #[test]
    fn running_cards_survives_any_response(answers in vec(response(), 0..4), now in clock()) {
        let connection = format!(
            r#"{{"region":"eu-central-1","accessKeyId":"AKID","secretAccessKey":"{SECRET}","sessionToken":"{TOKEN}"}}"#
        );
        for (card, values) in [
            ("invoke", r#"{"useFunctionName":"Yes","functionName":"f:live","yourFunctions":"f"}"#),
            ("invoke", r#"{"yourFunctions":"f","onError":"Continue","onFunctionError":"Continue"}"#),
            ("list-functions", r#"{"nameContains":"F"}"#),
        ] {
            let script = || Script::new(answers.clone(), now);
            let outcome = block_on(cards::run(&script(), &connection, card, values));
            prop_assert!(!matches!(&outcome, Err(Error::InvalidInput(input)) if input.field.starts_with("values")));
            if let Ok(outputs) = &outcome {
                prop_assert!(Fields::read(outputs).is_some(), "{}", outputs);
            }
            assert_no_secret(&format!("{outcome:?}"));
            let tested = block_on(cards::test(&script(), &connection, card, values));
            prop_assert!(tested.is_ok(), "{tested:?}");
            assert_no_secret(&format!("{tested:?}"));
        }
        let choices = block_on(cards::choices(
            &Script::new(answers, now), &connection, "invoke", "yourFunctions", "{}", None, None,
        ));
        assert_no_secret(&format!("{choices:?}"));
    }

    #[test]
    fn any_error_document_is_parsed_without_panic(marker in text_like(&["Unhandled", "Handled"]), body in bytes_like(&BODIES)) {
        let failure = failure::read(marker.clone(), &body);
        prop_assert_eq!(failure.marker, marker);
    }

    #[test]
    fn any_log_tail_is_parsed_without_panic(header in text_like(&[LOG])) {
        if let Some(tail) = log_tail::read(&header) {
            // A byte that is not UTF-8 becomes a character of three bytes.
            prop_assert!(tail.text.len() <= 3 * header.len());
        }
    }

    #[test]
    fn any_sts_document_is_parsed_without_panic(body in bytes_like(&BODIES)) {
        let _ = query::texts(&body, ["Error/Code", "GetCallerIdentityResult/Arn"]);
    }

    /// AWS explains a signature that does not match with the request as received, which includes
    /// the session token.
    #[test]
    fn message_that_repeats_the_token_is_redacted(
        code in select(&["InvalidSignatureException", "SignatureDoesNotMatch", "ServiceException", ""][..]),
        status in select(&[400_u16, 403, 500][..]),
    ) {
        let message = format!(
            "The Canonical String for this request should have been\\n'POST\\n/\\n\\nhost:h\\nx-amz-security-token:{TOKEN}\\n'"
        );
        let answer = Response {
            status,
            headers: vec![
                ("x-amzn-errortype".into(), code.into()),
                ("x-amzn-requestid".into(), "8f5e".into()),
            ],
            body: format!(r#"{{"message":"{message}"}}"#).into_bytes(),
            ..Response::default()
        };
        let request = InvokeRequest { function: "f".into(), ..InvokeRequest::default() };
        let script = Script::new(vec![answer], 1_795_348_800);
        let error = block_on(perform(&script, Invoke::new(connection(), request).unwrap())).unwrap_err();
        assert_no_secret(&format!("{error:?}"));
    }
}
