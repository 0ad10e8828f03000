//! What every call of the connector returns.

use crate::bindings::types::Error;
use crate::sandbox::HostError;

/// The result of a call. The outer error is the host's: the component could not run, or a limit
/// stopped it. The inner error comes from the component and names what Lambda, the function or the
/// network reported, and whether the function ran.
///
/// ```
/// use aws_lambda_connector_host::bindings::types::{Error, Invocation};
/// use aws_lambda_connector_host::host::CallResult;
///
/// fn summary(result: CallResult<Invocation>) -> String {
///     match result {
///         Ok(Ok(invocation)) => format!("status {}", invocation.status_code),
///         Ok(Err(Error::FunctionFailed(_))) => "the function failed".to_owned(),
///         Ok(Err(error)) => format!("the call failed: {error:?}"),
///         Err(error) => format!("the host failed: {error}"),
///     }
/// }
/// ```
pub type CallResult<T> = Result<Result<T, Error>, HostError>;
