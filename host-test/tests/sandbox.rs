//! The limits of a component: its imports, its memory, its time, and that nothing outlives a call.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{Allocation, HostError, Options, Sandbox, SharedInstance};
use testing::{case, changed};

/// Wraps one core module that exports `run` in a component.
fn component(imports: &str, core: &str) -> String {
    format!(
        r#"(component {imports}
            (core module $m {core})
            (core instance $i (instantiate $m))
            (func (export "run") (result u32) (canon lift (core func $i "run"))))"#
    )
}

fn load(component: &str, options: Options) -> Sandbox {
    Sandbox::from_bytes(&wat::parse_str(component).unwrap(), options).unwrap()
}

fn sandbox(core: &str, options: Options) -> Sandbox {
    load(&component("", core), options)
}

/// The default options with this change.
fn options(change: impl FnOnce(&mut Options)) -> Options {
    changed(&Options::default(), change)
}

/// Asserts that a call exceeded this limit.
macro_rules! assert_limited {
    ($ended:expr, $limit:ident { $value:ident: $expected:expr }) => {
        match $ended {
            Err(HostError::$limit { $value }) => assert_eq!($value, $expected),
            other => panic!("{other:?}"),
        }
    };
}

fn assert_unreachable(ended: Result<u32, HostError>) {
    match ended {
        Err(HostError::Trap(message)) => assert!(message.contains("unreachable"), "{message}"),
        other => panic!("{other:?}"),
    }
}

