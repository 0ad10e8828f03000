//! Each crate's files form layers. Imports point to lower layers and form no cycle.
//!
//! An import is a `use` declaration or a path in code, from its file to the file that it resolves
//! to. Tests may import from anywhere.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use syn::visit::{self, Visit};

/// A crate and its layers from top to bottom. A layer lists top-level modules, which do not import
/// each other.
struct Crate {
    src: &'static str,
    layers: &'static [&'static [&'static str]],
}

const CRATES: &[Crate] = &[
    Crate {
        src: "src",
        layers: &[
            &["component"],
            &["cards"],
            &["executions", "sessions", "test_connection"],
            &["perform", "http"],
            &["transport"],
            &["session_cache"],
            &["sts"],
            &["lambda"],
            &["call"],
            &["aws"],
            &["allocator", "bindings", "block_on"],
        ],
    },
    Crate {
        src: "host-test/bench/src",
        layers: &[
            &["main"],
            &[
                "calls",
                "first_answer",
                "in_flight",
                "list",
                "peers",
                "saturated",
                "size",
                "soak",
                "stream",
                "throughput",
            ],
            &["alternate"],
            &["native", "ours", "sdk", "table"],
            &[
                "args",
                "chart",
                "machine",
                "payload",
                "peer",
                "process",
                "samples",
                "sdk_component",
                "service",
            ],
        ],
    },
    Crate {
        src: "host-test/built-component/src",
        layers: &[],
    },
    Crate {
        src: "host-test/component/src",
        layers: &[
            &["main"],
            &["core_module", "wit_package", "wit_p3"],
            &["metadata"],
        ],
    },
    Crate {
        src: "host-test/host/src",
        layers: &[
            &["caller"],
            &["credentials"],
            &["host"],
            &["exports"],
            &["call_result"],
            &["sandbox"],
            &["outbound"],
            &["policy"],
            &["bindings", "prelude"],
        ],
    },
    Crate {
        src: "host-test/local-lambda/src",
        layers: &[
            &["server"],
            &["routes"],
            &["configuration", "executions", "invoke", "listing", "sts"],
            &["service"],
            &["target", "rows", "pages"],
            &["signature", "catalogue", "execute"],
            &["request", "sessions", "functions"],
            &["durable", "output"],
            &["event_stream"],
            &[
                "answer",
                "authorization",
                "config",
                "counters",
                "gates",
                "name",
                "places",
                "record",
            ],
            &[
                "clock", "errors", "limits", "log", "outcome", "place", "policy", "sync", "tls",
            ],
        ],
    },
    Crate {
        src: "host-test/src",
        layers: &[&["main"], &["cli"], &["studio"], &["json"]],
    },
    Crate {
        src: "host-test/testing/macros/src",
        layers: &[],
    },
    Crate {
        src: "host-test/testing/src",
        layers: &[
            &["any_host", "barrier", "local"],
            &[
                "call",
                "event_stream",
                "http1",
                "outcome",
                "plain_wasmtime",
                "proxy",
            ],
            &["case", "component", "folder", "server"],
        ],
    },
];

#[test]
fn every_crate_states_its_layers() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let root = &metadata.workspace_root;
    let mut members: Vec<String> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| package.manifest_path.parent().unwrap().join("src"))
        .map(|src| src.strip_prefix(root).unwrap().to_string())
        .collect();
    members.sort();
    let mut stated: Vec<&str> = CRATES.iter().map(|Crate { src, .. }| *src).collect();
    stated.sort_unstable();
    assert_eq!(members, stated);
}

#[test]
fn imports_do_not_form_a_cycle() {
    for Crate { src, .. } in CRATES {
        let imports = imports(src);
        for file in imports.keys() {
            let mut path = vec![file];
            assert!(
                !extend_to_cycle(&imports, &mut path, &mut BTreeSet::new()),
                "{src}: a cycle of imports: {path:?}"
            );
        }
    }
}

