//! What the tests share: AWS's packages on the disk, the published example key, and requests in
//! their wire format.

use std::borrow::Cow;
use std::path::PathBuf;
use std::process::Command;

use aws_lambda_connector::aws::credentials::{AccessKey, Secret, Signer};
use aws_lambda_connector::aws::endpoint::Scheme;
use aws_lambda_connector::aws::message::{MAX_RESPONSE_BYTES, Method, Request};
use aws_lambda_connector::aws::sigv4;
use aws_lambda_connector::aws::time::AmzDate;
use percent_encoding::percent_decode_str;

/// The key pair of AWS's public signing examples.
pub fn example_key(session_token: Option<&str>) -> AccessKey {
    AccessKey {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
        session_token: session_token.map(|token| Secret::new(token.into())),
    }
}

/// Builds a request for `target`, which is a path and query as in a request line.
pub fn request<'a>(
    method: &str,
    authority: &str,
    target: &'a str,
    headers: &[(String, String)],
    body: &'a [u8],
) -> Request<'a> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request {
        method: match method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            other => panic!("a method that no test uses: {other}"),
        },
        scheme: Scheme::Https,
        authority: authority.into(),
        path: path.into(),
        query: query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (leak(decode(key)), Cow::Owned(decode(value)))
            })
            .collect(),
        headers: headers
            .iter()
            .map(|(name, value)| (leak(name.to_ascii_lowercase()), Cow::Owned(value.clone())))
            .collect(),
        body,
        max_response_bytes: MAX_RESPONSE_BYTES,
        is_event_stream: false,
    }
}

pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

/// Requests have static header names and query keys.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn header<'a>(request: &'a Request<'_>, name: &str) -> &'a str {
    let (_, value) = request
        .headers
        .iter()
        .find(|(key, _)| *key == name)
        .unwrap_or_else(|| panic!("the request has no header {name}"));
    value
}

/// The results of each step of signing.
pub struct Signature {
    pub canonical_request: String,
    pub signed_headers: String,
    pub scope: String,
    pub string_to_sign: String,
    pub authorization: String,
}

/// Signs with the example key.
pub fn sign(
    mut request: Request<'_>,
    session_token: Option<&str>,
    [region, service]: [&str; 2],
    date: &AmzDate,
) -> Signature {
    let payload_hash = sigv4::payload_hash(request.body);
    let signer = Signer::AccessKey(example_key(session_token));
    sigv4::sign(&mut request, &payload_hash, &signer, region, service, date);
    let (canonical_request, signed_headers) = sigv4::canonical_request(&request, &payload_hash);
    let scope = sigv4::credential_scope(&date.date, region, service);
    Signature {
        string_to_sign: sigv4::string_to_sign(&date.date_time, &scope, &canonical_request),
        authorization: header(&request, "authorization").into(),
        canonical_request,
        signed_headers,
        scope,
    }
}

/// The folder of a dependency's package, as cargo unpacked it.
pub fn package_folder(name: &str) -> PathBuf {
    // Only for this platform, because the packages of other platforms are not on the disk.
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()
        .expect("rustc");
    let host = String::from_utf8(host.stdout).unwrap();
    let platform = format!("--filter-platform={}", host.trim());
    let metadata = cargo_metadata::MetadataCommand::new()
        .other_options(vec!["--locked".into(), "--offline".into(), platform])
        .exec()
        .expect("cargo metadata");
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == name)
        .expect("a dependency of the tests");
    package.manifest_path.parent().unwrap().into()
}
