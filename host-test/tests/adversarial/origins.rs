//! What an answer proves, by who sent it. Each row is an input that once led to a false claim. The
//! claim was an outcome without evidence of who answered, an invocation type that was taken as
//! obeyed, or a body that only seemed complete.

use std::fmt;

use aws_lambda_connector_host::bindings::lambda::{
    CheckOutcome, CheckSubject, InvocationType, InvokeRequest,
};
use aws_lambda_connector_host::bindings::types::{
    Connection, Error, Executed, Payload, TransportKind as Kind,
};
use host_test::json::WitName;
use testing::outcome::assert_transport;
use testing::proxy::{Fault, Point, Proxy};
use testing::server::{Canned, Server};
use testing::{
    AnyHost, Component, as_emulator, case, for_each_component, lambda, only, query, request,
    request_with,
};

use crate::{Result, component_answer, connection};

const ID: &str = "\nx-amzn-requestid: 8f5e";
const HTML: &str = "\ncontent-type: text/html";
const JSON: &str = "\ncontent-type: application/json";
const PAGE: &str = "<!DOCTYPE html><html><body>Sign in</body></html>";

/// How the function is invoked. Three attempts are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Once,
    Idempotent,
    Event,
    DryRun,
    IdempotentDryRun,
    Durable,
    IdempotentDurable,
}

impl Call {
    fn request(self, payload: &str) -> InvokeRequest {
        use Call::{DryRun, Durable, Event, Idempotent, IdempotentDryRun, IdempotentDurable, Once};
        let invocation_type = match self {
            Once | Idempotent | Durable | IdempotentDurable => None,
            Event => Some(InvocationType::Event),
            DryRun | IdempotentDryRun => Some(InvocationType::DryRun),
        };
        let durable = matches!(self, Durable | IdempotentDurable);
        let request = request_with("f", payload, |delivery| {
            let idempotent = matches!(self, Idempotent | IdempotentDryRun | IdempotentDurable);
            delivery.idempotent = Some(idempotent);
        });
        InvokeRequest {
            invocation_type,
            durable_execution_name: durable.then(|| "order-7".to_owned()),
            ..request
        }
    }
}

/// What the caller declares the endpoint to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Url,
    Emulator,
}

impl At {
    fn connection(self, url: String) -> Connection {
        match self {
            Self::Url => connection(url),
            Self::Emulator => as_emulator(connection(url)),
        }
    }
}

/// What the caller learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// A success, by its status.
    Success(u16),
    FunctionFailed,
    Transport(Kind, Executed),
    Service(Executed),
}

impl Seen {
    fn of(result: &Result) -> Self {
        match result {
            Ok(invocation) => Self::Success(invocation.status_code),
            Err(Error::FunctionFailed(_)) => Self::FunctionFailed,
            Err(Error::Transport(error)) => Self::Transport(error.kind, error.executed),
            Err(Error::Service(error)) => Self::Service(error.executed),
            Err(other) => panic!("no answer leads to {other:?}"),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(kind, executed) => {
                write!(f, "{}, {}", kind.wit_name(), executed.wit_name())
            }
            other => write!(f, "{other:?}"),
        }
    }
}

const NOT_LAMBDA: Seen = Seen::Transport(Kind::NotLambda, Executed::Unknown);
const NOT_LAMBDA_NOR_FORWARDED: Seen = Seen::Transport(Kind::NotLambda, Executed::No);

/// One input, and what must follow from it.
struct Row {
    call: Call,
    at: At,
    answer: Canned,
    payload: String,
    seen: Seen,
    /// The number of requests that the server receives.
    requests: usize,
    /// Parts of the error's message and hint.
    words: Vec<String>,
    label: String,
}

/// An answer with the length of its body, to a synchronous invocation at a URL. `head` is the
/// status, and then the headers, one per line.
fn row(head: &str, body: &str, seen: Seen) -> Row {
    let answer = Canned::with_length(head, body);
    raw(&format!("{head:?} {body:.40?}"), answer, seen)
}

