//! Compiled code: what the program keeps, what it reports, and `component --precompile`.
//!
//! Most tests have a cache directory of their own, which is empty at first.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::sandbox::{Code, Options};
use local_lambda::LocalLambda;
use serde_json::json;
use testing::{Component, empty_folder, for_each_component, lambda};

use super::{Finished, program, program_with_cache, run};

/// The folder of compiled code in a cache directory.
const KEPT: &str = "aws-lambda-connector/compiled";

/// An empty folder of this test.
fn folder(test: &str, component: Component) -> PathBuf {
    let name = format!("{test}-{}", component.wasi());
    empty_folder(env!("CARGO_TARGET_TMPDIR"), &name)
}

/// A component, a local Lambda, and a cache directory.
struct Fixture {
    component: Component,
    cache: PathBuf,
    lambda: LocalLambda,
}

impl Fixture {
    async fn new(test: &str, component: Component) -> Self {
        Self {
            component,
            cache: folder(test, component),
            lambda: lambda().await,
        }
    }

    /// Invokes a function, which must succeed. Returns what the program wrote.
    async fn invoke(&self, cache: &Path, more: &[&str]) -> Finished {
        let component = self.component.file().to_str().unwrap();
        let invoke = ["invoke", "echo", "--payload", "7", "--component", component];
        let mut command = program_with_cache(cache, &[&invoke, more].concat());
        command
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL_LAMBDA", self.lambda.url())
            .env("AWS_ACCESS_KEY_ID", &self.lambda.key().access_key_id)
            .env(
                "AWS_SECRET_ACCESS_KEY",
                &self.lambda.key().secret_access_key,
            );
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let ran = Finished::new(output.await.unwrap());
        if more.contains(&"--json") {
            assert_eq!(ran.document(0)["ok"]["output"], json!({ "text": "7" }));
        } else {
            assert!(ran.stdout(0).ends_with("\noutput:\n7\n"), "{ran:?}");
        }
        ran
    }

    /// The only file in the cache directory.
    fn kept(&self) -> PathBuf {
        let kept = fs::read_dir(self.cache.join(KEPT)).unwrap();
        let files: Vec<_> = kept.map(|file| file.unwrap().path()).collect();
        let [file] = &files[..] else {
            panic!("{files:?}");
        };
        file.clone()
    }

    fn compiled(&self) -> String {
        let file = self.component.file();
        let size = fs::metadata(file).unwrap().len() / 1000;
        format!("compiled {} ({size} KB) for this machine", file.display())
    }
}

#[for_each_component]
#[tokio::test]
async fn run_reports_what_it_compiled_and_later_ones_are_silent(component: Component) {
    let fixture = Fixture::new("first-run", component).await;
    let first = fixture.invoke(&fixture.cache, &[]).await;
    let kept = fixture.kept();
    let reported = format!(
        "{}; later runs reuse {}\n",
        fixture.compiled(),
        kept.display()
    );
    assert_eq!(first.stderr, reported);
    assert_eq!(fixture.invoke(&fixture.cache, &[]).await.stderr, "");

    // Damaged code is compiled again.
    let mut code = fs::read(&kept).unwrap();
    let middle = code.len() / 2;
    code[middle] ^= 1;
    fs::write(&kept, code).unwrap();
    let again = fixture.invoke(&fixture.cache, &[]).await;
    assert_eq!(again.stderr, reported);
    assert_eq!(fixture.kept(), kept);
    assert_eq!(fixture.invoke(&fixture.cache, &["--json"]).await.stderr, "");
}

#[cfg(unix)]
#[test]
fn only_the_user_can_reach_kept_code() {
    use std::os::unix::fs::PermissionsExt;

    // It compiles the components, unless an earlier test has.
    program(&["--version"]);
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(KEPT);
    for folder in kept.ancestors().take(2) {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
}

#[tokio::test]
async fn code_that_cannot_be_kept_is_reported_and_used() {
    let fixture = Fixture::new("not-kept", Component::Wasi02).await;
    let file = fixture.cache.join("file");
    fs::write(&file, "").unwrap();
    let ran = fixture.invoke(&file, &[]).await;
    let reported = format!(
        "{}; the next run compiles it again, because the code cannot be kept: {}",
        fixture.compiled(),
        file.display()
    );
    assert!(ran.stderr.starts_with(&reported), "{ran:?}");
}

#[for_each_component]
#[tokio::test]
async fn component_command_precompiles(component: Component) {
    let file = folder("precompile", component).join("code");
    let args = [
        "component",
        "--component",
        component.file().to_str().unwrap(),
        "--precompile",
        file.to_str().unwrap(),
        "--json",
    ];
    let document = run(&args).document(0);
    assert_eq!(document["ok"]["precompiled"], json!(file));
    let options = Options {
        precompiled: Some(file.clone()),
        ..Options::default()
    };
    let host = Host::new(component.file(), options).unwrap();
    assert_eq!(host.code(), &Code::Loaded { file });
}
