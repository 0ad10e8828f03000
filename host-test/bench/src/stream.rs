//! A streamed response: the time to its first byte, and how fast 200 MB of it pass.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use aws_lambda_connector_host::bindings::lambda::{InvokeRequest, ResponseMode};
use aws_lambda_connector_host::bindings::types::Payload;
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::sandbox::Options;

use super::alternate::{alternate, cpu_each};
use super::native::Native;
use super::ours::{Ours, request};
use super::samples::{mebibytes, seconds};
use super::table::Row;

/// The function writes a byte at once, and then waits.
const FIRST: &str = r#"{"chunks":[{"text":"7"},{"waitMs":20}]}"#;
const LONG: usize = 200_000_000;
/// A page of WebAssembly's memory.
const PAGE: usize = 64 << 10;
/// The most memory of an instance beside the response.
const MOST_PAGES: usize = 64;

/// Returns one row for each measurement.
pub async fn run(rounds: usize, ours: &Ours, native: &Native, url: &str) -> Result<Vec<Row>> {
    let long = format!(r#"{{"chunks":[{{"bytes":{LONG}}}]}}"#);
    let first_byte = alternate(
        rounds,
        async || ours.first_byte(&request("stream", FIRST)).await,
        async || native.first_byte(FIRST).await,
    );
    let first_byte = first_byte.await?;
    // A round takes seconds, so a third of the rounds is enough.
    let rounds = rounds.div_ceil(3);
    let elapsed = alternate(
        rounds,
        async || elapsed(ours.stream(&request("stream", &long), LONG)).await,
        async || elapsed(native.stream(&long, LONG)).await,
    );
    let elapsed = elapsed.await?;
    let cpu = alternate(
        rounds,
        async || {
            let request = request("stream", &long);
            cpu_each(vec![()], async |()| ours.stream(&request, LONG).await).await
        },
        async || cpu_each(vec![()], async |()| native.stream(&long, LONG).await).await,
    );
    let cpu = cpu.await?;
    let live = least_memory(url, 0, async |ours: Ours| {
        ours.stream(&request("stream", &long), LONG).await
    });
    let live = live.await?;
    let collected = least_memory(url, LONG, async |ours: Ours| {
        let request = InvokeRequest {
            response_mode: Some(ResponseMode::Streamed),
            max_response_bytes: Some(u32::try_from(LONG)?),
            ..request("stream", &long)
        };
        ours.collect(&request, LONG).await
    });
    let collected = collected.await?;
    let memory = |what: &str, bytes: usize| {
        let what = format!("stream of 200 MB, {what}: memory of the instance");
        Row::single(what, mebibytes(bytes as f64), None)
    };
    Ok(vec![
        Row::pairs("stream: time to the first byte", &first_byte, seconds, None),
        Row::pairs("stream of 200 MB: elapsed", &elapsed, seconds, None),
        Row::pairs("stream of 200 MB: CPU", &cpu, seconds, None),
        memory("live", live),
        memory("collected", collected),
    ])
}

async fn elapsed(stream: impl Future<Output = Result<()>>) -> Result<f64> {
    let start = Instant::now();
    stream.await?;
    Ok(start.elapsed().as_secs_f64())
}

impl Ours {
    /// Returns the time to the first byte, in seconds, and reads the rest.
    async fn first_byte(&self, request: &InvokeRequest) -> Result<f64> {
        let start = Instant::now();
        let mut stream = self.caller().invoke_with_response_stream(request).await??;
        let first = stream.next().await;
        let elapsed = start.elapsed().as_secs_f64();
        ensure!(first.as_deref() == Some(b"7"), "unexpected bytes");
        stream.end().await??;
        Ok(elapsed)
    }

    /// Reads a response of `bytes` bytes while it arrives.
    async fn stream(&self, request: &InvokeRequest, bytes: usize) -> Result<()> {
        let mut stream = self.caller().invoke_with_response_stream(request).await??;
        let mut read = 0;
        while let Some(piece) = stream.next().await {
            read += piece.len();
        }
        stream.end().await??;
        ensure!(read == bytes, "{read} bytes");
        Ok(())
    }

    /// Collects a response of `bytes` bytes.
    async fn collect(&self, request: &InvokeRequest, bytes: usize) -> Result<()> {
        let invocation = self.caller().invoke(request).await??;
        let read = match invocation.output.context("no response")? {
            Payload::Text(text) => text.len(),
            Payload::Binary(bytes) => bytes.len(),
        };
        ensure!(read == bytes, "{read} bytes");
        Ok(())
    }
}

impl Native {
    async fn first_byte(&self, event: &str) -> Result<f64> {
        let start = Instant::now();
        let mut pieces = self.open_stream(event).await?;
        let first = pieces.next().await?;
        let elapsed = start.elapsed().as_secs_f64();
        ensure!(first.as_deref() == Some(b"7"), "unexpected bytes");
        while pieces.next().await?.is_some() {}
        Ok(elapsed)
    }

    async fn stream(&self, event: &str, bytes: usize) -> Result<()> {
        let mut pieces = self.open_stream(event).await?;
        let mut read = 0;
        while let Some(piece) = pieces.next().await? {
            read += piece.len();
        }
        ensure!(read == bytes, "{read} bytes");
        Ok(())
    }
}

/// Returns the least memory of an instance with which `call` succeeds, up to a page. It is between
/// `response` bytes and 4 MiB more.
async fn least_memory(
    url: &str,
    response: usize,
    call: impl AsyncFn(Ours) -> Result<()>,
) -> Result<usize> {
    let attempt = async |pages: usize| -> Result<()> {
        let options = Options {
            keep_compiled: true,
            memory_limit: response + pages * PAGE,
            ..Options::default()
        };
        let host = Host::new(Path::new(built_component::P3), options)?;
        call(Ours::new(host, url)?).await
    };
    let (mut fails, mut suffices) = (0, MOST_PAGES);
    attempt(suffices).await?;
    while fails + 1 < suffices {
        let pages = usize::midpoint(fails, suffices);
        if attempt(pages).await.is_ok() {
            suffices = pages;
        } else {
            fails = pages;
        }
    }
    Ok(response + suffices * PAGE)
}
