//! AWS Signature Version 4, one function for each step, named as in AWS's documentation.
//!
//! 1. Create a canonical request: [`canonical_request`], with [`payload_hash`] and
//!    [`canonical_uri`].
//! 2. Create a string to sign: [`string_to_sign`], with [`credential_scope`].
//! 3. Derive a signing key: [`signing_key`].
//! 4. Calculate the signature: [`signature`].
//! 5. Add the signature to the request: [`sign`], which performs all steps.
//!
//! Source: "Create a signed AWS API request" in the IAM user guide. `tests/aws_vectors` checks it
//! against AWS's signing test suite and against requests that botocore signed.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::credentials::{Secret, Signer};
use super::message::Request;
use super::time::AmzDate;
use super::{hex, uri};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Headers that proxies may add, change or drop, so that AWS's signers do not sign them. Every AWS
/// hop rewrites `x-amzn-trace-id`.
const UNSIGNED_HEADERS: [&str; 3] = ["authorization", "user-agent", "x-amzn-trace-id"];

/// Signs `request` and returns the value of its `authorization` header.
///
/// Adds `x-amz-date`, `x-amz-security-token` for temporary keys, and `authorization`.
/// `payload_hash` is the [`payload_hash`] of the request's body. For [`Signer::Unsigned`], the
/// request stays as it is and the returned text is empty.
///
/// # Examples
/// The case `get-vanilla` of AWS's signing test suite:
///
/// ```
/// use aws_lambda_connector::aws::credentials::{AccessKey, Secret, Signer};
/// use aws_lambda_connector::aws::endpoint::{Endpoint, EndpointKind, Scheme};
/// use aws_lambda_connector::aws::message::{Method, Request};
/// use aws_lambda_connector::aws::sigv4::{payload_hash, sign};
/// use aws_lambda_connector::aws::time::AmzDate;
///
/// let endpoint = Endpoint {
///     scheme: Scheme::Https,
///     authority: "example.amazonaws.com".into(),
///     base_path: String::new(),
///     kind: EndpointKind::Url,
/// };
/// let mut request = Request::new(Method::Get, &endpoint, "/");
/// let signer = Signer::AccessKey(AccessKey {
///     access_key_id: "AKIDEXAMPLE".into(),
///     secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
///     session_token: None,
/// });
/// let date = AmzDate::from_unix(1_440_938_160);
/// assert_eq!(date.date_time, "20150830T123600Z");
///
/// let hash = payload_hash(request.body);
/// let authorization = sign(&mut request, &hash, &signer, "us-east-1", "service", &date);
///
/// assert_eq!(
///     authorization,
///     "AWS4-HMAC-SHA256 \
///      Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
///      SignedHeaders=host;x-amz-date, \
///      Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
/// );
/// ```
pub fn sign(
    request: &mut Request<'_>,
    payload_hash: &str,
    signer: &Signer,
    region: &str,
    service: &str,
    date: &AmzDate,
) -> String {
    let authorization = match signer {
        Signer::AccessKey(key) => {
            let secret = key.secret_access_key.reveal();
            let signing_key = signing_key(secret, &date.date, region, service);
            let scope = credential_scope(&date.date, region, service);
            let signed = (&*key.access_key_id, key.session_token.as_ref());
            sign_with(request, payload_hash, signed, &*signing_key, &scope, date)
        }
        Signer::SigningKey(key) => {
            let scope = credential_scope(&date.date, region, service);
            let signed = (&*key.access_key_id, key.session_token.as_ref());
            sign_with(request, payload_hash, signed, &key.key, &scope, date)
        }
        Signer::Unsigned => return String::new(),
    };
    wipe_stack();
    authorization
}

fn sign_with(
    request: &mut Request<'_>,
    payload_hash: &str,
    (access_key_id, session_token): (&str, Option<&Secret>),
    signing_key: &[u8],
    scope: &str,
    date: &AmzDate,
) -> String {
    request
        .headers
        .push(("x-amz-date", Cow::Owned(date.date_time.clone())));
    if let Some(token) = session_token {
        request
            .headers
            .push(("x-amz-security-token", Cow::Owned(token.reveal().into())));
    }
    let (canonical_request, signed_headers) = canonical_request(request, payload_hash);
    let signature = signature(
        signing_key,
        &string_to_sign(&date.date_time, scope, &canonical_request),
    );
    let authorization = concat(&[
        ALGORITHM,
        " Credential=",
        access_key_id,
        "/",
        scope,
        ", SignedHeaders=",
        &signed_headers,
        ", Signature=",
        &signature,
    ]);
    request
        .headers
        .push(("authorization", Cow::Owned(authorization.clone())));
    authorization
}

/// Best-effort wipe of key material that moves left on the stack.
#[inline(never)]
fn wipe_stack() {
    // Far larger than the frames of HMAC and SHA-256.
    let mut frames = [0_u64; 512];
    core::hint::black_box(&mut frames).zeroize();
}

/// Returns the SHA-256 of a body in lower-case hex.
pub fn payload_hash(body: &[u8]) -> String {
    hex::encode(&Sha256::digest(body))
}

