//! Verifies Signature Version 4 as a service does, from a request on the wire. It shares only the
//! hash functions with the signer.

use aws_lambda_connector::aws::message::Request;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// Everything except RFC 3986's unreserved characters.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The key that signed a request.
pub enum Key<'a> {
    /// A secret access key.
    Secret(&'a str),
    /// A derived signing key.
    Derived(&'a [u8]),
}

/// A parsed `authorization` header.
pub struct Authorization<'a> {
    day: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Parses the header. Panics if it is malformed.
    pub fn read(header: &'a str) -> Authorization<'a> {
        let rest = header
            .strip_prefix("AWS4-HMAC-SHA256 Credential=")
            .expect("algorithm");
        let (credential, rest) = rest.split_once(", SignedHeaders=").expect("headers");
        let (signed_headers, signature) = rest.split_once(", Signature=").expect("signature");
        let scope: Vec<&str> = credential.split('/').collect();
        let [_, day, region, service, "aws4_request"] = scope[..] else {
            panic!("credential {credential}");
        };
        assert!(signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()));
        Authorization {
            day,
            region,
            service,
            signed_headers: signed_headers.split(';').collect(),
            signature,
        }
    }

    /// Checks that everything that AWS requires is signed, for this service at this host.
    pub fn check_scope(&self, request: &Request<'_>, service: &str, standard: bool) {
        let date = header(request, "x-amz-date").expect("a date");
        assert!(date.len() == 16 && date.starts_with(self.day), "{date}");
        assert_eq!(self.service, service);
        if standard {
            let (fips, plain) = (format!("{service}-fips."), format!("{service}."));
            let host = &request.authority;
            let host = host.strip_prefix(&fips).or(host.strip_prefix(&plain));
            let region = host.and_then(|host| host.strip_prefix(self.region));
            assert!(region.is_some_and(|rest| rest.starts_with('.')));
        }
        assert!(self.signed_headers.is_sorted());
        let required = request.headers.iter().map(|(name, _)| *name);
        for name in required
            .filter(|name| name.starts_with("x-amz-"))
            .chain(["host"])
        {
            assert!(self.signed_headers.contains(&name), "{name} is not signed");
        }
    }

    /// Panics if `key` does not produce this signature for this request.
    pub fn check(&self, request: &Request<'_>, key: &Key<'_>) {
        let date = header(request, "x-amz-date").expect("a date");
        let scope = format!("{}/{}/{}/aws4_request", self.day, self.region, self.service);
        let text = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(&Sha256::digest(self.canonical(request)))
        );
        let derived;
        let key = match key {
            Key::Derived(key) => key,
            Key::Secret(secret) => {
                let parts = [self.day, self.region, self.service, "aws4_request"];
                let first = format!("AWS4{secret}").into_bytes();
                derived = parts.iter().fold(first, |key, part| hmac(&key, part));
                &derived[..]
            }
        };
        assert_eq!(
            self.signature,
            hex(&hmac(key, &text)),
            "the signature does not match"
        );
    }

    fn canonical(&self, request: &Request<'_>) -> String {
        let wire = request.path_with_query();
        let (path, query) = wire.split_once('?').unwrap_or((&wire, ""));
        let mut query: Vec<&str> = query.split('&').collect();
        query.sort_unstable();
        let mut headers = String::new();
        for name in &self.signed_headers {
            let value = match *name {
                "host" => &request.authority,
                name => header(request, name).expect("a signed header is sent"),
            };
            let words: Vec<&str> = value.split_ascii_whitespace().collect();
            headers.push_str(&format!("{name}:{}\n", words.join(" ")));
        }
        format!(
            "{}\n{}\n{}\n{headers}\n{}\n{}",
            request.method.as_str(),
            canonical_path(path),
            query.join("&"),
            self.signed_headers.join(";"),
            hex(&Sha256::digest(request.body))
        )
    }
}

/// The path without empty segments, encoded again. Dot segments are never sent.
fn canonical_path(path: &str) -> String {
    let mut out = String::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        assert!(segment != "." && segment != "..", "{path}");
        out.push('/');
        out.extend(utf8_percent_encode(segment, STRICT));
    }
    if out.is_empty() || path.ends_with('/') {
        out.push('/');
    }
    out
}

/// The only header of that name.
pub fn header<'a>(request: &'a Request<'_>, name: &str) -> Option<&'a str> {
    let mut found = request.headers.iter().filter(|(known, _)| *known == name);
    let (_, value) = found.next()?;
    assert!(found.next().is_none(), "the header {name} is repeated");
    Some(value)
}

fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
