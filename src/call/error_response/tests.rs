//! Error answers in every shape, and the meaning of every code.

use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::testing::answer;

fn refused() -> RequestContext {
    RequestContext {
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:us-east-1:<account>:function:f".into(),
        runs_function: true,
        attempts: 2,
    }
}

fn service_error(response: &Response) -> ServiceError {
    match read(response, &refused()) {
        Error::Service(error) | Error::Unauthenticated(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn code_and_message_in_every_shape() {
    let header = "x-amzn-ErrorType";
    for (headers, body, code, message) in [
        (
            vec![(header, "FooError")],
            r#"{"message":"m"}"#,
            "FooError",
            "m",
        ),
        (
            vec![(
                "X-AMZN-ERRORTYPE",
                "FooError:http://internal.amazon.com/coral/x/",
            )],
            r#"{"Message":"m"}"#,
            "FooError",
            "m",
        ),
        (
            vec![(header, "aws.protocoltests#FooError")],
            "{}",
            "FooError",
            "the answer has status 400 and no message",
        ),
        (
            vec![(
                header,
                "aws.protocoltests#FooError:http://internal.amazon.com/",
            )],
            "",
            "FooError",
            "the answer has status 400 and no message",
        ),
        (
            vec![(header, "Header")],
            r#"{"code":"Body","__type":"Type"}"#,
            "Header",
            "the answer has status 400 and no message",
        ),
        (
            vec![],
            r#"{"code":"FooError","message":"m"}"#,
            "FooError",
            "m",
        ),
        (
            vec![],
            r#"{"Code":"FooError","message":"m"}"#,
            "FooError",
            "m",
        ),
        (
            vec![],
            r#"{"__type":"ns#FooError:http://x/","errorMessage":"m"}"#,
            "FooError",
            "m",
        ),
        (
            vec![],
            r#"{"message":"lower","Message":"upper"}"#,
            "HTTP 400",
            "lower",
        ),
        (
            vec![],
            r#"{"message":null,"Message":"upper"}"#,
            "HTTP 400",
            "upper",
        ),
        (
            vec![],
            "<html>Bad gateway</html>",
            "HTTP 400",
            "the answer has status 400 and no message",
        ),
        (
            vec![],
            "null",
            "HTTP 400",
            "the answer has status 400 and no message",
        ),
        (
            vec![],
            "[",
            "HTTP 400",
            "the answer has status 400 and no message",
        ),
    ] {
        let error = service_error(&answer(400, &headers, body));
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            (code, message),
            "{body}"
        );
        assert_eq!((error.status_code, error.attempts), (400, 2));
    }
}

#[test]
fn the_request_id_comes_under_two_names() {
    let id = |name| service_error(&answer(500, &[(name, "1-2-3")], "")).request_id;
    assert_eq!(id("x-amzn-RequestId").as_deref(), Some("1-2-3"));
    assert_eq!(id("x-amz-request-id").as_deref(), Some("1-2-3"));
    assert_eq!(id("x-other"), None);
}

/// Every modelled error of Invoke and every other that occurs: status, category, executed,
/// retryable.
#[test]
fn the_meaning_of_every_code() {
    use Category::*;
    use Executed::{No, Unknown};
    let table: Vec<(u16, &str, Category, Executed, bool)> = vec![
        (
            400,
            "InvalidParameterValueException",
            InvalidRequest,
            No,
            false,
        ),
        (
            400,
            "InvalidRequestContentException",
            InvalidRequest,
            No,
            false,
        ),
        (400, "ModeNotSupportedException", InvalidRequest, No, false),
        (
            400,
            "NoPublishedVersionException",
            InvalidRequest,
            No,
            false,
        ),
        (
            400,
            "RecursiveInvocationException",
            InvalidRequest,
            No,
            false,
        ),
        (400, "SnapStartException", FunctionConfiguration, No, false),
        (402, "ServiceQuotaExceededException", Throttled, No, false),
        (
            403,
            "EFSMountFailureException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            403,
            "S3FilesMountFailureException",
            FunctionConfiguration,
            No,
            false,
        ),
        (404, "ResourceNotFoundException", NotFound, No, false),
        (
            408,
            "EFSMountConnectivityException",
            FunctionConfiguration,
            No,
            true,
        ),
        (
            408,
            "EFSMountTimeoutException",
            FunctionConfiguration,
            No,
            true,
        ),
        (
            408,
            "S3FilesMountConnectivityException",
            FunctionConfiguration,
            No,
            true,
        ),
        (
            408,
            "S3FilesMountTimeoutException",
            FunctionConfiguration,
            No,
            true,
        ),
        (408, "SnapStartTimeoutException", NotReady, No, true),
        (
            409,
            "CodeArtifactUserDeletedException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            409,
            "CodeArtifactUserFailedException",
            FunctionConfiguration,
            No,
            false,
        ),
        (409, "CodeArtifactUserPendingException", NotReady, No, true),
        (
            409,
            "DurableExecutionAlreadyStartedException",
            Conflict,
            No,
            false,
        ),
        (409, "ResourceConflictException", Conflict, No, true),
        (
            409,
            "RuntimeAliasDeletedException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            409,
            "RuntimeVersionDeletedException",
            FunctionConfiguration,
            No,
            false,
        ),
        (409, "SnapStartNotReadyException", NotReady, No, true),
        (
            409,
            "SnapStartRegenerationFailureException",
            FunctionConfiguration,
            No,
            false,
        ),
        (410, "EFSIOException", FunctionConfiguration, Unknown, true),
        (413, "RequestTooLargeException", TooLarge, No, false),
        (
            413,
            "SerializedRequestEntityTooLargeException",
            TooLarge,
            No,
            false,
        ),
        (413, "RequestEntityTooLargeException", TooLarge, No, false),
        (
            415,
            "UnsupportedMediaTypeException",
            InvalidRequest,
            No,
            false,
        ),
        (429, "TooManyRequestsException", Throttled, No, true),
        (500, "ServiceException", ServiceFault, Unknown, true),
        (
            502,
            "EC2AccessDeniedException",
            FunctionConfiguration,
            No,
            false,
        ),
        (502, "EC2ThrottledException", Throttled, No, true),
        (
            502,
            "EC2UnexpectedException",
            FunctionConfiguration,
            No,
            true,
        ),
        (
            502,
            "ENILimitReachedException",
            FunctionConfiguration,
            No,
            false,
        ),
        (502, "ENINotReadyException", NotReady, No, true),
        (
            502,
            "InvalidRuntimeException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            502,
            "InvalidSecurityGroupIDException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            502,
            "InvalidSubnetIDException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            502,
            "InvalidZipFileException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            502,
            "KMSAccessDeniedException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            502,
            "KMSDisabledException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            502,
            "KMSInvalidStateException",
            FunctionConfiguration,
            No,
            false,
        ),
        (
            502,
            "KMSNotFoundException",
            FunctionConfiguration,
            No,
            false,
        ),
        (502, "ResourceNotReadyException", NotReady, No, true),
        (
            502,
            "SubnetIPAddressLimitReachedException",
            FunctionConfiguration,
            No,
            false,
        ),
        (400, "ValidationException", InvalidRequest, No, false),
        (403, "AccessDeniedException", AccessDenied, No, false),
        (403, "UnrecognizedClientException", Credentials, No, false),
        (403, "InvalidSignatureException", Credentials, No, false),
        (403, "ExpiredTokenException", Credentials, No, false),
        (
            403,
            "MissingAuthenticationTokenException",
            Credentials,
            No,
            false,
        ),
        (403, "IncompleteSignatureException", Credentials, No, false),
        (403, "InvalidClientTokenId", Credentials, No, false),
        (400, "ThrottlingException", Throttled, No, true),
        (400, "NeverHeardOfException", InvalidRequest, No, false),
        (401, "Whatever", Credentials, No, false),
        (403, "Forbidden", AccessDenied, No, false),
        (404, "Whatever", NotFound, No, false),
        (429, "Whatever", Throttled, No, true),
        (500, "Whatever", ServiceFault, Unknown, true),
        (503, "Whatever", ServiceFault, Unknown, true),
        (302, "Whatever", Other, Unknown, false),
    ];
    for (status, code, category, executed, retryable) in table {
        let error = service_error(&answer(status, &[("x-amzn-errortype", code)], "{}"));
        assert_eq!(
            (error.category, error.executed, error.retryable),
            (category, executed, retryable),
            "{code}"
        );
    }
}

#[test]
fn a_read_never_ran_the_function() {
    let read_refused = RequestContext {
        runs_function: false,
        ..refused()
    };
    let Error::Service(error) = read(&answer(500, &[], ""), &read_refused) else {
        panic!("not a service error");
    };
    assert_eq!((error.executed, error.retryable), (Executed::No, true));
}

#[test]
fn credentials_and_clocks_are_unauthenticated() {
    let error = |code, message: &str| {
        let body = format!(r#"{{"message":"{message}"}}"#);
        match read(
            &answer(403, &[("x-amzn-errortype", code)], body),
            &refused(),
        ) {
            Error::Unauthenticated(error) => error.category,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        error("UnrecognizedClientException", "x"),
        Category::Credentials
    );
    assert_eq!(
        error(
            "InvalidSignatureException",
            "The request signature we calculated does not match"
        ),
        Category::Credentials
    );
    assert_eq!(
        error(
            "InvalidSignatureException",
            "Signature expired: X is now earlier than Y (Z - 5 min.)"
        ),
        Category::ClockSkew
    );
    assert_eq!(
        error(
            "InvalidSignatureException",
            "Signature not yet current: X is still later than Y"
        ),
        Category::ClockSkew
    );
    assert_eq!(error("RequestTimeTooSkewed", ""), Category::ClockSkew);
}

#[test]
fn access_denied_names_the_action_and_the_resource() {
    for headers in [vec![("x-amzn-errortype", "AccessDeniedException")], vec![]] {
        let hint = service_error(&answer(403, &headers, "{}")).hint.unwrap();
        assert!(
            hint.contains("lambda:InvokeFunction")
                && hint.contains("arn:aws:lambda:us-east-1:<account>:function:f"),
            "{hint}"
        );
    }
}

#[test]
fn a_throttle_says_whose_limit() {
    let hint = |reason: &str| {
        let body = format!(r#"{{"Reason":"{reason}","message":"Rate Exceeded."}}"#);
        service_error(&answer(
            429,
            &[("x-amzn-errortype", "TooManyRequestsException")],
            body,
        ))
        .hint
        .unwrap()
    };
    assert!(
        hint("ReservedFunctionConcurrentInvocationLimitExceeded").contains("reserved concurrency")
    );
    assert!(hint("ConcurrentInvocationLimitExceeded").contains("account's concurrency"));
    assert!(hint("CallerRateLimitExceeded").contains("request rate"));
    assert!(hint("SomethingNew").contains("quota"));
}
