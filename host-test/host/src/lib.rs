//! Runs the AWS Lambda connector, a WebAssembly component, in wasmtime.
//!
//! A [`Host`](host::Host) is the loaded component. Every call runs in a fresh instance, stays within
//! the limits of [`sandbox::Options`], and reaches only what its [`Policy`](policy::Policy) allows.
//! A [`Caller`](caller::Caller) adds a connection. The instance that calls Lambda then receives a key
//! for its call only, and temporary keys are cached between calls.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
//! use aws_lambda_connector_host::bindings::types::{AccessKey, Connection, Credentials};
//! use aws_lambda_connector_host::caller::{Caller, SessionCache};
//! use aws_lambda_connector_host::host::Host;
//! use aws_lambda_connector_host::sandbox::Options;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::new(Path::new("aws-lambda-connector.wasm"), Options::default())?;
//! let connection = Connection {
//!     region: "eu-central-1".to_owned(),
//!     credentials: Credentials::AccessKey(AccessKey {
//!         access_key_id: std::env::var("AWS_ACCESS_KEY_ID")?,
//!         secret_access_key: std::env::var("AWS_SECRET_ACCESS_KEY")?,
//!         session_token: None,
//!     }),
//!     endpoint: None,
//! };
//! let caller = Caller::new(host, connection, "eu-central-1", &[], SessionCache::default())?;
//!
//! // The outer error is the host's, the inner one the component's.
//! let invocation = caller.invoke(&InvokeRequest::new("my-function")).await??;
//! println!("{:?}", invocation.output);
//!
//! // Why the sandbox received a key with more permissions than the call needs, if it did.
//! for fallback in caller.fallbacks() {
//!     eprintln!("{fallback}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A published package contains the components: `Host::from_bytes(bundled::P2, Options::default())`
//! needs no file.
//!
//! The component for WASI 0.3 also returns a response [while it arrives](host::ResponseStream):
//!
//! ```no_run
//! # use std::io::Write;
//! #
//! # use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
//! # use aws_lambda_connector_host::caller::Caller;
//! #
//! # async fn example(caller: Caller) -> Result<(), Box<dyn std::error::Error>> {
//! let request = InvokeRequest::new("my-function");
//! let mut stream = caller.invoke_with_response_stream(&request).await??;
//! while let Some(bytes) = stream.next().await {
//!     std::io::stdout().write_all(&bytes)?;
//! }
//! // Only the end shows whether the function succeeded.
//! stream.end().await??;
//! # Ok(())
//! # }
//! ```
//!
//! | Layer | Modules |
//! |---|---|
//! | Credentials and cached keys | [`caller`], [`credentials`] |
//! | The connector as a Rust value | [`host`], [`exports`], [`bindings`] |
//! | Any component, within limits | [`sandbox`] |
//! | Outgoing HTTP and its policy | [`outbound`], [`policy`] |
//! | Output for function URLs | [`prelude`] |
//!
//! Each layer imports only itself and the layers below. Futures require a tokio runtime.

#![warn(missing_docs)]

pub mod bindings;
mod call_result;
pub mod caller;
pub mod credentials;
pub mod exports;
pub mod host;
pub mod outbound;
pub mod policy;
pub mod prelude;
pub mod sandbox;

/// The components, for [`Host::from_bytes`](host::Host::from_bytes). Only a published package contains
/// them.
#[cfg(bundled)]
pub mod bundled {
    /// The component for WASI 0.2. Take this one, unless you need what only the other can do.
    pub const P2: &[u8] = include_bytes!("../components/aws-lambda-connector.wasm");
    /// The component for WASI 0.3, which can [stream](crate::host::ResponseStream) a response and
    /// [serve concurrent calls](crate::sandbox::SharedInstance) in one instance.
    pub const P3: &[u8] = include_bytes!("../components/aws-lambda-connector-p3.wasm");
}
