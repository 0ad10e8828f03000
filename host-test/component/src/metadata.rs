//! The metadata that is embedded in a file, from the root package's `Cargo.toml`.

use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{MetadataCommand, Package};
use wasm_metadata::{AddMetadata, AddMetadataField};

/// Sets every field except the revision, which would change the file with each commit.
pub fn of_package(root: &Path, name: &str) -> Result<AddMetadata> {
    let package = root_package(root)?;
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(name.to_owned());
    metadata.version = AddMetadataField::Set(package.version.to_string().parse()?);
    metadata.authors = AddMetadataField::Set(package.authors.join(", ").parse()?);
    metadata.description = set(package.description.as_ref())?;
    metadata.licenses = set(package.license.as_ref())?;
    metadata.source = set(package.repository.as_ref())?;
    metadata.homepage = set(package.homepage.as_ref())?;
    Ok(metadata)
}

/// Returns the version of the components and the crates. WIT packages have their own versions.
pub fn root_version(root: &Path) -> Result<String> {
    Ok(root_package(root)?.version.to_string())
}

fn root_package(root: &Path) -> Result<Package> {
    let manifest = root.join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(&manifest)
        .no_deps()
        .exec()?;
    let package = metadata.root_package();
    package
        .cloned()
        .with_context(|| format!("{} is not a package", manifest.display()))
}

fn set<T>(value: Option<&String>) -> Result<AddMetadataField<T>>
where
    T: std::fmt::Debug + Clone + std::str::FromStr<Err = anyhow::Error>,
{
    Ok(match value {
        Some(value) => AddMetadataField::Set(value.parse()?),
        None => AddMetadataField::Keep,
    })
}
