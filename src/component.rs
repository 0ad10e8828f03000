//! The exports: WIT values in, one call, WIT values out.

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[allow(unsafe_code, missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ world: "connector", path: "wit", generate_all });
    use super::Connector;
    export!(Connector with_types_in self);
}

use alloc::{string::String, vec::Vec};
use bindings::exports::connectors::aws_lambda as exports;
use bindings::exports::connectors::aws_lambda::types;

struct Connector;
impl exports::lambda::Guest for Connector {
    fn invoke(
        _c: types::Connection,
        _r: exports::lambda::InvokeRequest,
    ) -> Result<types::Invocation, types::Error> {
        Err(types::Error::ExecutionFailed)
    }
    fn list_functions(
        _c: types::Connection,
        _r: exports::lambda::FunctionQuery,
    ) -> Result<exports::lambda::FunctionPage, types::Error> {
        Err(types::Error::ExecutionFailed)
    }
    fn list_qualifiers(
        _c: types::Connection,
        _f: String,
    ) -> Result<Vec<exports::lambda::QualifierChoice>, types::Error> {
        Err(types::Error::ExecutionFailed)
    }
    fn test_connection(
        _c: types::Connection,
        _f: Option<String>,
        _q: Option<String>,
    ) -> Result<Vec<exports::lambda::Check>, types::Error> {
        Err(types::Error::ExecutionFailed)
    }
}
impl exports::sessions::Guest for Connector {
    fn open(_c: types::Connection) -> Result<exports::sessions::Session, types::Error> {
        Err(types::Error::ExecutionFailed)
    }
}
impl exports::cards::Guest for Connector {
    fn describe() -> Result<exports::cards::Manifest, types::Error> {
        Err(types::Error::ExecutionFailed)
    }
    fn choices(
        _: String,
        _: String,
        _: String,
        _: String,
        _: Option<String>,
        _: Option<String>,
    ) -> Result<exports::cards::ChoicePage, types::Error> {
        Err(types::Error::ExecutionFailed)
    }
    fn run(_: String, _: String, _: String) -> Result<String, types::Error> {
        Err(types::Error::ExecutionFailed)
    }
}
