//! Builds the component: compiles the root package for `wasm32-unknown-unknown`, encodes it with
//! `wit-component` and adds metadata. The same sources produce the same bytes in any folder and for
//! any user.

mod core_module;
mod metadata;
pub mod wit_p3;
mod wit_package;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use wasm_encoder::RawSection;
use wasm_metadata::{AddMetadata, AddMetadataField};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wit_component::ComponentEncoder;

pub use core_module::{command, install_target};
pub use metadata::root_version;
pub use wit_package::{WitPackage, wit_package};

/// A component of the root package.
pub struct Component {
    /// The name of its file, without `.wasm`, and in its metadata.
    pub name: &'static str,
    /// The cargo features that it is built with.
    pub features: &'static [&'static str],
    /// The folder of its WIT package.
    pub wit: &'static str,
}

/// The components that are built from the root package.
pub const COMPONENTS: &[Component] = &[
    Component {
        name: "aws-lambda-connector",
        features: &[],
        wit: "wit",
    },
    Component {
        name: "aws-lambda-connector-p3",
        features: &["p3"],
        wit: wit_p3::FOLDER,
    },
];

impl Component {
    /// Builds the component from the sources in `root`.
    pub fn build(&self, root: &Path) -> Result<Vec<u8>> {
        wit_p3::write(root)?;
        let module = core_module::build(root, self.features)?;
        let module = fs::read(&module).with_context(|| format!("reading {}", module.display()))?;
        let bytes = ComponentEncoder::default()
            .module(&module)?
            .validate(true)
            .encode()
            .context("encoding the core module as a component")?;
        let bytes = without_names(&bytes)?;
        let mut metadata = metadata::of_package(root, self.name)?;
        // Stripping removed these fields from the core module.
        metadata.language = vec![("Rust".to_owned(), String::new())];
        metadata.processed_by = vec![("rustc".to_owned(), core_module::compiler()?)];
        metadata.to_wasm(&bytes)
    }
}

/// Removes the encoder's names of the component's parts: 7 KB that only the locations of traps use.
fn without_names(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut kept = wasm_encoder::Component::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let is_names = matches!(&payload, Payload::CustomSection(section) if section.name() == "component-name");
        if let Some((id, range)) = payload.as_section()
            && depth == 0
            && !is_names
        {
            let data = bytes.get(range).context("a section within the bytes")?;
            kept.section(&RawSection { id, data });
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(kept.finish())
}

/// Appends the commit that a component or WIT package was built from. No byte before it changes, so
/// the released bytes are the tested ones.
pub fn with_revision(bytes: &[u8], revision: &str) -> Result<Vec<u8>> {
    let mut metadata = AddMetadata::default();
    metadata.revision = AddMetadataField::Set(revision.parse()?);
    let released = metadata.to_wasm(bytes)?;
    ensure!(
        released.starts_with(bytes),
        "adding the revision changed bytes before it"
    );
    Validator::new_with_features(WasmFeatures::all()).validate_all(&released)?;
    Ok(released)
}
