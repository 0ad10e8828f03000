//! Costs of each component that do not depend on the machine: its size, the memory for the largest
//! payload, and the instructions of fixed calls. The figures are compared with `size_budget.txt`,
//! within a tolerance.
//!
//! `UPDATE=1 cargo test --test size_budget` rewrites the figures.

use std::fmt::Write as _;
use std::io::Write as _;

use aws_lambda_connector_host::bindings::cards::Manifest;
use aws_lambda_connector_host::bindings::lambda::{
    FunctionPage, FunctionQuery, InvokeRequest, ResponseMode,
};
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation};
use aws_lambda_connector_host::exports;
use aws_lambda_connector_host::sandbox::Options;
use flate2::Compression;
use flate2::write::GzEncoder;
use local_lambda::{RESPONSE_LIMIT, SYNC_REQUEST_LIMIT};
use testing::outcome::text;
use testing::plain_wasmtime::{PlainWasmtime, State};
use testing::{
    Component, connection_to, for_each_component, invoke_in, lambda, lambda_with, query, request,
};
use wasmtime::component::Instance;
use wasmtime::{Config as EngineConfig, Store};

/// Responses differ by a few bytes from run to run, and so do the pieces in which they arrive.
const TOLERANCE_PERCENT: u64 = 3;
/// The memory limit for a call with the largest payload in both directions.
const MEMORY_LIMIT: usize = 16 << 20;

/// Measures fuel, roughly one unit for each instruction.
struct Meter(PlainWasmtime);

impl Meter {
    fn new(component: Component) -> Self {
        let mut config = EngineConfig::new();
        config.consume_fuel(true).wasm_component_model_async(true);
        Self(PlainWasmtime::configured(component, &config))
    }

    async fn instructions(
        &self,
        call: impl AsyncFnOnce(&Instance, &mut Store<State>) -> wasmtime::Result<()>,
    ) -> u64 {
        let mut store = self.0.store();
        store.set_fuel(u64::MAX).unwrap();
        let instance = self.0.instantiate(&mut store).await.unwrap();
        let before = store.get_fuel().unwrap();
        call(&instance, &mut store).await.unwrap();
        before - store.get_fuel().unwrap()
    }

    async fn invoke(&self, connection: &Connection, request: &InvokeRequest, bytes: usize) -> u64 {
        self.instructions(async |instance, store| {
            let arguments = (connection, request);
            let invoke = &self.0.exports.invoke;
            let invoked: Result<Invocation, Error> =
                exports::call(instance, store, invoke, arguments).await?;
            assert_eq!(text(invoked).len(), bytes);
            Ok(())
        })
        .await
    }

    async fn echo(&self, connection: &Connection, bytes: usize) -> u64 {
        let request = request("echo", payload(bytes));
        self.invoke(connection, &request, bytes).await
    }

    async fn collect(&self, connection: &Connection, bytes: usize) -> u64 {
        let script = format!(r#"{{"chunks":[{{"bytes":{bytes}}}]}}"#);
        let request = InvokeRequest {
            response_mode: Some(ResponseMode::Streamed),
            ..request("stream", script)
        };
        self.invoke(connection, &request, bytes).await
    }

    async fn list(&self, connection: &Connection, limit: u32) -> u64 {
        let query = FunctionQuery {
            limit: Some(limit),
            ..query()
        };
        self.instructions(async |instance, store| {
            let arguments = (connection, &query);
            let list = &self.0.exports.list_functions;
            let page: Result<FunctionPage, Error> =
                exports::call(instance, store, list, arguments).await?;
            assert_eq!(page.unwrap().functions.len(), limit as usize);
            Ok(())
        })
        .await
    }

    async fn describe(&self) -> u64 {
        self.instructions(async |instance, store| {
            let describe = &self.0.exports.describe;
            let described: Result<Manifest, Error> =
                exports::call(instance, store, describe, ()).await?;
            assert_eq!(described.unwrap().cards.len(), 6);
            Ok(())
        })
        .await
    }
}

/// A JSON string of `bytes` bytes, including the quotes.
fn payload(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

async fn measured(component: Component) -> Vec<(String, u64)> {
    let bytes = std::fs::read(component.file()).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&bytes).unwrap();
    let gzipped = gzip.finish().unwrap().len();
    let mut figures = vec![
        ("bytes".to_owned(), bytes.len() as u64),
        ("bytes, gzipped".to_owned(), gzipped as u64),
    ];

    let lambda = lambda_with(|config| config.extra_functions = 1_000).await;
    let connection = connection_to(&lambda);
    let meter = Meter::new(component);
    for (name, bytes) in [
        ("100 B", 100),
        ("10 KB", 10_000),
        ("1 MB", 1_000_000),
        ("6 MiB", SYNC_REQUEST_LIMIT),
    ] {
        let instructions = meter.echo(&connection, bytes).await;
        figures.push((format!("instructions, invoke {name}"), instructions));
    }
    let collected = meter.collect(&connection, 1_000_000).await;
    figures.push(("instructions, collect 1 MB".to_owned(), collected));
    for rows in [50, 1_000] {
        let instructions = meter.list(&connection, rows).await;
        figures.push((format!("instructions, list {rows}"), instructions));
    }
    figures.push(("instructions, describe".to_owned(), meter.describe().await));
    let of_component = |(name, figure)| (format!("WASI {}: {name}", component.wasi()), figure);
    figures.into_iter().map(of_component).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn size_and_instructions_stay_within_the_budget() {
    let mut figures = Vec::new();
    for component in Component::ALL {
        figures.extend(measured(component).await);
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/size_budget.txt");
    if std::env::var_os("UPDATE").is_some() {
        let mut text = String::new();
        for (name, figure) in &figures {
            writeln!(text, "{figure:>12}  {name}").unwrap();
        }
        std::fs::write(path, text).unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(path).unwrap();
    let recorded: Vec<(&str, u64)> = recorded
        .lines()
        .map(|line| {
            let (figure, name) = line.trim().split_once("  ").unwrap();
            (name, figure.parse().unwrap())
        })
        .collect();
    assert_eq!(recorded.len(), figures.len());
    for ((name, recorded), (measured, figure)) in recorded.into_iter().zip(figures) {
        assert_eq!(name, measured);
        let limit = recorded + recorded * TOLERANCE_PERCENT / 100;
        assert!(
            figure <= limit,
            "{name} is {figure}, more than {limit}: if that is intended, run this test with UPDATE=1 and give the reason in the commit"
        );
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn largest_payload_both_ways_fits_into_16_mib(component: Component) {
    let lambda = lambda().await;
    let host = component.host_with(Options {
        memory_limit: MEMORY_LIMIT,
        ..Options::default()
    });
    let connection = connection_to(&lambda);
    let request = request("echo", payload(SYNC_REQUEST_LIMIT));
    let text = text(invoke_in(&host, &connection, &request).await);
    assert!(text.len() == SYNC_REQUEST_LIMIT && SYNC_REQUEST_LIMIT <= RESPONSE_LIMIT);
}
