//! Verifies that the tests and files cited by the threat model, the reviewer's page and the test
//! map exist.

use std::fs;
use std::path::PathBuf;

use crate::page;

const PAGES: [&str; 3] = ["SECURITY.md", "docs/review.md", "tests/README.md"];

/// Code spans on a page.
fn quoted(page: &str) -> Vec<String> {
    let text = fs::read_to_string(page::root().join(page)).unwrap();
    let inline = text.lines().flat_map(|line| {
        let parts = line.split('`').skip(1).step_by(2);
        parts.map(str::to_owned).collect::<Vec<_>>()
    });
    inline.collect()
}

/// Resolves a path relative to the repository root or to `host-test/tests`.
fn path(named: &str) -> Option<PathBuf> {
    ["", "host-test/tests"]
        .iter()
        .map(|folder| page::root().join(folder).join(named))
        .find(|path| path.exists())
}

/// Whether a source contains a test of this name: the function, preceded by its attribute.
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

/// The same for Python, where pytest finds a test by its name.
fn has_python_test(source: &str, name: &str) -> bool {
    name.starts_with("test_")
        && source
            .lines()
            .any(|line| line.starts_with(&format!("def {name}(")))
}

#[test]
fn every_cited_test_exists() {
    for page in PAGES {
        let mut named = 0;
        for text in quoted(page) {
            let Some((file, test)) = text.split_once("::") else {
                continue;
            };
            let has_test = match file.rsplit_once('.') {
                Some((_, "rs")) => has_test,
                Some((_, "py")) => has_python_test,
                _ => continue,
            };
            let path = path(file)
                .unwrap_or_else(|| panic!("{page} cites a file that does not exist: {file}"));
            let source = fs::read_to_string(path).unwrap();
            assert!(
                has_test(&source, test),
                "{page} cites a test that does not exist: {text}"
            );
            named += 1;
        }
        assert!(named >= 5, "{page} cites only {named} tests");
    }
}

#[test]
fn every_cited_file_exists() {
    for page in PAGES {
        for text in quoted(page) {
            // Only the first word is a file name. The others are arguments of a command.
            let named = text.split(' ').next().unwrap();
            let folder = named.split('/').next().unwrap();
            let within = [
                "src",
                "tests",
                "host-test",
                "docs",
                "e2e",
                "examples",
                "install",
                "packages",
                "release",
                "fuzz",
                ".ci",
                "wit",
            ];
            let is_path = named.contains('/') && within.contains(&folder) || named.ends_with(".rs");
            let is_single = !named.contains("::") && !named.contains('*');
            assert!(
                !(is_path && is_single) || path(named).is_some(),
                "{page} cites a file that does not exist: {text}"
            );
        }
    }
}
