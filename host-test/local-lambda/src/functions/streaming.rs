//! The function `stream`, which writes its output in steps.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::json::input;
use super::thrown::Thrown;
use crate::counters::Counters;
use crate::gates::Gates;
use crate::limits::CHUNK_LIMIT;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;

const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
/// What ends the prelude of a function that is written for function URLs.
const PRELUDE_END: &[u8] = &[0; 8];

/// The event of `stream`.
#[derive(Deserialize)]
struct Script {
    prelude: Option<Box<RawValue>>,
    #[serde(default)]
    chunks: Vec<Step>,
    #[serde(default = "once")]
    repeat: usize,
    fail: Option<Thrown>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Step {
    Text(String),
    #[serde(deserialize_with = "base64")]
    Base64(Bytes),
    Bytes(usize),
    WaitMs(u64),
    Gate(String),
    Open(String),
    Count(String),
}

fn once() -> usize {
    1
}

fn base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let encoded = String::deserialize(deserializer)?;
    let decoded = STANDARD.decode(encoded).map_err(D::Error::custom)?;
    Ok(decoded.into())
}

pub async fn stream(
    event: &[u8],
    output: &mut Output,
    run_counts: &Counters,
    gates: &Gates,
) -> Outcome {
    let script: Script = input(event)?;
    let letters = Bytes::from(LETTERS.repeat(CHUNK_LIMIT / LETTERS.len() + 2));
    if let Some(prelude) = &script.prelude {
        let prelude = [prelude.get().as_bytes(), PRELUDE_END].concat();
        output.write(prelude.into()).await?;
    }
    for _ in 0..script.repeat {
        for step in &script.chunks {
            match step {
                Step::Text(text) => output.write(text.clone().into()).await?,
                Step::Base64(data) => output.write(data.clone()).await?,
                Step::Bytes(count) => write_letters(output, &letters, *count).await?,
                Step::WaitMs(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
                // A gate delays output for a reader. A run without one would wait for ever.
                Step::Gate(key) => tokio::select! {
                    () = gates.pass(key) => {}
                    () = output.closed() => {}
                },
                Step::Open(key) => open(gates, key)?,
                Step::Count(key) => {
                    run_counts.add(key);
                }
            }
        }
        // The timeout can interrupt a script that never waits.
        tokio::task::yield_now().await;
    }
    match script.fail {
        Some(thrown) => Err(thrown.into()),
        None => Ok(output.take()),
    }
}

fn open(gates: &Gates, key: &str) -> Result<(), Failure> {
    if gates.open(key) {
        return Ok(());
    }
    Err(Failure::Thrown {
        error_type: "GateError".to_owned(),
        message: "too many gates are open, or the key is too long".to_owned(),
        source: "gates.open(key)".to_owned(),
    })
}

/// Writes the alphabet again and again. `letters` holds more of it than one chunk.
async fn write_letters(output: &mut Output, letters: &Bytes, count: usize) -> Result<(), Failure> {
    let mut written = 0;
    while written < count {
        let length = CHUNK_LIMIT.min(count - written);
        let first = written % LETTERS.len();
        output.write(letters.slice(first..first + length)).await?;
        written += length;
    }
    Ok(())
}
