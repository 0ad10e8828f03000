//! Rust types of the connector's contract, generated from `wit/`. They serve both versions of the
//! component, for WASI 0.2 and for WASI 0.3.
//!
//! Units, limits and defaults are documented in `wit/` and copied to each type. Only the exports
//! are generated: `wasmtime-wasi` and `wasmtime-wasi-http` implement the WASI imports, and
//! `sandbox/linker.rs` adds them one by one.

#![allow(missing_docs)]

mod secrets;
#[warn(missing_docs)]
pub mod streaming;

mod generated {
    macro_rules! generate {
        ($wit:tt) => {
            wasmtime::component::bindgen!({
                path: $wit,
                inline: "
                    package connectors:reference-host;
                    world connector {
                        export connectors:aws-lambda/types@0.2.0;
                        export connectors:aws-lambda/lambda@0.2.0;
                        export connectors:aws-lambda/sessions@0.2.0;
                        export connectors:aws-lambda/executions@0.2.0;
                        export connectors:aws-lambda/cards@0.2.0;
                    }
                ",
                world: "connectors:reference-host/connector",
                exports: { default: async },
            });
        };
    }
    // A package contains the files; in the repository, they are outside of the crate.
    #[cfg(bundled)]
    generate!("wit");
    #[cfg(not(bundled))]
    generate!("../../wit");
}

use serde::Serialize;

use generated::exports::connectors::aws_lambda;

pub use aws_lambda::{cards, executions, lambda};

/// Types shared by every interface of the connector. `Debug` output of those that can hold a secret
/// leaves it out.
pub mod types {
    pub use super::aws_lambda::types::{
        Delivery, Error, ErrorCategory, Executed, FailedInvocation, FailureCause, FunctionFailure,
        InvalidInput, Invocation, LogTail, Payload, RunReport, ServiceError, TransportError,
        TransportKind,
    };
    pub use super::secrets::{
        AccessKey, AssumeRole, Connection, Credentials, Endpoint, Role, SigningKey, WebIdentity,
    };
}

/// Temporary keys, for hosts that create a fresh instance for every call and cache keys themselves,
/// and for hosts that hand out keys which can do one thing only.
pub mod sessions {
    pub use super::aws_lambda::sessions::{Scope, SessionRequest};
    pub use super::secrets::Session;
}

impl sessions::SessionRequest {
    /// Returns a request for keys with all permissions of the connection, which must lead to a role.
    pub fn unscoped() -> Self {
        Self {
            scope: None,
            duration_seconds: None,
            delivery: None,
        }
    }
}

impl executions::ExecutionQuery {
    /// Returns a query for all executions of a function, newest first.
    ///
    /// `function` is a name, a partial ARN or a full ARN.
    ///
    /// ```
    /// use aws_lambda_connector_host::bindings::executions::{ExecutionQuery, ExecutionStatus};
    ///
    /// let query = ExecutionQuery {
    ///     statuses: vec![ExecutionStatus::Running],
    ///     ..ExecutionQuery::new("my-function")
    /// };
    /// assert_eq!(query.function, "my-function");
    /// ```
    pub fn new(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            qualifier: None,
            name: None,
            statuses: Vec::new(),
            started_after_ms: None,
            started_before_ms: None,
            oldest_first: false,
            cursor: None,
            limit: None,
            delivery: None,
        }
    }
}

impl executions::HistoryQuery {
    /// Returns a query for the events of an execution, oldest first and without data.
    ///
    /// ```
    /// use aws_lambda_connector_host::bindings::executions::HistoryQuery;
    ///
    /// let arn = "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/name/id";
    /// let query = HistoryQuery {
    ///     with_data: true,
    ///     ..HistoryQuery::new(arn)
    /// };
    /// assert_eq!(query.arn, arn);
    /// ```
    pub fn new(arn: &str) -> Self {
        Self {
            arn: arn.to_owned(),
            with_data: false,
            newest_first: false,
            cursor: None,
            limit: None,
            delivery: None,
        }
    }
}

impl executions::ExecutionStatus {
    /// Returns whether the execution has ended. An execution that is being deleted had ended before.
    /// A status that this version does not know is not final.
    ///
    /// ```
    /// use aws_lambda_connector_host::bindings::executions::ExecutionStatus;
    ///
    /// assert!(ExecutionStatus::Stopped.is_final());
    /// assert!(!ExecutionStatus::Paused.is_final());
    /// ```
    pub fn is_final(&self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::TimedOut | Self::Stopped | Self::Deleting => {
                true
            }
            Self::Running | Self::Pausing | Self::Paused | Self::Other(_) => false,
        }
    }
}

impl lambda::InvokeRequest {
    /// Returns a request that sets the function and leaves every optional field unset.
    ///
    /// `function` is a name, a partial ARN or a full ARN.
    ///
    /// ```
    /// use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
    ///
    /// let request = InvokeRequest {
    ///     payload: Some(r#"{"order": 7}"#.to_owned()),
    ///     ..InvokeRequest::new("my-function")
    /// };
    /// assert_eq!(request.function, "my-function");
    /// assert!(request.qualifier.is_none());
    /// ```
    pub fn new(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            qualifier: None,
            invocation_type: None,
            log_type: None,
            client_context: None,
            payload: None,
            payload_sha256: None,
            payload_is_json: None,
            tenant_id: None,
            durable_execution_name: None,
            trace_id: None,
            request_id: None,
            response_mode: None,
            max_response_bytes: None,
            delivery: None,
        }
    }

    /// Returns a synchronous invocation with this payload, and vouches that it is JSON.
    ///
    /// # Errors
    /// The payload cannot be serialized as JSON.
    ///
    /// ```
    /// use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
    ///
    /// let request = InvokeRequest::with_json("my-function", &[7, 8]).unwrap();
    /// assert_eq!(request.payload.as_deref(), Some("[7,8]"));
    /// assert_eq!(request.payload_is_json, Some(true));
    /// ```
    pub fn with_json(function: &str, payload: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self {
            payload: Some(serde_json::to_string(payload)?),
            payload_is_json: Some(true),
            ..Self::new(function)
        })
    }
}
