//! Invocations: rejected requests, the request on the wire, and the meaning of responses.

use super::*;
use crate::aws::endpoint::EndpointChoice;
use crate::call::error::{InvalidInput, TransportKind};
use crate::call::failure::FailureCause;
use crate::testing::{
    answer, assert_contains, coded, connection, invocation as request, lambdas, service_error,
    transport_error,
};

fn invoke(request: InvokeRequest) -> Invoke {
    Invoke::new(connection(), request).unwrap()
}

fn refused(request: InvokeRequest) -> InvalidInput {
    crate::testing::refused(Invoke::new(connection(), request))
}

fn at_url(url: &str) -> Connection {
    Connection {
        endpoint: EndpointChoice::Url(url.into()),
        ..connection()
    }
}

fn read(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<Invocation, Error> {
    output(request(), lambdas(status, headers, body), 2)
}

fn output(request: InvokeRequest, response: Response, attempts: u8) -> Result<Invocation, Error> {
    let mut operation = invoke(request);
    operation.read(response, attempts)?;
    let output = operation.take_output();
    Ok(output.expect("an invocation is one request"))
}

#[test]
fn an_invocation_with_a_payload_is_a_post_with_that_body() {
    let operation = invoke(InvokeRequest {
        payload: Some(r#"{"a": 12345678901234567890, "a":1}"#.into()),
        ..request()
    });
    let request = operation.request();
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.authority, "lambda.us-east-1.amazonaws.com");
    assert_eq!(
        request.path_with_query(),
        "/2015-03-31/functions/f/invocations"
    );
    assert_eq!(
        request.headers,
        [("content-type", Cow::Borrowed("application/json"))]
    );
    assert_eq!(request.body, br#"{"a": 12345678901234567890, "a":1}"#);
}

#[test]
fn an_invocation_without_a_payload_has_no_body() {
    let operation = invoke(request());
    let request = operation.request();
    assert_eq!(request.body, b"");
    assert_eq!(request.headers, []);
}

#[test]
fn the_path_begins_with_the_base_path_of_a_custom_url() {
    let request = InvokeRequest {
        function: "f:live".into(),
        ..request()
    };
    let operation = Invoke::new(at_url("https://proxy.example:8443/aws/"), request).unwrap();
    let request = operation.request();
    assert_eq!(request.authority, "proxy.example:8443");
    assert_eq!(
        request.path_with_query(),
        "/aws/2015-03-31/functions/f%3Alive/invocations"
    );
}

#[test]
fn two_qualifiers_must_be_equal_and_each_must_be_valid() {
    let with = |function: &str, qualifier: &str| InvokeRequest {
        function: function.into(),
        qualifier: Some(qualifier.into()),
        ..request()
    };
    assert_eq!(
        invoke(with("f:live", "live")).request().path_with_query(),
        "/2015-03-31/functions/f%3Alive/invocations?Qualifier=live"
    );
    let contradiction = refused(with("f:live", "beta"));
    assert_eq!(contradiction.field, "request.qualifier");
    assert_contains(&contradiction.message, ["live", "beta"]);
    for bad in ["", "$latest", "a b", "a\nb", "é", &"a".repeat(129)] {
        let field = refused(with("f", bad)).field;
        assert_eq!(field, "request.qualifier", "{bad:?}");
    }
}

#[test]
fn a_payload_that_is_too_large_or_not_json_is_rejected() {
    let with = |payload: String, invocation_type| InvokeRequest {
        payload: Some(payload),
        invocation_type: Some(invocation_type),
        ..request()
    };
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    for (bytes, invocation_type) in [
        (6_291_456, InvocationType::RequestResponse),
        (6_291_456, InvocationType::DryRun),
        (1_048_576, InvocationType::Event),
    ] {
        let operation = invoke(with(text(bytes), invocation_type));
        assert_eq!(operation.request().body.len(), bytes);
        let refused = refused(with(text(bytes + 1), invocation_type));
        assert_eq!(refused.field, "request.payload");
        let [size, limit] = [bytes + 1, bytes].map(|bytes| bytes.to_string());
        assert_contains(&refused.message, [&size, &limit]);
    }
    for bad in ["", "{", "hello", "{} {}", "\u{feff}{}"] {
        let field = refused(with(bad.into(), InvocationType::RequestResponse)).field;
        assert_eq!(field, "request.payload", "{bad:?}");
    }
    for good in ["null", "0", r#""""#, "[]", " {} ", r#""\u0000""#] {
        invoke(with(good.into(), InvocationType::RequestResponse));
    }
}

#[test]
fn client_context_is_sent_unless_it_is_not_a_small_object_or_the_invocation_is_an_event() {
    let with = |context: &str, invocation_type| InvokeRequest {
        client_context: Some(context.into()),
        invocation_type: Some(invocation_type),
        ..request()
    };
    for invocation_type in [InvocationType::RequestResponse, InvocationType::DryRun] {
        let operation = invoke(with(r#"{"custom":{}}"#, invocation_type));
        let request = operation.request();
        assert!(request.headers.contains(&(
            "x-amz-client-context",
            Cow::Borrowed("eyJjdXN0b20iOnt9fQ==")
        )));
    }
    // In Base64, 2,685 bytes become 3,580, and 2,688 become 3,584.
    let object = |bytes: usize| format!("{{\"k\":\"{}\"}}", "x".repeat(bytes - 8));
    invoke(with(&object(2_685), InvocationType::RequestResponse));
    let too_long = refused(with(&object(2_688), InvocationType::RequestResponse));
    assert_eq!(too_long.field, "request.client-context");
    assert_contains(&too_long.message, ["3584", "3583"]);
    for (context, invocation_type) in [
        ("[]", InvocationType::RequestResponse),
        ("text", InvocationType::RequestResponse),
        ("eyJjdXN0b20iOnt9fQ==", InvocationType::RequestResponse),
        ("{}", InvocationType::Event),
        ("[]", InvocationType::DryRun),
        (&object(2_688), InvocationType::DryRun),
    ] {
        let field = refused(with(context, invocation_type)).field;
        assert_eq!(field, "request.client-context", "{context}");
    }
    let event = refused(with("{}", InvocationType::Event));
    assert_contains(&event.message, ["asynchronous (`event`)", "leave it out"]);
}

#[test]
fn a_text_that_cannot_be_a_header_is_rejected() {
    let rejected_with = |change: &dyn Fn(&mut InvokeRequest)| {
        let mut request = request();
        change(&mut request);
        refused(request).field
    };
    let long = "a".repeat(300);
    for bad in ["", "a\r\nx-amz-evil: 1", "a\u{0}", "é", " a", "a ", &long] {
        let field = rejected_with(&|request| request.tenant_id = Some(bad.into()));
        assert_eq!(field, "request.tenant-id", "{bad:?}");
        let field = rejected_with(&|request| request.durable_execution_name = Some(bad.into()));
        assert_eq!(field, "request.durable-execution-name", "{bad:?}");
    }
    for bad in ["", "a\nb", "a b", "é"] {
        let field = rejected_with(&|request| request.trace_id = Some(bad.into()));
        assert_eq!(field, "request.trace-id", "{bad:?}");
    }
    let operation = invoke(InvokeRequest {
        tenant_id: Some("tenant  a/b=c+d@e".into()),
        ..request()
    });
    assert!(
        operation
            .request()
            .headers
            .contains(&("x-amz-tenant-id", Cow::Borrowed("tenant  a/b=c+d@e"))),
        "the wire keeps both spaces"
    );
}

#[test]
fn ids_of_the_request_and_the_trace_are_checked_and_normalized() {
    let id = "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11";
    let operation = invoke(InvokeRequest {
        trace_id: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        request_id: Some(id.to_uppercase()),
        ..request()
    });
    assert_eq!(operation.request_id(), Some(id));
    let trace = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1";
    assert_eq!(
        operation.request().headers,
        [("x-amzn-trace-id", Cow::Borrowed(trace))]
    );
    assert_eq!(invoke(request()).request_id(), None);

    let trace = refused(InvokeRequest {
        trace_id: Some("00-4bf92f35".into()),
        ..request()
    });
    assert_eq!(trace.field, "request.trace-id");
    let id = refused(InvokeRequest {
        request_id: Some("order-7".into()),
        ..request()
    });
    assert_eq!(id.field, "request.request-id");
}

#[test]
fn every_header_of_a_success_is_read() {
    let invocation = read(
        200,
        &[
            ("X-Amz-Executed-Version", "7"),
            ("x-amzn-RequestId", "8f5e"),
            ("X-Amzn-Trace-Id", "root=1-2-3"),
            ("X-Amz-Durable-Execution-Arn", "arn:d"),
            ("X-Amz-Log-Result", "aGk="),
        ],
        br#"{"n": 12345678901234567890}"#,
    )
    .unwrap();
    assert_eq!(invocation.status_code, 200);
    assert_eq!(
        invocation.output,
        Some(Payload::Text(r#"{"n": 12345678901234567890}"#.into()))
    );
    assert_eq!(invocation.executed_version.as_deref(), Some("7"));
    assert_eq!(invocation.request_id.as_deref(), Some("8f5e"));
    assert_eq!(invocation.trace_id.as_deref(), Some("root=1-2-3"));
    assert_eq!(invocation.durable_execution_arn.as_deref(), Some("arn:d"));
    assert_eq!(invocation.log.unwrap().text, "hi");
    assert_eq!(invocation.attempts, 2);
}

fn of_type(kind: InvocationType, response: Response) -> Result<Invocation, Error> {
    let request = InvokeRequest {
        invocation_type: Some(kind),
        ..request()
    };
    output(request, response, 1)
}

#[test]
fn an_event_and_a_dry_run_have_no_output() {
    for (kind, status) in [(InvocationType::Event, 202), (InvocationType::DryRun, 204)] {
        let invocation = of_type(kind, lambdas(status, &[], "")).unwrap();
        assert_eq!((invocation.status_code, invocation.output), (status, None));
    }
    assert_eq!(
        read(200, &[], b"").unwrap().output,
        Some(Payload::Text(String::new()))
    );
}

#[test]
fn a_2xx_response_that_lambda_does_not_send_is_malformed() {
    use InvocationType::{DryRun, Event, RequestResponse};
    let failed = ("x-amz-function-error", "Unhandled");
    for (kind, response) in [
        (RequestResponse, lambdas(202, &[], "")),
        (RequestResponse, lambdas(201, &[], "{}")),
        (Event, lambdas(204, &[], "")),
        (Event, lambdas(202, &[failed], "{}")),
        (DryRun, lambdas(200, &[], "{}")),
        (DryRun, lambdas(204, &[failed], "")),
    ] {
        let error = transport_error(of_type(kind, response));
        // Another dry run would run the function again.
        assert_eq!(
            (error.kind, error.executed, error.transient),
            (TransportKind::Malformed, Executed::Unknown, kind != DryRun)
        );
    }
}

#[test]
fn a_response_without_a_length_is_cut_off_unless_its_json_is_complete() {
    let complete = [
        "{}",
        "{\"amount\":12}\n",
        "text, not JSON",
        "nothing",
        "[1]",
        "\"text\"",
        "null",
        " true",
    ];
    let uncertain = ["", "{\"amount\":12", "[1", "\"te", "tru", "12", "-1", " "];
    for (bodies, is_complete) in [(&complete[..], true), (&uncertain[..], false)] {
        for body in bodies {
            let mut response = answer(200, &[("x-amzn-requestid", "8f5e")], *body);
            let result = of_type(InvocationType::RequestResponse, response.clone());
            if is_complete {
                assert_eq!(result.unwrap().output, Some(Payload::Text((*body).into())));
                continue;
            }
            let error = transport_error(result);
            assert_eq!(
                (error.kind, error.executed),
                (TransportKind::CutOff, Executed::Yes),
                "{body}"
            );
            for framing in [("content-length", "9"), ("transfer-encoding", "chunked")] {
                response.headers.push((framing.0.into(), framing.1.into()));
                let output = of_type(InvocationType::RequestResponse, response.clone());
                assert_eq!(output.unwrap().output, Some(Payload::Text((*body).into())));
                response.headers.pop();
            }
        }
    }
}

#[test]
fn an_error_status_with_a_function_error_is_the_functions_failure() {
    let marker = ("x-amz-function-error", "Unhandled");
    let failed = read(500, &[marker], br#"{"errorType":"E","errorMessage":"m"}"#);
    let Err(Error::FunctionFailed(failed)) = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(failed.invocation.status_code, 500);
    assert_eq!(failed.failure.error_type.as_deref(), Some("E"));

    // Beside a code of Lambda, or with the status of a refusal, it is a contradiction.
    let code = ("x-amzn-errortype", "TooManyRequestsException");
    for (status, headers) in [
        (429, &[marker, code][..]),
        (502, &[marker, code]),
        (429, &[marker]),
    ] {
        let error = service_error(read(status, headers, b"{}"));
        assert_eq!(error.executed, Executed::Unknown, "{status} {headers:?}");
    }
}

#[test]
fn an_output_that_is_not_utf_8_is_binary() {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(
        read(200, &[], &bytes).unwrap().output,
        Some(Payload::Binary(bytes))
    );
}

#[test]
fn only_the_header_marks_a_failed_function() {
    let document = br#"{"errorType":"KeyError","errorMessage":"'id'"}"#;
    let success = read(200, &[], document).unwrap();
    assert_eq!(success.status_code, 200);
    for marker in ["Unhandled", "Handled", "", "anything"] {
        let headers = [
            ("X-Amz-Function-Error", marker),
            ("X-Amz-Executed-Version", "1"),
        ];
        let Err(Error::FunctionFailed(failed)) = read(200, &headers, document) else {
            panic!("a failed function was reported as a success");
        };
        assert_eq!(failed.failure.marker, marker);
        assert_eq!(failed.failure.cause, FailureCause::Thrown);
        assert_eq!(failed.failure.error_type.as_deref(), Some("KeyError"));
        assert_eq!(failed.invocation.executed_version.as_deref(), Some("1"));
        assert_eq!(failed.invocation.output, success.output);
    }
}

#[test]
fn a_denied_access_names_the_permission_with_the_qualifier() {
    let mut operation = invoke(InvokeRequest {
        qualifier: Some("live".into()),
        ..request()
    });
    let denied = operation.read(coded(403, "AccessDeniedException"), 1);
    assert_contains(
        &service_error(denied).hint.unwrap(),
        ["lambda:InvokeFunction on arn:aws:lambda:us-east-1:<account>:function:f:live"],
    );
}

#[test]
fn debug_of_a_request_has_only_the_lengths_of_the_callers_data() {
    let request = InvokeRequest {
        client_context: Some(r#"{"a":"marked"}"#.into()),
        payload: Some(r#""marked""#.into()),
        tenant_id: Some("blue".into()),
        ..crate::testing::invocation()
    };
    assert_eq!(
        format!("{request:?}"),
        r#"InvokeRequest { function: "f", qualifier: None, invocation_type: None, log_type: None, client_context_bytes: Some(14), payload_bytes: Some(8), payload_is_json: false, tenant_id: Some("blue"), durable_execution_name: None, trace_id: None, request_id: None, response_mode: Buffered, max_response_bytes: None, delivery: None }"#
    );
    let mut invoke = Invoke::new(connection(), request).unwrap();
    let output = lambdas(200, &[("x-amz-executed-version", "1")], r#""marked""#);
    assert_eq!(invoke.read(output, 1), Ok(()));
    let shown = format!("{invoke:?}");
    let encoded = STANDARD.encode(r#"{"a":"marked"}"#);
    for secret in ["marked", &encoded, "secret\""] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(
        shown.contains("/2015-03-31/functions/f/invocations"),
        "{shown}"
    );
}

fn streamed() -> InvokeRequest {
    InvokeRequest {
        response_mode: ResponseMode::Streamed,
        ..request()
    }
}

fn stream_end(error_code: Option<&str>, error_details: Option<&str>) -> Option<Completion> {
    Some(Completion {
        error_code: error_code.map(Into::into),
        error_details: error_details.map(Into::into),
        log_result: Some(STANDARD.encode("START RequestId: 1")),
    })
}

fn read_stream(body: &str, completion: Option<Completion>) -> Result<Invocation, Error> {
    let headers = [("x-amz-executed-version", "7")];
    let mut response = lambdas(200, &headers, body);
    response.completion = completion.map(Box::new);
    output(streamed(), response, 1)
}

#[test]
fn streamed_response_is_collected_up_to_the_limit() {
    let operation = invoke(streamed());
    let sent = operation.request();
    assert_eq!(
        sent.path,
        "/2021-11-15/functions/f/response-streaming-invocations"
    );
    assert!(sent.is_event_stream);
    assert_eq!(sent.max_response_bytes, 16_777_216);
    for (mode, limit, expected) in [
        (ResponseMode::Streamed, 209_715_200, 209_715_200),
        (ResponseMode::Streamed, 1, 1),
        (ResponseMode::Streamed, 6_291_556, 6_291_556),
        (ResponseMode::Buffered, 1, 1),
        (
            ResponseMode::Buffered,
            6_291_556,
            crate::aws::message::MAX_RESPONSE_BYTES,
        ),
    ] {
        let operation = invoke(InvokeRequest {
            response_mode: mode,
            max_response_bytes: Some(limit),
            ..request()
        });
        assert_eq!(operation.request().max_response_bytes, expected);
    }
    let mut renamed = invoke(streamed());
    renamed.rename("g").unwrap();
    assert_eq!(
        renamed.request().path,
        "/2021-11-15/functions/g/response-streaming-invocations"
    );
}

#[test]
fn success_of_a_stream_is_known_only_by_its_end() {
    let invocation = read_stream("{\"ok\":true}", stream_end(None, None)).unwrap();
    assert_eq!(
        invocation.output,
        Some(Payload::Text("{\"ok\":true}".into()))
    );
    assert_eq!(invocation.executed_version.as_deref(), Some("7"));
    assert_eq!(invocation.log.unwrap().text, "START RequestId: 1");

    let document = r#"{"errorType":"KeyError","errorMessage":"'id'"}"#;
    let failed = read_stream("half of it", stream_end(Some("Unhandled"), Some(document)));
    let Err(Error::FunctionFailed(failed)) = failed else {
        panic!("the stream reports a failure");
    };
    assert_eq!(failed.failure.marker, "Unhandled");
    assert_eq!(failed.failure.error_type.as_deref(), Some("KeyError"));
    let streamed = Some(Payload::Text("half of it".into()));
    assert_eq!(failed.invocation.output, streamed);
    assert!(failed.invocation.log.is_some());

    let unknown = read_stream("", stream_end(Some("Unknown"), None));
    assert!(matches!(unknown, Err(Error::FunctionFailed(_))));

    let plain = transport_error(read_stream("{}", None));
    assert_eq!(
        (plain.kind, plain.executed),
        (TransportKind::Malformed, Executed::Unknown)
    );
}

#[test]
fn dry_run_of_a_stream_has_no_stream() {
    let request = InvokeRequest {
        invocation_type: Some(InvocationType::DryRun),
        ..streamed()
    };
    let invocation = output(request, lambdas(204, &[], ""), 1).unwrap();
    assert_eq!((invocation.status_code, invocation.output), (204, None));
}

#[test]
fn what_a_stream_does_not_have_is_rejected() {
    for (request, field) in [
        (
            InvokeRequest {
                invocation_type: Some(InvocationType::Event),
                ..streamed()
            },
            "request.response-mode",
        ),
        (
            InvokeRequest {
                durable_execution_name: Some("order-7".into()),
                ..streamed()
            },
            "request.response-mode",
        ),
        (
            InvokeRequest {
                max_response_bytes: Some(209_715_201),
                ..streamed()
            },
            "request.max-response-bytes",
        ),
        (
            InvokeRequest {
                max_response_bytes: Some(0),
                ..streamed()
            },
            "request.max-response-bytes",
        ),
        (
            InvokeRequest {
                max_response_bytes: Some(6_291_557),
                ..request()
            },
            "request.max-response-bytes",
        ),
        (
            InvokeRequest {
                payload: Some("7".into()),
                payload_sha256: Some(vec![0; 31]),
                ..request()
            },
            "request.payload-sha256",
        ),
        (
            InvokeRequest {
                payload_sha256: Some(vec![0; 32]),
                ..request()
            },
            "request.payload-sha256",
        ),
    ] {
        assert_eq!(refused(request).field, field);
    }
}

#[test]
fn payload_that_the_host_vouches_for_is_not_checked() {
    let request = |payload: &str, payload_is_json| InvokeRequest {
        payload: Some(payload.into()),
        payload_is_json,
        ..request()
    };
    assert_eq!(invoke(request("{", true)).request().body, b"{");
    assert_eq!(refused(request("{", false)).field, "request.payload");
    let long = "1".repeat(6_291_457);
    assert_eq!(refused(request(&long, true)).field, "request.payload");
}
