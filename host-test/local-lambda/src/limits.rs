//! Lambda's limits for payloads, as the real service has them.

/// Largest request body of a synchronous invocation, in bytes.
pub const SYNC_REQUEST_LIMIT: usize = 6_291_456;
/// Largest request body of an `Event` invocation, in bytes.
pub const EVENT_REQUEST_LIMIT: usize = 1_048_576;
/// Largest response of a function, in bytes.
pub const RESPONSE_LIMIT: usize = 6_291_556;
