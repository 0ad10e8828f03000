//! Error responses in every format, and the classification of every code.

use super::*;
use crate::testing::{answer, assert_contains, coded};

fn context() -> RequestContext {
    RequestContext {
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:us-east-1:<account>:function:f".into(),
        effect: Effect::Run,
        attempts: 2,
    }
}

fn service_error(response: &Response) -> ServiceError {
    match read(response, &context()) {
        Error::Service(error) | Error::Unauthenticated(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn code_and_message_are_read_from_every_format() {
    const NONE: &str = "the response has status 400 and no message";
    const URL: &str = "http://internal.amazon.com/coral/x/";
    for (header, body, code, message) in [
        ("FooError", r#"{"message":"m"}"#, "FooError", "m"),
        (
            &format!("FooError:{URL}"),
            r#"{"Message":"m"}"#,
            "FooError",
            "m",
        ),
        ("aws.protocoltests#FooError", "{}", "FooError", NONE),
        (
            &format!("aws.protocoltests#FooError:{URL}"),
            "",
            "FooError",
            NONE,
        ),
        (
            "Header",
            r#"{"code":"Body","__type":"Type"}"#,
            "Header",
            NONE,
        ),
    ] {
        for name in ["x-amzn-ErrorType", "X-AMZN-ERRORTYPE"] {
            assert_read(&[(name, header)], body, code, message);
        }
    }
    for (body, code, message) in [
        (r#"{"code":"FooError","message":"m"}"#, "FooError", "m"),
        (r#"{"Code":"FooError","message":"m"}"#, "FooError", "m"),
        (
            r#"{"__type":"ns#FooError:http://x/","errorMessage":"m"}"#,
            "FooError",
            "m",
        ),
        (
            r#"{"message":"lower","Message":"upper"}"#,
            "HTTP 400",
            "lower",
        ),
        (r#"{"message":null,"Message":"upper"}"#, "HTTP 400", "upper"),
        ("<html>Bad gateway</html>", "HTTP 400", NONE),
        ("null", "HTTP 400", NONE),
        ("[", "HTTP 400", NONE),
    ] {
        assert_read(&[], body, code, message);
    }
}

#[track_caller]
fn assert_read(headers: &[(&str, &str)], body: &str, code: &str, message: &str) {
    let error = service_error(&answer(400, headers, body));
    let read = (error.code.as_str(), error.message.as_str());
    assert_eq!(read, (code, message), "{headers:?} {body}");
    assert_eq!((error.status_code, error.attempts), (400, 2));
}

#[test]
fn the_request_id_is_read_from_either_header() {
    let id = |name| service_error(&answer(500, &[(name, "1-2-3")], "")).request_id;
    assert_eq!(id("x-amzn-RequestId").as_deref(), Some("1-2-3"));
    assert_eq!(id("x-amz-request-id").as_deref(), Some("1-2-3"));
    assert_eq!(id("x-other"), None);
}

/// Every modeled error of Invoke, and every other that occurs. A classification is the category,
/// whether the function ran, and whether another attempt may succeed.
#[test]
fn every_code_is_classified() {
    use Category::*;
    use Executed::{No, Unknown};
    for (classification, answers) in [
        (
            (InvalidRequest, Unknown, false),
            vec![
                (400, "NeverHeardOfException"),
                (410, "NeverHeardOfException"),
            ],
        ),
        (
            (InvalidRequest, No, false),
            vec![
                (400, "InvalidParameterValueException"),
                (400, "InvalidRequestContentException"),
                (400, "ModeNotSupportedException"),
                (400, "NoPublishedVersionException"),
                (400, "RecursiveInvocationException"),
                (400, "ValidationException"),
                (415, "UnsupportedMediaTypeException"),
            ],
        ),
        (
            (FunctionConfiguration, No, false),
            vec![
                (400, "SnapStartException"),
                (403, "EFSMountFailureException"),
                (403, "S3FilesMountFailureException"),
                (409, "CodeArtifactUserFailedException"),
                (409, "RuntimeAliasDeletedException"),
                (409, "RuntimeVersionDeletedException"),
                (502, "EC2AccessDeniedException"),
                (502, "ENILimitReachedException"),
                (502, "InvalidRuntimeException"),
                (502, "InvalidSecurityGroupIDException"),
                (502, "InvalidSubnetIDException"),
                (502, "InvalidZipFileException"),
                (502, "KMSAccessDeniedException"),
                (502, "KMSDisabledException"),
                (502, "KMSInvalidStateException"),
                (502, "KMSNotFoundException"),
                (502, "SubnetIPAddressLimitReachedException"),
            ],
        ),
        (
            (Throttled, No, false),
            vec![(402, "ServiceQuotaExceededException")],
        ),
        (
            (NotFound, No, false),
            vec![
                (404, "ResourceNotFoundException"),
                (404, "UnknownException"),
            ],
        ),
        (
            (FunctionConfiguration, No, true),
            vec![
                (408, "EFSMountConnectivityException"),
                (408, "EFSMountTimeoutException"),
                (408, "S3FilesMountConnectivityException"),
                (408, "S3FilesMountTimeoutException"),
                (409, "CodeArtifactUserDeletedException"),
                (409, "SnapStartRegenerationFailureException"),
                (502, "EC2UnexpectedException"),
            ],
        ),
        (
            (NotReady, No, true),
            vec![
                (408, "SnapStartTimeoutException"),
                (409, "CodeArtifactUserPendingException"),
                (409, "SnapStartNotReadyException"),
                (502, "ENINotReadyException"),
                (502, "ResourceNotReadyException"),
            ],
        ),
        (
            (Conflict, No, false),
            vec![
                (400, "CallbackTimeoutException"),
                (409, "DurableExecutionAlreadyStartedException"),
            ],
        ),
        (
            (Conflict, No, true),
            vec![(409, "ResourceConflictException")],
        ),
        (
            (FunctionConfiguration, Unknown, true),
            vec![(410, "EFSIOException")],
        ),
        (
            (TooLarge, No, false),
            vec![
                (413, "RequestTooLargeException"),
                (413, "SerializedRequestEntityTooLargeException"),
                (413, "RequestEntityTooLargeException"),
            ],
        ),
        (
            (Throttled, No, true),
            vec![
                (400, "ThrottlingException"),
                (429, "TooManyRequestsException"),
                (429, "UnknownException"),
                (502, "EC2ThrottledException"),
            ],
        ),
        (
            (ServiceFault, Unknown, true),
            vec![
                (500, "ServiceException"),
                (500, "UnknownException"),
                (503, "UnknownException"),
            ],
        ),
        (
            (AccessDenied, No, false),
            vec![(403, "AccessDeniedException"), (403, "Forbidden")],
        ),
        (
            (Credentials, No, false),
            vec![
                (401, "UnknownException"),
                (403, "UnrecognizedClientException"),
                (403, "InvalidSignatureException"),
                (403, "ExpiredTokenException"),
                (403, "MissingAuthenticationTokenException"),
                (403, "IncompleteSignatureException"),
                (403, "InvalidClientTokenId"),
            ],
        ),
        ((Other, Unknown, false), vec![(302, "UnknownException")]),
    ] {
        for (status, code) in answers {
            let error = service_error(&coded(status, code));
            let read = (error.category, error.executed, error.retryable);
            assert_eq!(read, classification, "{status} {code}");
        }
    }
}

#[test]
fn a_request_that_cannot_run_the_function_is_never_ambiguous() {
    let context = RequestContext {
        effect: Effect::Read,
        ..context()
    };
    let error = read(&answer(500, &[], ""), &context);
    let error = crate::testing::service_error(Err::<(), _>(error));
    assert_eq!((error.executed, error.retryable), (Executed::No, true));
}

#[test]
fn rejected_credentials_and_clocks_are_unauthenticated() {
    const SIGNATURE: &str = "InvalidSignatureException";
    const EXPIRED: &str = "Signature expired: X is now earlier than Y (Z - 5 min.)";
    const EARLY: &str = "Signature not yet current: X is still later than Y";
    const WRONG: &str = "The request signature we calculated does not match";
    for (code, message, category) in [
        ("UnrecognizedClientException", "x", Category::Credentials),
        (SIGNATURE, WRONG, Category::Credentials),
        (SIGNATURE, EXPIRED, Category::ClockSkew),
        (SIGNATURE, EARLY, Category::ClockSkew),
        ("RequestTimeTooSkewed", "", Category::ClockSkew),
    ] {
        let body = format!(r#"{{"message":"{message}"}}"#);
        let response = answer(403, &[("x-amzn-errortype", code)], body);
        match read(&response, &context()) {
            Error::Unauthenticated(error) => assert_eq!(error.category, category, "{message}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_denied_access_names_the_action_and_the_resource() {
    for headers in [vec![("x-amzn-errortype", "AccessDeniedException")], vec![]] {
        let hint = service_error(&answer(403, &headers, "{}")).hint.unwrap();
        assert_contains(&hint, ["lambda:InvokeFunction", &context().resource]);
    }
}

#[test]
fn a_throttled_request_names_the_limit() {
    for (reason, limit) in [
        (
            "ReservedFunctionConcurrentInvocationLimitExceeded",
            "reserved concurrency",
        ),
        ("ConcurrentInvocationLimitExceeded", "account's concurrency"),
        ("CallerRateLimitExceeded", "request rate"),
        (
            "ConcurrentSnapshotCreateLimitExceeded",
            "SnapStart snapshots",
        ),
        ("SomethingNew", "quota"),
    ] {
        let mut response = coded(429, "TooManyRequestsException");
        response.body = format!(r#"{{"Reason":"{reason}","message":"Rate Exceeded."}}"#).into();
        assert_contains(&service_error(&response).hint.unwrap(), [limit]);
    }
}

/// The hint for a message of AWS under `code`.
fn hint(status: u16, code: &str, message: &str) -> String {
    let mut response = coded(status, code);
    response.body = serde_json::json!({ "Message": message }).to_string().into();
    service_error(&response).hint.unwrap()
}

#[test]
fn hint_for_a_denial_names_the_policy_that_the_message_names() {
    const ACTION: &str = "lambda:InvokeFunction on arn:aws:lambda:us-east-1:<account>:function:f";
    let denied = |why: &str| {
        let message = format!(
            "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:f {why}"
        );
        hint(403, "AccessDeniedException", &message)
    };
    for (why, advice) in [
        (
            "with an explicit deny in a service control policy",
            "a service control policy of the organization denies",
        ),
        (
            "with an explicit deny in a service control policy: arn:aws:organizations::987654321098:policy/o-1/service_control_policy/p-1",
            "a service control policy of the organization denies",
        ),
        (
            "because no service control policy allows the lambda:InvokeFunction action",
            "a service control policy of the organization must allow",
        ),
        (
            "with an explicit deny in a resource control policy",
            "a resource control policy of the organization denies",
        ),
        (
            "because no resource control policy allows the lambda:InvokeFunction action",
            "a resource control policy of the organization must allow",
        ),
        (
            "with an explicit deny in a VPC endpoint policy",
            "the policy of the VPC endpoint denies",
        ),
        (
            "because no VPC endpoint policy allows the lambda:InvokeFunction action",
            "the policy of the VPC endpoint must allow",
        ),
        (
            "with an explicit deny in a session policy",
            "the session policy of the temporary keys denies",
        ),
        (
            "because no session policy allows the lambda:InvokeFunction action",
            "the session policy of the temporary keys must allow",
        ),
        (
            "with an explicit deny in a permissions boundary",
            "the caller's permissions boundary denies",
        ),
        (
            "because no permissions boundary allows the lambda:InvokeFunction action",
            "the caller's permissions boundary must allow",
        ),
        (
            "with an explicit deny in an identity-based policy",
            "an identity-based policy of the caller denies",
        ),
        (
            "because no identity-based policy allows the lambda:InvokeFunction action",
            "an identity-based policy of the caller must allow",
        ),
        (
            "with an explicit deny in a resource-based policy",
            "the resource-based policy of the function denies",
        ),
        (
            "because no resource-based policy allows the lambda:InvokeFunction action",
            "the resource-based policy of the function must allow the caller",
        ),
    ] {
        let hint = denied(why);
        assert!(hint.starts_with(&format!("{advice} {ACTION}")), "{hint}");
    }
    assert_contains(
        &denied("for a reason of its own"),
        ["an IAM policy of the caller (and", ACTION],
    );
}

#[test]
fn hint_follows_the_message_where_a_code_has_several_causes() {
    const SIGNATURE: &str = "InvalidSignatureException";
    const CONTENT: &str = "InvalidRequestContentException";
    const TOO_LARGE: &str = "RequestEntityTooLargeException";
    for (status, code, message, expected) in [
        (
            403,
            SIGNATURE,
            "Credential should be scoped to a valid region, not 'eu-west-1'.",
            "the endpoint belongs to another region than the connection's: correct `connection.region` or the endpoint",
        ),
        (
            403,
            "SignatureDoesNotMatch",
            "Credential should be scoped to correct service: 'sts'.",
            "the endpoint belongs to another service: correct it",
        ),
        (
            403,
            SIGNATURE,
            "The request signature we calculated does not match",
            "check the access key ID, the secret access key and, for temporary keys, the session token",
        ),
        (
            413,
            TOO_LARGE,
            "300000 byte payload is too large for the Event invocation type (limit 262144 bytes)",
            "this invocation accepts at most 262144 bytes: pass larger data through S3",
        ),
        (
            413,
            "RequestTooLargeException",
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
            "this request must be smaller than 6291456 bytes: pass larger data through S3",
        ),
        (
            413,
            TOO_LARGE,
            "too large (limit unknown)",
            "a synchronous payload has at most 6,291,456 bytes, an asynchronous one at most 1,048,576: pass larger data through S3",
        ),
        (
            400,
            CONTENT,
            "The 'x-amzn-RequestId' header is not a valid UUID string",
            "the header `x-amzn-RequestId` must be a UUID: correct it, or the proxy that sets it",
        ),
        (
            400,
            CONTENT,
            "Could not parse request body into json",
            "the payload must be JSON, and the client context a JSON object",
        ),
    ] {
        assert_eq!(hint(status, code, message), expected, "{message}");
    }
}

/// A phrase explains only errors of its own category.
#[test]
fn sentence_of_another_category_is_not_advice() {
    let hint = hint(
        404,
        "ResourceNotFoundException",
        "(limit 7 bytes) x-amzn-RequestId",
    );
    assert_contains(&hint, ["check the function's name"]);
}

#[test]
fn code_of_its_own_cause_has_a_hint_of_its_own() {
    for (status, code, expected) in [
        (400, "SnapStartException", "afterRestore hook failed"),
        (
            409,
            "SnapStartRegenerationFailureException",
            "wait for Lambda to retry, or update the function's configuration",
        ),
        (
            409,
            "CodeArtifactUserDeletedException",
            "wait for Lambda to provide a new one, or update the function's code",
        ),
        (
            409,
            "RuntimeAliasDeletedException",
            "update the function to an available runtime alias",
        ),
        (
            409,
            "RuntimeVersionDeletedException",
            "update the function to an available runtime version",
        ),
        (
            502,
            "ResourceNotReadyException",
            "the function is inactive and its VPC connection is gone",
        ),
        (
            400,
            "CallbackTimeoutException",
            "the callback is already closed",
        ),
    ] {
        assert_contains(&hint(status, code, "m"), [expected]);
    }
}

/// Codes that some services send with another status than Lambda does.
#[test]
fn code_decides_the_category_under_any_status_of_its_class() {
    for (status, code, category) in [
        (400, "AccessDeniedException", Category::AccessDenied),
        (400, "RequestTooLargeException", Category::TooLarge),
        (400, "InternalFailure", Category::ServiceFault),
        (400, "RequestExpired", Category::Credentials),
    ] {
        assert_eq!(service_error(&coded(status, code)).category, category);
    }
    assert_contains(
        &hint(403, "OptInRequired", "m"),
        ["not enabled for the account"],
    );
    assert_contains(&hint(400, "RequestExpired", "m"), ["have expired"]);
}

#[test]
fn unknown_code_is_classified_by_its_status() {
    for (status, category, executed) in [
        (400, Category::InvalidRequest, Executed::Unknown),
        (401, Category::Credentials, Executed::No),
        (403, Category::AccessDenied, Executed::No),
        (404, Category::NotFound, Executed::No),
        (409, Category::Conflict, Executed::Unknown),
        (413, Category::TooLarge, Executed::No),
        (429, Category::Throttled, Executed::No),
        (500, Category::ServiceFault, Executed::Unknown),
        (302, Category::Other, Executed::Unknown),
    ] {
        let error = service_error(&coded(status, "NewException"));
        assert_eq!(
            (error.category, error.executed),
            (category, executed),
            "{status}"
        );
        // An emulator's status has no meaning of its own.
        let error = service_error(&answer(status, &[("x-amzn-errortype", "New")], "{}"));
        assert_eq!(error.executed, Executed::Unknown, "{status}");
    }
}

#[test]
fn code_that_precedes_the_start_proves_nothing_with_a_status_of_another_class() {
    for (code, fits, other) in [
        ("TooManyRequestsException", 429, 502),
        ("ResourceNotFoundException", 404, 200),
        ("KMSDisabledException", 502, 404),
        ("EC2ThrottledException", 502, 429),
    ] {
        assert_eq!(
            service_error(&coded(fits, code)).executed,
            Executed::No,
            "{code}"
        );
        let error = service_error(&coded(other, code));
        assert_eq!(error.executed, Executed::Unknown, "{code} with {other}");
    }
}

#[test]
fn failure_of_the_function_beside_an_error_contradicts_it() {
    let mut response = coded(404, "ResourceNotFoundException");
    response
        .headers
        .push(("x-amz-function-error".into(), b"Unhandled".to_vec()));
    for (effect, executed) in [
        (Effect::Run, Executed::Unknown),
        (Effect::DryRun, Executed::Unknown),
        (Effect::Read, Executed::No),
    ] {
        let context = RequestContext {
            effect,
            ..context()
        };
        let Error::Service(error) = read(&response, &context) else {
            panic!("not an error of the service");
        };
        assert_eq!(error.executed, executed, "{effect:?}");
    }
}
