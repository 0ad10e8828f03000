//! What the caller can do about an error, by the words with which AWS explains it.
//!
//! One code has many causes. Every kind of policy denies with the same code, and each kind has
//! another owner, so a hint that ignores the message may contradict it.

use alloc::format;
use alloc::string::String;

use crate::call::error::Category;
use crate::call::text::excerpt;

/// AWS's sentences: the category of the error, a phrase of the message, and the advice. The first
/// phrase that a message contains decides. Case is ignored.
///
/// `$action` and `$resource` are those of the request. `$limit` is the number that follows the
/// phrase in the message.
const SENTENCES: &[(Category, &str, &str)] = &[
    (
        Category::AccessDenied,
        "explicit deny in a service control policy",
        "a service control policy of the organization denies $action on $resource: ask the organization's administrator, because policies of the account cannot override it",
    ),
    (
        Category::AccessDenied,
        "no service control policy allows",
        "a service control policy of the organization must allow $action on $resource: ask the organization's administrator",
    ),
    (
        Category::AccessDenied,
        "explicit deny in a resource control policy",
        "a resource control policy of the organization denies $action on $resource: ask the organization's administrator, because policies of the account cannot override it",
    ),
    (
        Category::AccessDenied,
        "no resource control policy allows",
        "a resource control policy of the organization must allow $action on $resource: ask the organization's administrator",
    ),
    (
        Category::AccessDenied,
        "explicit deny in a vpc endpoint policy",
        "the policy of the VPC endpoint denies $action on $resource: change that policy, or the endpoint, because the caller's policies cannot override it",
    ),
    (
        Category::AccessDenied,
        "no vpc endpoint policy allows",
        "the policy of the VPC endpoint must allow $action on $resource: change that policy, or the endpoint",
    ),
    (
        Category::AccessDenied,
        "explicit deny in a session policy",
        "the session policy of the temporary keys denies $action on $resource: get keys with another session policy",
    ),
    (
        Category::AccessDenied,
        "no session policy allows",
        "the session policy of the temporary keys must allow $action on $resource: get keys with another session policy, because it limits what the role's policies allow",
    ),
    (
        Category::AccessDenied,
        "explicit deny in a permissions boundary",
        "the caller's permissions boundary denies $action on $resource: change the boundary, because the caller's policies cannot override it",
    ),
    (
        Category::AccessDenied,
        "no permissions boundary allows",
        "the caller's permissions boundary must allow $action on $resource: change the boundary, because it limits what the caller's policies allow",
    ),
    (
        Category::AccessDenied,
        "explicit deny in an identity-based policy",
        "an identity-based policy of the caller denies $action on $resource: remove the Deny statement or meet its condition, because an Allow does not override it",
    ),
    (
        Category::AccessDenied,
        "no identity-based policy allows",
        "an identity-based policy of the caller must allow $action on $resource",
    ),
    (
        Category::AccessDenied,
        "explicit deny in a resource-based policy",
        "the resource-based policy of the function denies $action on $resource: remove the Deny statement or meet its condition, because an Allow does not override it",
    ),
    (
        Category::AccessDenied,
        "no resource-based policy allows",
        "the resource-based policy of the function must allow the caller $action on $resource: add the permission in the account that owns the function",
    ),
    (
        Category::Credentials,
        "credential should be scoped to a valid region",
        "the endpoint belongs to another region than the connection's: correct `connection.region` or the endpoint",
    ),
    (
        Category::Credentials,
        "credential should be scoped to correct service",
        "the endpoint belongs to another service: correct it",
    ),
    (
        Category::TooLarge,
        "(limit ",
        "this invocation accepts at most $limit bytes: pass larger data through S3",
    ),
    (
        Category::TooLarge,
        "must be smaller than ",
        "this request must be smaller than $limit bytes: pass larger data through S3",
    ),
    (
        Category::InvalidRequest,
        "unqualified",
        "pass a version, an alias or `$LATEST` as the qualifier: a durable execution runs one version",
    ),
    (
        Category::InvalidRequest,
        "x-amzn-requestid",
        "the header `x-amzn-RequestId` must be a UUID: correct it, or the proxy that sets it",
    ),
];

/// The limits that the field `Reason` of a throttled request names, each with its advice.
const REASONS: &[(&str, &str)] = &[
    (
        "ReservedFunctionConcurrentInvocationLimitExceeded",
        RESERVED,
    ),
    ("ReservedFunctionInvocationRateLimitExceeded", RESERVED),
    ("ConcurrentInvocationLimitExceeded", ACCOUNT),
    ("FunctionInvocationRateLimitExceeded", ACCOUNT),
    (
        "CallerRateLimitExceeded",
        "the caller's request rate exceeds Lambda's limit: send requests more slowly",
    ),
    (
        "ConcurrentSnapshotCreateLimitExceeded",
        "Lambda is creating as many SnapStart snapshots as it allows at a time: try again later, or publish fewer versions at the same time",
    ),
];

const RESERVED: &str =
    "the function's reserved concurrency is used up: raise it, or invoke less concurrently";
const ACCOUNT: &str = "the account's concurrency in this region is used up: ask AWS for a higher quota, or invoke less concurrently";

/// Returns the advice for the sentence with which AWS explains an error of `category`. `action` and
/// `resource` are what the request needs to be allowed.
pub fn by_sentence(
    category: Category,
    message: &str,
    action: &str,
    resource: &str,
) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    SENTENCES.iter().find_map(|(of, phrase, advice)| {
        let (_, after) = lower.split_once(phrase).filter(|_| *of == category)?;
        let mut text = String::from(*advice);
        if advice.contains("$limit") {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let limit = after.get(..digits).filter(|limit| !limit.is_empty())?;
            text = text.replace("$limit", limit);
        }
        // The resource comes last, because it may be any text.
        Some(
            text.replace("$action", action)
                .replace("$resource", resource),
        )
    })
}

/// Returns the advice for an attempt whose response is unusable, but has this request ID.
pub fn by_request_id(id: &str) -> String {
    let id = excerpt(id);
    format!("the request ID is {id}: search the function's log for it")
}

/// Returns the advice for an attempt that may have changed a durable execution, with the request ID of
/// its response.
pub fn by_history(id: Option<&str>) -> String {
    let id = id.map_or_else(String::new, |id| {
        format!("; the request ID is {}", excerpt(id))
    });
    format!(
        "the request may have taken effect: the history of the execution shows results and stops, but no heartbeats{id}"
    )
}

/// Returns the advice for an attempt without a response, if it asked for this request ID.
pub fn by_requested_id(id: &str) -> String {
    format!("the request ID asked for is {id}: search the function's log for it")
}

/// Returns the advice for an error after an attempt that may have run the function and had this
/// request ID.
pub fn by_earlier_request_id(id: &str) -> String {
    let id = excerpt(id);
    format!(
        "an earlier attempt may have run the function with the request ID {id}, which later attempts do not have: search the function's log for it"
    )
}

/// Returns the advice for a throttled request, by the limit that it exceeded.
pub fn by_reason(reason: &str) -> Option<&'static str> {
    let (_, advice) = REASONS.iter().find(|(known, _)| *known == reason)?;
    Some(advice)
}
