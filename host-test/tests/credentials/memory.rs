//! What remains in the sandbox's memory after a call has returned: no signing secret and no token.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, Weak};

use aws_lambda_connector_host::bindings::types::{Connection, Credentials, Error, Invocation};
use aws_lambda_connector_host::exports;
use hmac::{Hmac, KeyInit, Mac};
use local_lambda::ISSUED_MARK;
use memchr::memmem;
use sha2::Sha256;
use testing::plain_wasmtime::{PlainWasmtime, State};
use testing::{Component, for_each_component};
use wasmtime::component::Instance;
use wasmtime::{Config, LinearMemory, MemoryCreator, MemoryType, Store};

use crate::leaks::{kinds, with_token};
use crate::{
    OIDC_TOKEN, SECRET, SESSION_TOKEN, access_key, chain, connection, roles, start, todays_key,
    web_identity,
};

/// Large enough for the calls below, so that the memory never moves.
const CAPACITY: usize = 16 << 20;

/// Linear memory that the test can read. wasmtime does not expose a component's memory.
struct Pages {
    start: NonNull<u8>,
    size: Mutex<usize>,
}

// SAFETY: the bytes are only read while no call runs.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

fn layout() -> Layout {
    Layout::from_size_align(CAPACITY, 65_536).unwrap()
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and no longer in use.
        unsafe { dealloc(self.start.as_ptr(), layout()) }
    }
}

impl Pages {
    fn bytes(&self) -> Vec<u8> {
        let size = *self.size.lock().unwrap();
        // SAFETY: `size` is within the allocation, which is initialised from the start.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), size) }.to_vec()
    }
}

struct Shared(Arc<Pages>);

// SAFETY: the memory never moves, is zeroed, and has at least `byte_size` bytes.
unsafe impl LinearMemory for Shared {
    fn byte_size(&self) -> usize {
        *self.0.size.lock().unwrap()
    }

    fn byte_capacity(&self) -> usize {
        CAPACITY
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > CAPACITY {
            return Err(wasmtime::Error::msg("the test's memory is too small"));
        }
        *self.0.size.lock().unwrap() = new_size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.0.start.as_ptr()
    }
}

/// Creates memories and remembers the latest one.
#[derive(Default)]
struct Creator(Mutex<Weak<Pages>>);

// SAFETY: see `Shared`.
unsafe impl MemoryCreator for Creator {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        _: Option<usize>,
        _: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        // SAFETY: the layout's size is not zero.
        let start = NonNull::new(unsafe { alloc_zeroed(layout()) }).ok_or("no memory")?;
        let pages = Arc::new(Pages {
            start,
            size: Mutex::new(minimum),
        });
        *self.0.lock().unwrap() = Arc::downgrade(&pages);
        Ok(Box::new(Shared(pages)))
    }
}

/// The plain wasmtime host with readable instance memory.
struct Probe {
    creator: Arc<Creator>,
    host: PlainWasmtime,
}

impl Probe {
    fn new(component: Component) -> Self {
        let creator = Arc::new(Creator::default());
        let mut config = Config::new();
        config
            .with_host_memory(Arc::clone(&creator) as Arc<dyn MemoryCreator>)
            .memory_reservation(0)
            .memory_guard_size(0)
            .memory_init_cow(false);
        Self {
            creator,
            host: PlainWasmtime::configured(component, &config),
        }
    }

