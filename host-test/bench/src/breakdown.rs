//! Where the time of one invocation goes, coarsely.
//!
//! The parts that never wait are taken by the clock. What is left of the time on the processor is
//! the imports' and the connection's, which wait: on one thread nothing else runs meanwhile.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use aws_lambda_connector_host::bindings::lambda;
use aws_lambda_connector_host::bindings::types::Credentials;
use aws_lambda_connector_host::credentials::signing_key;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{Options, Sandbox};

use super::args::BenchArgs;
use super::direct::Direct;
use super::hooks::{Stopwatch, Times};
use super::ours::{check, connection, request};
use super::payload::records;
use super::process::cpu_time;
use super::samples::{median, seconds};

/// Calls of a round: so many bytes of events, and between these bounds.
const BYTES_PER_ROUND: usize = 5_000_000;
const FEWEST: usize = 2;
const MOST: usize = 100;

/// One call's parts, in seconds.
struct Call {
    make: f64,
    find: f64,
    values: f64,
    guest: f64,
    imports: f64,
    discard: f64,
    whole: f64,
}

/// Steps, times, parts of the whole.
pub async fn run(args: &BenchArgs, url: &str) -> Result<Vec<(&'static str, String, String)>> {
    let text = records(args.bytes);
    let calls = args.rounds.max(1) * (BYTES_PER_ROUND / text.len()).clamp(FEWEST, MOST);
    let component = Measured::new(args, url, &text)?;
    let direct = Direct::new(url, &text)?;
    let (mut measured, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..calls {
        measured.push(component.call().await?);
        let start = cpu_time();
        direct.call().await?;
        alone.push(cpu_time().saturating_sub(start).as_secs_f64());
    }
    let of = |part: fn(&Call) -> f64| median(measured.iter().map(part).collect());
    let whole = of(|call| call.whole);
    let row = |step, time: f64| {
        (
            step,
            seconds(time),
            format!("{:.0} %", 100.0 * time / whole),
        )
    };
    Ok(vec![
        row("make the store and the instance", of(|call| call.make)),
        row("find the exports", of(|call| call.find)),
        row(
            "lower the arguments, lift the result",
            of(|call| call.values),
        ),
        row("the component's own code", of(|call| call.guest)),
        row(
            "its imports, HTTP included, without waiting",
            of(|call| call.imports),
        ),
        row("drop the instance", of(|call| call.discard)),
        row("all of it: CPU of one call", whole),
        row(
            "for comparison: the same request by the host's HTTP client alone",
            median(alone),
        ),
    ])
}

struct Measured<'a> {
    sandbox: Sandbox,
    exports: lambda::GuestIndices,
    policy: Arc<Policy>,
    url: &'a str,
    text: &'a str,
}

impl<'a> Measured<'a> {
    fn new(args: &BenchArgs, url: &'a str, text: &'a str) -> Result<Self> {
        let sandbox = Sandbox::load(&args.component, Options::default())?;
        Ok(Self {
            exports: lambda::GuestIndices::new(sandbox.instance_pre())?,
            sandbox,
            policy: Arc::new(Policy::deny_all().allow(url)?),
            url,
            text,
        })
    }

    async fn call(&self) -> Result<Call> {
        let mut connection = connection(self.url);
        if let Credentials::AccessKey(key) = &connection.credentials {
            let key = signing_key(key, &connection.region, std::time::SystemTime::now());
            connection.credentials = Credentials::SigningKey(key);
        }
        let request = request("echo", self.text);
        let (cpu, start) = (cpu_time(), Instant::now());
        let ended = Cell::new(start);
        let (made, found, times, result) = self
            .sandbox
            .call(&self.policy, async |instance, store| {
                let made = start.elapsed();
                let lambda = self.exports.load(&mut *store, instance)?;
                let found = start.elapsed();
                let stopwatch = Stopwatch::start(store);
                let result = lambda.call_invoke(store, &connection, &request).await?;
                let times = stopwatch.stop();
                ended.set(Instant::now());
                Ok((made, found, times, result))
            })
            .await?;
        let discard = ended.get().elapsed();
        let whole = cpu_time().saturating_sub(cpu);
        check(result?.output.as_ref(), self.text)?;
        Ok(Call::new(made, found, times, discard, whole))
    }
}

impl Call {
    fn new(
        made: Duration,
        found: Duration,
        times: Times,
        discard: Duration,
        whole: Duration,
    ) -> Self {
        let known = found + times.engine + times.guest + discard;
        Self {
            make: made.as_secs_f64(),
            find: found.saturating_sub(made).as_secs_f64(),
            values: times.engine.as_secs_f64(),
            guest: times.guest.as_secs_f64(),
            imports: whole.saturating_sub(known).as_secs_f64(),
            discard: discard.as_secs_f64(),
            whole: whole.as_secs_f64(),
        }
    }
}
