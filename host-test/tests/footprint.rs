//! What the component costs that no machine changes: its size, the memory that the largest payload
//! takes, and the instructions of fixed calls. Held to `footprint.txt`, with a little room.
//!
//! `UPDATE=1 cargo test --test footprint` writes the figures anew.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use aws_lambda_connector_host::bindings::Connector;
use aws_lambda_connector_host::bindings::lambda::FunctionQuery;
use aws_lambda_connector_host::bindings::types::{Connection, Payload};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::Options;
use flate2::Compression;
use flate2::write::GzEncoder;
use local_lambda::{Config, LocalLambda, RESPONSE_LIMIT, SYNC_REQUEST_LIMIT};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config as EngineConfig, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Answers differ by a few bytes from run to run, and so do the pieces in which they arrive.
const ROOM_PERCENT: u64 = 3;
/// What the largest payload both ways must fit into.
const MEMORY_LIMIT: usize = 16 << 20;

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

/// Counts a call's instructions, roughly one unit of fuel each.
struct Meter {
    component: Component,
    linker: Linker<State>,
}

impl Meter {
    fn new() -> Self {
        let engine = Engine::new(EngineConfig::new().consume_fuel(true)).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker).unwrap();
        Self {
            component: Component::from_file(&engine, testing::P2).unwrap(),
            linker,
        }
    }

    async fn instructions(
        &self,
        call: impl AsyncFnOnce(&Connector, &mut Store<State>) -> wasmtime::Result<()>,
    ) -> u64 {
        let mut store = Store::new(self.component.engine(), State::default());
        store.set_fuel(u64::MAX).unwrap();
        let connector = Connector::instantiate_async(&mut store, &self.component, &self.linker)
            .await
            .unwrap();
        let before = store.get_fuel().unwrap();
        call(&connector, &mut store).await.unwrap();
        before - store.get_fuel().unwrap()
    }

    async fn invoke(&self, connection: &Connection, bytes: usize) -> u64 {
        let request = testing::request("echo", payload(bytes));
        self.instructions(async |connector, store| {
            let lambda = connector.connectors_aws_lambda_lambda();
            let invoked = lambda.call_invoke(store, connection, &request).await?;
            assert_eq!(output(invoked.unwrap().output).len(), bytes);
            Ok(())
        })
        .await
    }

    async fn list(&self, connection: &Connection, limit: u32) -> u64 {
        let query = FunctionQuery {
            name_contains: None,
            all_versions: false,
            cursor: None,
            limit: Some(limit),
            delivery: None,
        };
        self.instructions(async |connector, store| {
            let lambda = connector.connectors_aws_lambda_lambda();
            let page = lambda
                .call_list_functions(store, connection, &query)
                .await?;
            assert_eq!(page.unwrap().functions.len(), limit as usize);
            Ok(())
        })
        .await
    }
}

/// A JSON string of that length, quotes included.
fn payload(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

fn output(payload: Option<Payload>) -> String {
    match payload {
        Some(Payload::Text(text)) => text,
        other => panic!("no text: {other:?}"),
    }
}

async fn measured() -> Vec<(String, u64)> {
    let bytes = std::fs::read(testing::P2).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&bytes).unwrap();
    let gzipped = gzip.finish().unwrap().len();
    let mut figures = vec![
        ("bytes".to_owned(), bytes.len() as u64),
        ("bytes, gzipped".to_owned(), gzipped as u64),
    ];

    let lambda = LocalLambda::start(Config {
        extra_functions: 1_000,
        ..Config::default()
    })
    .await
    .unwrap();
    let connection = testing::connection(lambda.key(), lambda.url());
    let meter = Meter::new();
    for (name, bytes) in [
        ("100 B", 100),
        ("10 KB", 10_000),
        ("1 MB", 1_000_000),
        ("6 MiB", SYNC_REQUEST_LIMIT),
    ] {
        let instructions = meter.invoke(&connection, bytes).await;
        figures.push((format!("instructions, invoke {name}"), instructions));
    }
    for rows in [50, 1_000] {
        let instructions = meter.list(&connection, rows).await;
        figures.push((format!("instructions, list {rows}"), instructions));
    }
    let described = meter
        .instructions(async |connector, store| {
            let described = connector.connectors_aws_lambda_cards().call_describe(store);
            assert_eq!(described.await?.unwrap().cards.len(), 2);
            Ok(())
        })
        .await;
    figures.push(("instructions, describe".to_owned(), described));
    figures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_component_costs_no_more_than_it_did() {
    let figures = measured().await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/footprint.txt");
    if std::env::var_os("UPDATE").is_some() {
        let mut text = String::new();
        for (name, figure) in &figures {
            writeln!(text, "{figure:>12}  {name}").unwrap();
        }
        std::fs::write(path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(path).unwrap();
    let kept: Vec<(&str, u64)> = kept
        .lines()
        .map(|line| {
            let (figure, name) = line.trim().split_once("  ").unwrap();
            (name, figure.parse().unwrap())
        })
        .collect();
    let names: Vec<&str> = kept.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        figures
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
    );
    for ((name, kept), (_, figure)) in kept.into_iter().zip(figures) {
        let most = kept + kept * ROOM_PERCENT / 100;
        assert!(
            figure <= most,
            "{name}: {figure}, kept at {kept}; if that is meant, run with UPDATE=1 and say why"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_payload_both_ways_fits_into_16_mib() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let options = Options {
        memory_limit: MEMORY_LIMIT,
        ..Options::default()
    };
    let host = Host::new(Path::new(testing::P2), options).unwrap();
    let policy = Arc::new(Policy::deny_all().allow(&lambda.url()).unwrap());
    let connection = testing::connection(lambda.key(), lambda.url());
    let request = testing::request("echo", payload(SYNC_REQUEST_LIMIT));
    let invoked = host.invoke(&policy, &connection, &request).await.unwrap();
    let text = output(invoked.unwrap().output);
    assert!(text.len() == SYNC_REQUEST_LIMIT && SYNC_REQUEST_LIMIT <= RESPONSE_LIMIT);
}
