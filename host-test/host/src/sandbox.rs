//! Runs any component within limits. It has no knowledge of Lambda.
//!
//! A component can read the clocks, and send HTTP requests that a
//! [`Policy`](crate::policy::Policy) allows. It keeps no state: its memory is discarded after the
//! call. [`Options`] limits memory, CPU time, total time and the number of concurrent calls.

mod attempts;
mod engine;
mod error;
mod fresh;
mod kept;
mod limits;
mod linker;
mod options;
mod precompiled;
mod shared;
mod state;
mod watcher;

pub use attempts::RequestLimits;
pub use engine::Allocation;
pub use error::{HostError, LastAttempt};
pub(crate) use fresh::IN_MEMORY;
pub use fresh::Sandbox;
pub use options::Options;
pub use precompiled::Code;
pub use shared::SharedInstance;
pub use state::State;
pub use watcher::{BodyWatcher, ResponseWatcher};
