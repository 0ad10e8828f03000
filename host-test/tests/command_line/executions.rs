//! `executions` and `callback`: what they print, which requests they send, and their exit codes.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use http::Response;
use http_body_util::Full;
use local_lambda::{Config, LocalLambda};
use serde_json::{Value, json};
use testing::case;
use testing::http1::HttpServer;
use testing::server::{Canned, Server};
use tokio::sync::oneshot;

use crate::{Finished, assert_contains, program};

const ARN: &str =
    "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e";
const PATH: &str = "/2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A1%2Fdurable-execution%2Forder-7%2F2f6b1c0e";
const WAIT_AGAIN: &str = "to wait for it again: lambda-connector executions wait 'arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e'\n";

/// A result, and the data of a failure. Neither may appear in an error.
const DATA: &str = "marked data";

/// The program with keys for a service at `url`, which is not asked to limit them.
fn at(url: &str, args: &[&str]) -> Command {
    let mut command = program(args);
    command
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_LAMBDA", url)
        .env("AWS_ACCESS_KEY_ID", "AKID")
        .env("AWS_SECRET_ACCESS_KEY", "the-secret")
        .arg("--scope=off");
    command
}

async fn finish(mut command: Command) -> Finished {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    Finished::new(output.await.unwrap())
}

/// Runs the program against a service with this response. Returns the requests.
async fn against(answer: Canned, args: &[&str]) -> (Finished, Vec<String>) {
    let server = Server::start(&[answer]).await;
    let ran = finish(at(&server.url(), args)).await;
    (ran, server.received())
}

/// The first line of each request.
fn lines(requests: &[String]) -> Vec<&str> {
    let line = |request: &'_ String| -> usize { request.find("\r\n").unwrap() };
    requests.iter().map(|it| &it[..line(it)]).collect()
}

/// The body of the only request.
fn body(requests: &[String]) -> &str {
    let [request] = requests else {
        panic!("{requests:?}");
    };
    request.split_once("\r\n\r\n").unwrap().1
}

fn ok(body: &str) -> Canned {
    Canned::with_length("200 OK\nx-amzn-requestid: 8f5e", body)
}

fn execution(status: &str, more: &str) -> String {
    format!(
        r#"{{"DurableExecutionArn":"{ARN}","DurableExecutionName":"order-7","FunctionArn":"arn:f","StartTimestamp":1795780800.25,"Status":"{status}","Version":"1"{more}}}"#
    )
}

fn succeeded() -> String {
    let more = r#","EndTimestamp":1795780803,"InputPayload":"{\"a\": 1}","Result":"\"done\"","TraceHeader":{"XAmznTraceId":"Root=1"}"#;
    execution("SUCCEEDED", more)
}

