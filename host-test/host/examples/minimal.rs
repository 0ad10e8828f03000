//! A minimal host: loads the connector, invokes a function and prints its response.

use std::env;

use anyhow::{Context, Result, bail};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

// wasmtime implements the imports, so only the exports need bindings.
wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package example:host;
        world connector { export connectors:aws-lambda/lambda@0.2.0; }
    ",
    world: "example:host/connector",
    exports: { default: async },
});

use connectors::aws_lambda::types::{AccessKey, Connection, Credentials, Endpoint, Error, Payload};
use exports::connectors::aws_lambda::lambda::InvokeRequest;

#[derive(Default)]
struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
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
            hooks: Default::default(),
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: minimal COMPONENT FUNCTION PAYLOAD";
    let component = arguments.next().context(usage)?;
    let function = arguments.next().context(usage)?;
    let payload = arguments.next();

    // Once: compile the component and link the interfaces that it may import.
    let engine = Engine::default();
    let component = Component::from_file(&engine, component)?;
    let mut linker: Linker<State> = Linker::new(&engine);
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;

    // For each call: create a fresh store, so that calls share no memory.
    let mut store = Store::new(&engine, State::default());
    let connector = Connector::instantiate_async(&mut store, &component, &linker).await?;
    let connection = Connection {
        region: env::var("AWS_REGION").context("AWS_REGION")?,
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: env::var("AWS_ACCESS_KEY_ID").context("AWS_ACCESS_KEY_ID")?,
            secret_access_key: env::var("AWS_SECRET_ACCESS_KEY")
                .context("AWS_SECRET_ACCESS_KEY")?,
            session_token: env::var("AWS_SESSION_TOKEN").ok(),
        }),
        endpoint: env::var("AWS_ENDPOINT_URL_LAMBDA").ok().map(Endpoint::Url),
    };
    let request = InvokeRequest {
        function,
        qualifier: None,
        invocation_type: None,
        log_type: None,
        client_context: None,
        payload,
        payload_sha256: None,
        payload_is_json: None,
        tenant_id: None,
        durable_execution_name: None,
        trace_id: None,
        request_id: None,
        response_mode: None,
        max_response_bytes: None,
        delivery: None,
    };
    let lambda = connector.connectors_aws_lambda_lambda();
    match lambda
        .call_invoke(&mut store, &connection, &request)
        .await?
    {
        Ok(invocation) => match invocation.output {
            Some(Payload::Text(text)) => println!("{text}"),
            Some(Payload::Binary(bytes)) => println!("{} bytes of binary output", bytes.len()),
            None => println!("status {}, no output", invocation.status_code),
        },
        Err(Error::FunctionFailed(failed)) => bail!("the function failed: {:?}", failed.failure),
        Err(error) => bail!("{error:?}"),
    }
    Ok(())
}
