//! The program as its users see it: help, exit codes, and which output goes to which stream.

mod compiled;
mod executions;
mod input;
mod streaming;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Once;

use assert_cmd::cargo::cargo_bin;
use local_lambda::{Config, LocalLambda};
use serde_json::{Value, json};
use testing::{Component, case};

/// The program with an empty environment and without shared files. An earlier run has compiled the
/// components, so it does not report that.
fn program(args: &[&str]) -> Command {
    static COMPILED: Once = Once::new();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    COMPILED.call_once(|| {
        for component in Component::ALL {
            let component = component.file().to_str().unwrap();
            let mut demo = program_with_cache(cache, &["demo", "--component", component]);
            Finished::new(demo.output().unwrap()).stdout(0);
        }
    });
    program_with_cache(cache, args)
}

/// The same program, which keeps compiled code in this directory.
fn program_with_cache(cache: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("lambda-connector"));
    command.args(args).env_clear().env("HOME", "/nonexistent");
    command.env("XDG_CACHE_HOME", cache);
    command
}

/// The output of a run and its exit code.
#[derive(Debug)]
struct Finished {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Finished {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output of a run that exited with this code.
    #[track_caller]
    fn stdout(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        &self.stdout
    }

    /// Standard error of a run that exited with this code and printed no result.
    #[track_caller]
    fn stderr(&self, code: i32) -> &str {
        assert_eq!(self.stdout(code), "");
        &self.stderr
    }

