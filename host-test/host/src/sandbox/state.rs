//! The data of a store: one call's resources, and the hooks that send its requests.

use std::future::Future;
use std::sync::Arc;

use http::Request;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::clocks::{WasiClocksCtx, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi_http::{
    Error, RequestOptions, Result, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::attempts::Attempts;
use super::limits::Limits;
use super::watcher::{ResponseWatcher, watched};
use crate::outbound::{Body, Outbound};
use crate::policy::Policy;

/// The largest chunk in which a request body passes to the client, in bytes.
const BODY_CHUNK: usize = 1 << 20;
/// How many chunks may wait for the network. They hold the largest payload, 6 MiB, so that the
/// component can hand it over without waiting.
const BODY_CHUNKS: usize = 6;

/// The data of one call's store: see [`Sandbox::call`](super::Sandbox::call).
pub struct State {
    pub(super) table: ResourceTable,
    pub(super) limits: Limits,
    clocks: WasiClocksCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
}

impl State {
    pub(super) fn new(
        memory_limit: usize,
        outbound: Outbound,
        policy: Arc<Policy>,
        per_call: PerCall,
    ) -> Self {
        Self {
            table: ResourceTable::new(),
            limits: Limits::new(memory_limit),
            clocks: WasiClocksCtx::default(),
            http: WasiHttpCtx::new(),
            hooks: Hooks {
                outbound,
                policy,
                per_call,
            },
        }
    }
}

impl WasiClocksView for State {
    fn clocks(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView {
            ctx: &mut self.clocks,
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

/// Sends every request of the component: checks the policy, then uses the client.
struct Hooks {
    outbound: Outbound,
    policy: Arc<Policy>,
    per_call: PerCall,
}

/// The parts of the hooks that differ between calls, beside the policy.
#[derive(Clone, Default)]
pub struct PerCall {
    pub attempts: Option<Arc<Attempts>>,
    pub watcher: Option<Arc<dyn ResponseWatcher>>,
}

type Boxed<T> = Box<dyn Future<Output = Result<T>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<Body>,
        options: Option<RequestOptions>,
        _: Boxed<()>,
    ) -> Boxed<(http::Response<Body>, Boxed<()>)> {
        let (outbound, policy) = (self.outbound.clone(), self.policy.clone());
        let PerCall { attempts, watcher } = self.per_call.clone();
        Box::new(async move {
            let uri = request.uri().clone();
            if policy.check(&uri).is_err() {
                return Err(Error::HttpRequestDenied);
            }
            let mut options = options.unwrap_or_default();
            if let Some(attempts) = &attempts {
                attempts.begin(&mut options).await;
            }
            let sent = outbound.send(request, options).await;
            if let Some(attempts) = &attempts {
                attempts.ended(sent.as_ref());
            }
            if let Err(Error::DestinationIpProhibited) = sent {
                policy.refused_address(&uri);
            }
            // The connection's task belongs to the client's pool, not to this call.
            let io: Boxed<()> = Box::new(async { Ok(()) });
            let response = match watcher {
                Some(watcher) => watched(sent?, &*watcher),
                None => sent?,
            };
            Ok((response, io))
        })
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BODY_CHUNKS
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK
    }
}
