//! The component's side: a fresh sandbox for each call, with the host's default limits, policy and
//! interruption.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use aws_lambda_connector_host::bindings::lambda::{FunctionQuery, InvokeRequest};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Delivery, Endpoint, Payload,
};
use aws_lambda_connector_host::caller::{Caller, ScopeMode, SessionCache};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::sandbox::Options;
use local_lambda::{Config, Key};

use super::peer::{CONNECT_TIMEOUT, RESPONSE_TIMEOUT};
use super::service::FUNCTIONS;

/// The reference host's caller. Clones share its connections.
#[derive(Clone)]
pub struct Ours(Caller);

impl Ours {
    /// Creates a caller of the service at `url`.
    pub fn new(host: Host, url: &str) -> Result<Self> {
        let connection = connection(url);
        let region = connection.region.clone();
        let sessions = SessionCache::default();
        let caller = Caller::new(host, connection, &region, &[], sessions)?;
        // The SDK sends no request to STS either.
        Ok(Self(caller.with_scope(ScopeMode::Off)))
    }

    /// Returns the caller, whose response may be something else than text.
    pub fn caller(&self) -> &Caller {
        &self.0
    }

    /// Invokes a function. It fails unless the response is `expected`.
    pub async fn invoke(&self, request: &InvokeRequest, expected: &str) -> Result<()> {
        check(self.0.invoke(request).await??.output.as_ref(), expected)
    }

    /// Lists all functions.
    pub async fn list(&self) -> Result<()> {
        let query = FunctionQuery {
            name_contains: None,
            all_versions: false,
            cursor: None,
            limit: Some(u32::try_from(FUNCTIONS)?),
            delivery: None,
        };
        let page = self.0.list_functions(&query).await??;
        ensure!(
            page.functions.len() == FUNCTIONS && page.next.is_none(),
            "expected {FUNCTIONS} functions on one page, got {}",
            page.functions.len()
        );
        Ok(())
    }
}

/// How many calls the host runs at a time, if the measurement makes one after another. The command line
/// has the same limit.
const FEW_CALLS: u32 = 16;

/// Loads the component for calls that follow one another. It is compiled only if no earlier run
/// compiled it.
pub fn load(component: &Path) -> Result<Host> {
    load_with(component, FEW_CALLS, true)
}

/// Loads the component for many calls at a time, with the host's default options.
pub fn load_for_many(component: &Path) -> Result<Host> {
    load_with(component, Options::default().max_calls, true)
}

/// Loads the component, and compiles it.
pub fn load_and_compile(component: &Path) -> Result<Host> {
    load_with(component, FEW_CALLS, false)
}

fn load_with(component: &Path, max_calls: u32, keep_compiled: bool) -> Result<Host> {
    let options = Options {
        max_calls,
        keep_compiled,
        ..Options::default()
    };
    Ok(Host::new(component, options)?)
}

/// Fails unless the output is `expected`, byte for byte.
pub fn check(output: Option<&Payload>, expected: &str) -> Result<()> {
    match output {
        Some(Payload::Text(text)) if text == expected => Ok(()),
        Some(Payload::Text(text)) => bail!("unexpected response of {} bytes", text.len()),
        Some(Payload::Binary(bytes)) => bail!("binary response of {} bytes", bytes.len()),
        None => bail!("no response"),
    }
}

/// Returns a connection to the local Lambda at `url`, with its default key.
pub fn connection(url: &str) -> Connection {
    let key = Key::default();
    Connection {
        region: Config::default().region,
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: key.access_key_id,
            secret_access_key: key.secret_access_key,
            session_token: key.session_token,
        }),
        endpoint: Some(Endpoint::Url(url.to_owned())),
    }
}

/// Returns the request of a synchronous invocation. The payload is JSON that this program wrote, which
/// the SDKs do not check either.
pub fn request(function: &str, payload: &str) -> InvokeRequest {
    InvokeRequest {
        payload_is_json: Some(true),
        ..checked_request(function, payload)
    }
}

/// Returns the request of a synchronous invocation whose payload the component checks.
pub fn checked_request(function: &str, payload: &str) -> InvokeRequest {
    InvokeRequest {
        payload: Some(payload.to_owned()),
        ..InvokeRequest::new(function)
    }
}

/// Returns the request of a synchronous invocation without retries, with the timeouts of all sides.
pub fn request_without_retries(function: &str, payload: &str) -> InvokeRequest {
    let milliseconds = |time: Duration| u32::try_from(time.as_millis()).ok();
    InvokeRequest {
        delivery: Some(Delivery {
            max_attempts: Some(1),
            connect_timeout_ms: milliseconds(CONNECT_TIMEOUT),
            response_timeout_ms: milliseconds(RESPONSE_TIMEOUT),
            idempotent: None,
        }),
        ..request(function, payload)
    }
}
