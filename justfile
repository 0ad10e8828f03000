# Short names for the project's scripts. `just` is optional: CONTRIBUTING.md names the command behind each recipe.

# Lists the recipes
default:
    @just --list --unsorted

# Builds both components and the command line
build:
    cargo build --locked

# Starts a local Lambda and invokes functions through the component
demo:
    cargo run --locked

# Serves the page that draws the forms
studio:
    cargo run --locked -- studio

# Runs all Rust tests
test *ARGUMENTS:
    cargo test --locked {{ARGUMENTS}}

# Checks format and lints
lint:
    .ci/run lint

# Checks links and paths in documents and comments
links:
    .ci/links

# Checks the prose of documents, comments, messages and test names
prose *PATHS:
    .ci/prose {{PATHS}}

# Runs every check, or the steps named
ci *STEPS:
    .ci/run {{STEPS}}

# Writes the checked-in results that a change of the forms, the interface, the size or the errors alters
update:
    UPDATE=1 cargo test --locked --test interface --test component --test size_budget --test review
    UPDATE_DOCS=1 cargo test --locked --test faults

# Tests the studio's page in a browser
studio-tests *ARGUMENTS:
    host-test/studio-tests/run {{ARGUMENTS}}

# Tests the component against third-party software
e2e *ARGUMENTS:
    e2e/run {{ARGUMENTS}}

# Tests the component in third-party hosts: all that install in minutes, or one
hosts HOST="":
    examples/{{ if HOST == "" { "run" } else { HOST + "/run" } }}

# Fuzzes every target, or those named, for RUNS inputs each
fuzz RUNS="20000" *TARGETS:
    fuzz/run {{RUNS}} {{TARGETS}}

# Changes the guest's logic one place at a time, and lists the changes that no unit test notices
mutants *ARGUMENTS:
    cargo mutants -p aws-lambda-connector -j 2 {{ARGUMENTS}}

# Measures the component beside AWS's SDK for Rust
bench *ARGUMENTS:
    cargo run --locked --release --package connector-bench -- {{ARGUMENTS}}

# Measures the component beside the SDKs that workflow platforms use
bench-peers *ARGUMENTS:
    host-test/bench/peers/run {{ARGUMENTS}}

# Builds the files of a release and compares two builds
release *ARGUMENTS:
    release/run {{ARGUMENTS}}

# Tests the packages of the last release, which it builds if there is none
packages:
    .ci/run packages

# Checks licences, sources and advisories of all dependencies
dependencies:
    .ci/dependencies