    /// The single JSON document on standard output.
    #[track_caller]
    fn document(&self, code: i32) -> Value {
        let document = serde_json::from_str(self.stdout(code));
        document.unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn run(args: &[&str]) -> Finished {
    Finished::new(program(args).output().unwrap())
}

/// Asserts that a text contains all of these words.
#[track_caller]
fn assert_contains(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word} is missing in:\n{text}");
    }
}

const COMMANDS: [&str; 11] = [
    "demo",
    "invoke",
    "list",
    "qualifiers",
    "executions",
    "callback",
    "serve",
    "studio",
    "policy",
    "component",
    "completions",
];

#[test]
fn help_names_commands_exit_codes_and_credential_sources() {
    let words = [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "0 success, 1 error, 2 wrong usage, 3 the function ran and failed",
        "exits with 4 if it has not ended in time, and with 130 after Ctrl-C",
    ];
    let shown = run(&["--help"]);
    assert_contains(shown.stdout(0), &COMMANDS);
    assert_contains(shown.stdout(0), &words);
}

#[test]
fn help_of_every_command_fits_on_one_screen() {
    let groups = [
        (
            "executions",
            &["list", "get", "wait", "history", "stop"][..],
        ),
        ("callback", &["succeed", "fail", "heartbeat"]),
    ];
    let mut runs = vec![run(&["--help"])];
    runs.extend(COMMANDS.map(|command| run(&[command, "--help"])));
    for (group, commands) in groups {
        runs.extend(
            commands
                .iter()
                .map(|command| run(&[group, command, "--help"])),
        );
    }
    for shown in &runs {
        let help = shown.stdout(0);
        assert!(help.contains("Usage: lambda-connector"), "{help}");
        assert!(help.lines().count() <= 40, "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
    }
}

#[test]
fn completions_for_every_shell_name_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let _case = case(shell);
        let printed = run(&["completions", shell]);
        let script = printed.stdout(0);
        assert_contains(script, &COMMANDS);
        assert!(script.contains("lambda-connector"), "{shell}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for args in [
        &["invoke"][..],
        &["invoke", "f", "--type", "later"],
        &["invoke", "f", "--payload", "{}", "--payload-file", "x"],
        &["list", "--limit", "many"],
        &["list", "--secret-access-key", "x"],
        &["list", "--scope", "sometimes"],
        &["list", "--scope", "require", "--no-scope"],
        &["policy"],
        &["policy", "--list", "--executions"],
        &["executions"],
        &["executions", "list", "f", "--status", "reviewing"],
        &["executions", "list", "f", "--started-after", "yesterday"],
        &["executions", "wait", "a", "--timeout-seconds", "-1"],
        &["callback"],
        &[
            "callback",
            "succeed",
            "a",
            "--result",
            "7",
            "--result-file",
            "x",
        ],
        &["unknown"],
    ] {
        let _case = case(args.join(" "));
        run(args).stderr(2);
    }
}

#[test]
fn missing_credentials_error_names_the_variables() {
    let missing = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"];
    let ran = run(&["invoke", "f", "--region", "us-east-1"]);
    assert_contains(ran.stderr(1), &missing);
    let ran = run(&["invoke", "f", "--region", "us-east-1", "--json"]);
    let document = ran.document(1);
    assert_contains(document["error"]["host"].as_str().unwrap(), &missing);
}

#[test]
fn missing_region_and_bad_endpoint_errors_name_the_remedy() {
    assert_contains(run(&["list"]).stderr(1), &["AWS_REGION", "--region"]);
    let ran = run(&["list", "--region=us-east-1", "--endpoint=fisp"]);
    assert_contains(ran.stderr(1), &["fips-dual-stack"]);
}

#[test]
fn file_that_is_not_a_component_is_rejected() {
    let mut list = program(&["list", "--region=us-east-1", "--json", "--component"]);
    list.arg(file!())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
        .env("AWS_ACCESS_KEY_ID", "AKID")
        .env("AWS_SECRET_ACCESS_KEY", "the-secret");
    let document = Finished::new(list.output().unwrap()).document(1);
    let message = document["error"]["host"].as_str().unwrap();
    assert_contains(message, &["main.rs cannot be loaded"]);
    assert!(!message.contains("the-secret"), "{message}");
}

#[test]
fn component_command_describes_the_file() {
    let document = run(&["component", "--json"]).document(0);
    let component = &document["ok"];
    let path = Path::new(component["path"].as_str().unwrap());
    let file = "target/aws-lambda-connector.wasm";
    assert!(path.ends_with(file), "{path:?}");
    assert_eq!(component["size"], std::fs::metadata(path).unwrap().len());
    assert!(component["gzip-size"].as_u64() < component["size"].as_u64());
    assert_eq!(component["sha256"].as_str().unwrap().len(), 64);
    let list = |name: &str| component[name].as_array().unwrap().clone();
    assert!(list("imports").contains(&json!("wasi:http/outgoing-handler@0.2.0")));
    assert!(list("exports").contains(&json!("connectors:aws-lambda/lambda@0.2.0")));

    let ran = run(&["component"]);
    assert_contains(ran.stdout(0), &["wasi:http/outgoing-handler@0.2.0"]);
}

/// Runs the program against a local Lambda that is configured by environment variables only.
async fn against_local_lambda(args: &[&str]) -> Finished {
    against(Config::default(), args).await
}

async fn against(config: Config, args: &[&str]) -> Finished {
    let lambda = LocalLambda::start(config).await.unwrap();
    let mut command = program(args);
    command
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_LAMBDA", lambda.url())
        .env("AWS_ACCESS_KEY_ID", &lambda.key().access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &lambda.key().secret_access_key);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let ran = Finished::new(output.await.unwrap());
    lambda.stop().await;
    ran
}

#[tokio::test]
async fn invoke_prints_the_output_unchanged() {
    let payload = r#"{"n": 12345678901234567890123, "n":1.0}"#;
    let ran = against_local_lambda(&["invoke", "echo", "--payload", payload]).await;
    let text = ran.stdout(0);
    let summary = "succeeded (status 200 · version $LATEST · 1 attempt";
    assert!(text.starts_with(summary), "{text}");
    assert_contains(text, &[&format!("\n\noutput:\n{payload}\n")]);

    let ran = against_local_lambda(&["invoke", "echo", "--payload", payload, "--json"]).await;
    let document = ran.document(0);
    assert_eq!(document["ok"]["output"], json!({ "text": payload }));
}

/// A service whose key may not be limited to one call.
fn without_permission() -> Config {
    let mut config = Config::default();
    config.keys[0].denied_actions = vec!["sts:GetScopedCredentials".to_owned()];
    config
}

#[tokio::test]
async fn key_that_cannot_be_limited_is_a_warning_on_standard_error() {
    let warning = "warning: the sandbox received a key with all permissions of the connection, because \
                   STS did not limit it to this call (the permission is sts:GetScopedCredentials): AccessDenied: ";
    let ran = against(without_permission(), &["invoke", "echo", "--payload", "7"]).await;
    assert!(ran.stdout(0).starts_with("succeeded"), "{ran:?}");
    assert!(ran.stderr.starts_with(warning), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert_contains(&ran.stderr, &["--scope off", "--scope require"]);

    let ran = against(without_permission(), &["list", "--json"]).await;
    assert!(ran.document(0)["ok"]["functions"].is_array());
    assert!(ran.stderr.starts_with(warning), "{ran:?}");

    for off in [&["--no-scope"][..], &["--scope", "off"]] {
        let args = [&["invoke", "echo"][..], off].concat();
        let ran = against(without_permission(), &args).await;
        assert!(ran.stdout(0).starts_with("succeeded"), "{ran:?}");
        assert_eq!(ran.stderr, "");
    }
    let ran = against_local_lambda(&["invoke", "echo", "--scope", "require"]).await;
    assert!(ran.stdout(0).starts_with("succeeded"), "{ran:?}");
    assert_eq!(ran.stderr, "");
}

#[tokio::test]
async fn required_scope_that_is_denied_exits_with_1() {
    let args = ["invoke", "echo", "--scope", "require"];
    let ran = against(without_permission(), &args).await;
    assert_contains(
        ran.stderr(1),
        &["AccessDenied (403)", "sts:GetScopedCredentials"],
    );
    let args = ["qualifiers", "greet", "--scope", "require", "--json"];
    let ran = against(without_permission(), &args).await;
    let error = &ran.document(1)["error"]["service"];
    assert_eq!(
        (&error["category"], &error["executed"]),
        (&json!("access-denied"), &json!("no"))
    );
}

#[test]
fn policy_is_printed_without_credentials() {
    let args = [
        "policy",
        "--function",
        "a",
        "b",
        "--function",
        "c",
        "--list",
        "--region",
        "eu-west-1",
    ];
    let document = run(&args).document(0);
    let ids = document["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["Sid"]);
    assert_eq!(
        ids.collect::<Vec<_>>(),
        ["Invoke", "List", "LimitKeysToOneCall"]
    );
    let resources = document["Statement"][0]["Resource"].as_array().unwrap();
    assert_eq!(resources.len(), 6);
    assert_eq!(resources[4], "arn:aws:lambda:eu-west-1:*:function:c");
    assert_contains(
        run(&["policy", "--function", "a*"]).stderr(1),
        &["--function is invalid"],
    );
}

#[tokio::test]
async fn failed_function_exits_with_3() {
    let ran = against_local_lambda(&["invoke", "fail", "--log"]).await;
    let text = ran.stdout(3);
    let summary = "function failed: thrown (Unhandled, status 200";
    assert!(text.starts_with(summary), "{text}");
    assert_contains(text, &["\n\nlog:\nSTART RequestId: "]);

    let ran = against_local_lambda(&["invoke", "fail", "--json"]).await;
    let failed = &ran.document(3)["error"]["function-failed"];
    assert_eq!(failed["failure"]["cause"], "thrown");
    assert_eq!(failed["invocation"]["status-code"], 200);
}

#[tokio::test]
async fn errors_exit_with_1_and_go_to_standard_error() {
    let ran = against_local_lambda(&["invoke", "missing"]).await;
    assert_contains(ran.stderr(1), &["ResourceNotFoundException (404)"]);

    let ran = against_local_lambda(&["invoke", "missing", "--json"]).await;
    let error = &ran.document(1)["error"];
    assert_eq!(error["service"]["category"], "not-found");
}

#[tokio::test]
async fn lists_are_printed_as_a_table_or_as_json() {
    let ran = against_local_lambda(&["list", "--limit", "1"]).await;
    assert_contains(ran.stdout(0), &["function", "for the next page: --cursor "]);

    let ran = against_local_lambda(&["list", "--name-contains", "GREET", "--json"]).await;
    let page = &ran.document(0)["ok"];
    assert_eq!(page["functions"][0]["name"], "greet");
    assert_eq!(page["next"], Value::Null);

    let ran = against_local_lambda(&["qualifiers", "greet", "--json"]).await;
    let document = ran.document(0);
    let mut choices = document["ok"].as_array().unwrap().iter();
    let latest = choices.any(|choice| choice["kind"] == "latest" && choice["name"] == "$LATEST");
    assert!(latest, "{document}");
}

#[test]
fn demo_shows_a_success_and_a_failure() {
    for args in [&[][..], &["demo"]] {
        assert_contains(run(args).stdout(0), &["Hello, Ada!", "function failed: "]);
    }
}

/// This is what `lambda-connector component | head -0` does.
#[test]
fn closed_output_pipe_is_not_an_error() {
    let mut child = program(&["component"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ran = Finished::new(child.wait_with_output().unwrap());
    assert_eq!(ran.stderr(0), "");
}