/// Loads the component with an `async` function, so that its instance can be shared.
fn load_async(component: &str, options: Options) -> Sandbox {
    let (plain, with_async) = ["", "async "]
        .map(|kind| format!(r#"(export "run") {kind}(result u32)"#))
        .into();
    assert!(component.contains(&plain));
    load(&component.replace(&plain, &with_async), options)
}

async fn run(sandbox: &Sandbox) -> Result<u32, HostError> {
    let policy = Arc::new(Policy::deny_all());
    sandbox
        .call(&policy, async |instance, store| {
            let run = instance.get_typed_func::<(), (u32,)>(&mut *store, "run")?;
            Ok(run.call_async(store, ()).await?.0)
        })
        .await
}

/// Creates an instance that is reused between calls.
async fn shared(sandbox: &Sandbox) -> SharedInstance {
    let policy = Arc::new(Policy::deny_all());
    sandbox.share(&policy).await.unwrap()
}

async fn run_in(instance: &SharedInstance, sandbox: &Sandbox) -> Result<u32, HostError> {
    let component = sandbox.instance_pre().component();
    let run = component.get_export_index(None, "run").unwrap();
    instance.call(run, ()).await
}

const ENDLESS: &str = r#"(func (export "run") (result i32) (loop br 0) (i32.const 0))"#;
const UNREACHABLE: &str = r#"(func (export "run") (result i32) unreachable)"#;

/// A short time, so that the tests stay fast.
const SHORT: Duration = Duration::from_millis(30);

#[test]
fn component_with_another_import_is_rejected() {
    for (import, function) in [
        (
            "wasi:cli/environment@0.2.0",
            r#""get-environment" (func (result (list (tuple string string))))"#,
        ),
        (
            "wasi:random/random@0.2.0",
            r#""get-random-u64" (func (result u64))"#,
        ),
        (
            "wasi:cli/exit@0.2.0",
            r#""exit" (func (param "status" (result)))"#,
        ),
        ("wasi:filesystem/preopens@0.2.0", r#""none" (func)"#),
        ("wasi:sockets/instance-network@0.2.0", r#""none" (func)"#),
        ("acme:host/secrets@1.0.0", r#""get" (func (result string))"#),
    ] {
        let bytes = component(
            &format!(r#"(import "{import}" (instance (export {function})))"#),
            r#"(func (export "run") (result i32) (i32.const 0))"#,
        );
        let Err(HostError::Load { reason, .. }) =
            Sandbox::from_bytes(&wat::parse_str(bytes).unwrap(), Options::default())
        else {
            panic!("{import} was accepted");
        };
        assert!(reason.contains(import), "{import}: {reason}");
    }
}

#[test]
fn bytes_that_are_not_a_component_are_rejected() {
    let module = wat::parse_str("(module)").unwrap();
    for bytes in [b"\0asm".to_vec(), module, Vec::new()] {
        let _case = case(bytes.escape_ascii());
        let loaded = Sandbox::from_bytes(&bytes, Options::default());
        assert!(matches!(loaded, Err(HostError::Load { .. })));
    }
}

#[tokio::test]
async fn state_does_not_outlive_a_call() {
    let sandbox = sandbox(
        r#"(global $n (mut i32) (i32.const 0))
           (memory 1)
           (func (export "run") (result i32)
             (global.set $n (i32.add (global.get $n) (i32.const 1)))
             (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
             (i32.add (global.get $n) (i32.load8_u (i32.const 0))))"#,
        Options::default(),
    );
    for _ in 0..3 {
        assert_eq!(run(&sandbox).await.unwrap(), 2);
    }
}

/// Requests 16 MiB more and traps if the request fails, as an allocator does.
const GROW: &str = r#"(memory 1)
    (func (export "run") (result i32)
      (if (i32.eq (memory.grow (i32.const 256)) (i32.const -1)) (then unreachable))
      (memory.size))"#;

#[tokio::test]
async fn exceeded_memory_limit_is_reported_with_the_limit() {
    let within = |mib: usize| sandbox(GROW, options(|options| options.memory_limit = mib << 20));
    assert_eq!(run(&within(17)).await.unwrap(), 257);
    assert_limited!(run(&within(16)).await, MemoryLimit { limit: 16 << 20 });
}

#[tokio::test]
async fn trap_is_reported_and_the_sandbox_stays_usable() {
    let sandbox = sandbox(UNREACHABLE, Options::default());
    for _ in 0..2 {
        assert_unreachable(run(&sandbox).await);
    }
}

#[tokio::test]
async fn endless_loop_ends_at_the_cpu_budget() {
    let sandbox = sandbox(ENDLESS, options(|options| options.cpu_budget = SHORT));
    assert_limited!(run(&sandbox).await, CpuLimit { budget: SHORT });
}

/// On a single thread, the timeout can fire only if the component yields.
#[tokio::test(flavor = "current_thread")]
async fn busy_component_yields_and_times_out() {
    let options = options(|options| {
        options.call_timeout = SHORT;
        options.cpu_budget = Duration::from_secs(3600);
    });
    let sandbox = sandbox(ENDLESS, options);
    assert_limited!(run(&sandbox).await, Timeout { limit: SHORT });
}

/// A component that waits on the clock for `nanoseconds`.
fn waiting(nanoseconds: u64) -> String {
    format!(
        r#"(component
            (import "wasi:io/poll@0.2.0" (instance $poll
              (export "pollable" (type $p (sub resource)))
              (export "[method]pollable.block" (func (param "self" (borrow $p))))))
            (alias export $poll "pollable" (type $pollable))
            (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
              (alias outer 1 $pollable (type $outer))
              (export "pollable" (type $p (eq $outer)))
              (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
            (core func $block (canon lower (func $poll "[method]pollable.block")))
            (core func $subscribe (canon lower (func $clock "subscribe-duration")))
            (core module $m
              (import "" "block" (func $block (param i32)))
              (import "" "subscribe" (func $subscribe (param i64) (result i32)))
              (func (export "run") (result i32)
                (call $block (call $subscribe (i64.const {nanoseconds})))
                (i32.const 7)))
            (core instance $i (instantiate $m (with "" (instance
              (export "block" (func $block))
              (export "subscribe" (func $subscribe))))))
            (func (export "run") (result u32) (canon lift (core func $i "run"))))"#
    )
}

#[tokio::test]
async fn waiting_component_times_out() {
    let options = options(|options| options.call_timeout = SHORT);
    let sandbox = load(&waiting(3_600_000_000_000), options);
    assert_limited!(run(&sandbox).await, Timeout { limit: SHORT });
}

/// The budget is far below the wait, and the ticks during the wait do not use it up.
#[tokio::test]
async fn waiting_uses_no_cpu_budget() {
    let options = options(|options| options.cpu_budget = Duration::from_millis(500));
    let sandbox = load(&waiting(1_000_000_000), options);
    assert_eq!(run(&sandbox).await.unwrap(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_the_maximum_wait_for_a_free_slot() {
    let options = options(|options| options.max_calls = 2);
    let sandbox = load(&waiting(1_000_000), options);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let sandbox = sandbox.clone();
            tokio::spawn(async move { run(&sandbox).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 7);
    }
}

#[tokio::test]
async fn limits_too_large_for_a_pool_fall_back_to_on_demand_allocation() {
    let sandbox = sandbox(GROW, options(|options| options.max_calls = u32::MAX >> 10));
    let Allocation::OnDemand { reason } = sandbox.allocation() else {
        panic!("the pool reserved 16 TiB");
    };
    assert!(!reason.is_empty());
    assert_eq!(run(&sandbox).await.unwrap(), 257);
}

/// A component that counts its calls.
const COUNTS: &str = r#"(global $n (mut i32) (i32.const 0))
    (func (export "run") (result i32)
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (global.get $n))"#;

#[tokio::test]
async fn shared_instance_keeps_its_state() {
    let sandbox = load_async(&component("", COUNTS), Options::default());
    let instance = shared(&sandbox).await;
    for n in 1..4 {
        assert_eq!(run_in(&instance.clone(), &sandbox).await.unwrap(), n);
    }
    assert_eq!(run_in(&shared(&sandbox).await, &sandbox).await.unwrap(), 1);
}

#[tokio::test]
async fn dropped_shared_instance_frees_its_slot() {
    let options = options(|options| options.max_calls = 1);
    let sandbox = load_async(&component("", COUNTS), options);
    for _ in 0..3 {
        let instance = shared(&sandbox).await;
        assert_eq!(run_in(&instance, &sandbox).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn trap_ends_a_shared_instance_and_later_calls_report_it() {
    let sandbox = load_async(&component("", UNREACHABLE), Options::default());
    let instance = shared(&sandbox).await;
    for _ in 0..3 {
        assert_unreachable(run_in(&instance, &sandbox).await);
    }
}

#[tokio::test]
async fn limits_apply_to_a_shared_instance() {
    let limits = options(|options| {
        options.memory_limit = 16 << 20;
        options.cpu_budget = SHORT;
    });
    let endless = load_async(&component("", ENDLESS), limits.clone());
    let ended = run_in(&shared(&endless).await, &endless).await;
    assert_limited!(ended, CpuLimit { budget: SHORT });

    let grow = load_async(&component("", GROW), limits);
    let ended = run_in(&shared(&grow).await, &grow).await;
    assert_limited!(ended, MemoryLimit { limit: 16 << 20 });

    let options = options(|options| options.call_timeout = SHORT);
    let waiting = load_async(&waiting(3_600_000_000_000), options);
    let ended = run_in(&shared(&waiting).await, &waiting).await;
    assert_limited!(ended, Timeout { limit: SHORT });
}

/// A call that blocks in WASI 0.2 would make all other calls of the instance wait.
#[tokio::test]
async fn component_without_async_functions_cannot_be_shared() {
    let sandbox = load(&waiting(1), Options::default());
    let policy = Arc::new(Policy::deny_all());
    let Err(HostError::NotShared) = sandbox.share(&policy).await else {
        panic!("the component was shared");
    };
    assert_eq!(run(&sandbox).await.unwrap(), 7);
}

#[tokio::test]
async fn trap_reaches_the_calls_that_wait_for_admission() {
    let options = options(|options| options.calls_per_instance = 1);
    let sandbox = load_async(&component("", UNREACHABLE), options);
    let instance = shared(&sandbox).await;
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let (instance, sandbox) = (instance.clone(), sandbox.clone());
            tokio::spawn(async move { run_in(&instance, &sandbox).await })
        })
        .collect();
    for call in calls {
        assert_unreachable(call.await.unwrap());
    }
}
