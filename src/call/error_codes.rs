//! Classifies every error code of the operations in use, modeled or observed.
//!
//! `executed` is a promise. It is `No` only if the function provably did not start.

use crate::call::error::{Category, Executed};

/// What a code means to the caller.
#[derive(Clone, Copy)]
#[allow(missing_docs)] // The fields are those of `ServiceError`.
pub struct Classification {
    pub category: Category,
    pub executed: Executed,
    pub retryable: bool,
    /// Whether the code is one of the table, not only the status.
    pub is_known: bool,
    /// What the caller can do, or an empty text.
    pub hint: &'static str,
}

/// The request was rejected before the function started. A retry would be rejected again.
const fn permanent(category: Category, hint: &'static str) -> Classification {
    Classification {
        category,
        executed: Executed::No,
        retryable: false,
        is_known: true,
        hint,
    }
}

/// The request was rejected before the function started. A retry may succeed.
const fn transient(category: Category, hint: &'static str) -> Classification {
    Classification {
        category,
        executed: Executed::No,
        retryable: true,
        is_known: true,
        hint,
    }
}

/// The function may have run. A retry may succeed.
const fn ambiguous(category: Category, hint: &'static str) -> Classification {
    Classification {
        category,
        executed: Executed::Unknown,
        retryable: true,
        is_known: true,
        hint,
    }
}

/// The function may have run. A retry would fail again.
const fn unexplained(category: Category, hint: &'static str) -> Classification {
    Classification {
        retryable: false,
        ..ambiguous(category, hint)
    }
}

const SLOW_DOWN: &str = "send requests more slowly, or ask AWS for a higher quota";
const TOO_LARGE: &str = "a synchronous payload has at most 6,291,456 bytes, an asynchronous one at most 1,048,576: pass larger data through S3";
const FILE_SYSTEM: &str = "the function's file system cannot be mounted: check its mount target, security groups and access point";
const KMS: &str = "Lambda cannot decrypt the function's environment: check the KMS key and its policy for the function's role";
const CODE_ARTIFACT: &str = "the function's code artifact is unusable: deploy it again";
const BACKEND: &str = "AWS had an internal error: try again later, and give AWS Support the request ID if it persists";
const WRONG_KEYS: &str =
    "check the access key ID, the secret access key and, for temporary keys, the session token";
/// The hint for a signature that was rejected for its date.
pub const CLOCK: &str = "the host's clock differs from AWS's by more than 4 minutes: set it by NTP";
const EXPIRED: &str = "the temporary keys have expired: get new ones";

