//! Every error code of the operations in use, modelled or seen in the wild, and what it means.
//!
//! `executed` is a promise: `No` only where the function provably did not start.

use crate::call::error::{Category, Executed};

/// What a code means to the caller.
#[derive(Clone, Copy)]
#[allow(missing_docs)] // As in `ServiceError`.
pub struct Classification {
    pub category: Category,
    pub executed: Executed,
    pub retryable: bool,
    /// Empty for none.
    pub hint: &'static str,
}

/// Rejected before the function started, and will be again.
const fn permanent(category: Category, hint: &'static str) -> Classification {
    Classification {
        category,
        executed: Executed::No,
        retryable: false,
        hint,
    }
}

/// Rejected before the function started; may succeed later.
const fn transient(category: Category, hint: &'static str) -> Classification {
    Classification {
        category,
        executed: Executed::No,
        retryable: true,
        hint,
    }
}

/// May have run the function.
const fn ambiguous(category: Category, hint: &'static str) -> Classification {
    Classification {
        category,
        executed: Executed::Unknown,
        retryable: true,
        hint,
    }
}

const SLOW_DOWN: &str = "send requests more slowly, or ask AWS for a higher quota";
const TOO_LARGE: &str = "a synchronous payload has at most 6,291,456 bytes, an asynchronous one 1,048,576: pass larger data through S3";
const FILE_SYSTEM: &str = "the function's file system cannot be mounted: check its mount target, security groups and access point";
const KMS: &str = "Lambda cannot decrypt the function's environment: check the KMS key and its policy for the function's role";
const CODE_ARTIFACT: &str = "the function's code artifact must be deployed again";
const BACKEND: &str =
    "AWS had a fault: try again later, and give its support the request id if it stays";
const WRONG_KEYS: &str =
    "check the access key ID, the secret access key and, for temporary keys, the session token";
/// The hint of every signature that was rejected for its date.
pub const CLOCK: &str = "the host's clock is more than 4 minutes off from AWS's: set it by NTP";
const EXPIRED: &str = "the temporary keys have expired: get new ones";

/// Classifies `code`; an unknown one by its HTTP status.
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
            "STS is switched off for this region in the account's settings: switch it on, or use another region",
        ),
        "OptInRequired" | "SubscriptionRequiredException" => permanent(
            AccessDenied,
            "the account has not enabled this region or service",
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
        "IDPCommunicationError" | "IDPCommunicationErrorException" => transient(
            ServiceFault,
            "AWS could not reach the token's issuer: try again later, and check that its keys are published",
        ),
        "MissingAuthenticationTokenException"
        | "MissingAuthenticationToken"
        | "IncompleteSignatureException"
        | "IncompleteSignature" => permanent(
            Credentials,
            "the signature did not arrive: a proxy on the way may have removed the Authorization header",
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
            "EC2 throttled Lambda while it set up the function's network: try again later",
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
            "Lambda takes JSON payloads only: a proxy on the way may have changed the content type",
        ),
        "ModeNotSupportedException" => permanent(
            InvalidRequest,
            "the function cannot be invoked with this invocation type",
        ),
        "NoPublishedVersionException" => {
            permanent(InvalidRequest, "the function must have a published version")
        }
        "RecursiveInvocationException" => permanent(
            InvalidRequest,
            "Lambda stopped a loop in which the function invokes itself",
        ),

        "DurableExecutionAlreadyStartedException" => permanent(
            Conflict,
            "an execution of this name was started with another payload: choose another name",
        ),
        "ResourceConflictException" => transient(
            Conflict,
            "the function is being created, updated or deleted: try again when it is done",
        ),
        "ENINotReadyException" | "ResourceNotReadyException" => transient(
            NotReady,
            "the function's network or resources are not ready yet: try again later",
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

        "SnapStartException" | "SnapStartRegenerationFailureException" => permanent(
            FunctionConfiguration,
            "the version's snapshot cannot be restored: publish a new version",
        ),
        "EFSMountFailureException" | "S3FilesMountFailureException" => {
            permanent(FunctionConfiguration, FILE_SYSTEM)
        }
        "EFSMountConnectivityException"
        | "EFSMountTimeoutException"
        | "S3FilesMountConnectivityException"
        | "S3FilesMountTimeoutException" => transient(FunctionConfiguration, FILE_SYSTEM),
        // Reading and writing is what a running function does.
        "EFSIOException" => ambiguous(
            FunctionConfiguration,
            "the function's file system failed while it was read or written",
        ),
        "CodeArtifactUserDeletedException" | "CodeArtifactUserFailedException" => {
            permanent(FunctionConfiguration, CODE_ARTIFACT)
        }
        "RuntimeAliasDeletedException" | "RuntimeVersionDeletedException" => permanent(
            FunctionConfiguration,
            "the function's runtime is gone: deploy it with a supported one",
        ),
        "InvalidRuntimeException" => permanent(
            FunctionConfiguration,
            "the function's runtime is not supported: deploy it with a supported one",
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
            "EC2 answered unexpectedly while the function's network was set up: see the message",
        ),
        "ENILimitReachedException" => permanent(
            FunctionConfiguration,
            "the quota of network interfaces in the function's VPC is used up",
        ),
        "SubnetIPAddressLimitReachedException" => permanent(
            FunctionConfiguration,
            "a subnet of the function has no free address: add subnets or free addresses",
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

/// Whether `code` rejects temporary keys that have expired.
pub fn is_expired(code: &str) -> bool {
    matches!(code, "ExpiredTokenException" | "ExpiredToken")
}

/// AWS words it "Signature expired: … is now earlier than …" and "Signature not yet current: …".
fn is_clock_skew(code: &str, message: &str) -> bool {
    code == "RequestTimeTooSkewed"
        || message.contains("Signature expired")
        || message.contains("not yet current")
}

fn by_status(status: u16) -> Classification {
    match status {
        401 => permanent(Category::Credentials, WRONG_KEYS),
        403 => permanent(Category::AccessDenied, ""),
        404 => permanent(
            Category::NotFound,
            "nothing answers at this path: check the endpoint, the function's name and the region",
        ),
        409 => permanent(Category::Conflict, ""),
        413 => permanent(Category::TooLarge, TOO_LARGE),
        429 => transient(Category::Throttled, SLOW_DOWN),
        400..=499 => permanent(Category::InvalidRequest, ""),
        500..=599 => ambiguous(Category::ServiceFault, BACKEND),
        _ => Classification {
            category: Category::Other,
            executed: Executed::Unknown,
            retryable: false,
            hint: "this is no answer of Lambda's: check the endpoint and any proxy on the way",
        },
    }
}
