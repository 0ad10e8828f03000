//! What a component may import, and nothing else: `wasi:io`, the two clocks, outgoing HTTP.
//!
//! Each interface is added by name. No environment, files, sockets, randomness or standard streams
//! exist here, so a component that asks for one does not load.

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{clocks, io};
use wasmtime_wasi_http::p2::bindings::http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

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
    http::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, State::http)
}
