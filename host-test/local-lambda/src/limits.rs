//! Payload limits of the real service, and limits of this one.

/// The largest request body of a synchronous invocation, in bytes.
pub const SYNC_REQUEST_LIMIT: usize = 6_291_456;
/// The largest request body of an `Event` invocation, in bytes.
pub const EVENT_REQUEST_LIMIT: usize = 1_048_576;
/// The largest response of a function, in bytes.
pub const RESPONSE_LIMIT: usize = 6_291_556;
/// The largest streamed response of a function, in bytes.
pub const STREAM_LIMIT: usize = 200 << 20;
/// The largest payload of an event in a streamed response, in bytes.
pub(super) const CHUNK_LIMIT: usize = 1 << 20;
/// How far a function may be ahead of the reader of its stream, in bytes. At least a chunk.
pub(super) const STREAM_AHEAD: usize = 1 << 20;
/// The most open connections. The studio runs two servers, and a call between them needs two more
/// file descriptors, of which a process usually has 1024.
pub const DEFAULT_CONNECTIONS: usize = 256;
/// The largest result of a callback, and the most bytes of all texts of an error object.
pub const CALLBACK_RESULT_LIMIT: usize = 1_048_576;

/// The execution timeout of the durable functions, in seconds.
pub(super) const EXECUTION_TIMEOUT_SECONDS: u64 = 86_400;
/// The longest execution timeout that Lambda accepts, in seconds.
pub(super) const LONGEST_EXECUTION_TIMEOUT_SECONDS: u64 = 31_622_400;
/// What the durable functions have as their retention period. The service keeps executions until it
/// stops or has too many.
pub(super) const RETENTION_DAYS: u32 = 14;
/// The most durable executions that the service keeps. It forgets those that ended first.
pub const EXECUTIONS_LIMIT: usize = 1_000;
/// The most memory of all durable executions, in bytes: payloads, results, errors and histories. If
/// they need more, the service forgets those that ended first.
pub const EXECUTION_DATA_LIMIT: usize = 128 << 20;
/// The most operations of one durable execution, such as steps. Each adds at most three events to its
/// history.
pub const OPERATIONS_LIMIT: usize = 1_000;
/// How deep groups of operations can be nested.
pub(super) const OPERATION_DEPTH_LIMIT: usize = 8;
