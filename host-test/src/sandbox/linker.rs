//! What a component may import, and nothing else: `wasi:io`, the two clocks, outgoing HTTP.
//!
//! Each interface is added by name. No environment, files, sockets, randomness or standard streams
//! exist here, so a component that asks for one does not load.

use wasmtime::StoreContextMut;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{clocks, io};
use wasmtime_wasi_http::p2::bindings::http;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, WasiHttp, WasiHttpView};

use super::State;

/// `wasi:io` works on the resource table alone.
struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Adds every interface that the connector's world imports.
pub fn add_imports(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<_, Io>(linker, |state| &mut state.table)?;
    io::poll::add_to_linker::<_, Io>(linker, |state| &mut state.table)?;
    io::streams::add_to_linker::<_, Io>(linker, |state| &mut state.table)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    let options = http::types::LinkOptions::default();
    http::types::add_to_linker::<_, WasiHttp>(linker, &options, State::http)?;
    http::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, State::http)?;
    answer_error_codes(linker)
}

/// What `wasmtime-wasi-http` 48 calls the interface.
const HTTP_TYPES: &str = "wasi:http/types@0.2.12";

/// Replaces `http-error-code`, by which a component asks why a body broke off.
///
/// The one of `wasmtime-wasi-http` 48.0 looks for an `ErrorCode` in the stream's error, where its
/// own bodies leave an `Error`, and so knows no code for any of them.
fn answer_error_codes(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.instance(HTTP_TYPES)?.func_wrap(
        "http-error-code",
        |store: StoreContextMut<'_, State>, (error,): (Resource<io::error::Error>,)| {
            let error = store.data().table.get(&error)?;
            let code = match error.downcast_ref::<Error>() {
                Some(Error::ConnectionReadTimeout) => Some(ErrorCode::ConnectionReadTimeout),
                Some(Error::HttpResponseIncomplete) => Some(ErrorCode::HttpResponseIncomplete),
                Some(Error::HttpProtocolError) => Some(ErrorCode::HttpProtocolError),
                _ => error.downcast_ref::<ErrorCode>().cloned(),
            };
            Ok((code,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}
