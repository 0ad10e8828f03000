//! Paths of the components, which the build script builds once for the command line and all tests.

/// The file of the component for WASI 0.2.
pub const P2: &str = env!("AWS_LAMBDA_CONNECTOR_WASM");
/// The file of the component for WASI 0.3.
pub const P3: &str = env!("AWS_LAMBDA_CONNECTOR_P3_WASM");
