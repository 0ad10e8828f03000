//! What the reviewer's page says of the built components, measured: see `tests/review` of the root
//! package, which holds the rest of it. `UPDATE=1 cargo test --test review` writes the figures anew.

mod imports;
mod limits;
#[path = "../../../tests/review/page.rs"]
mod page;
mod policy;
mod reach;
/// Each component's version of WASI, and its file.
const COMPONENTS: [(&str, &str); 2] = [("0.2", testing::P2), ("0.3", testing::P3)];
