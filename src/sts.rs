//! STS's API: the operations that exchange credentials, or name their owner.

pub mod assume_role;
pub mod caller_identity;
pub mod query;
