//! Lambda's API of durable executions, one file for each operation.
//!
//! Source: the operations of 2025-12-01 in Lambda's API model. A timestamp is a number of seconds in a
//! body, and ISO 8601 text in a query.

pub mod arn;
pub mod complete_callback;
pub mod execution;
pub mod get;
pub mod history;
pub mod list;
pub mod stop;
pub mod timestamp;
