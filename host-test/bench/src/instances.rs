//! Time on the processor for a store and an instance, made and dropped: the connector's against
//! components that have nothing in them.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{Options, Sandbox};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

use super::alternate::{alternate, cpu_each};
use super::args::BenchArgs;
use super::samples::seconds;
use super::table::Row;

const INSTANCES: usize = 500;

/// A component's first eight bytes, and no section after them.
const NOTHING: &[u8] = b"\0asm\x0d\0\x01\0";

/// One row against the connector's world with nothing behind it, one against no world at all.
pub async fn run(args: &BenchArgs) -> Result<Vec<Row>> {
    let policy = Arc::new(Policy::deny_all());
    let connector = Sandbox::load(&args.component, Options::default())?;
    let mut rows = Vec::new();
    for (name, bytes, goal) in [
        ("an empty one of the same world", empty_world()?, Some(1.5)),
        ("one without imports and exports", NOTHING.to_vec(), None),
    ] {
        let other = Sandbox::from_bytes(&bytes, Options::default())?;
        let pairs = alternate(
            args.rounds,
            async || instances(&connector, &policy).await,
            async || instances(&other, &policy).await,
        )
        .await?;
        rows.push(Row::pairs(
            format!("instance, other: {name}: CPU"),
            &pairs,
            seconds,
            goal,
        ));
    }
    Ok(rows)
}

async fn instances(sandbox: &Sandbox, policy: &Arc<Policy>) -> Result<f64> {
    cpu_each(vec![(); INSTANCES], async |()| {
        Ok(sandbox.call(policy, async |_, _| Ok(())).await?)
    })
    .await
}

/// All imports and exports, and functions that do nothing but trap.
fn empty_world() -> Result<Vec<u8>> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(&wit)?;
    let world = resolve.select_world(&[package], Some("connector"))?;
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default().module(&module)?.encode()
}