/// The same for an answer of any form.
fn raw(label: &str, answer: Canned, seen: Seen) -> Row {
    Row {
        call: Call::Once,
        at: At::Url,
        answer,
        payload: "{}".to_owned(),
        seen,
        requests: 1,
        words: Vec::new(),
        label: label.to_owned(),
    }
}

impl Row {
    fn to(self, call: Call) -> Self {
        Self { call, ..self }
    }

    fn at(self, at: At) -> Self {
        Self { at, ..self }
    }

    fn requests(self, requests: usize) -> Self {
        Self { requests, ..self }
    }

    fn says<const N: usize>(self, words: [&str; N]) -> Self {
        Self {
            words: words.map(str::to_owned).into(),
            ..self
        }
    }

    async fn check(&self, host: &AnyHost) {
        let Self { call, at, .. } = *self;
        let _case = case(format!("{call:?} at {at:?}: {}", self.label));
        let server = Server::start(std::slice::from_ref(&self.answer)).await;
        let connection = at.connection(server.url());
        let result = host.invoke(&connection, &call.request(&self.payload)).await;
        let seen = Seen::of(&result);
        assert!(
            (seen, server.requests()) == (self.seen, self.requests),
            "{seen} after {} requests, expected {} after {}: {result:.500?}",
            server.requests(),
            self.seen,
            self.requests,
        );
        let text = match result {
            Err(Error::Transport(error)) => error.message,
            Err(Error::Service(error)) => {
                format!("{} {}", error.message, error.hint.unwrap_or_default())
            }
            _ => String::new(),
        };
        for words in &self.words {
            assert!(text.contains(words), "{words:?} is missing in: {text}");
        }
        assert!(!text.contains("Sign in"), "{text}");
    }
}

async fn check(component: Component, rows: &[Row]) {
    let host = AnyHost::Reference(component.host().clone());
    for row in rows {
        row.check(&host).await;
    }
}

/// The statuses that HTTP defines as refused before the request is processed or forwarded.
const REFUSALS: [u16; 9] = [407, 411, 413, 414, 417, 421, 431, 505, 511];

fn not_lambda(status: u16) -> Seen {
    if REFUSALS.contains(&status) {
        NOT_LAMBDA_NOR_FORWARDED
    } else {
        NOT_LAMBDA
    }
}

/// 408 is a gateway's idle timeout: the request is upstream, and the function is running.
#[for_each_component]
#[tokio::test]
async fn timeout_of_a_gateway_leaves_the_outcome_unknown(component: Component) {
    const HEAD: &str = "408 Request Timeout\nserver: envoy\ncontent-type: text/plain";
    const BODY: &str = "stream timeout";
    let says = [
        "status 408, server `envoy`, content type `text/plain` and no x-amzn-RequestId",
        "a gateway gave up waiting",
        "the function may have run",
    ];
    let rows = [
        row(HEAD, BODY, NOT_LAMBDA).says(says),
        row(HEAD, BODY, NOT_LAMBDA).to(Call::Event).says(says),
        row(HEAD, BODY, NOT_LAMBDA).to(Call::DryRun).says(says),
        row(HEAD, BODY, NOT_LAMBDA).to(Call::Durable).says(says),
        row(HEAD, BODY, NOT_LAMBDA)
            .to(Call::Idempotent)
            .requests(3)
            .says(says),
    ];
    check(component, &rows).await;
}

#[for_each_component]
#[tokio::test]
async fn error_status_without_a_request_id_proves_nothing_unless_http_refuses(
    component: Component,
) {
    let rows: Vec<Row> = (400..=599)
        .map(|status| {
            row(&format!("{status} X"), "", not_lambda(status))
                .says([&*format!("status {status} and no x-amzn-RequestId")])
        })
        .collect();
    check(component, &rows).await;
}

