//! Functions and aliases as the list operations return them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Builder;

use super::catalogue::{Alias, Function};
use super::limits::{EXECUTION_TIMEOUT_SECONDS, RETENTION_DAYS};
use super::place::Place;

/// The value of an environment variable that every listed function has. A client that must not pass
/// secrets on is faulty if its output contains this text.
pub const ENVIRONMENT_SECRET: &str = "fake-database-password-5b1d9c";

/// Builds a `FunctionConfiguration` with the fields that lists have: no state and no last update.
///
/// With `qualified`, the ARN ends in the version, as in lists of versions.
pub(super) fn function(
    place: &Place,
    function: &Function,
    version: usize,
    qualified: bool,
) -> Value {
    let label = if version == 0 {
        "$LATEST".to_owned()
    } else {
        version.to_string()
    };
    let mut arn = place.function_arn(&function.name);
    if qualified {
        arn = format!("{arn}:{label}");
    }
    let digest = Sha256::digest(format!("{}:{label}", function.name));
    let description = version
        .checked_sub(1)
        .and_then(|n| function.versions.get(n))
        .copied()
        .filter(|text| !text.is_empty())
        .unwrap_or(&function.description);
    let mut row = json!({
        "FunctionName": function.name,
        "FunctionArn": arn,
        "Role": place.global_arn("iam", &format!("role/service-role/{}", function.name)),
        "CodeSize": 1_024 + u64::from(digest[0]) * 97,
        "Description": description,
        "Timeout": function.timeout_seconds,
        "MemorySize": function.memory_mb,
        "LastModified": format!("2026-{:02}-{:02}T0{}:15:30.000+0000", digest[1] % 12 + 1, digest[2] % 28 + 1, digest[3] % 10),
        "CodeSha256": STANDARD.encode(digest),
        "Version": label,
        "Environment": { "Variables": { "DATABASE_PASSWORD": ENVIRONMENT_SECRET, "STAGE": "test" } },
        "TracingConfig": { "Mode": "PassThrough" },
        "RevisionId": revision(&digest),
        "Architectures": [function.architecture],
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{}", function.name) },
    });
    if let Some(runtime) = function.runtime {
        row["PackageType"] = json!("Zip");
        row["Runtime"] = json!(runtime);
        row["Handler"] = json!("app.handler");
    } else {
        row["PackageType"] = json!("Image");
    }
    if function.tenant_isolated {
        row["TenancyConfig"] = json!({ "TenantIsolationMode": "PER_TENANT" });
    }
    if function.durable {
        row["DurableConfig"] = json!({ "RetentionPeriodInDays": RETENTION_DAYS, "ExecutionTimeout": EXECUTION_TIMEOUT_SECONDS });
    }
    row
}

/// Builds an `AliasConfiguration`.
pub(super) fn alias(place: &Place, function: &Function, alias: &Alias) -> Value {
    let arn = format!("{}:{}", place.function_arn(&function.name), alias.name);
    let mut row = json!({
        "AliasArn": arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": revision(&Sha256::digest(&arn)),
    });
    if let Some((version, one_in)) = alias.routed {
        row["RoutingConfig"] =
            json!({ "AdditionalVersionWeights": { version: 1.0 / f64::from(one_in) } });
    }
    row
}

fn revision(digest: &[u8]) -> String {
    let bytes = *digest.first_chunk().unwrap_or(&[0; 16]);
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}
