//! Requests that AWS would reject as unauthenticated or unauthorized.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::PercentEncodingMode;
use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;
use local_lambda::{Key, LocalLambda};
use serde_json::json;
use testing::{case, changed, lambda_with};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::client::{Answer, Call, send, start, untyped};

const URL_FORM: &str =
    "UnrecognizedClientException:http://internal.amazon.com/coral/com.amazon.coral.service/";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
    Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const ARN_PATH: &str =
    "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Acount%3A%24LATEST";

fn count() -> Call {
    Call::invoke("count", r#"{"key":"k"}"#)
}

#[track_caller]
fn assert_rejected(answer: &Answer, message: &str) {
    answer.assert_error(403, "InvalidSignatureException", untyped(message));
}

#[track_caller]
fn assert_mismatch(answer: &Answer) {
    assert_rejected(answer, MISMATCH);
}

#[track_caller]
fn assert_unrecognized(answer: &Answer) {
    let message = "The security token included in the request is invalid.";
    answer.assert_error(403, URL_FORM, untyped(message));
}

/// The default key with this change.
fn key(change: impl FnOnce(&mut Key)) -> Key {
    changed(&Key::default(), change)
}

async fn with_key(key: Key) -> LocalLambda {
    lambda_with(|config| config.keys.push(key)).await
}

#[tokio::test]
async fn wrong_secret_is_rejected_and_runs_nothing() {
    let lambda = start().await;
    let wrong = key(|key| key.secret_access_key = "wrong".to_owned());
    assert_mismatch(&count().key(wrong).send(&lambda).await);
    assert_eq!(lambda.runs("k"), 0);
    assert_eq!(count().send(&lambda).await.status, 200);
}

#[tokio::test]
async fn change_after_signing_is_rejected() {
    let lambda = start().await;
    let send_changed = async |change: fn(&mut Signed)| {
        let mut request = Call::invoke("count?Qualifier=%24LATEST", r#"{"key":"k"}"#)
            .header("x-amz-tenant-id", "blue")
            .header("content-type", "application/json")
            .sign(&lambda);
        change(&mut request);
        send(&lambda, request).await
    };
    assert_eq!(send_changed(|_| ()).await.status, 200);
    assert_eq!(lambda.runs("k"), 1);
    let changes: [fn(&mut Signed); 7] = [
        |request| *request.body_mut() = Full::from(r#"{"key":"K"}"#),
        |request| redirect(request, "count/invocations?Qualifier=1"),
        |request| redirect(request, "count/invocations"),
        |request| redirect(request, "echo/invocations?Qualifier=%24LATEST"),
        |request| set(request, "x-amz-tenant-id", "green"),
        |request| set(request, "content-type", "text/plain"),
        |request| set(request, "host", "lambda.us-east-1.amazonaws.com"),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let _case = case(index);
        assert_mismatch(&send_changed(change).await);
    }
    assert_eq!(lambda.runs("k"), 1);
}

type Signed = Request<Full<Bytes>>;

fn set(request: &mut Signed, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    request.headers_mut().insert(name, value);
}

fn redirect(request: &mut Signed, path: &str) {
    let path = format!("/2015-03-31/functions/{path}");
    *request.uri_mut() = path.parse().unwrap();
}

#[tokio::test]
async fn escaped_path_is_encoded_twice_for_signing() {
    let lambda = start().await;
    let invoke = async |function, encoding| {
        let call = Call::invoke(function, r#"{"key":"k"}"#);
        Call { encoding, ..call }.send(&lambda).await
    };
    let twice = invoke(ARN_PATH, PercentEncodingMode::Double).await;
    assert_eq!(twice.status, 200);
    let once = invoke(ARN_PATH, PercentEncodingMode::Single).await;
    assert_mismatch(&once);
    // Both encodings are the same for a path without escapes.
    let plain = invoke("count", PercentEncodingMode::Single).await;
    assert_eq!(plain.status, 200);
}

#[tokio::test]
async fn repeated_spaces_in_a_header_are_signed_in_canonical_form() {
    let lambda = start().await;
    let call = Call::invoke("context", "{}").header("x-amz-tenant-id", "two  spaces");
    let answer = call.send(&lambda).await;
    assert_eq!(answer.json()["tenantId"], "two  spaces");
}

#[tokio::test]
async fn clock_skew_is_accepted_up_to_five_minutes() {
    let lambda = start().await;
    let at = |seconds: i64| {
        let offset = Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        Call {
            at: if seconds < 0 {
                now - offset
            } else {
                now + offset
            },
            ..count()
        }
    };
    for near in [-280, 280] {
        let answer = at(near).send(&lambda).await;
        assert_eq!(answer.status, 200, "{near}: {:?}", answer.body);
    }
    for (far, before, relation, after) in [
        (
            -330,
            "Signature expired: ",
            " is now earlier than ",
            " - 5 min.)",
        ),
        (
            330,
            "Signature not yet current: ",
            " is still later than ",
            " + 5 min.)",
        ),
    ] {
        let call = at(far);
        let sent = OffsetDateTime::from(call.at).unix_timestamp();
        let answer = call.send(&lambda).await;
        let body = answer.error(403, "InvalidSignatureException");
        let message = body["message"].as_str().unwrap();
        let times = message
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .and_then(|rest| rest.split_once(relation))
            .and_then(|(sent, rest)| Some((sent, rest.split_once(" (")?)));
        let Some((stamp, (edge, here))) = times else {
            panic!("{message}")
        };
        assert_eq!(seconds(stamp), sent);
        assert_eq!((seconds(edge) - seconds(here)).abs(), 300);
        // The `Date` header, which clients use to correct their clocks, reports the same time.
        let date = OffsetDateTime::from(date(&answer)).unix_timestamp();
        assert!((date - seconds(here)).abs() <= 1, "{date} and {message}");
    }
}

fn seconds(stamp: &str) -> i64 {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    let stamp = PrimitiveDateTime::parse(stamp, format).unwrap();
    stamp.assume_utc().unix_timestamp()
}

fn date(answer: &Answer) -> SystemTime {
    httpdate::parse_http_date(answer.header("date").unwrap()).unwrap()
}

#[tokio::test]
async fn clock_of_the_service_can_be_offset() {
    let lambda = lambda_with(|config| config.clock_offset_seconds = -3_600).await;
    let answer = count().send(&lambda).await;
    assert_eq!(answer.status, 403);
    let at = date(&answer);
    let call = Call { at, ..count() };
    assert_eq!(call.send(&lambda).await.status, 200);
}

#[tokio::test]
async fn unknown_key_or_wrong_session_token_is_rejected() {
    let right = key(|key| {
        key.access_key_id = "ASIATEMPORARY".to_owned();
        key.session_token = Some("right+token==".to_owned());
    });
    let lambda = with_key(right.clone()).await;
    assert_eq!(count().key(right.clone()).send(&lambda).await.status, 200);
    for wrong in [
        changed(&right, |key| key.session_token = Some("wrong".to_owned())),
        changed(&right, |key| key.session_token = None),
        key(|key| key.session_token = right.session_token.clone()),
        key(|key| key.access_key_id = "AKIDUNKNOWN".to_owned()),
    ] {
        let _case = case(format!("{wrong:?}"));
        assert_unrecognized(&count().key(wrong).send(&lambda).await);
    }
    assert_eq!(lambda.runs("k"), 1);
}

#[tokio::test]
async fn wrong_region_service_or_date_in_the_scope_is_rejected() {
    let lambda = start().await;
    let mut other_region = count();
    other_region.region = "eu-central-1";
    let message = "Credential should be scoped to a valid region, not 'eu-central-1'. ";
    assert_rejected(&other_region.send(&lambda).await, message);
    let mut sts = count();
    sts.service = "sts";
    let message = "Credential should be scoped to correct service: 'lambda'. ";
    assert_rejected(&sts.send(&lambda).await, message);
    let mut request = count().sign(&lambda);
    let date = request.headers()["x-amz-date"].to_str().unwrap().to_owned();
    let day = &date[..8];
    edit_authorization(&mut request, |value| {
        value.replace(&format!("/{day}/"), "/20200101/")
    });
    let message = format!(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '20200101' != '{day}', from '{date}'."
    );
    assert_rejected(&send(&lambda, request).await, &message);
}

fn edit_authorization(request: &mut Signed, edit: impl Fn(&str) -> String) {
    let value = edit(request.headers()["authorization"].to_str().unwrap());
    set(request, "authorization", &value);
}

#[tokio::test]
async fn missing_or_incomplete_authorization_is_rejected() {
    let lambda = start().await;
    let mut request = count().sign(&lambda);
    request.headers_mut().remove("authorization");
    let body = untyped("Missing Authentication Token");
    let answer = send(&lambda, request).await;
    answer.assert_error(403, "MissingAuthenticationTokenException", body);
    let mut without_date = count().sign(&lambda);
    without_date.headers_mut().remove("x-amz-date");
    let mut requests = vec![without_date];
    let edits: [fn(&str) -> String; 6] = [
        |_| "Bearer abc".to_owned(),
        |_| "AWS4-HMAC-SHA256".to_owned(),
        |value| value.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
        |value| value.replace("Signature=", "Sign="),
        |value| value.replace("/aws4_request", ""),
        |value| value.replace("SignedHeaders=", "Headers="),
    ];
    for edit in edits {
        let mut request = count().sign(&lambda);
        edit_authorization(&mut request, edit);
        requests.push(request);
    }
    for request in requests {
        let _case = case(format!("{:?}", request.headers()));
        let answer = send(&lambda, request).await;
        answer.error(403, "IncompleteSignatureException");
    }
    assert_eq!(lambda.runs("k"), 0);
}

#[tokio::test]
async fn unsigned_amz_or_host_header_is_rejected() {
    let lambda = start().await;
    let mut request = count().sign(&lambda);
    set(&mut request, "x-amz-invocation-type", "Event");
    assert_rejected(
        &send(&lambda, request).await,
        "There were headers present in the request which were not signed: x-amz-invocation-type",
    );
    for (signed, message) in [
        (
            "x-amz-date",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        ("x-amz-date;host", MISMATCH),
        ("content-md5;host;x-amz-date", MISMATCH),
    ] {
        let _case = case(signed);
        let mut request = count().sign(&lambda);
        edit_authorization(&mut request, |value| {
            value.replace("host;x-amz-date", signed)
        });
        assert_rejected(&send(&lambda, request).await, message);
    }
    // Intermediaries may add these headers.
    let mut request = count().sign(&lambda);
    for name in ["user-agent", "amz-sdk-invocation-id", "x-amzn-trace-id"] {
        set(&mut request, name, "added");
    }
    assert_eq!(send(&lambda, request).await.status, 200);
}

#[tokio::test]
async fn denied_key_error_names_action_and_resource() {
    let denied = key(|key| {
        key.access_key_id = "AKIDDENIED".to_owned();
        key.denied = true;
    });
    let lambda = with_key(denied.clone()).await;
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:{name}");
    let list = |path: &str| Call::new("GET", format!("/2015-03-31/functions{path}"));
    let qualified = Call::invoke("count:$LATEST", "{}");
    let unknown = Call::invoke("missing", "{}");
    for (call, action, resource) in [
        (count(), "InvokeFunction", arn("count")),
        (qualified, "InvokeFunction", arn("count:$LATEST")),
        (unknown, "InvokeFunction", arn("missing")),
        (count().dry_run(), "InvokeFunction", arn("count")),
        (list(""), "ListFunctions", "*".to_owned()),
        (
            list("/count/versions"),
            "ListVersionsByFunction",
            arn("count"),
        ),
        (list("/count/aliases"), "ListAliases", arn("count")),
    ] {
        let message = format!(
            "User: arn:aws:iam::123456789012:user/local-lambda is not authorized to perform: lambda:{action} \
             on resource: {resource} because no identity-based policy allows the lambda:{action} action"
        );
        let answer = call.key(denied.clone()).send(&lambda).await;
        let body = json!({ "Message": message });
        answer.assert_error(403, "AccessDeniedException", body);
    }
    assert_eq!(lambda.runs("k"), 0);
}