/// Returns the canonical request and its list of signed headers.
pub fn canonical_request(request: &Request<'_>, payload_hash: &str) -> (String, String) {
    let (canonical_headers, signed_headers) = canonical_headers(request);
    let canonical_request = concat(&[
        request.method.as_str(),
        "\n",
        &canonical_uri(&request.path),
        "\n",
        &canonical_query_string(request),
        "\n",
        &canonical_headers,
        "\n",
        &signed_headers,
        "\n",
        payload_hash,
    ]);
    (canonical_request, signed_headers)
}

/// Returns the canonical URI: the wire path without dot segments and repeated slashes, encoded a
/// second time. An ARN's `:` is `%3A` on the wire and `%253A` here. Every service except S3
/// expects this.
pub fn canonical_uri(wire_path: &str) -> String {
    let mut out = String::new();
    uri::encode_path_into(&mut out, &normalize_path(wire_path));
    out
}

fn normalize_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut ends_with_slash = true;
    for segment in path.split('/') {
        ends_with_slash = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in &segments {
        out.push('/');
        out.push_str(segment);
    }
    if ends_with_slash || segments.is_empty() {
        out.push('/');
    }
    out
}

/// Keys and values, encoded once and sorted by their encoded form.
fn canonical_query_string(request: &Request<'_>) -> String {
    // There are only a few, and the library's sort would be 10 KB of code.
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(request.query.len());
    for (key, value) in &request.query {
        let pair = (encoded(key), encoded(value));
        pairs.insert(pairs.partition_point(|before| *before <= pair), pair);
    }
    let mut out = String::new();
    for (key, value) in &pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(key);
        out.push('=');
        out.push_str(value);
    }
    out
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    uri::encode_into(&mut out, text);
    out
}

/// The canonical headers, each line ended by a line feed, and the signed headers: their names,
/// joined by `;`.
fn canonical_headers(request: &Request<'_>) -> (String, String) {
    let mut headers: Vec<(&str, String)> = Vec::with_capacity(request.headers.len());
    headers.push(("host", collapse_spaces(&request.authority)));
    for (name, value) in &request.headers {
        if UNSIGNED_HEADERS.contains(name) {
            continue;
        }
        let value = collapse_spaces(value);
        let at = headers.partition_point(|(known, _)| known < name);
        match headers.get_mut(at) {
            Some((known, values)) if known == name => {
                values.push(',');
                values.push_str(&value);
            }
            _ => headers.insert(at, (name, value)),
        }
    }

    let mut canonical = String::new();
    let mut signed = String::new();
    for (name, value) in &headers {
        for part in [*name, ":", value, "\n"] {
            canonical.push_str(part);
        }
        if !signed.is_empty() {
            signed.push(';');
        }
        signed.push_str(name);
    }
    (canonical, signed)
}

/// Trims `value` and collapses each run of white space to one space. The wire keeps the original.
fn collapse_spaces(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for word in value.split_ascii_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Returns the credential scope: `{YYYYMMDD}/{region}/{service}/aws4_request`.
pub fn credential_scope(date: &str, region: &str, service: &str) -> String {
    concat(&[date, "/", region, "/", service, "/aws4_request"])
}

/// Returns the string to sign. `date_time` is `YYYYMMDDTHHMMSSZ`.
pub fn string_to_sign(date_time: &str, credential_scope: &str, canonical_request: &str) -> String {
    concat(&[
        ALGORITHM,
        "\n",
        date_time,
        "\n",
        credential_scope,
        "\n",
        &hex::encode(&Sha256::digest(canonical_request.as_bytes())),
    ])
}

/// Derives the signing key, which is valid for one day, region and service.
pub fn signing_key(
    secret_access_key: &str,
    date: &str,
    region: &str,
    service: &str,
) -> Zeroizing<[u8; 32]> {
    let k_secret = Zeroizing::new(concat(&["AWS4", secret_access_key]));
    let k_date = hmac_sha256(k_secret.as_bytes(), date);
    let k_region = hmac_sha256(&*k_date, region);
    let k_service = hmac_sha256(&*k_region, service);
    hmac_sha256(&*k_service, "aws4_request")
}

/// Returns the signature in lower-case hex.
pub fn signature(signing_key: &[u8], string_to_sign: &str) -> String {
    hex::encode(&*hmac_sha256(signing_key, string_to_sign))
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn hmac_sha256(key: &[u8], message: &str) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn concat(parts: &[&str]) -> String {
    let mut out = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's published example of a derived key ("Deriving a signing key", documentation of
    /// Signature Version 4).
    #[test]
    fn the_signing_key_is_the_one_in_the_documentation() {
        let key = signing_key(
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "20120215",
            "us-east-1",
            "iam",
        );
        assert_eq!(
            hex::encode(&*key),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
        );
    }

    /// RFC 4231, test case 6.
    #[test]
    fn an_hmac_key_longer_than_a_block_is_hashed_first() {
        let tag = hmac_sha256(
            &[0xaa; 131],
            "Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(
            hex::encode(&*tag),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn dot_segments_and_repeated_slashes_are_removed() {
        for (path, normal) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/a/./b/../c", "/a/c"),
            ("/a//b/", "/a/b/"),
            ("/../a", "/a"),
        ] {
            assert_eq!(normalize_path(path), normal, "{path}");
        }
    }
}
