//! AWS's own signing test suite, read from the package of the `aws-sigv4` crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use aws_lambda_connector::aws::sigv4;
use aws_lambda_connector::aws::time::AmzDate;

use crate::support::{Signature, decode, package_folder, request, sign};

/// Cases of services that keep `//` and dot segments and encode only once (S3). They do not apply,
/// because Lambda's canonical URI is always normalized. The path of `get-space-unnormalized` is
/// already normal, so that case applies.
const NOT_NORMALIZED: [&str; 6] = [
    "get-relative-relative-unnormalized",
    "get-relative-unnormalized",
    "get-slash-dot-slash-unnormalized",
    "get-slash-unnormalized",
    "get-slash-pointless-dot-unnormalized",
    "get-slashes-unnormalized",
];

fn suite() -> PathBuf {
    package_folder("aws-sigv4").join("aws-signing-test-suite/v4")
}

struct Case {
    name: String,
    folder: PathBuf,
}

impl Case {
    fn of(name: &str) -> Case {
        Case {
            name: name.into(),
            folder: suite().join(name),
        }
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file))
            .unwrap_or_else(|error| panic!("{}: {file}: {error}", self.name))
            .replace("\r\n", "\n")
            .trim_end_matches('\n')
            .into()
    }

    fn check(&self, signed: &Signature, authorization: &str) {
        for (step, expected) in [
            (
                &signed.canonical_request,
                self.read("header-canonical-request.txt"),
            ),
            (
                &signed.string_to_sign,
                self.read("header-string-to-sign.txt"),
            ),
            (&signed.authorization, authorization.into()),
        ] {
            assert_eq!(*step, expected, "{}", self.name);
        }
    }
}

/// A request in the suite's wire format: request line, headers with continuation lines, body.
struct Wire {
    method: String,
    target: String,
    authority: String,
    headers: Vec<(String, String)>,
    body: String,
}

fn parse(text: &str) -> Wire {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let request_line = lines.next().unwrap();
    let (method, rest) = request_line.split_once(' ').unwrap();
    let target = rest
        .rsplit_once(" HTTP/1.1")
        .map_or(rest, |(target, _)| target);
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with(' ') {
            let (_, value) = headers.last_mut().unwrap();
            value.push('\n');
            value.push_str(line);
        } else {
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.into(), value.into()));
        }
    }
    let host = headers
        .iter()
        .position(|(name, _)| name.eq_ignore_ascii_case("host"))
        .unwrap();
    let (_, authority) = headers.remove(host);
    Wire {
        method: method.into(),
        target: target.into(),
        authority,
        headers,
        body: body.into(),
    }
}

#[test]
fn every_applicable_header_case_passes() {
    let suite = suite();
    let mut run = BTreeSet::new();
    for entry in fs::read_dir(&suite).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if !folder.join("context.json").exists() || NOT_NORMALIZED.contains(&name.as_str()) {
            continue;
        }
        header_case(&Case {
            name: name.clone(),
            folder,
        });
        run.insert(name);
    }
    // 38 cases have a context. Fewer would mean that the suite was not found.
    assert_eq!(run.len(), 32, "{run:?}");
}

fn header_case(case: &Case) {
    let context: serde_json::Value = serde_json::from_str(&case.read("context.json")).unwrap();
    assert_eq!(
        context["timestamp"], "2015-08-30T12:36:00Z",
        "{}",
        case.name
    );
    let date = AmzDate::from_unix(1_440_938_160);
    let place = ["region", "service"].map(|name| context[name].as_str().unwrap());
    // `omit_session_token`: the token is added after signing, so the signature does not cover it.
    let token = context["credentials"]["token"]
        .as_str()
        .filter(|_| context["omit_session_token"] != true);

    let text = case.read("request.txt");
    let wire = parse(&text);
    let mut headers = wire.headers;
    if context["sign_body"] == true {
        let payload_hash = sigv4::payload_hash(wire.body.as_bytes());
        headers.push(("x-amz-content-sha256".into(), payload_hash));
    }
    // The suite encodes a plain path once. The signer encodes the path on the wire again.
    let (path, query) = wire.target.split_once('?').unwrap_or((&wire.target, ""));
    let target = format!("{}?{query}", decode(path));
    let request = request(
        &wire.method,
        &wire.authority,
        &target,
        &headers,
        wire.body.as_bytes(),
    );
    let signed = sign(request, token, place, &date);

    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{}, SignedHeaders={}, Signature={}",
        signed.scope,
        signed.signed_headers,
        case.read("header-signature.txt")
    );
    case.check(&signed, &authorization);
}

/// The suite's only request to Lambda.
#[test]
fn arn_in_the_path_is_encoded_twice_in_the_canonical_request() {
    let case = Case::of("double-url-encode");
    let text = case.read("request.txt");
    let wire = parse(&text);
    // `sign` adds the date itself.
    let headers: Vec<_> = wire
        .headers
        .into_iter()
        .filter(|(name, _)| name != "X-Amz-Date")
        .collect();
    let request = request(&wire.method, &wire.authority, &wire.target, &headers, b"");
    let date = AmzDate::from_unix(1_620_747_645);
    assert_eq!(date.date_time, "20210511T154045Z");
    let signed = sign(request, None, ["us-east-2", "lambda"], &date);

    assert_eq!(signed.scope, "20210511/us-east-2/lambda/aws4_request");
    let whole = case.read("header-signed-request.txt");
    let mut lines = whole.lines();
    let authorization = lines.find_map(|line| line.strip_prefix("Authorization: "));
    case.check(&signed, authorization.unwrap());
}

/// This old case of the suite mixes two dates, so only its canonical path can be checked.
#[test]
fn path_is_encoded_twice_in_the_canonical_request() {
    let case = Case::of("double-encode-path");
    let text = case.read("request.txt");
    let expected = case.read("header-canonical-request.txt");
    assert_eq!(
        sigv4::canonical_uri(&parse(&text).target),
        expected.lines().nth(1).unwrap()
    );
}