#[for_each_component]
#[tokio::test]
async fn rejection_by_a_proxy_or_gateway_names_it(component: Component) {
    use Call::{Event, Once};
    const SQUID: &str = "server: squid/6.10\ncontent-type: text/html";
    const UNREACHED: &str = "a proxy or gateway could not get a response from Lambda";
    let squid = |status: &str| format!("{status}\n{SQUID}");
    let envoy = |status: &str| format!("{status}\nserver: envoy\ncontent-type: text/plain");
    let named = |status: u16| format!("status {status}, server `squid/6.10`");
    let mut rows = vec![
        row(
            &squid("407 Proxy Authentication Required"),
            PAGE,
            NOT_LAMBDA_NOR_FORWARDED,
        )
        .says([&named(407), "a proxy requires authentication"]),
        row(&squid("400 Bad Request"), PAGE, NOT_LAMBDA)
            .says([&named(400), "a proxy or gateway responded"]),
        Row {
            payload: format!("\"{}\"", "x".repeat(2_046)),
            ..row(
                "413 Request Entity Too Large\nserver: nginx\ncontent-type: text/html",
                PAGE,
                NOT_LAMBDA_NOR_FORWARDED,
            )
            .says(["server `nginx`", "a gateway limits the size of requests"])
        },
        row(&envoy("503 Service Unavailable"), "no healthy upstream", NOT_LAMBDA)
            .says(["server `envoy`", UNREACHED]),
        row(&envoy("504 Gateway Timeout"), "upstream request timeout", NOT_LAMBDA)
            .says(["server `envoy`", "a gateway gave up waiting"]),
        // SAM's local Lambda, at a URL that is not declared to be an emulator.
        row(
            &format!("501 Not Implemented\nserver: Werkzeug/3.0\nx-amzn-errortype: NotImplemented{JSON}"),
            r#"{"Type":"LocalService","Message":"invocation-type: Event is not supported. RequestResponse is only supported."}"#,
            NOT_LAMBDA,
        )
        .to(Event)
        .says(["status 501, server `Werkzeug/3.0`", UNREACHED]),
    ];
    for status in 520..=529_u16 {
        let words = if status == 524 {
            "a gateway gave up waiting"
        } else {
            UNREACHED
        };
        rows.push(
            row(
                &format!("{status} X\nserver: cloudflare{HTML}"),
                PAGE,
                NOT_LAMBDA,
            )
            .to(Once)
            .says([&*format!("status {status}, server `cloudflare`"), words]),
        );
    }
    for row in &rows {
        assert!(!row.words.is_empty());
    }
    check(component, &rows).await;
}

