//! Encodes the contract as a WIT package, because a component does not contain its documentation.

use std::path::Path;

use anyhow::Result;
use wasm_metadata::{AddMetadataField, Version};
use wit_parser::Resolve;

use crate::metadata;

/// A WIT package, encoded.
pub struct WitPackage {
    /// The name with its namespace, for example `connectors:aws-lambda`.
    pub name: String,
    pub version: String,
    pub bytes: Vec<u8>,
}

/// Encodes the WIT package in the folder `wit` of `root`, including documentation and dependencies.
pub fn wit_package(root: &Path, wit: &str) -> Result<WitPackage> {
    let mut resolve = Resolve::default();
    let (id, _) = resolve.push_dir(root.join(wit))?;
    let name = &resolve.packages[id].name;
    let version = name
        .version
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let name = format!("{}:{}", name.namespace, name.name);

    let mut metadata = metadata::of_package(root, &name)?;
    // The package's version differs from the component's.
    metadata.version = AddMetadataField::Set(Version::new(version.clone()));
    let bytes = metadata.to_wasm(&wit_component::encode(&resolve, id)?)?;
    Ok(WitPackage {
        name,
        version,
        bytes,
    })
}
