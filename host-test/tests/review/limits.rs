//! The minimum memory and fuel with which a call succeeds, for each component.

use aws_lambda_connector_host::bindings::lambda::{
    FunctionPage, FunctionQuery, InvokeRequest, ResponseMode,
};
use aws_lambda_connector_host::bindings::types::{Connection, Error, Invocation};
use aws_lambda_connector_host::exports;
use local_lambda::SYNC_REQUEST_LIMIT;
use testing::outcome::text;
use testing::plain_wasmtime::{PlainWasmtime, State};
use testing::{Component, connection_to, form, lambda_with, query, request};
use wasmtime::component::Instance;
use wasmtime::{Config as EngineConfig, Store};

use crate::page;

const HEADER: &str = "| Call | Memory, 0.2 | Memory, 0.3 | Instructions, 0.2 | Instructions, 0.3 |";

/// The limits that the page recommends to a host.
const RECOMMENDED: &str = "64 MiB of linear memory**, 2,000 million instructions";

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The limits of a call, or its actual usage.
#[derive(Clone, Copy)]
struct Use {
    memory: usize,
    /// wasmtime fuel, roughly one unit for each instruction.
    fuel: u64,
}

const UNLIMITED: Use = Use {
    memory: usize::MAX,
    fuel: u64::MAX,
};

/// One component in the plain wasmtime host.
struct Meter(PlainWasmtime);

impl Meter {
    fn new(component: Component) -> Self {
        let mut config = EngineConfig::new();
        config.consume_fuel(true).wasm_component_model_async(true);
        Self(PlainWasmtime::configured(component, &config))
    }

    /// Instantiates the component and calls it within these limits. Returns the usage, or an error
    /// if a limit is too tight.
    async fn within(&self, limits: Use, call: &Call) -> Result<Use, String> {
        let mut store = self.0.store();
        store.data_mut().memory.limit = limits.memory;
        store.set_fuel(limits.fuel).unwrap();
        let instance = self.0.instantiate(&mut store).await;
        let instance = instance.map_err(|error| format!("{error:#}"))?;
        let called = call.make(&self.0, &instance, &mut store).await;
        called.map_err(|error| format!("{error:#}"))?;
        Ok(Use {
            memory: store.data().memory.peak,
            fuel: limits.fuel - store.get_fuel().unwrap(),
        })
    }
}

enum Call {
    Invoke(Connection, usize),
    /// A streamed response.
    Collect(Connection, usize),
    List(Connection, u32),
    /// Through a form, whose outputs contain the response twice: as text and as JSON.
    Run(String, usize),
}

