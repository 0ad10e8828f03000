//! Where the components are that the build script has made of the sources: one build of them, for
//! the command line and for every test.

/// The component's file for WASI 0.2.
pub const P2: &str = env!("AWS_LAMBDA_CONNECTOR_WASM");
/// The one for WASI 0.3.
pub const P3: &str = env!("AWS_LAMBDA_CONNECTOR_P3_WASM");
