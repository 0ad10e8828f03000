//! One instance that serves concurrent calls, for components whose functions are `async`.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;
use wasmtime::component::{
    Accessor, AccessorTask, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower,
};

use super::engine::Functions;
use super::error::{HostError, trap_message};
use super::fresh::Sandbox;
use super::limits::{CpuMeter, metered};
use super::state::{PerCall, State};
use crate::policy::Policy;

type Running<'a> = Pin<Box<dyn Future<Output = wasmtime::Result<()>> + Send + 'a>>;
type Call = Box<dyn for<'a> FnOnce(Instance, &'a Accessor<State>) -> Running<'a> + Send>;

/// An instance that serves concurrent calls. While one call waits for a response, the others run.
/// Clones refer to the same instance.
///
/// [`Options`](super::Options) apply as follows:
///
/// - `memory_limit` applies to the instance, so all concurrent calls together must fit.
/// - `calls_per_instance` is the number of calls that run at a time. Further calls wait in order of
///   arrival. They have sent nothing, and a call whose future is dropped leaves the queue.
/// - `admission_timeout` limits that wait.
/// - `call_timeout` applies to each call, from its admission.
/// - `cpu_budget` is added for each concurrent call. The budget resets whenever no call is running.
///
/// A trap ends the instance and all of its calls, and so does dropping the last clone. A call whose
/// future is dropped continues inside the instance until it finishes: wasmtime can only cancel a
/// whole instance. Until then, it counts as running.
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
    /// Holds no more calls than `admitted` has permits.
    calls: mpsc::UnboundedSender<Call>,
    /// Serves waiting calls in order. It is closed when the instance ends.
    admitted: Arc<Semaphore>,
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
        let places = self.inner.options.calls_per_instance.max(1);
        let admitted = Arc::new(Semaphore::new(places as usize));
        let (sandbox, policy) = (self.clone(), Arc::clone(policy));
        let admission = Arc::clone(&admitted);
        let served = tokio::spawn(async move {
            let end = serve(&sandbox, &policy, queue, started).await;
            if let Err(error) = end {
                ends.send_replace(Some(error));
            }
            admission.close();
        });
        let served = Arc::new(AbortOnDropHandle::new(served));
        if starts.await.is_err() {
            return Err(end_reason(&mut ended).await);
        }
        Ok(SharedInstance {
            sandbox: self.clone(),
            calls,
            admitted,
            ended,
            _served: served,
        })
    }
}

impl SharedInstance {
    /// Calls an exported function, concurrently with any other calls.
    ///
    /// # Errors
    /// [`HostError::NotAdmitted`] and [`HostError::Timeout`] for this call alone. Any other error ended
    /// the instance: every call in flight and every later call returns the same error.
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
        let Some(place) = self.admit().await? else {
            return Err(end_reason(&mut self.ended.clone()).await);
        };
        let (sender, receiver) = oneshot::channel();
        let call: Call = Box::new(move |instance, accessor| {
            Box::pin(async move {
                // The call runs to its end even if its future is dropped.
                let _place = place;
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

    /// Waits for a place. Returns `None` if the instance has ended.
    async fn admit(&self) -> Result<Option<OwnedSemaphorePermit>, HostError> {
        let limit = self.sandbox.inner.options.admission_timeout;
        let place = Arc::clone(&self.admitted).acquire_owned();
        match tokio::time::timeout(limit, place).await {
            Ok(place) => Ok(place.ok()),
            Err(_) => Err(HostError::NotAdmitted { limit }),
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
    let mut store = sandbox.store(policy, &meter, PerCall::default());
    let instance = sandbox.instantiate(&mut store, &meter).await?;
    let _ = started.send(());
    let turns = Turns::default();
    let serving = store.run_concurrent(async |accessor| {
        while let Some(call) = queue.recv().await {
            turns.next().await;
            accessor.spawn(Task {
                instance,
                call,
                meter: Arc::clone(&meter),
            })?;
        }
        Ok(())
    });
    let served = metered(turns.counted(serving), &meter).await.flatten();
    served.map_err(|error| {
        sandbox
            .limit_hit(&store, &error)
            .unwrap_or_else(|| HostError::Trap(trap_message(&error)))
    })
}

/// The turns in which the instance runs. A turn ends when no call can proceed, or when the instance
/// lets other tasks run.
///
/// wasmtime starts a new call before it resumes one that has yielded. Without a pause between them,
/// new calls would keep the older ones from finishing.
#[derive(Default)]
struct Turns {
    /// Whether a call has begun in this turn.
    taken: AtomicBool,
    /// Whether a call waits for the next turn.
    wanted: AtomicBool,
}

impl Turns {
    /// Waits until no other call has begun in this turn.
    async fn next(&self) {
        poll_fn(|_| {
            if self.taken.swap(true, Ordering::Relaxed) {
                self.wanted.store(true, Ordering::Relaxed);
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Ends a turn whenever `serving` has been polled.
    async fn counted<F: Future>(&self, serving: F) -> F::Output {
        let mut serving = pin!(serving);
        poll_fn(|cx| {
            let polled = serving.as_mut().poll(cx);
            self.taken.store(false, Ordering::Relaxed);
            if self.wanted.swap(false, Ordering::Relaxed) {
                cx.waker().wake_by_ref();
            }
            polled
        })
        .await
    }
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