impl Call {
    async fn make(
        &self,
        host: &PlainWasmtime,
        instance: &Instance,
        store: &mut Store<State>,
    ) -> wasmtime::Result<()> {
        match self {
            Self::Invoke(connection, bytes) => {
                let payload = json_string(*bytes);
                let request = request("echo", &*payload);
                let arguments = (connection, &request);
                let invoked: Result<Invocation, Error> =
                    exports::call(instance, store, &host.exports.invoke, arguments).await?;
                assert!(text(Ok(invoked.map_err(to_wasmtime)?)) == payload);
            }
            Self::Collect(connection, bytes) => {
                let script = format!(r#"{{"chunks":[{{"bytes":{bytes}}}]}}"#);
                let request = InvokeRequest {
                    response_mode: Some(ResponseMode::Streamed),
                    ..request("stream", script)
                };
                let arguments = (connection, &request);
                let invoked: Result<Invocation, Error> =
                    exports::call(instance, store, &host.exports.invoke, arguments).await?;
                assert_eq!(text(Ok(invoked.map_err(to_wasmtime)?)).len(), *bytes);
            }
            Self::List(connection, rows) => {
                let query = FunctionQuery {
                    limit: Some(*rows),
                    ..query()
                };
                let arguments = (connection, &query);
                let function = &host.exports.list_functions;
                let listed: Result<FunctionPage, Error> =
                    exports::call(instance, store, function, arguments).await?;
                assert_eq!(listed.map_err(to_wasmtime)?.functions.len(), *rows as usize);
            }
            Self::Run(form, bytes) => {
                let payload = json_string(*bytes);
                let values = format!(
                    "{{\"useFunctionName\":\"Yes\",\"functionName\":\"echo\",\"payload\":{payload}}}"
                );
                let arguments = (&**form, "invoke", &*values);
                let ran: Result<String, Error> =
                    exports::call(instance, store, &host.exports.run, arguments).await?;
                assert!(ran.map_err(to_wasmtime)?.contains(&payload));
            }
        }
        Ok(())
    }
}

/// A component that runs out of memory returns an error if enough memory is left to report it.
fn to_wasmtime(error: Error) -> wasmtime::Error {
    wasmtime::Error::msg(format!("{error:?}"))
}

fn json_string(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

/// Rounds up to 64 KiB below one MiB, and to one MiB above.
fn memory(bytes: usize) -> String {
    if bytes <= MIB {
        format!("{} KiB", bytes.next_multiple_of(64 * KIB) / KIB)
    } else {
        format!("{} MiB", bytes.div_ceil(MIB))
    }
}

fn bytes(text: &str) -> usize {
    let (number, unit) = text.split_once(' ').unwrap();
    let unit = if unit == "KiB" { KIB } else { MIB };
    number.parse::<usize>().unwrap() * unit
}

/// Responses are split differently in each run. The figure is rounded up and includes 5 % of
/// headroom.
fn millions(fuel: u64) -> String {
    let with_headroom = fuel + fuel / 20;
    let step = match with_headroom {
        0..1_000_000 => 10_000,
        1_000_000..10_000_000 => 100_000,
        _ => 10_000_000,
    };
    format!(
        "{} million",
        with_headroom.next_multiple_of(step) as f64 / 1e6
    )
}

fn fuel(text: &str) -> u64 {
    let number: f64 = text.strip_suffix(" million").unwrap().parse().unwrap();
    (number * 1e6).round() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documented_limits_are_sufficient_and_tight() {
    let lambda = lambda_with(|config| config.extra_functions = 10_000).await;
    let connection = || connection_to(&lambda);
    let little = Call::Invoke(connection(), 100);
    let large = Call::Invoke(connection(), SYNC_REQUEST_LIMIT);
    let streamed = Call::Collect(connection(), 16 * MIB);
    let by_form = Call::Run(form(&lambda), SYNC_REQUEST_LIMIT);
    let list = Call::List(connection(), 10_000);
    let calls = [
        ("`invoke`, 100 bytes both ways", little),
        ("`invoke`, 6 MiB both ways", large),
        ("`invoke`, 16 MiB of a streamed response", streamed),
        ("`cards.run`, 6 MiB both ways", by_form),
        ("`list-functions`, 10,000 rows", list),
    ];
    let meters = Component::ALL.map(Meter::new);

    if std::env::var_os("UPDATE").is_some() {
        let mut rows = Vec::new();
        for (what, call) in &calls {
            let mut used = Vec::new();
            for meter in &meters {
                used.push(meter.within(UNLIMITED, call).await.unwrap());
            }
            let mut row = vec![(*what).to_owned()];
            row.extend(used.iter().map(|used| memory(used.memory)));
            row.extend(used.iter().map(|used| millions(used.fuel)));
            rows.push(row);
        }
        page::assert_table(HEADER, &rows);
    }

    let page = std::fs::read_to_string(page::root().join("docs/review.md")).unwrap();
    assert!(page.contains(RECOMMENDED));
    let table = page::table(HEADER);
    assert_eq!(table.len(), calls.len());
    for (row, (what, call)) in table.iter().zip(&calls) {
        assert_eq!(row[0], *what);
        for (at, meter) in meters.iter().enumerate() {
            let limits = Use {
                memory: bytes(&row[1 + at]),
                fuel: fuel(&row[3 + at]),
            };
            let place = format!("{what}, {}", Component::ALL[at].wasi());
            assert!(
                limits.memory <= 64 * MIB && limits.fuel <= 2_000_000_000,
                "{place}: the documented limit exceeds the recommended one"
            );
            let used = meter.within(limits, call).await;
            let used = used.unwrap_or_else(|error| panic!("{place}: {error}"));
            assert!(
                used.memory * 5 / 4 >= limits.memory && used.fuel * 5 / 4 >= limits.fuel,
                "{place}: the documented limits are too high, the call uses {} and {}: run UPDATE=1 cargo test --test review",
                memory(used.memory),
                millions(used.fuel),
            );
            let memory = limits.memory * 3 / 4;
            let tight = meter.within(Use { memory, ..limits }, call).await;
            assert!(
                tight.is_err(),
                "{place}: three quarters of the documented memory suffice"
            );
        }
    }
}
