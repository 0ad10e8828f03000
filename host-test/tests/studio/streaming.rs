//! Runs whose response grows while the function streams: the steps, and the reply after them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::value::RawValue;
use testing::event_stream::{StreamingLambda, chunk, complete, complete_with, streamed};
use testing::server::Server;
use testing::{case, form, only};

use super::*;

const STEPS: &str = "application/x-studio-steps";
/// What the page shows of a response.
const SHOWN: usize = 256 << 10;

/// A run, read while it continues.
struct Live {
    body: Incoming,
    unread: Vec<u8>,
    /// The steps so far: the length of the response, and the bytes to show.
    received: u64,
    shown: Vec<u8>,
}

impl Live {
    fn new(response: Response<Incoming>) -> Self {
        assert_eq!(response.headers()["content-type"], STEPS);
        Self {
            body: response.into_body(),
            unread: Vec::new(),
            received: 0,
            shown: Vec::new(),
        }
    }

    /// Reads more of the body. Returns false at its end.
    async fn read(&mut self) -> bool {
        let Some(frame) = self.body.frame().await else {
            return false;
        };
        self.unread.extend(frame.unwrap().into_data().unwrap());
        true
    }

    /// Reads the next step. Returns false after the last one.
    async fn step(&mut self) -> bool {
        let end = loop {
            match self.unread.iter().position(|byte| *byte == b'\n') {
                Some(end) => break end,
                None => assert!(self.read().await, "there is no reply"),
            }
        };
        let line: Vec<u8> = self.unread.drain(..=end).collect();
        if line == b"\n" {
            return false;
        }
        let step: Value = serde_json::from_slice(&line).unwrap();
        self.received = step["received"].as_u64().unwrap();
        let bytes = step["bytes"].as_str().unwrap();
        self.shown.extend(STANDARD.decode(bytes).unwrap());
        true
    }

    /// Reads steps until there are as many bytes to show as in `expected`.
    async fn shows(&mut self, expected: &[u8]) {
        while self.shown.len() < expected.len() {
            assert!(self.step().await, "{:?}", self.shown);
        }
        assert_eq!(self.shown, expected);
    }

    /// Reads the other steps and the reply.
    async fn reply(&mut self) -> String {
        while self.step().await {}
        while self.read().await {}
        String::from_utf8(std::mem::take(&mut self.unread)).unwrap()
    }
}

impl Running {
    /// Starts a run of the card `invoke` with a streamed response.
    async fn start(&self, connection: Value, values: Value) -> Response<Incoming> {
        let values = changed(&values, |it| it["responseMode"] = json!("Streamed"));
        let form = json!({ "connection": connection, "card": "invoke", "values": values });
        let headers = [("content-type", "application/json")];
        self.open(Method::POST, "/api/run", &headers, form.to_string())
            .await
    }

    async fn stream(&self, values: Value) -> Live {
        let values = changed(&values, |it| it["yourFunctions"] = json!("stream"));
        Live::new(self.start(self.connection().await, values).await)
    }

    /// Runs a function at this URL.
    async fn run_at(&self, url: &str, values: Value) -> Response<Incoming> {
        let connection = changed(&self.connection().await, |it| it["endpoint"] = json!(url));
        let values = changed(&values, |it| it["yourFunctions"] = json!("f"));
        self.start(connection, values).await
    }
}

/// A studio that asks no STS, for a Lambda that is not the local one.
async fn without_sts(component: Component) -> Running {
    running_with(component, |_| (), ScopeMode::Off).await
}

