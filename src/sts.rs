//! The API of STS: the operations that exchange credentials, limit them and identify their
//! owner.

pub mod assume_role;
pub mod caller_identity;
pub mod query;
pub mod scope_down;
pub mod session;
pub mod session_policy;
