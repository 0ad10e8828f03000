//! Authentication: the checks that AWS makes on a SigV4 header. AWS's own crate computes the
//! expected signature from the request that arrived. The code under test never does.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use hyper::HeaderMap;
use hyper::header::HOST;

use super::authorization::{Authorization, amz_date, signing_date};
use super::config::Key;
use super::errors::ApiError;
use super::request::RawRequest;
use super::sessions::{Rights, Session, Sessions};

const TOLERANCE: Duration = Duration::from_secs(5 * 60);

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. \
    Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// An authenticated caller.
pub(super) struct Caller {
    /// Whether every operation is denied.
    pub denied: bool,
    pub access_key_id: String,
    /// Whether the keys are temporary.
    pub is_temporary: bool,
    /// The session, for keys that STS issued.
    pub session: Option<Session>,
    pub rights: Rights,
}

impl Caller {
    /// Returns the assumed role, for the keys of a role.
    pub fn role(&self) -> Option<&str> {
        self.session.as_ref()?.issued.role_arn.as_deref()
    }

    /// Returns the ARN of the caller, for keys that STS issued.
    pub fn arn(&self) -> Option<&str> {
        Some(&self.session.as_ref()?.issued.principal)
    }
}

pub(super) struct Verifier {
    region: String,
    keys: Vec<Key>,
    pub sessions: Sessions,
}

impl Verifier {
    pub fn new(region: String, keys: Vec<Key>) -> Self {
        Self {
            region,
            keys,
            sessions: Sessions::default(),
        }
    }

    /// Authenticates a request to `service` that arrived at `now`. Returns the error that AWS would
    /// return if the request fails a check.
    pub fn verify(
        &self,
        request: &RawRequest,
        now: SystemTime,
        service: &str,
    ) -> Result<Caller, ApiError> {
        let authorization = Authorization::read(&request.headers)?;
        let (date_text, date) = signing_date(&request.headers)?;
        let (key, session) = self.key(&authorization, &request.headers)?;
        self.check_scope(&authorization, date_text, service)?;
        check_clock(date, now)?;
        check_signed_headers(&authorization, &request.headers)?;
        let expected = self
            .sign(request, &authorization, &key, date, service)
            .ok_or_else(|| invalid(MISMATCH))?;
        if expected != authorization.signature {
            return Err(invalid(MISMATCH));
        }
        // Only a caller who can sign with the keys may learn that they have expired.
        if session
            .as_ref()
            .is_some_and(|session| session.issued.expires <= now)
        {
            return Err(ApiError::unauthenticated(
                "ExpiredTokenException",
                "The security token included in the request is expired",
            ));
        }
        let rights = match &session {
            Some(session) => session.rights.clone(),
            None => Rights {
                denied_actions: key.denied_actions,
                ..Rights::default()
            },
        };
        Ok(Caller {
            denied: key.denied,
            access_key_id: key.access_key_id,
            is_temporary: key.session_token.is_some(),
            session,
            rights,
        })
    }

    /// Returns the key that signed the request, if the session token matches it.
    fn key(
        &self,
        authorization: &Authorization<'_>,
        headers: &HeaderMap,
    ) -> Result<(Key, Option<Session>), ApiError> {
        let id = authorization.access_key_id;
        let (key, session) = match self.keys.iter().find(|key| key.access_key_id == id) {
            Some(key) => (key.clone(), None),
            None => match self.sessions.find(id) {
                Some(session) => (session.key.clone(), Some(session)),
                None => return Err(ApiError::unrecognized_client()),
            },
        };
        let sent: Vec<&[u8]> = headers
            .get_all("x-amz-security-token")
            .iter()
            .map(|v| v.as_bytes())
            .collect();
        let expected: Vec<&[u8]> = key
            .session_token
            .iter()
            .map(|token| token.as_bytes())
            .collect();
        if sent == expected {
            Ok((key, session))
        } else {
            Err(ApiError::unrecognized_client())
        }
    }