    /// Calls once in a fresh instance and returns its memory as the call left it.
    async fn memory_after<T>(
        &self,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> (T, Vec<u8>) {
        let mut store = self.host.store();
        let instance = self.host.instantiate(&mut store).await.unwrap();
        let result = call(&instance, &mut store).await.unwrap();
        let pages = self.creator.0.lock().unwrap().upgrade().unwrap();
        (result, pages.bytes())
    }

    async fn invoked(&self, connection: &Connection) -> (Result<Invocation, Error>, Vec<u8>) {
        let request = testing::request("echo", r#"{"kept":"payload"}"#);
        self.memory_after(async |instance, store| {
            let arguments = (connection, &request);
            exports::call(instance, store, &self.host.exports.invoke, arguments).await
        })
        .await
    }
}

/// Finds `needle` in plain form and as HMAC pads it (the key XOR `ipad` or `opad`).
fn find(memory: &[u8], needle: &[u8]) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    for (form, mask) in [("plain", 0), ("ipad", 0x36), ("opad", 0x5c)] {
        let masked: Vec<u8> = needle.iter().map(|byte| byte ^ mask).collect();
        found.extend(memmem::find_iter(memory, &masked).map(|at| (form, at)));
    }
    found
}

/// Searches for both halves, because a partly overwritten secret still leaks the rest.
fn assert_wiped(memory: &[u8], secrets: &[&[u8]], place: &str) {
    for secret in secrets {
        let (left, right) = secret.split_at(secret.len() / 2);
        for part in [left, right] {
            let found = find(memory, part);
            assert!(
                found.is_empty(),
                "{place}: {:?} at {found:?}",
                String::from_utf8_lossy(part)
            );
        }
    }
}

/// Every key of SigV4's derivation, for the day, the region, the service and the request.
fn steps_to_the_key(date: &str) -> Vec<Vec<u8>> {
    let mut key = format!("AWS4{SECRET}").into_bytes();
    ["us-east-1", "lambda", "aws4_request"]
        .iter()
        .fold(vec![], |mut steps: Vec<Vec<u8>>, part| {
            if steps.is_empty() {
                steps.push(hmac(&key, date));
            }
            key = hmac(&steps[steps.len() - 1], part);
            steps.push(key.clone());
            steps
        })
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    hmac.update(text.as_bytes());
    hmac.finalize().into_bytes().to_vec()
}

#[for_each_component]
#[tokio::test]
async fn keys_and_tokens_are_wiped_when_the_call_returns(component: Component) {
    let today = todays_key(None);
    let steps = steps_to_the_key(&today.date);
    assert_eq!(steps.last(), Some(&today.key));
    let texts = [SECRET, SESSION_TOKEN, OIDC_TOKEN].map(str::as_bytes);
    let secrets: Vec<&[u8]> = texts
        .into_iter()
        .chain(steps.iter().map(Vec::as_slice))
        .collect();
    let probe = Probe::new(component);
    for (kind, credentials) in kinds() {
        let lambda = start(with_token(kind), roles()).await;
        let served = connection(credentials.clone(), lambda.url());
        let (result, memory) = probe.invoked(&served).await;
        assert_eq!(result.unwrap().status_code, 200, "{kind}");
        assert!(memory.len() > 65_536, "this is not the component's memory");
        assert!(
            find(&memory, b"lambda").len() > 1,
            "this is not the component's memory"
        );
        assert_wiped(&memory, &secrets, kind);

        // A failed call must not leave secrets in memory either.
        let unreachable = connection(credentials, "http://127.0.0.1:9".to_owned());
        let (result, memory) = probe.invoked(&unreachable).await;
        assert!(result.is_err());
        assert_wiped(&memory, &secrets, kind);
    }
}

/// The calls run one after the other in an instance that is reused.
#[for_each_component]
#[tokio::test]
async fn keys_and_tokens_are_wiped_after_many_calls(component: Component) {
    let probe = Probe::new(component);
    let lambda = start(None, roles()).await;
    let request = testing::request("echo", r#"{"kept":"payload"}"#);
    let connections = [
        connection(Credentials::AccessKey(access_key(None)), lambda.url()),
        connection(web_identity(), lambda.url()),
        connection(chain(), "http://127.0.0.1:9".to_owned()),
    ];
    let (ended, memory) = probe
        .memory_after(async |instance, store| {
            let mut ended = Vec::new();
            for connection in connections.iter().cycle().take(30) {
                let arguments = (connection, &request);
                let invoked: Result<Invocation, Error> =
                    exports::call(instance, &mut *store, &probe.host.exports.invoke, arguments)
                        .await?;
                ended.push(invoked.is_ok());
            }
            Ok(ended)
        })
        .await;
    assert_eq!(ended, [true, true, false].repeat(10));
    let secrets = [SECRET, SESSION_TOKEN, OIDC_TOKEN, r#"{"kept":"payload"}"#];
    assert_wiped(&memory, &secrets.map(str::as_bytes), "after 30 calls");
}

/// Only the temporary keys of a role are kept for the next call.
#[for_each_component]
#[tokio::test]
async fn temporary_role_keys_are_kept_and_payloads_are_wiped(component: Component) {
    let probe = Probe::new(component);
    let lambda = start(None, roles()).await;
    let (_, memory) = probe.invoked(&connection(chain(), lambda.url())).await;
    assert!(!find(&memory, ISSUED_MARK.as_bytes()).is_empty());
    assert_wiped(&memory, &[br#"{"kept":"payload"}"#], "payload");

    let lambda = start(None, roles()).await;
    let keys = connection(Credentials::AccessKey(access_key(None)), lambda.url());
    let (_, memory) = probe.invoked(&keys).await;
    assert!(find(&memory, ISSUED_MARK.as_bytes()).is_empty());
    assert_wiped(&memory, &[br#"{"kept":"payload"}"#], "payload");
}

#[for_each_component]
#[tokio::test]
async fn secrets_of_a_form_are_wiped(component: Component) {
    let lambda = start(Some(SESSION_TOKEN), vec![]).await;
    // The slash is escaped so that the text of the form does not contain the secret verbatim.
    let form = serde_json::json!({
        "region": "us-east-1",
        "accessKeyId": "AKIDMARKED",
        "secretAccessKey": SECRET,
        "sessionToken": SESSION_TOKEN,
        "endpoint": lambda.url(),
    })
    .to_string()
    .replace("marked/", "marked\\/");
    let values = r#"{"useFunctionName":"Yes","functionName":"echo","payload":{}}"#;
    let probe = Probe::new(component);
    let (outputs, memory): (Result<String, Error>, _) = probe
        .memory_after(async |instance, store| {
            let arguments = (&*form, "invoke", values);
            exports::call(instance, store, &probe.host.exports.run, arguments).await
        })
        .await;
    assert!(outputs.is_ok(), "{outputs:?}");
    let secrets = [SECRET, SESSION_TOKEN].map(str::as_bytes);
    assert_wiped(&memory, &secrets, "form");
}
