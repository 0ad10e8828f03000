//! One instance that serves concurrent calls, for components whose functions are `async`.

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

/// An instance that serves concurrent calls. While one call waits for a response, the others run.
/// Clones refer to the same instance.
///
/// [`Options`](super::Options) apply as follows:
///
/// - `memory_limit` applies to the instance, so all concurrent calls together must fit.
/// - `call_timeout` applies to each call.
/// - `cpu_budget` is added for each concurrent call. The budget resets whenever no call is running.
///
/// A trap ends the instance and all of its calls, and so does dropping the last clone. A call whose
/// future is dropped continues inside the instance until it finishes: wasmtime can only cancel a
/// whole instance.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use aws_lambda_connector_host::bindings::{cards, types};
/// use aws_lambda_connector_host::host::Host;
/// use aws_lambda_connector_host::policy::Policy;
/// use aws_lambda_connector_host::sandbox::Options;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let options = Options { keep_compiled: true, ..Options::default() };
/// let host = Host::new(Path::new(built_component::P3), options)?;
/// let instance = host.share(&Arc::new(Policy::deny_all())).await?;
/// let describe = async || -> Result<cards::Manifest, Box<dyn std::error::Error>> {
///     let described: Result<cards::Manifest, types::Error> =
///         instance.call(host.exports().describe, ()).await?;
///     Ok(described?)
/// };
/// let (first, second) = tokio::try_join!(describe(), describe())?;
/// assert_eq!(first.version, second.version);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedInstance {
    sandbox: Sandbox,
    calls: mpsc::UnboundedSender<Call>,
    /// The error that the instance ended with.
    ended: watch::Receiver<Option<HostError>>,
    _served: Arc<AbortOnDropHandle<()>>,
}

impl Sandbox {
    /// Starts an instance that serves concurrent calls, all under this policy. It counts as one of
    /// [`Options::max_calls`](super::Options::max_calls), and waits if none is free. See
    /// [`SharedInstance`] for an example.
    ///
    /// # Errors
    /// - [`HostError::NotShared`]: the component's functions are not `async`.
    /// - [`HostError::Instantiate`], or the limit that the component exceeded while starting.
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
            return Err(end_reason(&mut ended).await);
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
    /// Calls an exported function, concurrently with any other calls.
    ///
    /// # Errors
    /// [`HostError::Timeout`] for this call alone. Any other error ended the instance: every call in
    /// flight and every later call returns the same error.
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
        let (sender, receiver) = oneshot::channel();
        let call: Call = Box::new(move |instance, accessor| {
            Box::pin(async move {
                let function = accessor
                    .with(|mut store| instance.get_typed_func::<P, (R,)>(&mut store, &function))?;
                let (result,) = function.call_concurrent(accessor, arguments).await?;
                // The caller may have dropped its future.
                let _ = sender.send(result);
                Ok(())
            })
        });
        // If the instance has ended, the call is dropped together with its sender.
        let _ = self.calls.send(call);
        let limit = self.sandbox.inner.options.call_timeout;
        match tokio::time::timeout(limit, receiver).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) => Err(end_reason(&mut self.ended.clone()).await),
            Err(_) => Err(HostError::Timeout { limit }),
        }
    }
}

async fn end_reason(ended: &mut watch::Receiver<Option<HostError>>) -> HostError {
    let unknown = || HostError::Trap("the instance ended".to_owned());
    match ended.wait_for(Option::is_some).await {
        Ok(error) => error.clone().unwrap_or_else(unknown),
        Err(_) => unknown(),
    }
}

/// Serves calls until the last clone is dropped.
async fn serve(
    sandbox: &Sandbox,
    policy: &Arc<Policy>,
    mut queue: mpsc::UnboundedReceiver<Call>,
    started: oneshot::Sender<()>,
) -> Result<(), HostError> {
    let _place = sandbox.inner.calls.acquire().await;
    let meter = Arc::new(CpuMeter::new(sandbox.inner.options.cpu_budget));
    let mut store = sandbox.store(policy, &meter, None);
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
        let _in_flight = self.meter.begin_call();
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

    /// In a shared instance, leftovers would accumulate.
    #[tokio::test]
    async fn finished_call_leaves_no_resources_in_the_host() {
        let component = Path::new(built_component::P3);
        let sandbox = Sandbox::load(component, Options::default()).unwrap();
        let exports = Exports::find(sandbox.instance_pre().component()).unwrap();
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
