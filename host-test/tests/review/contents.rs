//! Which crates the components contain, their licences, and which of them run code at build time.

use std::collections::BTreeMap;
use std::process::Command;
use std::{env, fs};

use cargo_metadata::{MetadataCommand, Package, TargetKind};

use crate::page;

const INSIDE: &str = "| Licence | Crates inside |";
const RUNS: &str = "| Code that runs during the build | Crates |";

/// Licences, ordered by crate name and version.
type Crates = BTreeMap<(String, String), String>;

/// The output of `cargo tree` for both components, with each crate's licence. `edges` is passed to
/// cargo.
fn tree(edges: &str) -> Crates {
    let cargo = env::var("CARGO").unwrap();
    let output = Command::new(cargo)
        .current_dir(page::root())
        .args(["tree", "--locked", "--package", "aws-lambda-connector"])
        .args(["--features", "p3", "--target", "wasm32-unknown-unknown"])
        .args(["--edges", edges, "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p}\t{l}"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("aws-lambda-connector "))
        .map(|line| {
            let (krate, licence) = line.split_once('\t').unwrap();
            let (name, rest) = krate.split_once(" v").unwrap();
            let version = rest.split(' ').next().unwrap();
            ((name.to_owned(), version.to_owned()), licence.to_owned())
        })
        .collect()
}

fn packages() -> BTreeMap<(String, String), Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(page::root().join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .unwrap();
    let named = |package: Package| {
        let name = (package.name.to_string(), package.version.to_string());
        (name, package)
    };
    metadata.packages.into_iter().map(named).collect()
}

fn is(package: &Package, kind: &TargetKind) -> bool {
    package
        .targets
        .iter()
        .any(|target| target.kind.contains(kind))
}

/// One row for each key, with the crates that share it.
fn grouped(crates: impl IntoIterator<Item = (String, (String, String))>) -> Vec<Vec<String>> {
    let mut groups = BTreeMap::<String, Vec<String>>::new();
    for (key, (name, version)) in crates {
        groups
            .entry(key)
            .or_default()
            .push(format!("`{name} {version}`"));
    }
    let line = |(key, crates): (String, Vec<String>)| [key, crates.join(", ")].to_vec();
    groups.into_iter().map(line).collect()
}

#[test]
fn review_page_lists_the_licences_of_every_crate_inside() {
    let inside = tree("normal,no-proc-macro");
    let number = format!("{} crates", inside.len());
    for page in ["SECURITY.md", "docs/review.md"] {
        let text = fs::read_to_string(page::root().join(page)).unwrap();
        assert!(
            text.contains(&number),
            "{page} does not state the number of crates: {number}"
        );
    }
    let crates = inside.into_iter().map(|(krate, licence)| {
        // Older manifests use a slash for `OR`, and the order of the options does not matter.
        let mut offers: Vec<&str> = licence.split(" OR ").flat_map(|it| it.split('/')).collect();
        offers.sort_unstable();
        // MIT requires only that its text is included.
        assert!(offers.contains(&"MIT"), "{krate:?}: {licence}");
        (offers.join(" OR "), krate)
    });
    page::assert_table(INSIDE, &grouped(crates));
}

#[test]
fn review_page_lists_every_crate_that_runs_at_build_time() {
    let packages = packages();
    let inside = tree("normal,no-proc-macro");
    let mut crates = Vec::new();
    for krate in tree("normal,build").into_keys() {
        let package = &packages[&krate];
        if is(package, &TargetKind::CustomBuild) {
            let of = if inside.contains_key(&krate) {
                "build script of a crate in a component"
            } else {
                "build script of a macro or of its dependencies"
            };
            crates.push((of.to_owned(), krate.clone()));
        }
        if is(package, &TargetKind::ProcMacro) {
            crates.push(("macro".to_owned(), krate));
        }
    }
    page::assert_table(RUNS, &grouped(crates));
}
