//! Runs the connector in a wasmCloud lattice, with four commands:
//!
//! - `lattice host` runs one host until Ctrl-C, and prints its id.
//! - `lattice start COMPONENT HOST…` starts the component and an HTTP client on each of these hosts.
//! - `lattice call FUNCTION PAYLOAD…` invokes a function concurrently, once for each payload. Any host of
//!   the lattice may run a call. It prints one JSON document for each call, in order. A payload `@FILE`
//!   is read from the file.
//! - `lattice list PART` prints the names of functions that contain PART.
//!
//! NATS_URL is the URL of the lattice's NATS server. AWS's environment variables describe the connection.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use connectors::aws_lambda::lambda::{FunctionQuery, InvokeRequest, invoke, list_functions};
use connectors::aws_lambda::types::{
    AccessKey, Connection, Credentials, Endpoint, Error, Executed, Payload,
};
use nkeys::KeyPair;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;
use wasmcloud_control_interface::{Client, ClientBuilder, CtlResponse, Link};
use wasmcloud_host::wasmbus::Features;
use wasmcloud_host::{WasmbusHost, WasmbusHostConfig};

wit_bindgen_wrpc::generate!({
    inline: "
        package example:lattice;
        world client { import connectors:aws-lambda/lambda@0.2.0; }
    ",
    path: "../../wit",
    world: "example:lattice/client",
    generate_all,
});

const LATTICE: &str = "default";
/// The component's id in the lattice. It is the same on all hosts.
const COMPONENT: &str = "aws-lambda";
/// The id of the HTTP client, which is built into the host. Any of the clients may send a request.
const HTTP_CLIENT: &str = "http-client";
/// The longest run of a Lambda function plus a margin. wasmCloud's default for a call is two seconds.
const CALL: Duration = Duration::from_secs(1_830);

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["host"] => host().await,
        ["start", component, hosts @ ..] => start(component, hosts).await,
        ["call", function, payloads @ ..] => call(function, payloads).await,
        ["list", part] => list(part).await,
        _ => bail!(
            "usage: lattice host | start COMPONENT HOST… | call FUNCTION PAYLOAD… | list PART"
        ),
    }
}

fn nats_url() -> String {
    env::var("NATS_URL").unwrap_or_else(|_| "nats://127.0.0.1:4222".to_owned())
}

async fn host() -> Result<()> {
    let key = KeyPair::new_server();
    let id = key.public_key();
    let config = WasmbusHostConfig {
        ctl_nats_url: nats_url().parse()?,
        rpc_nats_url: nats_url().parse()?,
        lattice: LATTICE.into(),
        host_key: Some(Arc::new(key)),
        rpc_timeout: CALL,
        max_execution_time: CALL,
        // Enough for the largest payload and the largest response at the same time.
        max_linear_memory: 64 << 20,
        allow_file_load: true,
        experimental_features: Features::new().enable_builtin_http_client(),
        ..WasmbusHostConfig::default()
    };
    let (_host, shutdown) = WasmbusHost::new(config).await?;
    println!("{id}");
    tokio::signal::ctrl_c().await?;
    shutdown.await
}

async fn start(component: &str, hosts: &[&str]) -> Result<()> {
    let control = ClientBuilder::new(async_nats::connect(nats_url()).await?)
        .lattice(LATTICE)
        .timeout(Duration::from_secs(60))
        .build();
    let component = format!("file://{component}");
    for host in hosts {
        let started = control
            .start_provider(
                host,
                "wasmcloud+builtin://http-client",
                HTTP_CLIENT,
                None,
                vec![],
            )
            .await;
        accepted(started, "starting the HTTP client")?;
        let scaled = control
            .scale_component(host, &component, COMPONENT, 1_000, None, vec![], false)
            .await;
        accepted(scaled, "starting the component")?;
        // Hosts start one after another: two that start the component together may undo the link.
        timeout(Duration::from_secs(60), runs_on(&control, host))
            .await
            .context("the component did not start")??;
    }
    // The link routes the component's outgoing requests to the HTTP client.
    let link = Link::builder()
        .source_id(COMPONENT)
        .target(HTTP_CLIENT)
        .name("default")
        .wit_namespace("wasi")
        .wit_package("http")
        .interfaces(vec!["outgoing-handler".to_owned()])
        .build()
        .map_err(anyhow::Error::msg)?;
    accepted(control.put_link(link).await, "linking")
}

