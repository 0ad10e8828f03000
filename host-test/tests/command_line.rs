//! The program as its users meet it: help, exit codes, what goes to which stream.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;
use local_lambda::{Config, LocalLambda};
use serde_json::{Value, json};

/// The program with an empty environment and no shared files.
fn program(args: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("lambda-connector"));
    command.args(args).env_clear().env("HOME", "/nonexistent");
    command
}

fn run(args: &[&str]) -> Output {
    program(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The one JSON document on standard output.
fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}\n{}", stdout(output), stderr(output));
    })
}

#[test]
fn help_names_commands_exit_codes_and_where_keys_come_from() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = stdout(&output);
    for word in [
        "demo",
        "invoke",
        "list",
        "qualifiers",
        "serve",
        "studio",
        "component",
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "0 success, 1 error, 2 wrong usage, 3 the function ran and failed",
    ] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
}

#[test]
fn help_of_every_command_fits_one_screen() {
    for command in [
        "",
        "demo",
        "invoke",
        "list",
        "qualifiers",
        "serve",
        "studio",
        "component",
        "completions",
    ] {
        let arguments = [command, "--help"];
        let arguments = arguments.iter().filter(|argument| !argument.is_empty());
        let help = stdout(&run(&arguments.copied().collect::<Vec<_>>()));
        assert!(help.contains("Usage: lambda-connector"), "{help}");
        assert!(help.lines().count() <= 40, "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
    }
}

#[test]
fn completions_of_every_shell_name_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        let script = stdout(&output);
        assert!(
            script.contains("lambda-connector") && script.contains("qualifiers"),
            "{shell}"
        );
    }
}

#[test]
fn wrong_usage_is_2() {
    for args in [
        &["invoke"][..],
        &["invoke", "f", "--type", "later"],
        &["invoke", "f", "--payload", "{}", "--payload-file", "x"],
        &["list", "--limit", "many"],
        &["list", "--secret-access-key", "x"],
        &["unknown"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
    }
}

#[test]
fn missing_credentials_name_the_variables() {
    let output = run(&["invoke", "f", "--region", "us-east-1"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let told = stderr(&output);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"] {
        assert!(told.contains(name), "{told}");
    }

    let output = run(&["invoke", "f", "--region", "us-east-1", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let message = document(&output)["error"]["host"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("AWS_ACCESS_KEY_ID"), "{message}");
}

#[test]
fn a_missing_region_and_a_bad_endpoint() {
    let told = stderr(&run(&["list"]));
    assert!(
        told.contains("AWS_REGION") && told.contains("--region"),
        "{told}"
    );
    let told = stderr(&run(&[
        "list",
        "--region",
        "us-east-1",
        "--endpoint",
        "fisp",
    ]));
    assert!(told.contains("fips-dual-stack"), "{told}");
}

#[test]
fn a_file_that_is_no_component() {
    let output = program(&[
        "list",
        "--region",
        "us-east-1",
        "--component",
        file!(),
        "--json",
    ])
    .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
    .env("AWS_ACCESS_KEY_ID", "AKID")
    .env("AWS_SECRET_ACCESS_KEY", "the-secret")
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = document(&output)["error"]["host"].to_string();
    assert!(
        message.contains("command_line.rs cannot be loaded"),
        "{message}"
    );
    assert!(!message.contains("the-secret"), "{message}");
}

#[test]
fn component_describes_the_file() {
    let output = run(&["component", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let document = document(&output);
    let component = &document["ok"];
    let path = Path::new(component["path"].as_str().unwrap());
    assert!(
        path.ends_with("target/aws-lambda-connector.wasm"),
        "{path:?}"
    );
    assert_eq!(component["size"], std::fs::metadata(path).unwrap().len());
    assert!(component["gzip-size"].as_u64() < component["size"].as_u64());
    assert_eq!(component["sha256"].as_str().unwrap().len(), 64);
    let list = |name: &str| component[name].as_array().unwrap().clone();
    assert!(list("imports").contains(&json!("wasi:http/outgoing-handler@0.2.0")));
    assert!(list("exports").contains(&json!("connectors:aws-lambda/lambda@0.2.0")));

    let text = stdout(&run(&["component"]));
    assert!(text.contains("wasi:http/outgoing-handler@0.2.0"), "{text}");
}

/// The program against a local Lambda, by nothing but its variables.
async fn against_local_lambda(args: &[&str]) -> Output {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let mut command = program(args);
    command
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_LAMBDA", lambda.url())
        .env("AWS_ACCESS_KEY_ID", &lambda.key().access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &lambda.key().secret_access_key);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    lambda.stop().await;
    output
}

#[tokio::test]
async fn invoke_prints_the_output_as_it_came() {
    let payload = r#"{"n": 12345678901234567890123, "n":1.0}"#;
    let output = against_local_lambda(&["invoke", "echo", "--payload", payload]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.starts_with("succeeded (status 200 · version $LATEST · 1 attempt"),
        "{text}"
    );
    assert!(
        text.contains(&format!("\n\noutput:\n{payload}\n")),
        "{text}"
    );

    let output = against_local_lambda(&["invoke", "echo", "--payload", payload, "--json"]).await;
    assert_eq!(
        document(&output)["ok"]["output"],
        json!({ "text": payload })
    );
}

#[tokio::test]
async fn a_failed_function_is_3() {
    let output = against_local_lambda(&["invoke", "fail", "--log"]).await;
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.starts_with("function failed: thrown (Unhandled, status 200"),
        "{text}"
    );
    assert!(text.contains("\n\nlog:\nSTART RequestId: "), "{text}");

    let output = against_local_lambda(&["invoke", "fail", "--json"]).await;
    assert_eq!(output.status.code(), Some(3));
    let failed = &document(&output)["error"]["function-failed"];
    assert_eq!(failed["failure"]["cause"], "thrown");
    assert_eq!(failed["invocation"]["status-code"], 200);
}

#[tokio::test]
async fn errors_are_1_and_on_standard_error() {
    let output = against_local_lambda(&["invoke", "missing"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let told = stderr(&output);
    assert!(told.contains("ResourceNotFoundException (404)"), "{told}");

    let output = against_local_lambda(&["invoke", "missing", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        document(&output)["error"]["service"]["category"],
        "not-found"
    );
}

#[tokio::test]
async fn lists_are_tables_or_documents() {
    let output = against_local_lambda(&["list", "--limit", "1"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("function") && text.contains("more follow: --cursor "),
        "{text}"
    );

    let output = against_local_lambda(&["list", "--name-contains", "GREET", "--json"]).await;
    let page = &document(&output)["ok"];
    assert_eq!(page["functions"][0]["name"], "greet");
    assert_eq!(page["next"], Value::Null);

    let output = against_local_lambda(&["qualifiers", "greet", "--json"]).await;
    let choices = document(&output)["ok"].as_array().unwrap().clone();
    assert!(
        choices
            .iter()
            .any(|c| c["kind"] == "latest" && c["name"] == "$LATEST"),
        "{choices:?}"
    );
}

#[tokio::test]
async fn demo_shows_a_success_and_a_failure() {
    for args in [&[][..], &["demo"]] {
        let args = args.to_vec();
        let output = tokio::task::spawn_blocking(move || run(&args))
            .await
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}{}",
            stdout(&output),
            stderr(&output)
        );
        let text = stdout(&output);
        assert!(text.contains("Hello, Ada!"), "{text}");
        assert!(text.contains("function failed: "), "{text}");
    }
}

/// As in `lambda-connector component | head -0`.
#[test]
fn a_reader_who_leaves_is_no_error() {
    let mut child = program(&["component"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(0));
}
