//! The part of STS that a call to Lambda needs, in the query protocol: `AssumeRole`,
//! `AssumeRoleWithWebIdentity`, `GetSessionToken`, `GetScopedCredentials` and `GetCallerIdentity`.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use quick_xml::escape::escape;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use uuid::Uuid;

use super::answer::{Answer, xml_answer};
use super::config::{Role, Trusted};
use super::errors::ApiError;
use super::place::Place;
use super::policy::{Policy, Rejected};
use super::request::RawRequest;
use super::service::Service;
use super::sessions::{IssuedSession, Rights, Session};
use super::signature::Caller;
use super::target::allow;

/// The name of STS in a signature.
const SERVICE: &str = "sts";

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const ISO_8601: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
/// The default of `DurationSeconds`, and the maximum for a role that another role assumes.
const HOUR: u64 = 3_600;
/// The longest lifetime of keys that do not belong to a role.
const LONGEST: u64 = 129_600;
/// How many policies `GetScopedCredentials` adds to a session at most.
const SCOPED_POLICIES: usize = 3;

/// The form in the body of a request.
struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| {
            validation(format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
            ))
        })
    }
}

/// Answers a request to STS that arrived at `now`.
pub(super) fn answer(
    service: &Service,
    request: &RawRequest,
    now: SystemTime,
) -> Result<Answer, ApiError> {
    let form = Form(form_urlencoded::parse(&request.body).into_owned().collect());
    let id = request.id;
    match form.get("Action") {
        Some("AssumeRoleWithWebIdentity") => {
            let session = with_web_identity(service, &form, now)?;
            Ok(issued_keys("AssumeRoleWithWebIdentity", &session, id))
        }
        Some("AssumeRole") => {
            let caller = service.verifier.verify(request, now, SERVICE)?;
            let session = assume_role(service, &form, &caller, now)?;
            Ok(issued_keys("AssumeRole", &session, id))
        }
        Some("GetSessionToken") => {
            let caller = service.verifier.verify(request, now, SERVICE)?;
            let session = session_token(service, &form, &caller, now)?;
            Ok(success("GetSessionToken", &credentials(&session), id))
        }
        Some("GetScopedCredentials") => {
            let caller = service.verifier.verify(request, now, SERVICE)?;
            let session = scoped_credentials(service, &form, &caller, now)?;
            let content = format!(
                "{}<SessionInfo><Arn>{}</Arn></SessionInfo><ScopedPoliciesCount>{}</ScopedPoliciesCount>",
                credentials(&session),
                escape(&session.issued.principal),
                session.rights.scoped_policies
            );
            Ok(success("GetScopedCredentials", &content, id))
        }
        Some("GetCallerIdentity") => {
            let caller = service.verifier.verify(request, now, SERVICE)?;
            let content = format!(
                "<Arn>{}</Arn><UserId>AIDALOCALLAMBDA</UserId><Account>{}</Account>",
                escape(principal(service, &caller)),
                service.place.account
            );
            Ok(success("GetCallerIdentity", &content, id))
        }
        other => Err(ApiError::untyped(
            StatusCode::BAD_REQUEST,
            "InvalidAction",
            format!(
                "Could not find operation {} for version 2011-06-15",
                other.unwrap_or_default()
            ),
        )),
    }
}

