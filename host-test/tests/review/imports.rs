//! The page gives a reason for each import, and lists exactly the component's imports.

use std::collections::BTreeMap;
use std::fs;

use crate::page;

/// `interface.rs` compares `list` with the component.
fn assert_listed(list: &str, header: &str) {
    let list = page::root().join("host-test/tests").join(list);
    let list = fs::read_to_string(list).unwrap();
    let mut imports = BTreeMap::<&str, usize>::new();
    for line in list.lines() {
        let Some((interface, function)) = line
            .strip_prefix("import ")
            .and_then(|import| import.split_once(' '))
        else {
            continue;
        };
        *imports.entry(interface).or_default() += usize::from(function != "(types only)");
    }
    let expected: Vec<(String, String)> = imports
        .iter()
        .map(|(interface, functions)| (format!("`{interface}`"), functions.to_string()))
        .collect();
    let table = page::table(header);
    let seen: Vec<(String, String)> = table
        .iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    assert_eq!(seen, expected);
    assert!(table.iter().all(|row| row[2].len() > 10), "{table:?}");
}

#[test]
fn review_page_gives_a_reason_for_every_import() {
    assert_listed("interface.txt", "| Import | Functions | Why |");
}

#[test]
fn review_page_gives_a_reason_for_every_import_for_wasi_0_3() {
    assert_listed(
        "interface-p3.txt",
        "| Import for WASI 0.3 | Functions | Why |",
    );
}