fn parsed(reply: &str) -> Value {
    serde_json::from_str(reply).unwrap()
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn response_grows_before_the_run_ends(component: Component) {
    let at = running(component).await;
    let payload = json!({ "chunks": [
        { "text": "first" }, { "gate": "a" }, { "count": "passed" }, { "base64": "/8M=" },
        { "gate": "b" }, { "base64": "vA==" }, { "count": "passed" },
    ] });
    let mut live = at.stream(json!({ "payload": payload })).await;
    live.shows(b"first").await;
    assert_eq!(at.lambda.runs("passed"), 0);
    at.lambda.open_gate("a");
    live.shows(b"first\xff\xc3").await;
    assert_eq!(at.lambda.runs("passed"), 1);
    at.lambda.open_gate("b");
    let reply = parsed(&live.reply().await);
    assert_eq!(live.shown, b"first\xff\xc3\xbc");
    assert_eq!(live.received, 8);
    assert_eq!(reply["ok"]["statusCode"], 200, "{reply}");
    assert_eq!(reply["ok"]["output"], STANDARD.encode(&live.shown));
    let received = reply["received"].as_str().unwrap();
    assert!(received.contains("may invoke stream only"), "{received}");
    assert_eq!(at.lambda.runs("passed"), 2);
}

/// The text of the outputs as the component wrote it.
fn outputs(json: &str) -> BTreeMap<String, Box<RawValue>> {
    serde_json::from_str(json).unwrap()
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_those_of_the_card(component: Component) {
    let at = running(component).await;
    // The JSON of a function can have several lines, numbers of any size, and keys twice.
    let text = "{\n\n \"z\": 12345678901234567890123,\n \"z\": [1.0, 1e400]\n}\n\n";
    for (label, values) in [
        (
            "json",
            json!({ "payload": { "chunks": [{ "text": text }] } }),
        ),
        (
            "bytes",
            json!({ "payload": { "chunks": [{ "base64": "//4=" }] } }),
        ),
        ("empty", json!({ "payload": { "chunks": [] } })),
        (
            "failed",
            json!({
                "payload": { "chunks": [{ "text": "part" }], "fail": { "type": "KeyError" } },
                "onFunctionError": "Continue",
            }),
        ),
        (
            "too large",
            json!({
                "payload": { "chunks": [{ "bytes": 3_000 }] },
                "maxResponseBytes": 2_000,
                "onError": "Continue",
            }),
        ),
    ] {
        let _case = case(label);
        let payload = values["payload"].clone();
        let payload = changed(&payload, |it| {
            it["chunks"]
                .as_array_mut()
                .unwrap()
                .push(json!({ "count": label }));
        });
        let values = changed(&values, |it| it["payload"] = payload.clone());
        let reply = at.stream(values.clone()).await.reply().await;
        assert_eq!(at.lambda.runs(label), 1, "{label}");

        let values = changed(&values, |it| {
            it["yourFunctions"] = json!("stream");
            it["responseMode"] = json!("Streamed");
        })
        .to_string();
        let (policy, connection) = (only(&at.lambda.url()), form(&at.lambda));
        let run = component
            .host()
            .run(&policy, &connection, "invoke", &values);
        let card = run.await.unwrap().unwrap();

        let reply: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&reply).unwrap();
        let (mut reply, mut card) = (outputs(reply["ok"].get()), outputs(&card));
        assert_eq!(
            reply.keys().collect::<Vec<_>>(),
            card.keys().collect::<Vec<_>>()
        );
        // Those of another run.
        for key in ["requestId", "traceId", "errorMessage"] {
            for outputs in [&mut reply, &mut card] {
                outputs.remove(key).unwrap();
            }
        }
        let text = |outputs: BTreeMap<String, Box<RawValue>>| {
            let texts = outputs
                .into_iter()
                .map(|(key, value)| (key, value.get().to_owned()));
            texts.collect::<Vec<_>>()
        };
        assert_eq!(text(reply), text(card), "{label}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn failed_function_is_an_error_after_its_bytes(component: Component) {
    let at = running(component).await;
    let payload = json!({
        "chunks": [{ "text": "partial" }, { "gate": "g" }],
        "fail": { "type": "KeyError", "message": "no order" },
    });
    let mut live = at.stream(json!({ "payload": payload })).await;
    live.shows(b"partial").await;
    at.lambda.open_gate("g");
    let reply = parsed(&live.reply().await);
    assert_eq!(live.shown, b"partial");
    let failure = &reply["error"]["function-failed"]["failure"];
    assert_eq!(failure["error-type"], "KeyError", "{reply}");
    assert_eq!(failure["error-message"], "no order");
    assert!(reply.get("ok").is_none(), "{reply}");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn stream_that_breaks_off_is_an_error_after_its_bytes(component: Component) {
    let at = without_sts(component).await;
    let body = chunk("partial");
    for (label, answer, kind) in [
        ("no end", streamed(&body, body.len()), "cut-off"),
        ("in a frame", streamed(&body, body.len() + 1), "cut-off"),
        (
            "not a frame",
            streamed(&[&*body, &[0; 99]].concat(), body.len() + 99),
            "malformed",
        ),
    ] {
        let server = Server::start(&[answer]).await;
        let response = at
            .run_at(&server.url(), json!({ "idempotent": true }))
            .await;
        let mut live = Live::new(response);
        let reply = parsed(&live.reply().await);
        assert_eq!(live.shown, b"partial", "{label}");
        let error = &reply["error"]["transport"];
        assert_eq!(error["kind"], kind, "{label}: {reply}");
        assert_eq!(error["executed"], "yes", "{label}: {reply}");
        assert_eq!(server.requests(), 1, "{label}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn response_over_its_limit_is_an_error_and_the_function_runs_once(component: Component) {
    let at = running(component).await;
    let payload = json!({ "chunks": [{ "count": "k" }, { "bytes": 3_000 }] });
    let values = json!({ "payload": payload, "maxResponseBytes": 2_000 });
    let mut live = at.stream(values).await;
    let reply = parsed(&live.reply().await);
    let message = reply["error"]["transport"]["message"].as_str().unwrap();
    assert!(message.contains("2000"), "{reply}");
    assert_eq!(reply["error"]["transport"]["executed"], "yes", "{reply}");
    assert_eq!(at.lambda.runs("k"), 1);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn long_response_is_counted_and_only_its_beginning_is_shown(component: Component) {
    const LENGTH: usize = 5_000_000;
    let at = running(component).await;
    let payload = json!({ "chunks": [{ "bytes": LENGTH }] });
    let mut live = at.stream(json!({ "payload": payload })).await;
    let reply = parsed(&live.reply().await);
    let output = reply["ok"]["output"].as_str().unwrap();
    assert_eq!(output.len(), LENGTH);
    assert_eq!(live.received, LENGTH as u64);
    assert_eq!(live.shown.len(), SHOWN);
    assert!(output.as_bytes().starts_with(&live.shown));
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn page_that_leaves_ends_the_request(component: Component) {
    let at = without_sts(component).await;
    let lambda = StreamingLambda::start().await;
    let url = lambda.url();

    let (response, mut function) = tokio::join!(at.run_at(&url, json!({})), lambda.begin());
    let mut live = Live::new(response);
    function.send(chunk("first")).await;
    live.shows(b"first").await;
    drop(live);
    function.closed().await;

    // Before the response begins, the page waits for the head.
    let waiting = at.run_at(&url, json!({}));
    let mut function = tokio::select! {
        _ = waiting => panic!("there is no response yet"),
        function = lambda.accept() => function,
    };
    function.closed().await;

    // Others are still answered.
    let (response, mut function) = tokio::join!(at.run_at(&url, json!({})), lambda.begin());
    function.send([chunk("last"), complete()].concat()).await;
    function.finish().await;
    let reply = parsed(&Live::new(response).reply().await);
    assert_eq!(reply["ok"]["output"], "last", "{reply}");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn growing_response_has_isolating_headers_and_no_secret(component: Component) {
    let at = without_sts(component).await;
    let lambda = StreamingLambda::start().await;
    let url = lambda.url();
    let (response, mut function) = tokio::join!(at.run_at(&url, json!({})), lambda.begin());
    for (name, part) in [
        ("content-security-policy", "default-src 'none'"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        let value = response.headers()[name].to_str().unwrap();
        assert!(value.contains(part), "{name}: {value}");
    }
    function.send(chunk("1")).await;
    function
        .send(complete_with(r#"{"ErrorCode":"Unhandled"}"#))
        .await;
    function.finish().await;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let secret = &at.lambda.key().secret_access_key;
    assert!(!String::from_utf8_lossy(&body).contains(secret));
}
