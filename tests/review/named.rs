//! What the threat model and the reviewer's page name as proof exists: tests by file and name, and
//! files.

use std::fs;
use std::path::PathBuf;

use crate::page;

const PAGES: [&str; 2] = ["SECURITY.md", "docs/review.md"];

/// What stands between backticks on a page.
fn quoted(page: &str) -> Vec<String> {
    let text = fs::read_to_string(page::root().join(page)).unwrap();
    let inline = text.lines().flat_map(|line| {
        let parts = line.split('`').skip(1).step_by(2);
        parts.map(str::to_owned).collect::<Vec<_>>()
    });
    inline.collect()
}

/// A test's file is named from the root or, for short, from `host-test/tests`.
fn source(file: &str) -> PathBuf {
    ["", "host-test/tests"]
        .iter()
        .map(|folder| page::root().join(folder).join(file))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("no file {file}"))
}

/// Whether a source has a test of this name: the function, with its attribute before it.
fn has_test(source: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.starts_with(&function)
            && lines[..at]
                .iter()
                .rev()
                .take_while(|before| before.starts_with("#[") || before.starts_with("//"))
                .any(|before| before.starts_with("#[test]") || before.starts_with("#[tokio::test"))
    })
}

#[test]
fn every_test_that_is_named_is_there() {
    for page in PAGES {
        let mut named = 0;
        for text in quoted(page) {
            let Some((file, test)) = text.split_once(".rs::") else {
                continue;
            };
            let path = source(&format!("{file}.rs"));
            let source = fs::read_to_string(&path).unwrap();
            assert!(has_test(&source, test), "{page}: {text}");
            named += 1;
        }
        assert!(named >= 5, "{page} names {named} tests");
    }
}

#[test]
fn every_file_that_is_named_is_there() {
    for page in PAGES {
        for text in quoted(page) {
            let folder = text.split('/').next().unwrap();
            let within = [
                "src",
                "host-test",
                "docs",
                "examples",
                "release",
                "fuzz",
                ".ci",
                "wit",
            ];
            let a_path = text.contains('/') && !text.contains("::") && within.contains(&folder);
            // A command's arguments are not the file's name.
            let path = text.split(' ').next().unwrap();
            assert!(
                !a_path || page::root().join(path).exists(),
                "{page}: {text}"
            );
        }
    }
}
