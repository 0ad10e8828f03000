//! Requests that AWS would not believe.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::PercentEncodingMode;
use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;
use local_lambda::{Config, Key, LocalLambda};
use serde_json::json;
use testing::lambda_with;

use crate::client::{Answer, Call, send, start};

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
fn assert_refused(answer: &Answer, message: &str) {
    answer.assert_error(
        403,
        "InvalidSignatureException",
        json!({ "message": message }),
    );
}

#[track_caller]
fn assert_mismatch(answer: &Answer) {
    assert_refused(answer, MISMATCH);
}

#[track_caller]
fn assert_unrecognized(answer: &Answer) {
    answer.assert_error(
        403,
        URL_FORM,
        json!({ "message": "The security token included in the request is invalid." }),
    );
}

async fn with_key(key: Key) -> LocalLambda {
    lambda_with(Config {
        keys: vec![Key::default(), key],
        ..Config::default()
    })
    .await
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_runs_nothing() {
    let lambda = start().await;
    let key = Key {
        secret_access_key: "wrong".to_owned(),
        ..Key::default()
    };
    assert_mismatch(&count().key(key).send(&lambda).await);
    assert_eq!(lambda.runs("k"), 0);
    assert_eq!(count().send(&lambda).await.status, 200);
}

#[tokio::test]
async fn whatever_was_changed_after_signing_is_noticed() {
    let lambda = start().await;
    let changed = |change: fn(&mut Request<Full<Bytes>>)| {
        let mut request = Call::invoke("count?Qualifier=%24LATEST", r#"{"key":"k"}"#)
            .header("x-amz-tenant-id", "blue")
            .header("content-type", "application/json")
            .sign(&lambda);
        change(&mut request);
        request
    };
    assert_eq!(send(&lambda, changed(|_| ())).await.status, 200);
    assert_eq!(lambda.runs("k"), 1);
    let changes: [fn(&mut Request<Full<Bytes>>); 7] = [
        |request| *request.body_mut() = Full::from(r#"{"key":"K"}"#),
        |request| {
            *request.uri_mut() = "/2015-03-31/functions/count/invocations?Qualifier=1"
                .parse()
                .unwrap()
        },
        |request| *request.uri_mut() = "/2015-03-31/functions/count/invocations".parse().unwrap(),
        |request| {
            *request.uri_mut() = "/2015-03-31/functions/echo/invocations?Qualifier=%24LATEST"
                .parse()
                .unwrap()
        },
        |request| set(request, "x-amz-tenant-id", "green"),
        |request| set(request, "content-type", "text/plain"),
        |request| set(request, "host", "lambda.us-east-1.amazonaws.com"),
    ];
    for change in changes {
        assert_mismatch(&send(&lambda, changed(change)).await);
    }
    assert_eq!(lambda.runs("k"), 1);
}

fn set(request: &mut Request<Full<Bytes>>, name: &'static str, value: &str) {
    request
        .headers_mut()
        .insert(name, HeaderValue::from_str(value).unwrap());
}

#[tokio::test]
async fn an_escaped_path_is_signed_encoded_twice() {
    let lambda = start().await;
    let twice = Call::invoke(ARN_PATH, r#"{"key":"k"}"#);
    assert_eq!(twice.send(&lambda).await.status, 200);
    let once = Call {
        encoding: PercentEncodingMode::Single,
        ..Call::invoke(ARN_PATH, r#"{"key":"k"}"#)
    };
    assert_mismatch(&once.send(&lambda).await);
    // Where nothing is escaped the two are the same.
    let plain = Call {
        encoding: PercentEncodingMode::Single,
        ..count()
    };
    assert_eq!(plain.send(&lambda).await.status, 200);
}

#[tokio::test]
async fn what_a_header_repeats_or_pads_is_signed_in_canonical_form() {
    let lambda = start().await;
    let answer = Call::invoke("context", "{}")
        .header("x-amz-tenant-id", "two  spaces")
        .send(&lambda)
        .await;
    assert_eq!(answer.json()["tenantId"], "two  spaces");
}

#[tokio::test]
async fn the_clock_may_differ_by_five_minutes() {
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
    for (far, before, relation, sign) in [
        (-330, "Signature expired: ", " is now earlier than ", '-'),
        (
            330,
            "Signature not yet current: ",
            " is still later than ",
            '+',
        ),
    ] {
        let call = at(far);
        let sent = call.at;
        let answer = call.send(&lambda).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("x-amzn-errortype")),
            (403, Some("InvalidSignatureException"))
        );
        let body = answer.json();
        let message = body["message"].as_str().unwrap();
        let rest = message
            .strip_prefix(before)
            .unwrap_or_else(|| panic!("{message}"));
        let (stamp, rest) = rest
            .split_once(relation)
            .unwrap_or_else(|| panic!("{message}"));
        let (edge, here) = rest.split_once(" (").unwrap_or_else(|| panic!("{message}"));
        let here = here
            .strip_suffix(&format!(" {sign} 5 min.)"))
            .unwrap_or_else(|| panic!("{message}"));
        assert_eq!(
            seconds(stamp),
            sent.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs() as i64
        );
        assert_eq!((seconds(edge) - seconds(here)).abs(), 300);
        // The header by which a client sets its clock right says the same time.
        let date = httpdate::parse_http_date(answer.header("date").unwrap()).unwrap();
        let date = date
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs() as i64;
        assert!((date - seconds(here)).abs() <= 1, "{date} and {message}");
    }
}

fn seconds(stamp: &str) -> i64 {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    time::PrimitiveDateTime::parse(stamp, format)
        .unwrap()
        .assume_utc()
        .unix_timestamp()
}

#[tokio::test]
async fn the_services_clock_can_be_wrong() {
    let lambda = lambda_with(Config {
        clock_offset_seconds: -3_600,
        ..Config::default()
    })
    .await;
    let answer = count().send(&lambda).await;
    assert_eq!(answer.status, 403);
    let date = httpdate::parse_http_date(answer.header("date").unwrap()).unwrap();
    let call = Call {
        at: date,
        ..count()
    };
    assert_eq!(call.send(&lambda).await.status, 200);
}

#[tokio::test]
async fn only_known_keys_with_the_right_token_get_in() {
    let token = |token: Option<&str>| Key {
        access_key_id: "ASIATEMPORARY".to_owned(),
        session_token: token.map(str::to_owned),
        ..Key::default()
    };
    let lambda = with_key(token(Some("right+token=="))).await;
    assert_eq!(
        count()
            .key(token(Some("right+token==")))
            .send(&lambda)
            .await
            .status,
        200
    );
    assert_unrecognized(&count().key(token(Some("wrong"))).send(&lambda).await);
    assert_unrecognized(&count().key(token(None)).send(&lambda).await);
    let unneeded = Key {
        session_token: Some("right+token==".to_owned()),
        ..Key::default()
    };
    assert_unrecognized(&count().key(unneeded).send(&lambda).await);
    let unknown = Key {
        access_key_id: "AKIDNOBODY".to_owned(),
        ..Key::default()
    };
    assert_unrecognized(&count().key(unknown).send(&lambda).await);
    assert_eq!(lambda.runs("k"), 1);
}

#[tokio::test]
async fn the_scope_names_this_region_and_service_and_the_day() {
    let lambda = start().await;
    let elsewhere = Call {
        region: "eu-central-1",
        ..count()
    };
    assert_refused(
        &elsewhere.send(&lambda).await,
        "Credential should be scoped to a valid region, not 'eu-central-1'. ",
    );
    let sts = Call {
        service: "sts",
        ..count()
    };
    assert_refused(
        &sts.send(&lambda).await,
        "Credential should be scoped to correct service: 'lambda'. ",
    );
    let mut request = count().sign(&lambda);
    let date = request.headers()["x-amz-date"].to_str().unwrap().to_owned();
    edit_authorization(&mut request, |value| {
        value.replace(&format!("/{}/", &date[..8]), "/20200101/")
    });
    let message = format!(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '20200101' != '{}', from '{date}'.",
        &date[..8]
    );
    assert_refused(&send(&lambda, request).await, &message);
}

fn edit_authorization(request: &mut Request<Full<Bytes>>, edit: impl Fn(&str) -> String) {
    let value = edit(request.headers()["authorization"].to_str().unwrap());
    set(request, "authorization", &value);
}

#[tokio::test]
async fn an_authorization_that_is_missing_or_not_whole() {
    let lambda = start().await;
    let mut request = count().sign(&lambda);
    request.headers_mut().remove("authorization");
    send(&lambda, request).await.assert_error(
        403,
        "MissingAuthenticationTokenException",
        json!({ "message": "Missing Authentication Token" }),
    );
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
        let answer = send(&lambda, request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("x-amzn-errortype")),
            (403, Some("IncompleteSignatureException")),
            "{:?}",
            answer.body
        );
    }
    assert_eq!(lambda.runs("k"), 0);
}

#[tokio::test]
async fn every_amz_header_and_the_host_must_be_signed() {
    let lambda = start().await;
    let mut request = count().sign(&lambda);
    set(&mut request, "x-amz-invocation-type", "Event");
    assert_refused(
        &send(&lambda, request).await,
        "There were headers present in the request which were not signed: x-amz-invocation-type",
    );
    let mut request = count().sign(&lambda);
    edit_authorization(&mut request, |value| {
        value.replace("host;x-amz-date", "x-amz-date")
    });
    assert_refused(
        &send(&lambda, request).await,
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
    let mut request = count().sign(&lambda);
    edit_authorization(&mut request, |value| {
        value.replace("host;x-amz-date", "x-amz-date;host")
    });
    assert_mismatch(&send(&lambda, request).await);
    let mut request = count().sign(&lambda);
    edit_authorization(&mut request, |value| {
        value.replace("host;", "content-md5;host;")
    });
    assert_mismatch(&send(&lambda, request).await);
    // These may be added on the way.
    let mut request = count().sign(&lambda);
    for name in ["user-agent", "amz-sdk-invocation-id", "x-amzn-trace-id"] {
        set(&mut request, name, "added");
    }
    assert_eq!(send(&lambda, request).await.status, 200);
}

#[tokio::test]
async fn a_denied_key_is_told_what_it_may_not_do() {
    let denied = Key {
        access_key_id: "AKIDDENIED".to_owned(),
        denied: true,
        ..Key::default()
    };
    let lambda = with_key(denied.clone()).await;
    let functions = "arn:aws:lambda:us-east-1:123456789012:function";
    for (call, action, resource) in [
        (
            count(),
            "lambda:InvokeFunction",
            format!("{functions}:count"),
        ),
        (
            Call::invoke("count:$LATEST", "{}"),
            "lambda:InvokeFunction",
            format!("{functions}:count:$LATEST"),
        ),
        (
            Call::invoke("nobody", "{}"),
            "lambda:InvokeFunction",
            format!("{functions}:nobody"),
        ),
        (
            count().dry_run(),
            "lambda:InvokeFunction",
            format!("{functions}:count"),
        ),
        (
            Call::get("/2015-03-31/functions"),
            "lambda:ListFunctions",
            "*".to_owned(),
        ),
        (
            Call::get("/2015-03-31/functions/count/versions"),
            "lambda:ListVersionsByFunction",
            format!("{functions}:count"),
        ),
        (
            Call::get("/2015-03-31/functions/count/aliases"),
            "lambda:ListAliases",
            format!("{functions}:count"),
        ),
    ] {
        call.key(denied.clone()).send(&lambda).await.assert_error(
            403,
            "AccessDeniedException",
            json!({ "Message": format!(
                "User: arn:aws:iam::123456789012:user/local-lambda is not authorized to perform: {action} \
                 on resource: {resource} because no identity-based policy allows the {action} action"
            ) }),
        );
    }
    assert_eq!(lambda.runs("k"), 0);
}