/// Classifies `code`, or the HTTP status if the code is unknown.
pub fn classify(status: u16, code: &str, message: &str) -> Classification {
    use Category::{
        AccessDenied, ClockSkew, Conflict, Credentials, FunctionConfiguration, InvalidRequest,
        NotFound, NotReady, ServiceFault, Throttled, TooLarge,
    };
    match code {
        "ResourceNotFoundException" => permanent(
            NotFound,
            "check the function's name, its qualifier, the region and the account",
        ),
        "AccessDeniedException" | "AccessDenied" => permanent(AccessDenied, ""),
        "RegionDisabledException" => permanent(
            AccessDenied,
            "STS is deactivated for this region in the account's settings: activate it, or use another region",
        ),
        "OptInRequired" | "SubscriptionRequiredException" => permanent(
            AccessDenied,
            "the region or service is not enabled for the account: enable it, or use another region",
        ),

        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "RequestTimeTooSkewed"
        | "RequestExpired"
        | "AuthFailure"
            if is_clock_skew(code, message) =>
        {
            permanent(ClockSkew, CLOCK)
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "AuthFailure"
        | "NotAuthorized" => permanent(Credentials, WRONG_KEYS),
        "RequestExpired" => permanent(Credentials, EXPIRED),
        _ if is_expired(code) => permanent(Credentials, EXPIRED),
        "InvalidIdentityToken"
        | "InvalidIdentityTokenException"
        | "IDPRejectedClaim"
        | "IDPRejectedClaimException" => permanent(Credentials, ""),
        "InvalidSubjectCredentials" | "InvalidSubjectCredentialsException" => permanent(
            Credentials,
            "only valid temporary keys can be scoped down: pass their session token, or get new ones",
        ),
        "InsufficientSessionLifetime" | "InsufficientSessionLifetimeException" => permanent(
            InvalidRequest,
            "the keys end earlier: request a shorter lifetime, or leave it out to inherit theirs",
        ),
        "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => permanent(
            InvalidRequest,
            "STS rejected the policy that the connector built: report it, with this message",
        ),
        "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => permanent(
            TooLarge,
            "the packed policy and the session's tags exceed the limit of STS: name fewer functions, and open one session for each group",
        ),
        "IDPCommunicationError" | "IDPCommunicationErrorException" => transient(
            ServiceFault,
            "AWS could not reach the token's issuer: try again later, and check that its keys are published",
        ),
        "MissingAuthenticationTokenException"
        | "MissingAuthenticationToken"
        | "IncompleteSignatureException"
        | "IncompleteSignature" => permanent(
            Credentials,
            "the signature is missing or incomplete: a proxy on the way may have removed the Authorization header",
        ),

        "TooManyRequestsException"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottledException"
        | "RequestThrottled"
        | "ProvisionedThroughputExceededException"
        | "TransactionInProgressException"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "LimitExceededException"
        | "SlowDown"
        | "PriorRequestNotComplete" => transient(Throttled, SLOW_DOWN),
        "EC2ThrottledException" => transient(
            Throttled,
            "EC2 throttled Lambda during the setup of the function's network: try again later",
        ),
        "ServiceQuotaExceededException" => permanent(
            Throttled,
            "a quota of the account is used up: ask AWS for a higher one",
        ),

        "RequestTooLargeException"
        | "RequestEntityTooLargeException"
        | "SerializedRequestEntityTooLargeException" => permanent(TooLarge, TOO_LARGE),
        "InvalidRequestContentException" => permanent(
            InvalidRequest,
            "the payload must be JSON, and the client context a JSON object",
        ),
        "InvalidParameterValueException" | "ValidationException" => permanent(InvalidRequest, ""),
        "UnsupportedMediaTypeException" => permanent(
            InvalidRequest,
            "Lambda accepts only JSON payloads: a proxy on the way may have changed the content type",
        ),
        "ModeNotSupportedException" => permanent(
            InvalidRequest,
            "the function does not support this invocation type: use another one",
        ),
        "NoPublishedVersionException" => permanent(
            InvalidRequest,
            "the function has no published version: publish one",
        ),
        "RecursiveInvocationException" => permanent(
            InvalidRequest,
            "Lambda stopped a loop in which the function invokes itself",
        ),

        "DurableExecutionAlreadyStartedException" => permanent(
            Conflict,
            "an execution of this name was started with another payload: use another name",
        ),
        "ResourceConflictException" => transient(
            Conflict,
            "the function is being created, updated or deleted: try again when that is done",
        ),
        "CallbackTimeoutException" => permanent(
            Conflict,
            "the callback's ID has expired, or the callback is already closed, possibly by an earlier attempt whose outcome was unknown: it accepts no other result",
        ),
        "ENINotReadyException" => transient(
            NotReady,
            "the function's network interface is not ready yet: try again later",
        ),
        "ResourceNotReadyException" => transient(
            NotReady,
            "the function is inactive and its VPC connection is gone: try again when Lambda has restored the connection",
        ),
        "SnapStartNotReadyException" => transient(
            NotReady,
            "Lambda is still preparing the version's snapshot: try again later",
        ),
        "CodeArtifactUserPendingException" => transient(
            NotReady,
            "the function's code is being prepared: try again later",
        ),
        "SnapStartTimeoutException" => transient(
            NotReady,
            "the snapshot was not restored in time: the function's restore hook may be too slow",
        ),

        // The hook ran, the handler did not.
        "SnapStartException" => permanent(
            FunctionConfiguration,
            "the function's afterRestore hook failed: see the function's log, correct the hook and publish a new version",
        ),
        "SnapStartRegenerationFailureException" => transient(
            FunctionConfiguration,
            "Lambda could not renew the version's snapshot: wait for Lambda to retry, or update the function's configuration to trigger a new snapshot",
        ),
        "EFSMountFailureException" | "S3FilesMountFailureException" => {
            permanent(FunctionConfiguration, FILE_SYSTEM)
        }
        "EFSMountConnectivityException"
        | "EFSMountTimeoutException"
        | "S3FilesMountConnectivityException"
        | "S3FilesMountTimeoutException" => transient(FunctionConfiguration, FILE_SYSTEM),
        // Only a running function reads and writes.
        "EFSIOException" => ambiguous(
            FunctionConfiguration,
            "the function's file system failed while it was read or written",
        ),
        "CodeArtifactUserDeletedException" => transient(
            FunctionConfiguration,
            "the function's code artifact user was deleted: wait for Lambda to provide a new one, or update the function's code",
        ),
        "CodeArtifactUserFailedException" => permanent(FunctionConfiguration, CODE_ARTIFACT),
        "RuntimeAliasDeletedException" => permanent(
            FunctionConfiguration,
            "the alias of the function's customer-managed runtime was deleted: update the function to an available runtime alias",
        ),
        "RuntimeVersionDeletedException" => permanent(
            FunctionConfiguration,
            "the version of the function's customer-managed runtime was deleted: update the function to an available runtime version",
        ),
        "InvalidRuntimeException" => permanent(
            FunctionConfiguration,
            "the function's runtime is not supported: deploy the function with a supported one",
        ),
        "InvalidZipFileException" => permanent(
            FunctionConfiguration,
            "Lambda cannot unzip the function's deployment package: deploy it again",
        ),
        "EC2AccessDeniedException" => permanent(
            FunctionConfiguration,
            "the function's role lacks the EC2 permissions for its VPC: attach AWSLambdaVPCAccessExecutionRole",
        ),
        "EC2UnexpectedException" => transient(
            FunctionConfiguration,
            "EC2 had an unexpected error during the setup of the function's network: see the message",
        ),
        "ENILimitReachedException" => permanent(
            FunctionConfiguration,
            "the quota of network interfaces in the function's VPC is used up: ask AWS for a higher one",
        ),
        "SubnetIPAddressLimitReachedException" => permanent(
            FunctionConfiguration,
            "a subnet of the function has no free IP address: add subnets, or free addresses",
        ),
        "InvalidSecurityGroupIDException" | "InvalidSubnetIDException" => permanent(
            FunctionConfiguration,
            "a security group or subnet of the function does not exist: correct its VPC configuration",
        ),
        "KMSAccessDeniedException"
        | "KMSDisabledException"
        | "KMSInvalidStateException"
        | "KMSNotFoundException" => permanent(FunctionConfiguration, KMS),

        "ServiceException"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => ambiguous(ServiceFault, BACKEND),

        _ => by_status(status),
    }
}

