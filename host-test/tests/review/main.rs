//! What the reviewer's page says of the built components, measured: see `tests/review` of the root
//! package, which holds the rest of it. `UPDATE=1 cargo test --test review` writes the figures anew.

mod hashes;
mod imports;
mod limits;
#[path = "../../../tests/review/page.rs"]
mod page;
mod policy;
mod reach;
#[path = "../support/mod.rs"]
mod support;

/// Each component's version of WASI, and its file.
const COMPONENTS: [(&str, &str); 2] = [
    ("0.2", env!("AWS_LAMBDA_CONNECTOR_WASM")),
    ("0.3", env!("AWS_LAMBDA_CONNECTOR_P3_WASM")),
];
