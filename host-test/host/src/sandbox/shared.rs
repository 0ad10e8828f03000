//! One instance for many calls at once: while one waits for its answer, the others go on. For
//! components whose functions are `async`.
//!
//! Of [`super::Options`], the memory limit holds for the instance, so that what is in flight at
//! once must fit; the call time-out holds for every call, and the CPU budget grows by its size with
//! each call and starts anew whenever none is left. A trap ends the instance, and with it every
//! call; so does dropping the last clone of it. A call that is given up goes on inside until it
//! ends by itself: wasmtime can cancel no less than an instance.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;
use wasmtime::component::{
    Accessor, AccessorTask, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower,
};

use super::engine::Functions;
use super::error::{HostError, trap_message};
use super::fresh::Sandbox;
use super::limits::{CpuMeter, metered};
use super::state::State;
use crate::policy::Policy;

type Running<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<()>> + Send + 'a>>;
type Call = Box<dyn for<'a> FnOnce(Instance, &'a Accessor<State>) -> Running<'a> + Send>;

/// An instance. Clones are the same one.
#[derive(Clone)]
pub struct SharedInstance {
    sandbox: Sandbox,
    calls: mpsc::UnboundedSender<Call>,
    /// What it ended with.
    ended: watch::Receiver<Option<HostError>>,
    _served: Arc<AbortOnDropHandle<()>>,
}

impl Sandbox {
    /// Makes an instance that stays. All its calls go by this policy. It takes one of the places
    /// that [`super::Options::max_calls`] are, and waits for it where none is free.
    ///
    /// # Errors
    /// None could be made, or the component's functions are not `async`.
    pub async fn share(&self, policy: &Arc<Policy>) -> Result<SharedInstance, HostError> {
        if self.inner.functions == Functions::Sync {
            return Err(HostError::NotShared);
        }
        let (calls, queue) = mpsc::unbounded_channel();
        let (ends, mut ended) = watch::channel(None);
        let (started, starts) = oneshot::channel();
        let (sandbox, policy) = (self.clone(), Arc::clone(policy));
        let served = tokio::spawn(async move {
            let end = serve(&sandbox, &policy, queue, started).await;
            if let Err(error) = end {
                ends.send_replace(Some(error));
            }
        });
        let served = Arc::new(AbortOnDropHandle::new(served));
        if starts.await.is_err() {
            return Err(why(&mut ended).await);
        }
        Ok(SharedInstance {
            sandbox: self.clone(),
            calls,
            ended,
            _served: served,
        })
    }
}

impl SharedInstance {
    /// Calls an export, whatever else is being called.
    ///
    /// # Errors
    /// The host's own. One that ended the instance is every later call's, too.
    pub async fn call<P, R>(
        &self,
        function: ComponentExportIndex,
        arguments: P,
    ) -> Result<R, HostError>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: Lift + Send + Sync + 'static,
        (R,): ComponentNamedList + Lift,
    {
        let (answer, answered) = oneshot::channel();
        let call: Call = Box::new(move |instance, accessor| {
            Box::pin(async move {
                let function = accessor
                    .with(|mut store| instance.get_typed_func::<P, (R,)>(&mut store, &function))?;
                let (result,) = function.call_concurrent(accessor, arguments).await?;
                // Who asked may be gone.
                let _ = answer.send(result);
                Ok(())
            })
        });
        // Where the instance has ended, the answer's sender is dropped along with the call.
        let _ = self.calls.send(call);
        let limit = self.sandbox.inner.options.call_timeout;
        match tokio::time::timeout(limit, answered).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) => Err(why(&mut self.ended.clone()).await),
            Err(_) => Err(HostError::Timeout { limit }),
        }
    }
}

async fn why(ended: &mut watch::Receiver<Option<HostError>>) -> HostError {
    let unknown = || HostError::Trap("the instance ended".to_owned());
    match ended.wait_for(Option::is_some).await {
        Ok(error) => error.clone().unwrap_or_else(unknown),
        Err(_) => unknown(),
    }
}

/// Serves until the last clone is dropped.
async fn serve(
    sandbox: &Sandbox,
    policy: &Arc<Policy>,
    mut queue: mpsc::UnboundedReceiver<Call>,
    started: oneshot::Sender<()>,
) -> Result<(), HostError> {
    let _place = sandbox.inner.calls.acquire().await;
    let meter = Arc::new(CpuMeter::new(sandbox.inner.options.cpu_budget));
    let mut store = sandbox.store(policy, &meter);
    let instance = sandbox.instantiate(&mut store, &meter).await?;
    let _ = started.send(());
    let serving = store.run_concurrent(async |accessor| {
        while let Some(call) = queue.recv().await {
            accessor.spawn(Task {
                instance,
                call,
                meter: Arc::clone(&meter),
            })?;
        }
        Ok(())
    });
    let served = metered(serving, &meter).await.flatten();
    served.map_err(|error| {
        sandbox
            .limit_hit(&store, &error)
            .unwrap_or_else(|| HostError::Trap(trap_message(&error)))
    })
}

struct Task {
    instance: Instance,
    call: Call,
    meter: Arc<CpuMeter>,
}

impl AccessorTask<State> for Task {
    async fn run(self, accessor: &Accessor<State>) -> wasmtime::Result<()> {
        let _in_flight = self.meter.another();
        (self.call)(self.instance, accessor).await
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use crate::bindings::lambda::InvokeRequest;
    use crate::bindings::types::{AccessKey, Connection, Credentials, Endpoint, Error, Invocation};
    use crate::exports::{self, Exports};
    use crate::policy::Policy;
    use crate::sandbox::{Options, Sandbox};
    use local_lambda::{Config, Key, LocalLambda};

    /// In an instance that stays, it would add up.
    #[tokio::test]
    async fn a_call_leaves_nothing_with_the_host() {
        let component = Path::new(built_component::P3);
        let sandbox = Sandbox::load(component, Options::default()).unwrap();
        let exports = Exports::of(sandbox.instance_pre().component()).unwrap();
        let lambda = LocalLambda::start(Config::default()).await.unwrap();
        let policy = Arc::new(Policy::deny_all().allow(&lambda.url()).unwrap());
        let Key {
            access_key_id,
            secret_access_key,
            session_token,
            ..
        } = lambda.key().clone();
        let connection = |url: String| Connection {
            region: "us-east-1".to_owned(),
            credentials: Credentials::AccessKey(AccessKey {
                access_key_id: access_key_id.clone(),
                secret_access_key: secret_access_key.clone(),
                session_token: session_token.clone(),
            }),
            endpoint: Some(Endpoint::Url(url)),
        };
        let request = |function: &str, payload: Option<String>| InvokeRequest {
            payload,
            ..InvokeRequest::new(function)
        };
        let large = format!("\"{}\"", "x".repeat(1 << 20));
        let calls = [
            (lambda.url(), request("echo", None)),
            (lambda.url(), request("echo", Some(large))),
            (lambda.url(), request("fail", Some("{}".to_owned()))),
            (lambda.url(), request("missing", None)),
            ("http://127.0.0.1:9".to_owned(), request("echo", None)),
        ];
        sandbox
            .call(&policy, async |instance, store| {
                for (url, request) in calls {
                    let arguments = (&connection(url), &request);
                    let _: Result<Invocation, Error> =
                        exports::call(instance, &mut *store, &exports.invoke, arguments).await?;
                    assert!(store.data().table.is_empty(), "{}", request.function);
                    store.assert_concurrent_state_empty();
                }
                Ok(())
            })
            .await
            .unwrap();
    }
}
