//! Input of the command line that never ends, secrets in its settings, and proxies.

use std::fs::File;
use std::process::{Command, Output};

use testing::lambda;

use super::program;

const SECRET: &str = "hunter2";
const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKID"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_REGION", "us-east-1"),
];

/// The program with these variables alone.
fn program_with(args: &[&str], vars: &[(&str, &str)]) -> Command {
    let mut command = program(args);
    command.envs(vars.iter().copied());
    command
}

/// Standard error of a command that fails before it calls.
#[track_caller]
fn rejection(output: Output) -> String {
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(output.stdout.is_empty(), "{told}");
    told
}

/// Without a limit, each of these reads until the process has no more memory.
#[cfg(unix)]
#[test]
fn input_that_never_ends_is_rejected() {
    const ZERO: &str = "/dev/zero";
    let invoke = |more: &[&'static str]| [&["invoke", "f"], more].concat();
    for (args, vars, told) in [
        (
            invoke(&["--payload-file", ZERO]),
            &KEYS[..],
            "error: the payload in /dev/zero is longer than 6291456 bytes, which is the most that \
             Lambda accepts; pass a shorter payload, or store the data and pass its location\n",
        ),
        (
            invoke(&["--payload-file", "-"]),
            &KEYS,
            "error: the payload in standard input is longer than 6291456 bytes",
        ),
        (
            invoke(&["--payload-file", ZERO, "--type", "event"]),
            &KEYS,
            "error: the payload in /dev/zero is longer than 1048576 bytes, which is the most that \
             Lambda accepts for an event;",
        ),
        (
            vec!["callback", "succeed", "a", "--result-file", ZERO],
            &KEYS,
            "error: the result in /dev/zero is longer than 1048576 bytes, which is the most that \
             Lambda accepts for a callback; pass a shorter result, or store the data",
        ),
        (
            invoke(&["--component", ZERO]),
            &KEYS,
            "error: /dev/zero cannot be loaded: it is longer than 67108864 bytes",
        ),
        (
            vec!["component", "--component", ZERO],
            &[],
            "error: the component in /dev/zero is longer than 67108864 bytes",
        ),
        (
            invoke(&[]),
            &[
                ("AWS_WEB_IDENTITY_TOKEN_FILE", ZERO),
                ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r"),
                ("AWS_REGION", "us-east-1"),
            ],
            "error: the OIDC token in /dev/zero is longer than 65536 bytes",
        ),
        (
            invoke(&[]),
            &[("AWS_CONFIG_FILE", ZERO)],
            "error: the AWS configuration in /dev/zero is longer than 1048576 bytes",
        ),
        (
            invoke(&[]),
            &[("AWS_SHARED_CREDENTIALS_FILE", ZERO)],
            "error: the AWS configuration in /dev/zero is longer than 1048576 bytes",
        ),
    ] {
        let mut command = program_with(&args, vars);
        let output = command.stdin(File::open(ZERO).unwrap()).output();
        let rejection = rejection(output.unwrap());
        assert!(rejection.starts_with(told), "{args:?}: {rejection}");
    }
}

#[test]
fn error_about_a_setting_contains_no_secret() {
    let url = format!("https://user:{SECRET}@h");
    let query = format!("https://h:x/?token={SECRET}");
    let fips = ("AWS_USE_FIPS_ENDPOINT", "true");
    for (args, vars) in [
        (&[][..], &[("AWS_ENDPOINT_URL_LAMBDA", &*url), fips][..]),
        (&[], &[("AWS_ENDPOINT_URL", &*url), fips]),
        (&[], &[("AWS_ENDPOINT_URL_LAMBDA", &*url)]),
        (&[], &[("AWS_ENDPOINT_URL_LAMBDA", &*query)]),
        (&[], &[("AWS_ENDPOINT_URL_LAMBDA", "https://user:hunter2")]),
        (&["--endpoint", &*url], &[]),
        (&["--endpoint", "user:hunter2@h"], &[]),
        (&["--endpoint", "http://user:hunter2/"], &[]),
        (&["--allow", &*url], &[]),
        (&["--allow", "user:hunter2@h"], &[]),
        (&["--allow", "user:hunter2"], &[]),
    ] {
        for command in [&["invoke", "f"][..], &["list"], &["qualifiers", "f"]] {
            let vars = [&KEYS[..], vars].concat();
            let mut args = [command, args].concat();
            let told = rejection(program_with(&args, &vars).output().unwrap());
            assert!(!told.contains(SECRET), "{args:?}, {vars:?}: {told}");
            assert!(told.starts_with("error: "), "{told}");

            args.push("--json");
            let output = program_with(&args, &vars).output().unwrap();
            let told = format!("{output:?}");
            assert!(!told.contains(SECRET), "{args:?}, {vars:?}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxy_that_is_not_used_is_named_once() {
    let lambda = lambda().await;
    let url = lambda.url();
    let key = lambda.key();
    let proxy = ("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:9");
    for (more, warnings) in [
        (vec![], 0),
        (vec![proxy], 1),
        (vec![proxy, ("HTTP_PROXY", "http://127.0.0.1:9")], 1),
        (vec![("http_proxy", "http://127.0.0.1:9")], 1),
        (vec![proxy, ("NO_PROXY", "127.0.0.1")], 0),
        (vec![proxy, ("no_proxy", "localhost,*")], 0),
        (vec![proxy, ("NO_PROXY", "example.com")], 1),
    ] {
        let mut vars = vec![
            ("AWS_ENDPOINT_URL_LAMBDA", &*url),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", &*key.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &*key.secret_access_key),
        ];
        vars.extend(&more);
        let mut command = program_with(&["invoke", "echo", "--payload", "7"], &vars);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{told}");
        let lines = told.lines().filter(|line| line.contains("PROXY is set"));
        let lines = lines.count() + told.matches("http_proxy is set").count();
        assert_eq!(lines, warnings, "{more:?}: {told}");
        assert!(!told.contains(SECRET), "{told}");
    }
}
