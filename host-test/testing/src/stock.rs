//! wasmtime's own host, as whoever embeds it gets it: the connector's promises must not rest on
//! this package's HTTP client.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation};
use aws_lambda_connector_host::exports::{self, Exports};
use http::HeaderName;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, ForbiddenHeaderFilter, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
    WasiHttpView,
};

/// Clones share the compiled component.
#[derive(Clone)]
pub struct Stock {
    component: Component,
    exports: Exports,
    linker: Linker<State>,
    forbidden: Option<HeaderName>,
}

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
}

struct Hooks {
    forbidden: Option<HeaderName>,
}

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let forbidden = self.forbidden.clone();
        Arc::new(move |name| {
            DEFAULT_FORBIDDEN_HEADERS.contains(name) || Some(name) == forbidden.as_ref()
        })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

impl Stock {
    pub fn new(component: &str) -> Self {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
        wasmtime_wasi_http::p3::add_to_linker(&mut linker).unwrap();
        let component = Component::from_file(&engine, component).unwrap();
        Self {
            exports: Exports::of(&component).unwrap(),
            component,
            linker,
            forbidden: None,
        }
    }

    /// Components may not set this header.
    pub fn forbidding(mut self, header: HeaderName) -> Self {
        self.forbidden = Some(header);
        self
    }

    pub async fn invoke(
        &self,
        connection: &Connection,
        request: &InvokeRequest,
    ) -> wasmtime::Result<Result<Invocation, Error>> {
        let state = State {
            table: ResourceTable::new(),
            wasi: WasiCtx::default(),
            http: WasiHttpCtx::new(),
            hooks: Hooks {
                forbidden: self.forbidden.clone(),
            },
        };
        let mut store = Store::new(self.component.engine(), state);
        let instance = self
            .linker
            .instantiate_async(&mut store, &self.component)
            .await?;
        let invoke = &self.exports.invoke;
        exports::call(&instance, &mut store, invoke, (connection, request)).await
    }
}
