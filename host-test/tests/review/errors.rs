//! `docs/errors.md` lists every AWS error code under the category that the component reports.

use std::collections::BTreeMap;
use std::fs;

use aws_lambda_connector::call::error_codes::classify;
use host_test::json::kebab_case;

use crate::page;

/// The categories of every code on the page: a code that AWS uses for two reasons has two.
fn listed() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(page::root().join("docs/errors.md")).unwrap();
    let (_, table) = text
        .split_once("| Category | Variant | AWS codes | What to do |\n")
        .unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for code in cells[3].split('`').skip(1).step_by(2) {
            let category = cells[1].trim_matches('`').to_owned();
            codes.entry(code.to_owned()).or_default().push(category);
        }
    }
    codes
}

/// The category of a code, as the interface spells it.
fn category(code: &str, message: &str) -> String {
    kebab_case(&format!("{:?}", classify(400, code, message).category))
}

#[test]
fn errors_page_lists_each_code_under_its_category() {
    for (code, mut categories) in listed() {
        let mut expected = vec![
            category(&code, ""),
            category(&code, "Signature expired: 1 is now earlier than 2"),
        ];
        expected.dedup();
        expected.sort();
        categories.sort();
        assert_eq!(categories, expected, "docs/errors.md: {code}");
    }
}

#[test]
fn errors_page_lists_every_code_of_the_source() {
    let source = fs::read_to_string(page::root().join("src/call/error_codes.rs")).unwrap();
    let (_, arms) = source.split_once("match code {").unwrap();
    let (arms, _) = arms.split_once("\nfn by_status").unwrap();
    let codes: Vec<&str> = arms
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            text.starts_with(|first: char| first.is_ascii_uppercase())
                && text.len() > 6
                && text.chars().all(char::is_alphanumeric)
        })
        .collect();
    assert!(codes.len() > 80, "{} codes", codes.len());
    let listed = listed();
    for code in codes {
        assert!(listed.contains_key(code), "docs/errors.md lacks {code}");
    }
}
