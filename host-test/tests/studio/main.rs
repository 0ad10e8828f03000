//! The studio's server over plain HTTP: what it answers, what it rejects, and what it stores.

use aws_lambda_connector_host::caller::ScopeMode;
use bytes::Bytes;
use host_test::studio::{self, Defaults, Studio};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use local_lambda::LocalLambda;
use serde_json::{Value, json};
use testing::{Component, changed, for_each_component, lambda_with};

mod streaming;

struct Running {
    studio: Studio,
    lambda: LocalLambda,
}

async fn running(component: Component) -> Running {
    running_with(component, |_| (), ScopeMode::default()).await
}

async fn running_with(
    component: Component,
    change: impl FnOnce(&mut local_lambda::Config),
    scope: ScopeMode,
) -> Running {
    let lambda = lambda_with(change).await;
    let config = studio::Config {
        defaults: Some(Defaults::of_local_lambda(&lambda, "us-east-1")),
        scope,
        ..studio::Config::default()
    };
    let studio = Studio::start(component.host().clone(), config).await;
    Running {
        studio: studio.unwrap(),
        lambda,
    }
}

impl Running {
    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Bytes> {
        let response = self.open(method, path, headers, body).await;
        let (parts, body) = response.into_parts();
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }

    /// Sends a request, and returns its response while it arrives.
    async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        let uri = format!("http://{}{path}", self.studio.addr());
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        client.request(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response<Bytes> {
        self.send(Method::GET, path, &[], "").await
    }

    async fn ask(&self, question: &str, body: impl ToString) -> Response<Bytes> {
        let headers = [("content-type", "application/json")];
        let path = format!("/api/{question}");
        self.send(Method::POST, &path, &headers, body.to_string())
            .await
    }

    /// The connection that the page sends initially.
    async fn connection(&self) -> Value {
        let defaults = &document(&self.get("/api/defaults").await)["ok"];
        let mut connection = defaults["values"].clone();
        for (key, token) in defaults["kept"].as_object().unwrap() {
            connection[key] = token.clone();
        }
        connection
    }
}

fn document(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn every_response_has_isolating_headers(component: Component) {
    let at = running(component).await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/api/describe", "application/json"),
        ("/api/nothing", "application/json"),
    ] {
        let response = at.get(path).await;
        let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("content-type"), kind, "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        let policy = header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'none'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn page_contains_no_knowledge_of_the_service(component: Component) {
    let at = running(component).await;
    for path in [
        "/",
        "/app.js",
        "/form.js",
        "/growth.js",
        "/controls.js",
        "/results.js",
        "/history.js",
        "/json.js",
        "/style.css",
    ] {
        let response = at.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let page = text(&response).to_lowercase();
        for scheme in ["http://", "https://"] {
            assert!(!page.contains(scheme), "{path}");
        }
        let words: Vec<&str> = page.split(|c: char| !c.is_alphanumeric()).collect();
        for word in [
            "aws",
            "lambda",
            "arn",
            "invoke",
            "payload",
            "qualifier",
            "functionname",
        ] {
            assert!(!words.contains(&word), "{path} contains {word}");
        }
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn foreign_host_origin_or_type_is_rejected_before_anything_runs(component: Component) {
    let at = running(component).await;
    let port = at.studio.addr().port();
    let json = ("content-type", "application/json");
    let own = format!("localhost:{port}");
    let own_origin = format!("http://127.0.0.1:{port}");
    let foreign = format!("evil.example:{port}");
    let body = json!({
        "connection": at.connection().await,
        "card": "invoke",
        "values": { "yourFunctions": "count", "payload": { "key": "k" } },
    })
    .to_string();
    let rejected: [(&[(&str, &str)], u16); 6] = [
        (&[json, ("host", &foreign)], 421),
        (&[json, ("host", "127.0.0.1")], 421),
        (&[json, ("origin", "http://evil.example")], 403),
        (&[json, ("origin", "null")], 403),
        (&[json, ("sec-fetch-site", "cross-site")], 403),
        (&[("content-type", "text/plain")], 415),
    ];
    for (headers, status) in rejected {
        let post = at.send(Method::POST, "/api/run", headers, body.clone());
        let response = post.await;
        assert_eq!(response.status(), status, "{headers:?}");
        assert!(document(&response)["error"]["host"].is_string());
        let headers = response.headers();
        assert!(!headers.contains_key("access-control-allow-origin"));
    }
    assert_eq!(at.lambda.runs("k"), 0);
    let allowed = [json, ("host", &*own), ("origin", &*own_origin)];
    let response = at.send(Method::POST, "/api/run", &allowed, body).await;
    assert_eq!(response.status(), 200, "{}", text(&response));
    assert_eq!(at.lambda.runs("k"), 1);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn unknown_path_method_or_body_is_rejected_with_a_message(component: Component) {
    let at = running(component).await;
    assert_eq!(at.get("/../Cargo.toml").await.status(), 404);
    assert_eq!(at.get("/api/").await.status(), 404);
    let response = at.get("/api/run").await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
    for body in [
        "",
        "{",
        "{}",
        r#"{"connection":{},"card":"invoke","values":{},"x":1}"#,
    ] {
        let response = at.ask("run", body).await;
        assert_eq!(response.status(), 400, "{body}");
        assert!(document(&response)["error"]["host"].is_string());
    }
    let huge = format!(r#"{{"connection":{{}},"card":"{}"}}"#, "x".repeat(16 << 20));
    assert_eq!(at.ask("run", huge).await.status(), 413);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_on_the_server_and_still_sign(component: Component) {
    let at = running(component).await;
    let secret = at.lambda.key().secret_access_key.clone();
    let connection = at.connection().await;
    let token = connection["secretAccessKey"].as_str().unwrap();
    let mut bodies = vec![text(&at.get("/api/defaults").await).to_owned()];

    let mut run = async |connection: &Value, card: &str, values: Value| {
        let question = json!({ "connection": connection, "card": card, "values": values });
        let response = at.ask("run", question).await;
        bodies.push(text(&response).to_owned());
        document(&response)
    };
    let values =
        json!({ "yourFunctions": "context", "payload": { "seen": token }, "logType": "Tail" });
    let outputs = &run(&connection, "invoke", values).await["ok"];
    assert_eq!(outputs["statusCode"], 200);
    // The token stands for the secret only in its own field. Elsewhere it is ordinary text.
    assert_eq!(outputs["outputJson"]["payload"]["seen"], token);

    let misplaced = changed(&connection, |it| it["region"] = json!(token));
    let answer = run(&misplaced, "list-functions", json!({})).await;
    assert!(answer["error"].is_object(), "{answer}");

    let mistyped = changed(&connection, |it| {
        it["secretAccessKey"] = json!("typed/secret+by+a+person");
    });
    let answer = run(&mistyped, "list-functions", json!({})).await;
    let status = &answer["error"]["unauthenticated"]["status-code"];
    assert_eq!(*status, 403, "{answer}");

    for body in bodies {
        for secret in [&*secret, "typed/secret"] {
            assert!(!body.contains(secret), "{body}");
        }
    }
}

impl Running {
    async fn run(&self, card: &str, values: Value) -> Value {
        let connection = self.connection().await;
        let question = json!({ "connection": connection, "card": card, "values": values });
        document(&self.ask("run", question).await)
    }
}

/// Denies the permission that limits the keys to one call.
fn deny(config: &mut local_lambda::Config) {
    config.keys[0].denied_actions = vec!["sts:GetScopedCredentials".to_owned()];
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn card_receives_a_key_for_its_own_call(component: Component) {
    let at = running(component).await;
    let key = |answer: &Value, allows: &str| {
        let received = answer["received"].as_str().unwrap();
        let begins = received.starts_with("a signing key for 20");
        let allowed = format!(", us-east-1, which {allows}, until ");
        assert!(begins && received.contains(&allowed), "{received}");
    };
    let chosen = json!({ "yourFunctions": "echo", "payload": { "n": 1 } });
    let answer = at.run("invoke", chosen.clone()).await;
    assert_eq!(answer["ok"]["statusCode"], 200, "{answer}");
    key(&answer, "may invoke echo only");
    let session = at.lambda.sessions().pop().unwrap();
    assert!(
        session.policies[0].contains(":function:echo:*"),
        "{session:?}"
    );
    let last = at.lambda.requests().pop().unwrap();
    let authorization = last.header("authorization").unwrap();
    assert!(authorization.contains(&session.access_key_id));

    let issued = at.lambda.sessions().len();
    at.run("invoke", chosen).await;
    assert_eq!(at.lambda.sessions().len(), issued, "the session is cached");

    let failed = at.run("invoke", json!({ "yourFunctions": "fail" })).await;
    assert!(failed["error"]["function-failed"].is_object(), "{failed}");
    key(&failed, "may invoke fail only");
    let listed = at.run("list-functions", json!({})).await;
    assert!(listed["ok"].is_object(), "{listed}");
    key(&listed, "may list functions only");
    let typed = json!({ "useFunctionName": "Yes", "functionName": "echo" });
    let typed = at.run("invoke", typed).await;
    assert_eq!(typed["ok"]["statusCode"], 200, "{typed}");
    key(&typed, "may invoke echo and list functions only");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn card_that_names_no_valid_function_receives_no_key(component: Component) {
    let at = running(component).await;
    for values in [
        json!({}),
        json!({ "yourFunctions": "f*" }),
        json!({ "useFunctionName": "Yes", "functionName": "https://x.lambda-url.us-east-1.on.aws/" }),
    ] {
        let answer = at.run("invoke", values).await;
        assert!(answer["error"]["invalid-input"].is_object(), "{answer}");
        let received = answer["received"].as_str().unwrap();
        assert!(received.starts_with("no key, because"), "{received}");
    }
    // The form of the connection is checked before the component receives anything of it.
    for (key, value, field) in [
        ("secretAccessKey", json!(""), "secretAccessKey"),
        ("endpoint", json!("ftp://127.0.0.1/"), "endpoint"),
        ("accessKeyId", json!("A KID"), "accessKeyId"),
        ("paylod", json!(1), "connection.paylod"),
    ] {
        let connection = changed(&at.connection().await, |it| it[key] = value);
        let values = json!({ "yourFunctions": "echo" });
        let question = json!({ "connection": connection, "card": "invoke", "values": values });
        let answer = document(&at.ask("run", question).await);
        assert_eq!(answer["error"]["invalid-input"]["field"], field, "{answer}");
        let received = answer["received"].as_str().unwrap();
        assert!(received.starts_with("no"), "{received}");
    }
    assert_eq!(at.lambda.requests().len(), 0);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn key_of_a_card_that_cannot_be_limited_is_reported_or_refused(component: Component) {
    let values = json!({ "yourFunctions": "echo" });
    let at = running_with(component, deny, ScopeMode::Prefer).await;
    let answer = at.run("invoke", values.clone()).await;
    assert_eq!(answer["ok"]["statusCode"], 200, "{answer}");
    let received = answer["received"].as_str().unwrap();
    for part in [
        "which has all permissions of the connection, until 00:00 UTC. STS did not limit it",
        "(the permission is sts:GetScopedCredentials): AccessDenied: ",
    ] {
        assert!(received.contains(part), "{received}");
    }

    let at = running_with(component, deny, ScopeMode::Require).await;
    let answer = at.run("invoke", values.clone()).await;
    let error = &answer["error"]["service"];
    assert_eq!(
        (&error["category"], &error["executed"]),
        (&json!("access-denied"), &json!("no"))
    );
    assert_eq!(answer["received"], "nothing");
    let to_sts = |at: &Running| {
        let mut requests = at.lambda.requests();
        requests.retain(|request| request.path_and_query == "/");
        (requests.len(), at.lambda.requests().len())
    };
    let (sts, all) = to_sts(&at);
    assert_eq!(sts, all, "nothing is sent to Lambda");

    let at = running_with(component, deny, ScopeMode::Off).await;
    let answer = at.run("invoke", values).await;
    assert_eq!(answer["ok"]["statusCode"], 200, "{answer}");
    assert_eq!(
        answer["received"],
        "the connection as it is filled in, because this program was started with --scope off"
    );
    assert_eq!(to_sts(&at), (0, 1));
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn json_passes_through_unchanged(component: Component) {
    let at = running(component).await;
    let payload = r#"{"z": 12345678901234567890123,"a":[1.0,1e400],  "z":-0}"#;
    let connection = at.connection().await;
    let body = format!(
        r#"{{"connection":{connection},"card":"invoke","values":{{"yourFunctions":"echo","payload":{payload}}}}}"#
    );
    let response = at.ask("run", body).await;
    let wanted = format!(r#""outputJson":{payload}"#);
    assert!(text(&response).contains(&wanted), "{}", text(&response));
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn choices_come_from_the_component(component: Component) {
    let at = running(component).await;
    let connection = at.connection().await;
    let question = json!({
        "connection": connection, "card": "invoke", "field": "yourFunctions", "values": {},
        "search": "GREE", "cursor": null,
    });
    let page = document(&at.ask("choices", question).await);
    assert_eq!(page["ok"]["choices"][0]["value"], "greet");
    assert_eq!(page["ok"]["next"], Value::Null);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn connection_and_chosen_function_are_tested(component: Component) {
    let at = running(component).await;
    let connection = at.connection().await;
    let test = async |values: Value| {
        let asked = json!({ "connection": connection, "card": "invoke", "values": values });
        document(&at.ask("test", asked).await)
    };
    let checks = test(json!({ "yourFunctions": "count", "payload": { "key": "k" } })).await;
    let of = |checks: &Value, subject: &str| {
        let mut list = checks["ok"].as_array().unwrap().iter();
        list.find(|check| check["subject"] == subject)
            .unwrap()
            .clone()
    };
    for subject in ["endpoint", "identity", "list-functions", "invoke-function"] {
        let check = of(&checks, subject);
        assert_eq!(check["outcome"], "passed", "{check}");
    }
    assert_eq!(at.lambda.runs("k"), 0);
    let checks = test(json!({ "yourFunctions": "missing" })).await;
    let check = of(&checks, "invoke-function");
    assert_eq!(check["outcome"], "failed");
    let detail = check["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("ResourceNotFoundException: "),
        "{detail}"
    );
    let rejected = test(json!({ "paylod": 1 })).await;
    assert_eq!(rejected["error"]["invalid-input"]["field"], "values.paylod");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn response_lists_the_refusals_of_the_policy(component: Component) {
    let at = running(component).await;
    let mut connection = at.connection().await;
    // The connection has no region, so the region comes from the function's ARN.
    connection["region"] = json!("");
    connection["endpoint"] = json!("");
    let values = json!({
        "useFunctionName": "Yes",
        "functionName": "arn:aws:lambda:eu-west-1:123456789012:function:f",
    });
    let question = json!({ "connection": connection, "card": "invoke", "values": values });
    let answer = document(&at.ask("run", question).await);
    assert_eq!(answer["error"]["transport"]["kind"], "denied", "{answer}");
    let refusal = answer["refusals"][0].as_str().unwrap();
    let origin = "https://lambda.eu-west-1.amazonaws.com:443";
    assert!(refusal.contains(origin), "{answer}");
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread")]
async fn invalid_destination_or_taken_port_is_reported_at_start(component: Component) {
    let at = running(component).await;
    let invalid_destination = studio::Config {
        allow: vec!["http://".to_owned()],
        ..studio::Config::default()
    };
    let taken = studio::Config {
        port: at.studio.addr().port(),
        ..studio::Config::default()
    };
    for (config, reason) in [
        (invalid_destination, "is not a destination"),
        (taken, "choose another port"),
    ] {
        let started = Studio::start(component.host().clone(), config).await;
        let message = format!("{:#}", started.unwrap_err());
        assert!(message.contains(reason), "{message}");
    }
    at.studio.stop().await;
    at.lambda.stop().await;
}