/// Whether `code` reports that temporary keys have expired.
pub fn is_expired(code: &str) -> bool {
    matches!(code, "ExpiredTokenException" | "ExpiredToken")
}

/// Whether AWS rejected a signature for its date. It words it "Signature expired: … is now earlier than …" and "Signature not yet current: …".
pub fn is_clock_skew(code: &str, message: &str) -> bool {
    code == "RequestTimeTooSkewed"
        || message.contains("Signature expired")
        || message.contains("not yet current")
}

/// Whether AWS sends `code` with `status`. A code that precedes the function's start proves nothing
/// beside a status of another class.
pub fn fits(code: &str, status: u16) -> bool {
    let class = match code {
        "EC2AccessDeniedException"
        | "EC2ThrottledException"
        | "EC2UnexpectedException"
        | "ENILimitReachedException"
        | "ENINotReadyException"
        | "InvalidRuntimeException"
        | "InvalidSecurityGroupIDException"
        | "InvalidSubnetIDException"
        | "InvalidZipFileException"
        | "KMSAccessDeniedException"
        | "KMSDisabledException"
        | "KMSInvalidStateException"
        | "KMSNotFoundException"
        | "ResourceNotReadyException"
        | "SubnetIPAddressLimitReachedException" => 5,
        _ => 4,
    };
    status / 100 == class
}

/// Classifies AWS's response by its status alone. A status that AWS sends before it looks for
/// the function to run proves that the function did not start.
fn by_status(status: u16) -> Classification {
    let class = match status {
        401 => permanent(Category::Credentials, WRONG_KEYS),
        403 => permanent(Category::AccessDenied, ""),
        404 => permanent(
            Category::NotFound,
            "the endpoint has nothing at this path: check the endpoint, the function's name and the region",
        ),
        413 => permanent(Category::TooLarge, TOO_LARGE),
        429 => transient(Category::Throttled, SLOW_DOWN),
        409 => unexplained(Category::Conflict, ""),
        400..=499 => unexplained(Category::InvalidRequest, ""),
        500..=599 => ambiguous(Category::ServiceFault, BACKEND),
        _ => unexplained(
            Category::Other,
            "Lambda does not send this status: check the endpoint and any proxy on the way",
        ),
    };
    Classification {
        is_known: false,
        ..class
    }
}
