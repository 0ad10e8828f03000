//! Runs one component within limits. Knows nothing of Lambda.
//!
//! A component gets the clocks, and HTTP as far as a [`Policy`](crate::policy::Policy) goes. It keeps no
//! state: its memory ends with the call. Four limits hold it: memory, time on the processor, time in
//! all, and how many calls run at once.

mod engine;
mod error;
mod fresh;
mod limits;
mod linker;
mod options;
mod shared;
mod state;

pub use engine::Allocation;
pub use error::HostError;
pub use fresh::Sandbox;
pub use options::Options;
pub use shared::SharedInstance;
pub use state::State;
