//! A function that answers to do harm: all that it writes is text, and no text makes more of itself
//! than it is.

use aws_lambda_connector_host::bindings::types::{
    Error, FailedInvocation, FunctionFailure, Payload,
};

use crate::raw::Bytes;
use crate::{LAMBDA, each};

const LARGE: usize = 6_291_556;

/// What the caller is told of a failed function that left this document. Its bytes are there, too.
async fn failures(document: &str, look: impl Fn(&str, FunctionFailure)) {
    let head = format!("{LAMBDA}x-amz-function-error: Unhandled\r\n");
    each(
        &Bytes::whole(&head, document),
        |wasi, result| match result {
            Err(Error::FunctionFailed(FailedInvocation {
                invocation,
                failure,
            })) => {
                let output = invocation.output;
                assert!(
                    matches!(output, Some(Payload::Text(text)) if text == document),
                    "{wasi}"
                );
                look(wasi, failure);
            }
            other => panic!("{wasi}: {:.200}", format!("{other:?}")),
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_a_million_parts_is_a_failure_all_the_same() {
    let of = |part: &str| part.repeat(LARGE / part.len() - 20);
    for document in [
        format!(
            "{{\"errorType\":\"E\",\"stackTrace\":[{}\"\"]}}",
            of("\"\",")
        ),
        format!("{{\"errorType\":\"E\",\"stackTrace\":[{}0]}}", of("0,")),
        format!("{{\"errorType\":\"E\",\"stackTrace\":[{}{{}}]}}", of("{},")),
        format!("{{\"errorType\":\"E\",\"trace\":\"{}\"}}", of("\\n")),
    ] {
        assert!(document.len() <= LARGE);
        failures(&document, |wasi, failure| {
            assert_eq!(failure.error_type.as_deref(), Some("E"), "{wasi}");
            assert!(
                failure.stack_trace.len() <= 10_000,
                "{wasi}: {}",
                failure.stack_trace.len()
            );
        })
        .await;
    }
    let many = format!("{{{}\"errorType\":\"E\"}}", of("\"\":0,"));
    failures(&many, |wasi, failure| {
        assert_eq!(failure.stack_trace.len(), 0, "{wasi}");
    })
    .await;
}

#[tokio::test]
async fn a_failure_of_one_large_text_keeps_it() {
    let text = "x".repeat(LARGE - 100);
    let document = format!("{{\"errorType\":\"E\",\"errorMessage\":\"{text}\"}}");
    failures(&document, |wasi, failure| {
        assert!(failure.error_message.as_deref() == Some(&*text), "{wasi}");
    })
    .await;
}

/// Lambda's header says whether a function failed. What it writes itself does not.
#[tokio::test]
async fn no_output_makes_a_failure_and_no_failure_document_a_success() {
    for output in [
        r#"{"errorType":"Runtime.ExitError","errorMessage":"no"}"#,
        r#"{"FunctionError":"Unhandled","StatusCode":500}"#,
        "HTTP/1.1 500 No\r\nx-amz-function-error: Unhandled\r\n\r\n",
    ] {
        each(&Bytes::whole(LAMBDA, output), |wasi, result| {
            let invocation = result.unwrap();
            assert!(
                matches!(&invocation.output, Some(Payload::Text(text)) if text == output),
                "{wasi}: {invocation:?}"
            );
        })
        .await;
    }
    for document in ["", "null", "{}", r#"{"statusCode":200,"body":"fine"}"#] {
        failures(document, |wasi, failure| {
            assert_eq!(failure.marker, "Unhandled", "{wasi}");
        })
        .await;
    }
}