async fn runs_on(control: &Client, host: &str) -> Result<()> {
    loop {
        let inventory = control.get_host_inventory(host).await;
        let inventory = inventory.map_err(anyhow::Error::msg)?.into_data();
        let inventory = inventory.context("the host has no inventory")?;
        if inventory
            .components()
            .iter()
            .any(|found| found.id() == COMPONENT)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

type ControlResult = Result<CtlResponse<()>, Box<dyn std::error::Error + Send + Sync>>;

fn accepted(result: ControlResult, action: &str) -> Result<()> {
    let response = result.map_err(anyhow::Error::msg)?;
    ensure!(response.succeeded(), "{action}: {}", response.message());
    Ok(())
}

async fn call(function: &str, payloads: &[&str]) -> Result<()> {
    let lattice = component().await?;
    let patience = match env::var("LATTICE_PATIENCE_MS") {
        Ok(ms) => Duration::from_millis(ms.parse()?),
        Err(_) => CALL,
    };
    let connection = connection()?;
    let mut calls = JoinSet::new();
    for (number, payload) in payloads.iter().enumerate() {
        let (lattice, connection) = (lattice.clone(), connection.clone());
        let payload = match payload.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file).context(file.to_owned())?,
            None => (*payload).to_owned(),
        };
        let request = request(function, payload);
        calls.spawn(async move {
            let answer = invoke(&lattice, source(), &connection, &request);
            (number, outcome(timeout(patience, answer).await.ok()))
        });
    }
    let mut outcomes = vec![Value::Null; payloads.len()];
    while let Some(ended) = calls.join_next().await {
        let (number, outcome) = ended?;
        outcomes[number] = outcome;
    }
    for outcome in outcomes {
        println!("{outcome}");
    }
    Ok(())
}

async fn list(part: &str) -> Result<()> {
    let query = FunctionQuery {
        name_contains: Some(part.to_owned()),
        all_versions: false,
        cursor: None,
        limit: None,
        delivery: None,
    };
    match list_functions(&component().await?, source(), &connection()?, &query).await? {
        Ok(page) => page
            .functions
            .iter()
            .for_each(|found| println!("{}", found.name)),
        Err(error) => bail!("{error:?}"),
    }
    Ok(())
}

/// Connects to the component on any host of the lattice.
async fn component() -> Result<wrpc_transport_nats::Client> {
    let nats = async_nats::connect(nats_url()).await?;
    wrpc_transport_nats::Client::new(nats, format!("{LATTICE}.{COMPONENT}"), None).await
}

/// The header that wasmCloud requires to identify the caller.
fn source() -> Option<async_nats::HeaderMap> {
    Some(async_nats::HeaderMap::from_iter([(
        async_nats::HeaderName::from_static("source-id"),
        async_nats::HeaderValue::from("example"),
    )]))
}

/// Returns `{"ok": …}`, or an error that reports whether the function ran. A host that dies during the
/// call never responds.
fn outcome(
    answer: Option<Result<Result<connectors::aws_lambda::types::Invocation, Error>>>,
) -> Value {
    let error = match answer {
        Some(Ok(Ok(invocation))) => {
            return match invocation.output {
                Some(Payload::Text(text)) => json!({ "ok": text }),
                Some(Payload::Binary(bytes)) => json!({ "ok": format!("{} bytes", bytes.len()) }),
                None => json!({ "ok": null }),
            };
        }
        Some(Ok(Err(error))) => error,
        Some(Err(error)) => {
            return json!({ "error": "lattice", "executed": "unknown", "message": format!("{error:#}") });
        }
        None => return json!({ "error": "lattice", "executed": "unknown", "message": "no answer" }),
    };
    let executed = |executed: &Executed| match executed {
        Executed::No => "no",
        Executed::Unknown => "unknown",
        Executed::Yes => "yes",
    };
    match error {
        Error::InvalidInput(error) => {
            json!({ "error": "invalid-input", "executed": "no", "message": error.message })
        }
        Error::Unauthenticated(error) => {
            json!({ "error": "unauthenticated", "executed": executed(&error.executed), "message": error.message })
        }
        Error::Service(error) => {
            json!({ "error": "service", "executed": executed(&error.executed), "message": error.message })
        }
        Error::Transport(error) => {
            json!({ "error": "transport", "executed": executed(&error.executed), "message": error.message })
        }
        Error::FunctionFailed(failed) => {
            json!({ "error": "function-failed", "executed": "yes", "message": failed.failure.error_message })
        }
        Error::ExecutionFailed => json!({ "error": "execution-failed", "executed": "unknown" }),
    }
}

fn connection() -> Result<Connection> {
    let variable = |name: &'static str| env::var(name).context(name);
    Ok(Connection {
        region: variable("AWS_REGION")?,
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: variable("AWS_ACCESS_KEY_ID")?,
            secret_access_key: variable("AWS_SECRET_ACCESS_KEY")?,
            session_token: env::var("AWS_SESSION_TOKEN").ok(),
        }),
        endpoint: env::var("AWS_ENDPOINT_URL_LAMBDA").ok().map(Endpoint::Url),
    })
}

fn request(function: &str, payload: String) -> InvokeRequest {
    InvokeRequest {
        function: function.to_owned(),
        qualifier: None,
        invocation_type: None,
        log_type: None,
        client_context: None,
        payload: Some(payload),
        payload_sha256: None,
        payload_is_json: None,
        tenant_id: None,
        durable_execution_name: None,
        trace_id: None,
        request_id: None,
        response_mode: None,
        max_response_bytes: None,
        delivery: None,
    }
}