fn failed(status: &str) -> String {
    let error = r#"{"ErrorType":"Declined","ErrorMessage":"no","ErrorData":"{}","StackTrace":["at x","at y"]}"#;
    execution(
        status,
        &format!(r#","EndTimestamp":1795780803,"Error":{error}"#),
    )
}

#[tokio::test]
async fn execution_is_printed_in_sections() {
    let (ran, requests) = against(ok(&succeeded()), &["executions", "get", ARN]).await;
    assert_eq!(
        ran.stdout(0),
        format!(
            "succeeded (order-7 · version 1 · started 2026-11-27T12:00:00.250Z · ended \
             2026-11-27T12:00:03.000Z)\n\ndurable execution:\n{ARN}\n\ntrace:\nRoot=1\n\ninput:\n\
             {{\"a\": 1}}\n\noutput:\n\"done\"\n"
        )
    );
    assert_eq!(ran.stderr, "");
    assert_eq!(lines(&requests), [format!("GET {PATH} HTTP/1.1")]);

    // The status of what is read is not that of the command.
    let (ran, _) = against(ok(&failed("FAILED")), &["executions", "get", ARN]).await;
    let text = ran.stdout(0);
    assert!(text.starts_with("failed (order-7 · "), "{text}");
    let failure = "\n\nerror type:\nDeclined\n\nerror message:\nno\n\nerror data:\n{}\n\n\
                   stack trace:\nat x\nat y\n";
    assert!(text.ends_with(failure), "{text}");

    let (ran, requests) = against(
        ok(&execution("REVIEWING", "")),
        &["executions", "get", ARN, "--no-data", "--json"],
    )
    .await;
    assert_eq!(
        ran.document(0),
        json!({"ok": {
            "arn": ARN, "name": "order-7", "function-arn": "arn:f", "version": "1",
            "status": "REVIEWING", "started-at-ms": 1_795_780_800_250_u64, "ended-at-ms": null,
            "trace-id": null, "input": null, "output": null, "failure": null,
        }})
    );
    let read = format!("GET {PATH}?IncludeExecutionData=false HTTP/1.1");
    assert_eq!(lines(&requests), [read]);
}

#[tokio::test]
async fn executions_are_listed_with_every_filter() {
    let page = format!(
        r#"{{"DurableExecutions":[{}],"NextMarker":"m"}}"#,
        execution("TIMED_OUT", r#","EndTimestamp":1795780803"#)
    );
    let mut args = vec!["executions", "list", "f", "--qualifier", "live", "--name"];
    args.extend(["order-7", "--status", "timed-out", "--status", "RUNNING"]);
    args.extend(["--started-after", "2026-11-27T12:00:00.250Z"]);
    args.extend(["--started-before", "2026-11-28", "--oldest-first"]);
    args.extend(["--limit", "1"]);
    let (ran, requests) = against(ok(&page), &args).await;
    let text = ran.stdout(0);
    assert_contains(text, &["status", "started", "ended", "execution"]);
    let times = "2026-11-27T12:00:00.250Z   2026-11-27T12:00:03.000Z";
    let row = format!(" timed out   {times}   {ARN}\n");
    assert_contains(text, &[&row, "for the next page: --cursor "]);
    assert_eq!(
        lines(&requests),
        [
            "GET /2025-12-01/functions/f/durable-executions?Qualifier=live&DurableExecutionName=order-7&Statuses=TIMED_OUT&Statuses=RUNNING&StartedAfter=2026-11-27T12%3A00%3A00.250000Z&StartedBefore=2026-11-28T00%3A00%3A00Z&ReverseOrder=true&MaxItems=1 HTTP/1.1"
        ]
    );

    let none = ok(r#"{"DurableExecutions":[]}"#);
    let (ran, _) = against(none.clone(), &["executions", "list", "f"]).await;
    assert_eq!(ran.stdout(0), "no executions\n");
    let (ran, _) = against(none, &["executions", "list", "f", "--json"]).await;
    let empty = json!({"ok": {"executions": [], "next": null}});
    assert_eq!(ran.document(0), empty);
}

#[tokio::test]
async fn history_shows_the_id_of_a_callback() {
    let event = r#"{"EventType":"CallbackStarted","EventId":2,"EventTimestamp":1795780800.25,"Id":"op","Name":"approval","CallbackStartedDetails":{"CallbackId":"Ab+/"}}"#;
    let page = ok(&format!(r#"{{"Events":[{event}]}}"#));
    let (ran, requests) = against(page.clone(), &["executions", "history", ARN]).await;
    let row = "2026-11-27T12:00:00.250Z   CallbackStarted   approval   op          \
               {\"CallbackId\":\"Ab+/\"}\n";
    assert_contains(ran.stdout(0), &[row]);
    let without = format!("GET {PATH}/history?IncludeExecutionData=false&MaxItems=100 HTTP/1.1");
    assert_eq!(lines(&requests), [without]);

    let mut args = vec!["executions", "history", ARN, "--with-data"];
    args.extend(["--newest-first", "--limit=1", "--cursor=m", "--json"]);
    let (ran, requests) = against(page, &args).await;
    let event = &ran.document(0)["ok"]["events"][0];
    assert_eq!(event["details"], r#"{"CallbackId":"Ab+/"}"#);
    assert_eq!(
        (&event["id"], &event["operation-id"]),
        (&json!(2), &json!("op"))
    );
    let [line] = lines(&requests)[..] else {
        panic!("{requests:?}");
    };
    assert_contains(line, &["MaxItems=1&Marker=m&ReverseOrder=true"]);
    assert!(!line.contains("IncludeExecutionData=false"), "{line}");
}

#[tokio::test]
async fn wait_exits_by_the_status_of_the_execution() {
    let deleting = "error: the execution has ended, but Lambda does not report how, because it is \
                    being deleted\n";
    let not_ended = format!("the execution has not ended yet\n{WAIT_AGAIN}");
    for (status, code, name, stderr) in [
        ("SUCCEEDED", 0, "succeeded", ""),
        ("FAILED", 3, "failed", ""),
        ("TIMED_OUT", 3, "timed out", ""),
        ("STOPPED", 3, "stopped", ""),
        ("DELETING", 1, "being deleted", deleting),
        ("RUNNING", 4, "running", &not_ended),
        ("PAUSED", 4, "paused", &not_ended),
        ("REVIEWING", 4, "REVIEWING", &not_ended),
    ] {
        let _case = case(status);
        let answer = ok(&execution(status, ""));
        let args = ["executions", "wait", ARN, "--timeout-seconds", "0"];
        let (ran, _) = against(answer.clone(), &args).await;
        let text = ran.stdout(code);
        assert!(text.starts_with(&format!("{name} (order-7 · ")), "{text}");
        assert_eq!(ran.stderr, stderr);

        let args = [&args[..], &["--json"]].concat();
        let (ran, _) = against(answer, &args).await;
        let shown = &ran.document(code)["ok"]["status"];
        assert_eq!(
            *shown,
            name.replace("timed out", "timed-out")
                .replace("being deleted", "deleting")
        );
        assert_eq!(ran.stderr, stderr);
    }
    let (ran, _) = against(ok(&succeeded()), &["executions", "wait", ARN]).await;
    assert_contains(ran.stdout(0), &["\n\noutput:\n\"done\"\n"]);
    let (ran, requests) = against(ok("{}"), &["executions", "wait", "f"]).await;
    assert_contains(ran.stderr(1), &["invalid input: arn: "]);
    assert_eq!(requests.len(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn interrupted_wait_names_the_execution_and_exits_with_130() {
    let message = format!("the wait was interrupted, and the execution continues: {ARN}");
    for more in [&[][..], &["--json"]] {
        let (polled, was_polled) = oneshot::channel();
        let polled = Arc::new(Mutex::new(Some(polled)));
        let server = HttpServer::start(move |_| {
            let polled = Arc::clone(&polled);
            async move {
                let first = polled.lock().unwrap().take();
                first.map(|first| first.send(()));
                let answer = Response::builder().header("x-amzn-requestid", "8f5e");
                Ok(answer.body(Full::from(execution("RUNNING", ""))).unwrap())
            }
        })
        .await;
        let args = [&["executions", "wait", ARN][..], more].concat();
        let mut command = at(&server.url(), &args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        was_polled.await.unwrap();
        let mut interrupt = Command::new("kill");
        interrupt.args(["-INT", &child.id().to_string()]);
        assert!(interrupt.status().unwrap().success());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let ran = Finished::new(output.await.unwrap());
        if more.is_empty() {
            ran.stderr(130);
        } else {
            let document = json!({"error": {"host": message}});
            assert_eq!(ran.document(130), document);
        }
        assert_eq!(ran.stderr, format!("{message}\n{WAIT_AGAIN}"));
    }
}

#[tokio::test]
async fn stop_sends_the_failure_and_prints_the_time() {
    let stopped = ok(r#"{"StopTimestamp":1795780800.5}"#);
    let (ran, requests) = against(stopped.clone(), &["executions", "stop", ARN]).await;
    assert_eq!(ran.stdout(0), "stopped at 2026-11-27T12:00:00.500Z\n");
    assert_eq!(lines(&requests), [format!("POST {PATH}/stop HTTP/1.1")]);

    let mut args = vec!["executions", "stop", ARN, "--error-type", "Declined"];
    args.extend(["--error-message", "no", "--error-data", DATA, "--json"]);
    let (ran, requests) = against(stopped, &args).await;
    assert_eq!(ran.document(0), json!({"ok": 1_795_780_800_500_u64}));
    let failure: Value = serde_json::from_str(body(&requests)).unwrap();
    let expected = json!({"ErrorType": "Declined", "ErrorMessage": "no", "ErrorData": DATA});
    assert_eq!(failure, expected);
}

#[tokio::test]
async fn callback_receives_its_result() {
    let path = "POST /2025-12-01/durable-execution-callbacks/Ab%2B%2F";
    let function = "--function=arn:aws:lambda:us-east-1:123456789012:function:f";
    let failure = r#"{"ErrorMessage": "no", "ErrorType": "Declined"}"#;
    for (args, operation, sent, done) in [
        (
            vec!["succeed", "Ab+/", "--result", "{\"approved\": true}"],
            "succeed",
            "{\"approved\": true}",
            "the callback succeeded\n",
        ),
        (
            vec!["succeed", "Ab+/"],
            "succeed",
            "",
            "the callback succeeded\n",
        ),
        (
            vec![
                "fail",
                "Ab+/",
                "--error-type=Declined",
                "--error-message=no",
                function,
            ],
            "fail",
            failure,
            "the callback failed, as requested\n",
        ),
        (
            vec!["fail", "Ab+/"],
            "fail",
            "{}",
            "the callback failed, as requested\n",
        ),
        (
            vec!["heartbeat", "Ab+/", function],
            "heartbeat",
            "",
            "the callback's timeout begins again\n",
        ),
    ] {
        let _case = case(args.join(" "));
        let args = [&["callback"][..], &args].concat();
        let (ran, requests) = against(ok("{}"), &args).await;
        assert_eq!(ran.stdout(0), done);
        assert_eq!(ran.stderr, "");
        assert_eq!(lines(&requests), [format!("{path}/{operation} HTTP/1.1")]);
        assert_eq!(body(&requests), sent);
        let args = [&args[..], &["--json"]].concat();
        let (ran, _) = against(ok("{}"), &args).await;
        assert_eq!(ran.document(0), json!({ "ok": null }));
    }
}

#[tokio::test]
async fn result_of_a_callback_is_read_from_standard_input() {
    let server = Server::start(&[ok("{}")]).await;
    let args = ["callback", "succeed", "a", "--result-file", "-"];
    let mut command = at(&server.url(), &args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Not JSON, and without a line feed at its end.
    child.stdin.take().unwrap().write_all(b"7 \x00").unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    assert_eq!(output.await.unwrap().status.code(), Some(0));
    assert_eq!(body(&server.received()), "7 \0");
}

#[tokio::test]
async fn callback_without_its_function_is_a_warning_or_an_error() {
    let server = Server::start(&[ok("{}")]).await;
    // The last argument counts, so `--scope` follows.
    let scoped = |mode: &'static str, more: &'static [&'static str]| {
        let mut command =
            program(&[&["callback", "heartbeat", "a", "--scope", mode], more].concat());
        command
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL_LAMBDA", server.url())
            .env("AWS_ACCESS_KEY_ID", "AKID")
            .env("AWS_SECRET_ACCESS_KEY", "the-secret");
        finish(command)
    };
    let ran = scoped("prefer", &[]).await;
    assert_eq!(ran.stdout(0), "the callback's timeout begins again\n");
    let warning = "warning: the sandbox received a key with all permissions of the connection, \
                   because a callback ID does not name its function (--function limits the key, \
                   --scope off omits this warning)\n";
    assert_eq!(ran.stderr, warning);
    assert_eq!(server.requests(), 1, "STS is not asked");
    let ran = scoped("prefer", &["--json"]).await;
    assert_eq!(ran.document(0), json!({ "ok": null }));
    assert_eq!(ran.stderr, warning);
    let ran = scoped("require", &[]).await;
    assert_contains(
        ran.stderr(1),
        &["invalid input: function: ", "pass the function"],
    );
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn error_contains_no_data_of_the_command() {
    let closed = Canned::with_length(
        "400 Bad\nx-amzn-requestid: 8f5e\nx-amzn-errortype: CallbackTimeoutException",
        r#"{"message":"The callback has already been closed."}"#,
    );
    for args in [
        &["callback", "succeed", "Ab+/", "--result", DATA][..],
        &["callback", "fail", "Ab+/", "--error-data", DATA],
        &["executions", "stop", ARN, "--error-data", DATA],
    ] {
        let _case = case(args.join(" "));
        let (ran, requests) = against(closed.clone(), args).await;
        let told = ["CallbackTimeoutException (400)", "request took effect: no"];
        assert_contains(ran.stderr(1), &told);
        assert!(!ran.stderr.contains(DATA), "{}", ran.stderr);
        assert!(body(&requests).contains(DATA));
        let args = [args, &["--json"]].concat();
        let (ran, _) = against(closed.clone(), &args).await;
        let error = ran.document(1);
        assert_eq!(error["error"]["service"]["category"], "conflict");
        assert!(!format!("{ran:?}").contains(DATA), "{ran:?}");
    }
}

/// A call about an execution gets keys for the executions of its function, which the service enforces.
#[tokio::test]
async fn approval_is_started_answered_and_awaited() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let run = async |args: &[&str]| {
        let mut command = program(args);
        command
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL_LAMBDA", lambda.url())
            .env("AWS_ACCESS_KEY_ID", &lambda.key().access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &lambda.key().secret_access_key)
            .args(["--scope", "require"]);
        finish(command).await
    };
    let begin = ["invoke", "approval:live", "--type", "event", "--json"];
    let document = run(&begin).await.document(0);
    let arn = document["ok"]["durable-execution-arn"].as_str().unwrap();

    // At first, the execution is invisible, or has not come to its callback.
    let callback = loop {
        let ran = run(&["executions", "history", arn, "--json"]).await;
        let history: Value = serde_json::from_str(&ran.stdout).unwrap();
        let events = history["ok"]["events"].as_array().into_iter().flatten();
        let mut details = events
            .filter(|event| event["event-type"] == "CallbackStarted")
            .map(|event| event["details"].as_str().unwrap());
        if let Some(details) = details.next() {
            let details: Value = serde_json::from_str(details).unwrap();
            break details["CallbackId"].as_str().unwrap().to_owned();
        }
    };
    let not_yet = run(&["executions", "wait", arn, "--timeout-seconds", "0"]).await;
    assert!(not_yet.stdout(4).starts_with("running ("), "{not_yet:?}");

    let result = r#"{"by": "Ada"}"#;
    let mut succeed = vec!["callback", "succeed", &callback, "--result", result];
    succeed.extend(["--function", "approval"]);
    assert_eq!(run(&succeed).await.stdout(0), "the callback succeeded\n");
    let ended = run(&["executions", "wait", arn]).await;
    let text = ended.stdout(0);
    assert!(text.starts_with("succeeded ("), "{text}");
    assert!(text.contains("Ada"), "{text}");
    assert_eq!(ended.stderr, "");

    let closed = run(&succeed).await;
    assert_contains(closed.stderr(1), &["CallbackTimeoutException (400)"]);
    let listed = run(&["executions", "list", "approval", "--status", "succeeded"]).await;
    assert_contains(listed.stdout(0), &[arn]);

    let mut begin = begin.to_vec();
    begin.extend(["--durable-execution-name", "order-7"]);
    let document = run(&begin).await.document(0);
    let arn = document["ok"]["durable-execution-arn"].as_str().unwrap();
    // The wait makes it visible.
    run(&["executions", "wait", arn, "--timeout-seconds", "2"])
        .await
        .stdout(4);
    let stop = ["executions", "stop", arn, "--error-type", "Cancelled"];
    assert!(run(&stop).await.stdout(0).starts_with("stopped at 20"));
    let stopped = run(&["executions", "wait", arn]).await;
    let text = stopped.stdout(3);
    assert!(text.starts_with("stopped (order-7 · "), "{text}");
    assert!(text.ends_with("\n\nerror type:\nCancelled\n"), "{text}");

    let scopes = lambda.sessions();
    let scopes = scopes.iter().flat_map(|session| &session.policies);
    for policy in scopes {
        assert_contains(
            policy,
            &["arn:aws:lambda:us-east-1:123456789012:function:approval"],
        );
    }
}

#[tokio::test]
async fn event_of_a_durable_function_shows_how_to_wait() {
    let head = format!("202 Accepted\nx-amzn-requestid: 8f5e\nx-amz-durable-execution-arn: {ARN}");
    let args = ["invoke", "f:1", "--type", "event"];
    let (ran, _) = against(Canned::with_length(&head, ""), &args).await;
    let text = ran.stdout(0);
    assert!(text.starts_with("queued (status 202"), "{text}");
    let how = format!(
        "\n\ndurable execution:\n{ARN}\n\nto wait for its result:\nlambda-connector executions \
         wait '{ARN}'\n"
    );
    assert!(text.ends_with(&how), "{text}");
}
