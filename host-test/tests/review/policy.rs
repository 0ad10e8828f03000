//! The ready-made policy for wasmtime, in wasmtime.

#[path = "../../../examples/policies/wasmtime.rs"]
mod wasmtime_policy;

use aws_lambda_connector_host::bindings::types::{Error, Executed, Invocation, TransportKind};
use aws_lambda_connector_host::exports::{self, Exports};
use local_lambda::{Config, LocalLambda};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::COMPONENTS;
use crate::reach::hosts;
use wasmtime_policy::LambdaOnly;

#[test]
fn lambdas_hosts_pass_and_nothing_else_does() {
    let policy = LambdaOnly::in_region("eu-central-1");
    let allows = |uri: &str| policy.allows(&uri.parse().unwrap());
    let lambda = hosts("lambda", "eu-central-1", "amazonaws.com", "api.aws");
    for host in &lambda {
        assert!(
            allows(&format!("https://{host}/2015-03-31/functions")),
            "{host}"
        );
        assert!(allows(&format!("https://{host}:443/")), "{host}");
        assert!(!allows(&format!("http://{host}/")), "{host}");
        assert!(!allows(&format!("https://{host}:8443/")), "{host}");
        assert!(!allows(&format!("https://{host}.evil.example/")), "{host}");
    }
    for uri in [
        "https://lambda.us-east-1.amazonaws.com/",
        "https://sts.eu-central-1.amazonaws.com/",
        "https://169.254.169.254/",
    ] {
        assert!(!allows(uri), "{uri}");
    }
}

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: LambdaOnly,
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
            hooks: &mut self.hooks,
        }
    }
}

#[tokio::test]
async fn the_connector_is_told_that_it_was_denied() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker).unwrap();
    let component = Component::from_file(&engine, COMPONENTS[0].1).unwrap();
    let state = State {
        table: ResourceTable::new(),
        wasi: WasiCtx::default(),
        http: WasiHttpCtx::new(),
        hooks: LambdaOnly::in_region("us-east-1"),
    };
    let mut store = Store::new(&engine, state);
    let instance = linker
        .instantiate_async(&mut store, &component)
        .await
        .unwrap();
    let invoke = Exports::of(&component).unwrap().invoke;
    let connection = testing::connection(lambda.key(), lambda.url());
    let request = testing::request("echo", "7");
    let arguments = (&connection, &request);
    let result: Result<Invocation, Error> =
        exports::call(&instance, &mut store, &invoke, arguments)
            .await
            .unwrap();
    match result {
        Err(Error::Transport(error)) => assert_eq!(
            (error.kind, error.executed),
            (TransportKind::Denied, Executed::No)
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(lambda.requests().len(), 0);
}
