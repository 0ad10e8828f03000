//! Requests that botocore signed: canonical request, string to sign and `Authorization`, byte for
//! byte (`vectors/README.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use aws_lambda_connector::aws::sigv4;
use aws_lambda_connector::aws::time::AmzDate;
use common::{example_key, header, request};
use serde_json::Value;

#[test]
fn every_signed_request() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("vectors/signed-requests.json")).unwrap();
    assert_eq!(vectors.len(), 9);
    // 2026-11-22T12:00:00Z
    let date = AmzDate::from_unix(1_795_348_800);
    for vector in &vectors {
        let name = vector["name"].as_str().unwrap();
        let url = vector["url"].as_str().unwrap();
        let (_, rest) = url.split_once("://").unwrap();
        let at = rest.find('/').unwrap();
        let (authority, target) = rest.split_at(at);
        let signed = ["x-amz-date", "x-amz-security-token", "authorization"];
        let headers: Vec<(String, String)> = vector["headers"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| !signed.contains(&name.to_ascii_lowercase().as_str()))
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let body = vector["body"].as_str().unwrap_or_default();
        let (region, service) = (
            vector["region"].as_str().unwrap(),
            vector["service"].as_str().unwrap(),
        );

        let method = vector["method"].as_str().unwrap();
        let mut request = request(method, authority, target, &headers, body.as_bytes());
        assert_eq!(request.path_with_query(), target, "{name}");
        let payload_hash = sigv4::payload_hash(body.as_bytes());
        let key = example_key(vector["token"].as_str());
        sigv4::sign(&mut request, &payload_hash, &key, region, service, &date);

        let (canonical, _) = sigv4::canonical_request(&request, &payload_hash);
        assert_eq!(canonical, vector["canonical_request"].as_str().unwrap(), "{name}");
        let scope = sigv4::credential_scope(&date.date, region, service);
        assert_eq!(
            sigv4::string_to_sign(&date.date_time, &scope, &canonical),
            vector["string_to_sign"].as_str().unwrap(),
            "{name}"
        );
        assert_eq!(
            header(&request, "authorization"),
            vector["headers"]["Authorization"].as_str().unwrap(),
            "{name}"
        );
    }
}
