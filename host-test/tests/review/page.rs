//! Accesses the tables of `docs/review.md`. The header line identifies a table.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, fs};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The cells of a table's rows, without the header and its separator.
pub fn table(header: &str) -> Vec<Vec<String>> {
    let (_alone, page) = read();
    let range = body(&page, header);
    page[range].lines().map(cells).collect()
}

/// Compares a table with `rows`, or rewrites it if `UPDATE=1` is set.
pub fn assert_table(header: &str, rows: &[Vec<String>]) {
    let (_alone, mut page) = read();
    let range = body(&page, header);
    let lines: Vec<String> = rows
        .iter()
        .map(|row| format!("| {} |\n", row.join(" | ")))
        .collect();
    let measured = lines.concat();
    if env::var_os("UPDATE").is_some() {
        page.replace_range(range, &measured);
        fs::write(file(), page).unwrap();
        return;
    }
    assert_eq!(
        &page[range], measured,
        "docs/review.md: the table `{header}` is out of date: run UPDATE=1 cargo test --test review"
    );
}

fn file() -> PathBuf {
    root().join("docs/review.md")
}

/// The lock is needed because tests run concurrently and some of them write the page.
fn read() -> (MutexGuard<'static, ()>, String) {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    (alone, fs::read_to_string(file()).unwrap())
}

/// The range of the rows below a table's header.
fn body(page: &str, header: &str) -> std::ops::Range<usize> {
    let head = format!("\n{header}\n|");
    let found: Vec<usize> = page.match_indices(&head).map(|(at, _)| at).collect();
    assert_eq!(found.len(), 1, "docs/review.md: tables `{header}`");
    let separator = found[0] + head.len();
    let start = separator + page[separator..].find('\n').unwrap() + 1;
    let length: usize = page[start..]
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('|'))
        .map(str::len)
        .sum();
    start..start + length
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').and_then(|it| it.strip_suffix('|'));
    let cells = inner.unwrap().split('|');
    cells.map(|cell| cell.trim().to_owned()).collect()
}
