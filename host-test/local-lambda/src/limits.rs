//! Payload limits of the real service, and limits of this one.

/// The largest request body of a synchronous invocation, in bytes.
pub const SYNC_REQUEST_LIMIT: usize = 6_291_456;
/// The largest request body of an `Event` invocation, in bytes.
pub const EVENT_REQUEST_LIMIT: usize = 1_048_576;
/// The largest response of a function, in bytes.
pub const RESPONSE_LIMIT: usize = 6_291_556;
/// The most open connections. The studio runs two servers, and a call between them needs two more
/// file descriptors, of which a process usually has 1024.
pub const DEFAULT_CONNECTIONS: usize = 256;