#[for_each_component]
#[tokio::test]
async fn success_needs_lambdas_request_id_or_a_declared_emulator(component: Component) {
    use At::{Emulator, Url};
    use Call::{DryRun, Event, Once};
    use Seen::Success;
    const WEB: Seen = NOT_LAMBDA;
    let typed = |content_type: &str| format!("200 OK\ncontent-type: {content_type}");
    let (html, xhtml) = (typed("text/html"), typed("application/xhtml+xml"));
    let (plain, stream) = (typed("text/plain"), typed("text/event-stream"));
    let json = format!("200 OK{JSON}");
    let (terms, event) = ("Please accept the terms", "data: {}\n\n");
    let mut rows = Vec::new();
    for (head, body, call, at_emulator) in [
        ("200 OK", PAGE, Once, WEB),
        (&html, PAGE, Once, WEB),
        (&xhtml, PAGE, Once, WEB),
        (&plain, terms, Once, Success(200)),
        (&json, r#"{"status":"ok"}"#, Once, Success(200)),
        (&stream, event, Once, Success(200)),
        ("200 OK", "OK", Event, Success(200)),
        ("202 Accepted", "", Event, Success(202)),
        ("204 No Content", "", DryRun, Success(204)),
        (&html, PAGE, Event, WEB),
        (&html, PAGE, DryRun, WEB),
    ] {
        rows.push(row(head, body, NOT_LAMBDA).to(call).says(["status 20"]));
        let mut emulator = row(head, body, at_emulator).to(call).at(Emulator);
        if at_emulator == WEB {
            emulator = emulator.says(["serves a web page"]);
        }
        rows.push(emulator);
        // An output may really be a web page, or any text.
        let status: u16 = head[..3].parse().unwrap();
        let lambdas = format!("{head}{ID}");
        // A dry run that is answered with 200 may have run the function.
        let seen = match call {
            DryRun if status == 200 => Seen::Transport(Kind::Malformed, Executed::Unknown),
            _ => Success(status),
        };
        rows.push(row(&lambdas, body, seen).to(call).at(Url));
    }
    check(component, &rows).await;
}

#[for_each_component]
#[tokio::test]
async fn web_page_with_lambdas_request_id_is_the_output(component: Component) {
    let head = format!("200 OK{HTML}{ID}");
    let server = Server::start(&[Canned::with_length(&head, PAGE)]).await;
    let host = AnyHost::Reference(component.host().clone());
    let result = host
        .invoke(&connection(server.url()), &request("f", "{}"))
        .await;
    let output = result.unwrap().output;
    assert!(
        matches!(&output, Some(Payload::Text(text)) if text == PAGE),
        "{output:?}"
    );
}

#[for_each_component]
#[tokio::test]
async fn contradictory_evidence_resolves_to_unknown_without_a_retry(component: Component) {
    use Executed::Unknown;
    const THROTTLED: &str = "\nX-Amzn-ErrorType: TooManyRequestsException";
    const FAILED: &str = "\nX-Amz-Function-Error: Unhandled";
    let mut rows = Vec::new();
    for at in [At::Url, At::Emulator] {
        for head in [
            format!("502 Bad Gateway{THROTTLED}{ID}"),
            format!("429 Too Many Requests{FAILED}{ID}"),
            format!("429 Too Many Requests{THROTTLED}{FAILED}{ID}"),
            format!("502 Bad Gateway{THROTTLED}{FAILED}{ID}"),
        ] {
            rows.push(row(&head, "{}", Seen::Service(Unknown)).at(at));
            rows.push(
                row(&head, "{}", Seen::Service(Unknown))
                    .at(at)
                    .to(Call::Event),
            );
        }
    }
    // Without Lambda's evidence, there is nothing that could be contradicted.
    for head in [
        format!("502 Bad Gateway{THROTTLED}"),
        format!("429 Too Many Requests{FAILED}"),
        format!("429 Too Many Requests{THROTTLED}"),
    ] {
        rows.push(row(&head, "{}", NOT_LAMBDA));
    }
    // Emulators report a failed function with status 500.
    let head = format!("500 Internal Server Error{FAILED}");
    let body = r#"{"errorType":"ValueError","errorMessage":"no"}"#;
    rows.push(row(&head, body, Seen::FunctionFailed).at(At::Emulator));
    rows.push(row(&format!("{head}{ID}"), body, Seen::FunctionFailed));
    rows.push(row(&head, body, NOT_LAMBDA));
    check(component, &rows).await;
}

/// The layer that moves bytes cannot know who sent them.
#[for_each_component]
#[tokio::test]
async fn incomplete_foreign_answer_proves_nothing(component: Component) {
    use Call::{DryRun, Event, Once};
    let page = |status: &str| format!("{status}{HTML}\ncontent-length: 999");
    let mut rows = Vec::new();
    for status in ["200 OK", "201 Created", "206 Partial Content"] {
        for call in [Once, Event, DryRun] {
            let answer = Canned::new(&page(status), PAGE);
            rows.push(raw(status, answer, NOT_LAMBDA).to(call));
        }
        let answer = Canned::new(&page(status), PAGE);
        rows.push(raw(status, answer, NOT_LAMBDA).at(At::Emulator));
    }
    let with_body = Canned::new("204 No Content\ncontent-length: 2", "{}");
    rows.push(raw("204 with a body", with_body.clone(), NOT_LAMBDA).to(DryRun));
    rows.push(raw("204 with a body", with_body, NOT_LAMBDA));
    let switched = Canned::new("101 Switching Protocols\nupgrade: x", "{}");
    rows.push(raw("101", switched, NOT_LAMBDA));
    check(component, &rows).await;
}

/// The connection ends before any byte of an answer, at wasmtime's own client and at the reference
/// host's.
#[for_each_component]
#[tokio::test]
async fn connection_that_ends_before_any_answer_is_cut_off_in_any_host(component: Component) {
    let hosts = [
        AnyHost::Reference(component.host().clone()),
        AnyHost::plain(component),
    ];
    for host in &hosts {
        let closed = Seen::Transport(Kind::CutOff, Executed::Unknown);
        raw("FIN", Canned::raw(""), closed).check(host).await;
        for fault in [Fault::Close, Fault::Reset] {
            let lambda = lambda().await;
            let proxy = Proxy::start(lambda.addr(), Point::WholeRequest, fault).await;
            let proxy = proxy.unwrap();
            let url = format!("http://{}", proxy.addr());
            let connection = testing::connection(lambda.key(), url);
            let request = request("count", r#"{"key":"k"}"#);
            let result = host.invoke(&connection, &request).await;
            assert_transport(result, Kind::CutOff, Executed::Unknown, 1);
            proxy.end().await;
            assert_eq!(lambda.runs("k"), 1);
        }
    }
}

/// An emulator without invocation types runs the function and answers with 200.
#[for_each_component]
#[tokio::test]
async fn dry_run_that_may_have_run_is_never_repeated(component: Component) {
    let malformed = Seen::Transport(Kind::Malformed, Executed::Unknown);
    let mut rows = Vec::new();
    for call in [Call::DryRun, Call::IdempotentDryRun] {
        for status in ["200 OK", "201 Created", "202 Accepted"] {
            let says = ["instead of 204", "may have run the function"];
            let lambdas = format!("{status}{ID}");
            rows.push(
                row(status, "{}", malformed)
                    .to(call)
                    .at(At::Emulator)
                    .says(says),
            );
            rows.push(row(&lambdas, "{}", malformed).to(call).says(says));
            rows.push(row(status, "{}", NOT_LAMBDA).to(call));
        }
    }
    check(component, &rows).await;
}

#[for_each_component]
#[tokio::test]
async fn connection_test_at_an_emulator_without_dry_runs_asks_once(component: Component) {
    let server = Server::start(&[Canned::with_length("200 OK", "{}")]).await;
    let connection = as_emulator(connection(server.url()));
    let policy = only(&server.url());
    let checks = component
        .host()
        .test_connection(&policy, &connection, Some("f"), None)
        .await;
    let checks = component_answer(checks).unwrap();
    let invoking = checks
        .iter()
        .find(|check| check.subject == CheckSubject::InvokeFunction)
        .unwrap();
    assert_eq!(invoking.outcome, CheckOutcome::Failed);
    let detail = &invoking.detail;
    assert!(detail.contains("may have run the function"), "{detail}");
    let invocations = server.received();
    let invocations = invocations
        .iter()
        .filter(|request| request.contains("/invocations"));
    assert_eq!(invocations.count(), 1);
}

/// The name is a property of the request. The function may be an ordinary one.
#[for_each_component]
#[tokio::test]
async fn durable_execution_name_does_not_permit_a_second_run(component: Component) {
    let unanswered = Seen::Transport(Kind::CutOff, Executed::Unknown);
    let rows = [
        raw("FIN", Canned::raw(""), unanswered).to(Call::Durable),
        raw("FIN", Canned::raw(""), unanswered)
            .to(Call::IdempotentDurable)
            .requests(3),
        row("502 Bad Gateway", "", NOT_LAMBDA).to(Call::Durable),
    ];
    check(component, &rows).await;
}

const CUT_OFF: Seen = Seen::Transport(Kind::CutOff, Executed::Yes);

#[for_each_component]
#[tokio::test]
async fn body_that_ends_with_its_connection_is_cut_off(component: Component) {
    let mut rows = Vec::new();
    for body in [r#"{"amount":12"#, r#"{"amount":12}"#, "12", ""] {
        for version in ["1.1", "1.0"] {
            let bytes = format!("HTTP/{version} 200 OK\r\nx-amzn-requestid: 8f5e\r\n\r\n{body}");
            rows.push(raw(&bytes, Canned::raw(&bytes), CUT_OFF));
            rows.push(raw(&bytes, Canned::raw(&bytes), CUT_OFF).to(Call::Idempotent));
            rows.push(raw(&bytes, Canned::raw(&bytes), CUT_OFF).at(At::Emulator));
        }
    }
    check(component, &rows).await;

    // wasmtime's own client does not say where such a body ends, so that its JSON must.
    let plain = AnyHost::plain(component);
    for (body, seen) in [
        (r#"{"amount":12"#, CUT_OFF),
        ("12", CUT_OFF),
        ("", CUT_OFF),
        (r#"{"amount":12}"#, Seen::Success(200)),
    ] {
        let answer = Canned::new(&format!("200 OK{ID}"), body);
        raw(body, answer, seen).check(&plain).await;
    }
}

#[for_each_component]
#[tokio::test]
async fn conflicting_lengths_are_malformed(component: Component) {
    use Executed::{Unknown, Yes};
    const BODY: &str = "7\r\n{\"a\":1}\r\n0\r\n\r\n";
    let answer = |length: usize| {
        let head = format!("200 OK{ID}\ntransfer-encoding: chunked\ncontent-length: {length}");
        Canned::new(&head, BODY)
    };
    let malformed = |executed| Seen::Transport(Kind::Malformed, executed);
    let rows = [
        raw("smaller", answer(3), malformed(Unknown)),
        raw("larger", answer(9), malformed(Unknown)),
        raw("equal", answer(7), Seen::Success(200)),
    ];
    check(component, &rows).await;

    let plain = AnyHost::plain(component);
    let rows = [
        raw("smaller", answer(3), malformed(Yes)),
        raw("larger", answer(9), CUT_OFF),
        raw("equal", answer(7), Seen::Success(200)),
    ];
    for row in &rows {
        row.check(&plain).await;
    }
}

#[for_each_component]
#[tokio::test]
async fn encoded_answer_is_rejected_by_name(component: Component) {
    const GZIP: &str = "\ncontent-encoding: gzip";
    const BYTES: &str = "\u{1f}\u{b}\u{8}";
    let named = ["content-encoding `gzip`", "accepts only `identity`"];
    let malformed = |executed| Seen::Transport(Kind::Malformed, executed);
    let rows = [
        row(
            &format!("200 OK{ID}{GZIP}"),
            BYTES,
            malformed(Executed::Yes),
        )
        .says(named),
        row(
            &format!("200 OK{ID}{GZIP}"),
            BYTES,
            malformed(Executed::Yes),
        )
        .to(Call::Idempotent)
        .says(named),
        row(&format!("200 OK{GZIP}"), BYTES, malformed(Executed::Yes))
            .at(At::Emulator)
            .says(named),
        row(
            &format!("202 Accepted{ID}{GZIP}"),
            BYTES,
            malformed(Executed::Unknown),
        )
        .to(Call::Event)
        .says(named),
        // The status and the headers of an error are not encoded.
        row(
            &format!("404 Not Found\nx-amzn-errortype: ResourceNotFoundException{ID}{GZIP}"),
            BYTES,
            Seen::Service(Executed::No),
        )
        .says(named),
        row(&format!("200 OK{GZIP}"), BYTES, NOT_LAMBDA),
    ];
    check(component, &rows).await;

    let head = format!("200 OK{ID}{GZIP}");
    let server = Server::start(&[Canned::with_length(&head, BYTES)]).await;
    let (policy, connection) = (only(&server.url()), connection(server.url()));
    let host = component.host();
    let listed = host.list_functions(&policy, &connection, &query()).await;
    let message = assert_transport(component_answer(listed), Kind::Malformed, Executed::No, 1);
    assert!(message.contains(named[0]), "{message}");
    assert_eq!(server.headers("accept-encoding"), ["identity"]);
}
