//! What test programs share: each component in its host, the parts of a call, checks of its
//! outcome, and servers that misbehave.
//!
//! A test that runs the component takes it as an argument, and [`for_each_component`] runs the test
//! with both components. `cargo test wasi_0_3` runs the tests of one component.

mod any_host;
pub mod barrier;
mod call;
mod case;
mod component;
pub mod event_stream;
mod folder;
pub mod http1;
mod local;
pub mod outcome;
pub mod plain_wasmtime;
pub mod proxy;
pub mod server;

pub use any_host::AnyHost;
pub use call::*;
pub use case::case;
pub use component::{Component, PerComponent};
pub use folder::empty_folder;
pub use local::Local;
pub use testing_macros::for_each_component;
