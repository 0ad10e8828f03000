//! Requests that botocore built and signed (`tests/vectors/README.md`), sent as they are.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use local_lambda::Key;
use serde_json::Value;
use testing::{case, lambda_with};

use crate::client::send;

/// 2026-11-27T12:00:00Z, when botocore signed them.
const SIGNED_AT: i64 = 1_795_780_800;

#[tokio::test]
async fn requests_of_botocore_reach_their_operations() {
    let vectors = include_str!("../../../../tests/vectors/signed-requests-2.json");
    let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let start = async |session_token: Option<&str>| {
        lambda_with(|config| {
            config.region = "eu-central-1".to_owned();
            config.clock_offset_seconds = SIGNED_AT - i64::try_from(now.as_secs()).unwrap();
            config.keys = vec![Key {
                access_key_id: "AKIDEXAMPLE".to_owned(),
                secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
                session_token: session_token.map(str::to_owned),
                ..Key::default()
            }];
        })
        .await
    };
    let mut sent = 0;
    for vector in vectors {
        let text = |field: &str| vector[field].as_str().unwrap();
        if text("service") != "lambda" {
            continue;
        }
        let _case = case(text("name"));
        let (_, url) = text("url").split_once("://").unwrap();
        let (host, path) = url.split_at(url.find('/').unwrap());
        let mut request = Request::builder().method(text("method")).uri(path);
        request = request.header("host", host);
        for (name, value) in vector["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let body = vector["body"].as_str().unwrap_or_default().to_owned();
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let lambda = start(vector["headers"]["X-Amz-Security-Token"].as_str()).await;
        // The signature is valid, and each parameter is. What the request names is not here.
        let answer = send(&lambda, request).await;
        let error = answer.error(404, "ResourceNotFoundException");
        let message = error["Message"].as_str().unwrap();
        let params = &vector["params"];
        let named = ["DurableExecutionArn", "CallbackId", "FunctionName"];
        let named = named.iter().find_map(|name| params[name].as_str()).unwrap();
        assert!(message.contains(named), "{message}");
        sent += 1;
    }
    assert_eq!(sent, 15);
}
