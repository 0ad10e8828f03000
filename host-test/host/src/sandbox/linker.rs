//! The interfaces that a component may import: the two clocks and outgoing HTTP, in WASI 0.2 (with
//! `wasi:io`) and WASI 0.3.
//!
//! Each interface is added by name. The environment, files, sockets, randomness and standard streams
//! are missing, so a component that imports one of them does not load.

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{clocks, io};
use wasmtime_wasi::p3::bindings::clocks as clocks_p3;
use wasmtime_wasi_http::p2::bindings::http;
use wasmtime_wasi_http::p3::bindings::http as http_p3;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

use super::engine::Functions;
use super::state::State;

/// `wasi:io` needs only the resource table.
struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Adds every interface that the connector's worlds import. Those of WASI 0.3 require `async`
/// functions. Both versions of HTTP use the same hooks.
pub fn add_imports(linker: &mut Linker<State>, functions: Functions) -> wasmtime::Result<()> {
    io::error::add_to_linker::<_, Io>(linker, |state| &mut state.table)?;
    io::poll::add_to_linker::<_, Io>(linker, |state| &mut state.table)?;
    io::streams::add_to_linker::<_, Io>(linker, |state| &mut state.table)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    let options = http::types::LinkOptions::default();
    http::types::add_to_linker::<_, WasiHttp>(linker, &options, State::http)?;
    http::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, State::http)?;
    if functions == Functions::Sync {
        return Ok(());
    }
    clocks_p3::types::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    clocks_p3::system_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    clocks_p3::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    http_p3::types::add_to_linker::<_, WasiHttp>(linker, State::http)?;
    http_p3::client::add_to_linker::<_, WasiHttp>(linker, State::http)
}
