//! The programs on `docs/embedding.md` are those that tests compile or run.

use std::fs;

use crate::page;

fn read(file: &str) -> String {
    fs::read_to_string(page::root().join(file)).unwrap()
}

/// The code blocks of the page in this language.
fn blocks(language: &str) -> Vec<String> {
    let page = read("docs/embedding.md");
    let fence = format!("```{language}\n");
    page.split(&fence)
        .skip(1)
        .map(|part| part.split_once("```").unwrap().0.to_owned())
        .collect()
}

/// The lines that `text` lacks, if it is searched in order.
fn missing(block: &str, text: &str) -> Vec<String> {
    let mut rest = text.lines().map(str::trim);
    let lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .filter(|line| !rest.by_ref().any(|other| other == *line))
        .map(str::to_owned)
        .collect()
}

/// `.ci/run packages` runs these files.
#[test]
fn embedding_page_quotes_the_scripts_unchanged() {
    assert_eq!(blocks("ts"), [read("packages/npm/tests/greet.ts")]);
    assert_eq!(blocks("python"), [read("packages/python/tests/greet.py")]);
}

/// The documentation of the crate is compiled.
#[test]
fn embedding_page_quotes_the_documentation_of_the_reference_host() {
    let sources =
        ["lib.rs", "sandbox/options.rs"].map(|file| read(&format!("host-test/host/src/{file}")));
    let documentation: String = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("//!")
                .or_else(|| line.strip_prefix("///"))
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut blocks = blocks("rust");
    for call in ["invoke_with_response_stream(", "precompiled:", "Host::new("] {
        let excerpt = blocks.pop().unwrap();
        assert!(excerpt.contains(call), "{excerpt}");
        assert_eq!(missing(&excerpt, &documentation), [""; 0]);
    }
}

/// `host-test/tests/review/policies.rs` parses the deployment, and `examples/obelisk/run` uses it.
#[test]
fn embedding_page_quotes_the_deployment_of_obelisk() {
    let blocks = blocks("toml");
    let excerpt = blocks.iter().find(|block| block.contains("activity_wasm"));
    let deployment = read("examples/obelisk/deployment.toml");
    assert_eq!(missing(excerpt.unwrap(), &deployment), [""; 0]);
}
