//! Every error code of the operations in use, modelled or seen in the wild, and what it means.
//!
//! `executed` is a promise: `No` only where the function provably did not start.

use super::super::outcome::{Category, Executed};

/// What a code means to the caller.
#[derive(Clone, Copy)]
pub struct Meaning {
    pub category: Category,
    pub executed: Executed,
    pub retryable: bool,
    /// Empty for none.
    pub hint: &'static str,
}

/// Refused before the function started, and will be again.
const fn refused(category: Category, hint: &'static str) -> Meaning {
    Meaning {
        category,
        executed: Executed::No,
        retryable: false,
        hint,
    }
}

/// Refused before the function started; may pass later.
const fn later(category: Category, hint: &'static str) -> Meaning {
    Meaning {
        category,
        executed: Executed::No,
        retryable: true,
        hint,
    }
}

/// Nobody can say how far it got.
const fn unknown(category: Category, hint: &'static str) -> Meaning {
    Meaning {
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
const EXPIRED: &str = "the temporary keys have expired: get new ones";

/// The meaning of `code`; of one that nobody knows, the meaning of its status.
pub fn meaning(status: u16, code: &str, message: &str) -> Meaning {
    use Category::{
        AccessDenied, ClockSkew, Conflict, Credentials, FunctionConfiguration, InvalidRequest,
        NotFound, NotReady, ServiceFault, Throttled, TooLarge,
    };
    match code {
        "ResourceNotFoundException" => refused(
            NotFound,
            "check the function's name, its qualifier, the region and the account",
        ),
        "AccessDeniedException" | "AccessDenied" => refused(AccessDenied, ""),
        "RegionDisabledException" => refused(
            AccessDenied,
            "STS is switched off for this region in the account's settings: switch it on, or use another region",
        ),
        "OptInRequired" | "SubscriptionRequiredException" => refused(
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
            refused(
                ClockSkew,
                "the host's clock is more than 5 minutes off: set it by NTP",
            )
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "AuthFailure"
        | "NotAuthorized" => refused(Credentials, WRONG_KEYS),
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => {
            refused(Credentials, EXPIRED)
        }
        "InvalidIdentityToken"
        | "InvalidIdentityTokenException"
        | "IDPRejectedClaim"
        | "IDPRejectedClaimException" => refused(Credentials, ""),
        "IDPCommunicationError" | "IDPCommunicationErrorException" => later(
            ServiceFault,
            "AWS could not reach the token's issuer: try again later, and check that its keys are published",
        ),
        "MissingAuthenticationTokenException"
        | "MissingAuthenticationToken"
        | "IncompleteSignatureException"
        | "IncompleteSignature" => refused(
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
        | "PriorRequestNotComplete" => later(Throttled, SLOW_DOWN),
        "EC2ThrottledException" => later(
            Throttled,
            "EC2 throttled Lambda while it set up the function's network: try again later",
        ),
        "ServiceQuotaExceededException" => refused(
            Throttled,
            "a quota of the account is used up: ask AWS for a higher one",
        ),

        "RequestTooLargeException"
        | "RequestEntityTooLargeException"
        | "SerializedRequestEntityTooLargeException" => refused(TooLarge, TOO_LARGE),
        "InvalidRequestContentException" => refused(
            InvalidRequest,
            "the payload must be JSON, and the client context a JSON object",
        ),
        "InvalidParameterValueException" | "ValidationException" => refused(InvalidRequest, ""),
        "UnsupportedMediaTypeException" => refused(
            InvalidRequest,
            "Lambda takes JSON payloads only: a proxy on the way may have changed the content type",
        ),
        "ModeNotSupportedException" => refused(
            InvalidRequest,
            "the function cannot be invoked with this invocation type",
        ),
        "NoPublishedVersionException" => {
            refused(InvalidRequest, "the function must have a published version")
        }
        "RecursiveInvocationException" => refused(
            InvalidRequest,
            "Lambda stopped a loop in which the function invokes itself",
        ),

        "DurableExecutionAlreadyStartedException" => refused(
            Conflict,
            "an execution of this name was started with another payload: choose another name",
        ),
        "ResourceConflictException" => later(
            Conflict,
            "the function is being created, updated or deleted: try again when it is done",
        ),
        "ENINotReadyException" | "ResourceNotReadyException" => later(
            NotReady,
            "the function's network or resources are not ready yet: try again later",
        ),
        "SnapStartNotReadyException" => later(
            NotReady,
            "Lambda is still preparing the version's snapshot: try again later",
        ),
        "CodeArtifactUserPendingException" => later(
            NotReady,
            "the function's code is being prepared: try again later",
        ),
        "SnapStartTimeoutException" => later(
            NotReady,
            "the snapshot was not restored in time: the function's restore hook may be too slow",
        ),

        "SnapStartException" | "SnapStartRegenerationFailureException" => refused(
            FunctionConfiguration,
            "the version's snapshot cannot be restored: publish a new version",
        ),
        "EFSMountFailureException" | "S3FilesMountFailureException" => {
            refused(FunctionConfiguration, FILE_SYSTEM)
        }
        "EFSMountConnectivityException"
        | "EFSMountTimeoutException"
        | "S3FilesMountConnectivityException"
        | "S3FilesMountTimeoutException" => later(FunctionConfiguration, FILE_SYSTEM),
        // Reading and writing is what a running function does.
        "EFSIOException" => unknown(
            FunctionConfiguration,
            "the function's file system failed while it was read or written",
        ),
        "CodeArtifactUserDeletedException" | "CodeArtifactUserFailedException" => {
            refused(FunctionConfiguration, CODE_ARTIFACT)
        }
        "RuntimeAliasDeletedException" | "RuntimeVersionDeletedException" => refused(
            FunctionConfiguration,
            "the function's runtime is gone: deploy it with a supported one",
        ),
        "InvalidRuntimeException" => refused(
            FunctionConfiguration,
            "the function's runtime is not supported: deploy it with a supported one",
        ),
        "InvalidZipFileException" => refused(
            FunctionConfiguration,
            "Lambda cannot unzip the function's deployment package: deploy it again",
        ),
        "EC2AccessDeniedException" => refused(
            FunctionConfiguration,
            "the function's role lacks the EC2 permissions for its VPC: attach AWSLambdaVPCAccessExecutionRole",
        ),
        "EC2UnexpectedException" => later(
            FunctionConfiguration,
            "EC2 answered unexpectedly while the function's network was set up: see the message",
        ),
        "ENILimitReachedException" => refused(
            FunctionConfiguration,
            "the quota of network interfaces in the function's VPC is used up",
        ),
        "SubnetIPAddressLimitReachedException" => refused(
            FunctionConfiguration,
            "a subnet of the function has no free address: add subnets or free addresses",
        ),
        "InvalidSecurityGroupIDException" | "InvalidSubnetIDException" => refused(
            FunctionConfiguration,
            "a security group or subnet of the function does not exist: correct its VPC configuration",
        ),
        "KMSAccessDeniedException"
        | "KMSDisabledException"
        | "KMSInvalidStateException"
        | "KMSNotFoundException" => refused(FunctionConfiguration, KMS),

        "ServiceException"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => unknown(ServiceFault, BACKEND),

        _ => by_status(status),
    }
}

/// AWS words it "Signature expired: … is now earlier than …" and "Signature not yet current: …".
fn is_clock_skew(code: &str, message: &str) -> bool {
    code == "RequestTimeTooSkewed"
        || message.contains("Signature expired")
        || message.contains("not yet current")
}

fn by_status(status: u16) -> Meaning {
    match status {
        401 => refused(Category::Credentials, WRONG_KEYS),
        403 => refused(Category::AccessDenied, ""),
        404 => refused(
            Category::NotFound,
            "nothing answers at this path: check the endpoint, the function's name and the region",
        ),
        409 => refused(Category::Conflict, ""),
        413 => refused(Category::TooLarge, TOO_LARGE),
        429 => later(Category::Throttled, SLOW_DOWN),
        400..=499 => refused(Category::InvalidRequest, ""),
        500..=599 => unknown(Category::ServiceFault, BACKEND),
        _ => Meaning {
            category: Category::Other,
            executed: Executed::Unknown,
            retryable: false,
            hint: "this is no answer of Lambda's: check the endpoint and any proxy on the way",
        },
    }
}
