//! How long slow invocations take that are made at once, in one instance of the component for WASI
//! 0.3; the other side is one of them alone, in an instance of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use aws_lambda_connector_host::bindings::types::{Error, Invocation};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::Options;
use tokio::task::JoinSet;

use super::alternate::alternate;
use super::ours::{check, connection, request};
use super::samples::seconds;
use super::table::Row;

const CALLS: usize = 100;
const EVENT: &str = r#"{"ms":1000}"#;
const ANSWER: &str = r#"{"sleptMs":1000}"#;

/// A round takes seconds, in which little happens: a few will do.
const ROUNDS: usize = 3;

/// Whatever component the other parts measure.
pub async fn run(url: &str) -> Result<Row> {
    let component = Path::new(built_component::P3);
    let host = Host::new(component, Options::default())?;
    let policy = Arc::new(Policy::deny_all().allow(url)?);
    let pairs = alternate(
        ROUNDS,
        async || at_once(CALLS, &host, &policy, url).await,
        async || at_once(1, &host, &policy, url).await,
    )
    .await?;
    Ok(Row::pairs(
        format!("{CALLS} calls of 1 s at once in one instance for WASI 0.3, other: one call: wall"),
        &pairs,
        seconds,
        None,
    ))
}

/// All of them, from the first call to the last answer.
async fn at_once(calls: usize, host: &Host, policy: &Arc<Policy>, url: &str) -> Result<f64> {
    let instance = host.share(policy).await?;
    let invoke = host.exports().invoke;
    let start = Instant::now();
    let mut running: JoinSet<Result<()>> = (0..calls)
        .map(|_| {
            let instance = instance.clone();
            let arguments = (connection(url), request("slow", EVENT));
            async move {
                let answer: Result<Invocation, Error> = instance.call(invoke, arguments).await?;
                check(answer?.output.as_ref(), ANSWER)
            }
        })
        .collect();
    while let Some(answered) = running.join_next().await {
        answered??;
    }
    Ok(start.elapsed().as_secs_f64())
}
