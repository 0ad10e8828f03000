//! A function that returns hostile payloads and error documents. The connector treats them as text
//! and never expands them.

use aws_lambda_connector_host::bindings::types::FunctionFailure;
use testing::outcome::{function_failed, text};
use testing::{Component, case, for_each_component};

use crate::{LAMBDA, LARGE, invoked, with_length};

/// Returns the failure that the caller sees for this error document. The payload must be the
/// unchanged document.
async fn failure(component: Component, document: &str) -> FunctionFailure {
    let head = format!("{LAMBDA}x-amz-function-error: Unhandled\r\n");
    let failed = function_failed(invoked(component, with_length(&head, document)).await);
    assert!(text(Ok(failed.invocation)) == document);
    failed.failure
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failure_document_with_a_million_elements_is_still_reported(component: Component) {
    let repeat = |element: &str| element.repeat(LARGE / element.len() - 20);
    for document in [
        format!(
            r#"{{"errorType":"E","stackTrace":[{}""]}}"#,
            repeat("\"\",")
        ),
        format!(r#"{{"errorType":"E","stackTrace":[{}0]}}"#, repeat("0,")),
        format!(
            r#"{{"errorType":"E","stackTrace":[{}{{}}]}}"#,
            repeat("{},")
        ),
        format!(r#"{{"errorType":"E","trace":"{}"}}"#, repeat("\\n")),
    ] {
        let _case = case(&document[..40]);
        assert!(document.len() <= LARGE);
        let failure = failure(component, &document).await;
        assert_eq!(failure.error_type.as_deref(), Some("E"));
        let frames = failure.stack_trace.len();
        assert!(frames <= 10_000, "{frames}");
    }
    let many = format!("{{{}\"errorType\":\"E\"}}", repeat("\"\":0,"));
    assert_eq!(failure(component, &many).await.stack_trace.len(), 0);
}

#[for_each_component]
#[tokio::test]
async fn failure_keeps_an_error_message_of_several_megabytes(component: Component) {
    let text = "x".repeat(LARGE - 100);
    let document = format!("{{\"errorType\":\"E\",\"errorMessage\":\"{text}\"}}");
    let failure = failure(component, &document).await;
    assert!(failure.error_message.as_deref() == Some(&*text));
}

/// Only Lambda's header reports that a function failed. The function's own output does not.
#[for_each_component]
#[tokio::test]
async fn only_the_function_error_header_marks_a_failure(component: Component) {
    for output in [
        r#"{"errorType":"Runtime.ExitError","errorMessage":"no"}"#,
        r#"{"FunctionError":"Unhandled","StatusCode":500}"#,
        "HTTP/1.1 500 No\r\nx-amz-function-error: Unhandled\r\n\r\n",
    ] {
        let result = invoked(component, with_length(LAMBDA, output)).await;
        assert_eq!(text(result), output);
    }
    for document in ["", "null", "{}", r#"{"statusCode":200,"body":"fine"}"#] {
        let _case = case(document);
        assert_eq!(failure(component, document).await.marker, "Unhandled");
    }
}
