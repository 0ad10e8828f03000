//! `docs/review.md`, table by table. A table is known by its first line.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, fs};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A table's lines without the first two, each as its cells.
pub fn table(header: &str) -> Vec<Vec<String>> {
    let (_alone, page) = read();
    let range = body(&page, header);
    page[range].lines().map(cells).collect()
}

/// Holds a table to `rows`; with `UPDATE=1` in the environment, writes them.
pub fn hold(header: &str, rows: &[Vec<String>]) {
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
        "docs/review.md, table `{header}`; if that is meant, run UPDATE=1 cargo test --test review"
    );
}

fn file() -> PathBuf {
    root().join("docs/review.md")
}

/// Tests run at the same time, and some write.
fn read() -> (MutexGuard<'static, ()>, String) {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    (alone, fs::read_to_string(file()).unwrap())
}

/// Where the lines under a table's head are.
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