    fn check_scope(
        &self,
        authorization: &Authorization<'_>,
        date: &str,
        expected: &str,
    ) -> Result<(), ApiError> {
        let Authorization {
            day,
            region,
            service,
            terminator,
            ..
        } = authorization;
        let wrong = if *terminator != "aws4_request" {
            format!(
                "Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'."
            )
        } else if *region != self.region {
            format!("Credential should be scoped to a valid region, not '{region}'. ")
        } else if *service != expected {
            format!("Credential should be scoped to correct service: '{expected}'. ")
        } else if !date.starts_with(day) || day.len() != 8 {
            format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '{day}' != '{}', from '{date}'.",
                date.get(..8).unwrap_or(date)
            )
        } else {
            return Ok(());
        };
        Err(invalid(wrong))
    }

    /// Computes the signature that the request must carry. Returns `None` if the request cannot be
    /// signed.
    fn sign(
        &self,
        request: &RawRequest,
        authorization: &Authorization<'_>,
        key: &Key,
        date: SystemTime,
        service: &str,
    ) -> Option<String> {
        let mut headers = Vec::new();
        for name in &authorization.signed_headers {
            for value in request.headers.get_all(*name) {
                // The crate adds these headers: the date from `time`, the token from the key.
                if !matches!(*name, "x-amz-date" | "x-amz-security-token") {
                    headers.push((*name, std::str::from_utf8(value.as_bytes()).ok()?));
                }
            }
        }
        let host = request.headers.get(HOST)?.to_str().ok()?;
        let query = if request.query.is_empty() {
            String::new()
        } else {
            format!("?{}", request.query)
        };
        let uri = format!("http://{host}{}{query}", request.path);
        let identity = Credentials::new(
            &key.access_key_id,
            &key.secret_access_key,
            key.session_token.clone(),
            None,
            "local-lambda",
        )
        .into();
        // The defaults match Lambda: the path is encoded twice and its dot segments are removed.
        // But the request determines the signed headers, so the crate must not exclude any.
        let mut settings = SigningSettings::default();
        settings.excluded_headers = None;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(date)
            .settings(settings)
            .build()
            .ok()?
            .into();
        let body = SignableBody::Bytes(&request.body);
        let signable =
            SignableRequest::new(request.method.as_str(), uri, headers.into_iter(), body).ok()?;
        Some(sign(signable, &params).ok()?.signature().to_owned())
    }
}

fn check_clock(date: SystemTime, now: SystemTime) -> Result<(), ApiError> {
    let [sent, here] = [date, now].map(amz_date);
    let message = if date + TOLERANCE < now {
        format!(
            "Signature expired: {sent} is now earlier than {} ({here} - 5 min.)",
            amz_date(now - TOLERANCE)
        )
    } else if date > now + TOLERANCE {
        format!(
            "Signature not yet current: {sent} is still later than {} ({here} + 5 min.)",
            amz_date(now + TOLERANCE)
        )
    } else {
        return Ok(());
    };
    Err(invalid(message))
}

/// Checks that `host` and every `x-amz-*` header is signed, and that the list is in canonical form.
fn check_signed_headers(
    authorization: &Authorization<'_>,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    let signed = &authorization.signed_headers;
    if !signed.contains(&"host") {
        return Err(invalid(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ));
    }
    if let Some(name) = headers
        .keys()
        .map(|name| name.as_str())
        .find(|name| name.starts_with("x-amz-") && !signed.contains(name))
    {
        return Err(invalid(format!(
            "There were headers present in the request which were not signed: {name}"
        )));
    }
    let canonical = signed.is_sorted_by(|a, b| a < b)
        && signed.iter().all(|name| *name == name.to_ascii_lowercase());
    // A listed header that is absent does not have a value to sign.
    if !canonical || signed.iter().any(|name| !headers.contains_key(*name)) {
        return Err(invalid(MISMATCH));
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::unauthenticated("InvalidSignatureException", message)
}