#[test]
fn imports_point_to_a_lower_layer() {
    for Crate { src, layers } in CRATES {
        let layer = |file: &str| {
            let name = file.split("::").next().unwrap();
            let layer = layers.iter().position(|layer| layer.contains(&name));
            (name.to_owned(), layer)
        };
        for (file, imported) in imports(src) {
            let (from, above) = layer(&file);
            // The root declares modules and may re-export from any layer.
            if from.is_empty() {
                continue;
            }
            let above = above.unwrap_or_else(|| panic!("{src}: {from} has no layer"));
            for import in imported {
                let (to, below) = layer(&import);
                let below = below
                    .unwrap_or_else(|| panic!("{src}: {file} imports {to:?}, which has no layer"));
                assert!(
                    from == to || above < below,
                    "{src}: {file} imports {import}, which is not in a lower layer"
                );
            }
        }
    }
}

/// Extends `path` until it returns to its first file. Returns whether such a cycle exists.
fn extend_to_cycle<'a>(
    imports: &'a BTreeMap<String, BTreeSet<String>>,
    path: &mut Vec<&'a String>,
    seen: &mut BTreeSet<&'a String>,
) -> bool {
    for next in &imports[*path.last().unwrap()] {
        path.push(next);
        if path[0] == next || (seen.insert(next) && extend_to_cycle(imports, path, seen)) {
            return true;
        }
        path.pop();
    }
    false
}

/// Returns the imports of every file below `src`. Files are named by their module path.
fn imports(src: &str) -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(src);
    let mut files = Vec::new();
    list(&root, &mut files);
    let modules: BTreeMap<String, PathBuf> = files
        .into_iter()
        .map(|file| (module(&root, &file), file))
        .collect();
    let known: BTreeSet<&str> = modules.keys().map(String::as_str).collect();
    modules
        .iter()
        .map(|(module, file)| {
            let text = fs::read_to_string(file).unwrap();
            let mut paths = Paths {
                module: module
                    .split("::")
                    .filter(|name| !name.is_empty())
                    .map(Into::into)
                    .collect(),
                known: &known,
                imported: BTreeSet::new(),
            };
            paths.visit_file(&syn::parse_file(&text).unwrap());
            paths.imported.remove(module);
            (module.clone(), paths.imported)
        })
        .collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap();
        if name == "tests" || name == "testing" {
            continue;
        }
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Returns the module path of a file: `call::error` for `src/call/error.rs`, empty for the root.
fn module(root: &Path, file: &Path) -> String {
    let path = file.strip_prefix(root).unwrap().with_extension("");
    let names: Vec<&str> = path.iter().map(|name| name.to_str().unwrap()).collect();
    match names.as_slice() {
        ["lib"] => String::new(),
        names => names.join("::"),
    }
}

/// Collects the files that the paths in one file resolve to.
struct Paths<'a> {
    module: Vec<String>,
    known: &'a BTreeSet<&'a str>,
    imported: BTreeSet<String>,
}

impl Paths<'_> {
    fn add(&mut self, path: &[String]) {
        let Some(first) = path.first() else {
            return;
        };
        let child = [&self.module[..], &path[..1]].concat().join("::");
        let mut absolute = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            _ if self.known.contains(child.as_str()) => self.module.clone(),
            _ => return,
        };
        for name in path {
            match name.as_str() {
                "crate" | "self" => {}
                "super" => {
                    absolute.pop();
                }
                _ => absolute.push(name.clone()),
            }
        }
        while !self.known.contains(absolute.join("::").as_str()) {
            absolute.pop();
        }
        self.imported.insert(absolute.join("::"));
    }

    fn add_tree(&mut self, tree: &syn::UseTree, mut path: Vec<String>) {
        match tree {
            syn::UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.add_tree(&inner.tree, path);
            }
            syn::UseTree::Name(syn::UseName { ident })
            | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                path.push(ident.to_string());
                self.add(&path);
            }
            syn::UseTree::Glob(_) => self.add(&path),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(tree, path.clone());
                }
            }
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|option| option.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&item.tree, Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if names.len() > 1 {
            self.add(&names);
        }
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) || item.content.is_none() {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }
}