fn assume_role(
    service: &Service,
    form: &Form,
    caller: &Caller,
    now: SystemTime,
) -> Result<Session, ApiError> {
    let arn = form.required("RoleArn")?;
    let name = form.required("RoleSessionName")?;
    let external_id = form.get("ExternalId");
    let rights = role_rights(form)?;
    allow(&service.place, caller, "sts:AssumeRole", arn)?;
    let role = service.roles.iter().find(|role| role.arn == arn);
    let trusts = |role: &Role| {
        role.trusts.iter().any(|trusted| match trusted {
            Trusted::Key(id) => *id == caller.access_key_id,
            Trusted::Role(arn) => caller.role() == Some(arn),
            Trusted::Token(_) => false,
        }) && role.external_id.as_deref() == external_id
    };
    // STS returns the same error for a role that does not exist and for one that does not trust the
    // caller.
    let Some(role) = role.filter(|role| trusts(role)) else {
        let principal = principal(service, caller);
        return Err(ApiError::untyped(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            format!(
                "User: {principal} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            ),
        ));
    };
    let seconds = duration(form)?.unwrap_or(HOUR);
    if caller.role().is_some() && seconds > HOUR {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let issued = IssuedSession {
        assumed_by: Some(caller.access_key_id.clone()),
        external_id: external_id.map(str::to_owned),
        ..issue("AssumeRole", &service.place, role, name, seconds, now)
    };
    Ok(service.verifier.sessions.issue(issued, rights))
}

/// Exchanges long-term keys for temporary keys of the same user.
fn session_token(
    service: &Service,
    form: &Form,
    caller: &Caller,
    now: SystemTime,
) -> Result<Session, ApiError> {
    if caller.is_temporary {
        return Err(access_denied(
            "Cannot call GetSessionToken with session credentials",
        ));
    }
    allow(&service.place, caller, "sts:GetSessionToken", "*")?;
    // The default is 12 hours.
    let seconds = seconds_within(form, 900..=LONGEST)?.unwrap_or(12 * HOUR);
    let issued = IssuedSession {
        duration_seconds: Some(seconds),
        ..of_caller(
            "GetSessionToken",
            service,
            caller,
            now + Duration::from_secs(seconds),
        )
    };
    Ok(service
        .verifier
        .sessions
        .issue(issued, caller.rights.clone()))
}

/// Exchanges temporary keys for keys of the same session with fewer permissions.
fn scoped_credentials(
    service: &Service,
    form: &Form,
    caller: &Caller,
    now: SystemTime,
) -> Result<Session, ApiError> {
    if !caller.is_temporary {
        return Err(access_denied(
            "Cannot call GetScopedCredentials with long-term credentials: call GetSessionToken first",
        ));
    }
    allow(&service.place, caller, "sts:GetScopedCredentials", "*")?;
    let policy = policy(form)?;
    let seconds = seconds_within(form, 1..=LONGEST)?;
    if policy.is_none() && seconds.is_none() {
        return Err(validation(
            "Provide at least one of Policy or DurationSeconds",
        ));
    }
    let mut rights = caller.rights.clone();
    if let Some(policy) = policy {
        if rights.scoped_policies == SCOPED_POLICIES {
            return Err(access_denied(format!(
                "The session already has the maximum of {SCOPED_POLICIES} scope down policies"
            )));
        }
        rights.scoped_policies += 1;
        rights.policies.push(policy);
    }
    // The service does not know when configured keys end.
    let longest = caller.session.as_ref().map_or_else(
        || now + Duration::from_secs(LONGEST),
        |session| session.issued.expires,
    );
    let expires = seconds.map_or(longest, |seconds| now + Duration::from_secs(seconds));
    if expires > longest {
        return Err(ApiError::untyped(
            StatusCode::BAD_REQUEST,
            "InsufficientSessionLifetime",
            "The requested DurationSeconds exceeds the remaining lifetime of the calling session",
        ));
    }
    let issued = IssuedSession {
        duration_seconds: seconds,
        ..of_caller("GetScopedCredentials", service, caller, expires)
    };
    Ok(service.verifier.sessions.issue(issued, rights))
}

fn with_web_identity(service: &Service, form: &Form, now: SystemTime) -> Result<Session, ApiError> {
    let arn = form.required("RoleArn")?;
    let name = form.required("RoleSessionName")?;
    let token = form.required("WebIdentityToken")?;
    let token = Trusted::Token(token.to_owned());
    let rights = role_rights(form)?;
    let roles = service.roles.iter();
    let mut known = roles.filter(|role| role.trusts.contains(&token)).peekable();
    if known.peek().is_none() {
        return Err(ApiError::untyped(
            StatusCode::BAD_REQUEST,
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for the token's issuer",
        ));
    }
    let Some(role) = known.find(|role| role.arn == arn) else {
        return Err(ApiError::untyped(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ));
    };
    let seconds = duration(form)?.unwrap_or(HOUR);
    let operation = "AssumeRoleWithWebIdentity";
    let issued = issue(operation, &service.place, role, name, seconds, now);
    Ok(service.verifier.sessions.issue(issued, rights))
}

fn principal(service: &Service, caller: &Caller) -> String {
    let arn = caller.arn().map(str::to_owned);
    arn.unwrap_or_else(|| service.place.principal())
}

fn duration(form: &Form) -> Result<Option<u64>, ApiError> {
    seconds_within(form, 900..=43_200)
}

fn seconds_within(form: &Form, allowed: RangeInclusive<u64>) -> Result<Option<u64>, ApiError> {
    let Some(text) = form.get("DurationSeconds") else {
        return Ok(None);
    };
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| allowed.contains(seconds));
    seconds.map(Some).ok_or_else(|| {
        validation(format!(
            "1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member must have value between {} and {}",
            allowed.start(),
            allowed.end()
        ))
    })
}

/// What limits the session of a role: the policy of the request.
fn role_rights(form: &Form) -> Result<Rights, ApiError> {
    Ok(Rights {
        policies: policy(form)?.into_iter().collect(),
        ..Rights::default()
    })
}

fn policy(form: &Form) -> Result<Option<Policy>, ApiError> {
    let Some(text) = form.get("Policy") else {
        return Ok(None);
    };
    Policy::parse(text).map(Some).map_err(|rejected| match rejected {
        Rejected::TooLong => validation(
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048",
        ),
        Rejected::Malformed(problem) => {
            ApiError::untyped(StatusCode::BAD_REQUEST, "MalformedPolicyDocument", problem)
        }
    })
}

/// Returns a session with the identity of the caller.
fn of_caller(
    operation: &'static str,
    service: &Service,
    caller: &Caller,
    expires: SystemTime,
) -> IssuedSession {
    let session = caller.session.as_ref().map(|session| &session.issued);
    IssuedSession {
        operation,
        role_arn: caller.role().map(str::to_owned),
        principal: principal(service, caller),
        access_key_id: new_id(),
        assumed_by: Some(caller.access_key_id.clone()),
        external_id: None,
        session_name: session.map_or_else(String::new, |session| session.session_name.clone()),
        duration_seconds: None,
        policies: Vec::new(),
        expires,
    }
}

fn new_id() -> String {
    format!("ASIA{}", &Uuid::new_v4().simple().to_string()[..16]).to_ascii_uppercase()
}

fn issue(
    operation: &'static str,
    place: &Place,
    role: &Role,
    session_name: &str,
    duration_seconds: u64,
    now: SystemTime,
) -> IssuedSession {
    let requested = Duration::from_secs(duration_seconds);
    let name = role.arn.rsplit('/').next().unwrap_or_default();
    IssuedSession {
        operation,
        role_arn: Some(role.arn.clone()),
        principal: place.global_arn("sts", &format!("assumed-role/{name}/{session_name}")),
        access_key_id: new_id(),
        assumed_by: None,
        external_id: None,
        session_name: session_name.to_owned(),
        duration_seconds: Some(duration_seconds),
        policies: Vec::new(),
        expires: now
            + role
                .max_lifetime
                .map_or(requested, |lifetime| lifetime.min(requested)),
    }
}

fn issued_keys(action: &str, session: &Session, id: Uuid) -> Answer {
    let issued = &session.issued;
    let content = format!(
        "<AssumedRoleUser><AssumedRoleId>AROALOCALLAMBDA:{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>{}",
        escape(&issued.session_name),
        escape(&issued.principal),
        credentials(session),
    );
    success(action, &content, id)
}

fn credentials(session: &Session) -> String {
    let Session { issued, key, .. } = session;
    let expires = OffsetDateTime::from(issued.expires);
    format!(
        "<Credentials><SessionToken>{}</SessionToken><SecretAccessKey>{}</SecretAccessKey>\
         <Expiration>{}</Expiration><AccessKeyId>{}</AccessKeyId></Credentials>",
        escape(key.session_token.as_deref().unwrap_or_default()),
        escape(&key.secret_access_key),
        // The format names only fields that every date has.
        expires.format(ISO_8601).unwrap_or_default(),
        issued.access_key_id,
    )
}

fn success(action: &str, content: &str, id: Uuid) -> Answer {
    xml_answer(
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{content}</{action}Result>\
             <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
}

/// Builds the error response of STS: XML, and codes without the suffix that Lambda's codes have.
pub(super) fn error_answer(error: &ApiError, id: Uuid) -> Answer {
    let code = match error.error_type {
        "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
        "IncompleteSignatureException" => "IncompleteSignature",
        "InvalidSignatureException" => "SignatureDoesNotMatch",
        "ExpiredTokenException" => "ExpiredToken",
        "AccessDeniedException" => "AccessDenied",
        code if code.starts_with("UnrecognizedClientException") => "InvalidClientTokenId",
        code => code,
    };
    let message = ["message", "Message"]
        .iter()
        .find_map(|name| error.body.get(name).and_then(Value::as_str))
        .unwrap_or_default();
    xml_answer(
        error.status,
        format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>",
            escape(message)
        ),
    )
}

fn access_denied(message: impl Into<String>) -> ApiError {
    ApiError::untyped(StatusCode::FORBIDDEN, "AccessDenied", message)
}

fn validation(message: impl Into<String>) -> ApiError {
    ApiError::untyped(StatusCode::BAD_REQUEST, "ValidationError", message)
}
