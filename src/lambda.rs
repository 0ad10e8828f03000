//! Lambda's API, one file for each operation, which builds its requests and reads the responses.

pub mod executions;
pub mod function_name;
pub mod get_function_configuration;
pub mod invoke;
pub mod invoke_with_response_stream;
pub mod list_functions;
pub mod list_qualifiers;
pub mod page;
pub mod request_id;
pub mod trace_id;
