//! The soak as a program: a short run with the reference host passes, and a host that does not tell the
//! truth fails it.

use std::process::{Command, Output};

use http_body_util::Full;
use hyper::{Request, Response};
use testing::http1::HttpServer;

fn soak(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_connector-bench"))
        .arg("soak")
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn short_soak_of_the_reference_host_breaks_no_rule() {
    let output = soak(&["--seconds", "20", "--rate", "25"]);
    let (report, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{report}{errors}");
    for line in [
        "- 0 violations",
        "- 0 calls without an outcome",
        "| small payload ",
        "| 100 KB request ",
        "| list of 120 functions ",
        "| forwarded, closed without a response ",
        "| response cut off half-way ",
        "| memory (PSS) ",
    ] {
        assert!(
            report.contains(line),
            "{line:?} is missing:\n{report}{errors}"
        );
    }
}

/// Starts a host that gives this answer to every call, and makes calls for a second.
async fn soak_of_host(answer: &'static str) -> Output {
    let host =
        HttpServer::start(
            move |_: Request<_>| async move { Ok(Response::new(Full::from(answer))) },
        );
    let host = host.await;
    let pid = std::process::id().to_string();
    let url = host.url();
    let soak = move || soak(&["--seconds", "1", "--host", &url, "--pid", &pid]);
    tokio::task::spawn_blocking(soak).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn host_that_does_not_tell_the_truth_fails_the_soak() {
    for (answer, expected) in [
        (
            r#"{"err":{"case":"transport","executed":"yes","message":""}}"#,
            "reported executed Yes after 0 runs",
        ),
        (
            r#"{"err":{"case":"function-failed","executed":"yes","message":""}}"#,
            "reported a failed function that did not run",
        ),
        (r#"{"ok":{"statusCode":200}}"#, "reported a wrong value"),
        ("", "has no outcome"),
    ] {
        let output = soak_of_host(answer).await;
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{answer}: {errors}");
        assert!(errors.contains(expected), "{answer}: {errors}");
    }
}
