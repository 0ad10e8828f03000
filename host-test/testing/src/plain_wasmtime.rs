//! wasmtime's own host, without any part of the reference host. The connector's guarantees must not
//! depend on the HTTP client of this package.

use std::sync::Arc;

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation};
use aws_lambda_connector_host::exports::{self, Exports};
use http::HeaderName;
use wasmtime::component::{
    ComponentExportIndex, ComponentNamedList, Instance, Lift, Linker, Lower, ResourceTable,
};
use wasmtime::{Cache, Config, Engine, ResourceLimiter, Result, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, ForbiddenHeaderFilter, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
    WasiHttpView,
};

use crate::component::{Component, PerComponent};

/// The host. Clones share the compiled component.
#[derive(Clone)]
pub struct PlainWasmtime {
    pub exports: Exports,
    component: wasmtime::component::Component,
    linker: Linker<State>,
    forbidden: Option<HeaderName>,
}

/// The state of a store.
pub struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Box<dyn WasiHttpHooks>,
    pub memory: LinearMemory,
}

/// The limit and the peak of the linear memory, in bytes.
pub struct LinearMemory {
    pub limit: usize,
    pub peak: usize,
}

struct Forbidding(Option<HeaderName>);

impl WasiHttpHooks for Forbidding {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let forbidden = self.0.clone();
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
            hooks: &mut *self.hooks,
        }
    }
}

impl ResourceLimiter for LinearMemory {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let fits = desired <= self.limit;
        if fits {
            self.peak = self.peak.max(desired);
        }
        Ok(fits)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(true)
    }
}

impl PlainWasmtime {
    pub fn of(component: Component) -> Self {
        static HOSTS: PerComponent<PlainWasmtime> =
            PerComponent::new(|component| PlainWasmtime::configured(component, &Config::new()));
        HOSTS.of(component).clone()
    }

    pub fn configured(component: Component, config: &Config) -> Self {
        let mut config = config.clone();
        config.cache(Cache::from_file(None).ok());
        let engine = Engine::new(&config).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
        wasmtime_wasi_http::p3::add_to_linker(&mut linker).unwrap();
        let component =
            wasmtime::component::Component::from_file(&engine, component.file()).unwrap();
        Self {
            exports: Exports::find(&component).unwrap(),
            component,
            linker,
            forbidden: None,
        }
    }

    /// Returns this host with a header that components may not set.
    pub fn forbidding(mut self, header: HeaderName) -> Self {
        self.forbidden = Some(header);
        self
    }

    /// Returns a store for one instance.
    pub fn store(&self) -> Store<State> {
        self.store_with(Forbidding(self.forbidden.clone()))
    }

    pub fn store_with(&self, hooks: impl WasiHttpHooks + 'static) -> Store<State> {
        let state = State {
            table: ResourceTable::new(),
            wasi: WasiCtx::default(),
            http: WasiHttpCtx::new(),
            hooks: Box::new(hooks),
            memory: LinearMemory {
                limit: usize::MAX,
                peak: 0,
            },
        };
        let mut store = Store::new(self.component.engine(), state);
        store.limiter(|state| &mut state.memory);
        store
    }

    pub async fn instantiate(&self, store: &mut Store<State>) -> Result<Instance> {
        self.linker.instantiate_async(store, &self.component).await
    }

    /// Calls an exported function in a fresh instance.
    pub async fn call<P, R>(&self, function: &ComponentExportIndex, arguments: P) -> R
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: Lift + Send + Sync + 'static,
        (R,): ComponentNamedList + Lift,
    {
        let mut store = self.store();
        let instance = self.instantiate(&mut store).await.unwrap();
        let called = exports::call(&instance, store, function, arguments);
        called.await.unwrap()
    }

    /// Invokes a function in a fresh instance.
    pub async fn invoke(
        &self,
        store: &mut Store<State>,
        connection: &Connection,
        request: &InvokeRequest,
    ) -> Result<Result<Invocation, Error>> {
        let instance = self.instantiate(store).await?;
        let arguments = (connection, request);
        exports::call(&instance, store, &self.exports.invoke, arguments).await
    }
}
