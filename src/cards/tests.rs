//! Cards over a small Lambda in memory: what reaches it, what comes back, and how it is told.

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use serde_json::{Value, json};

use super::choices::choices;
use super::manifest::{CARDS, CONNECTION, Card, Field};
use super::run::run;
use super::*;
use crate::aws::message::{Request, Response};
use crate::block_on::block_on;
use crate::call::delivery::TimeLimits;
use crate::call::error::{Executed, TransportKind};
use crate::session_cache::SessionCache;
use crate::testing::lambdas as answer;
use crate::transport::{Failure, Transport};

/// Functions by name; `allowed` says whether they may be listed.
struct Lambda {
    functions: Vec<&'static str>,
    allowed: bool,
    invoked: RefCell<Vec<(String, String, String)>>,
    sessions: SessionCache,
}

impl Lambda {
    fn new(functions: &[&'static str]) -> Lambda {
        Lambda {
            functions: functions.to_vec(),
            allowed: true,
            sessions: SessionCache::new(),
            invoked: RefCell::default(),
        }
    }

    fn list(&self, request: &Request<'_>) -> Response {
        if !self.allowed {
            return answer(403, &[("x-amzn-errortype", "AccessDeniedException")], "{}");
        }
        let get = |key| {
            request
                .query
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, value)| value.to_string())
        };
        let start: usize = get("Marker").map_or(0, |marker| marker.parse().unwrap());
        let end = self
            .functions
            .len()
            .min(start + get("MaxItems").unwrap().parse::<usize>().unwrap());
        let rows: Vec<Value> = self.functions[start..end]
            .iter()
            .map(|name| {
                json!({"FunctionName": name, "FunctionArn": format!("arn:{name}"), "Runtime": "python3.14"})
            })
            .collect();
        let next = (end < self.functions.len()).then(|| end.to_string());
        answer(
            200,
            &[],
            json!({"Functions": rows, "NextMarker": next}).to_string(),
        )
    }

    fn invoke(&self, name: &str, request: &Request<'_>) -> Response {
        if !self.functions.contains(&name) {
            return answer(
                404,
                &[("x-amzn-errortype", "ResourceNotFoundException")],
                r#"{"Message":"Function not found"}"#,
            );
        }
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        self.invoked
            .borrow_mut()
            .push((name.into(), headers, body.clone()));
        match name {
            "fail" => answer(
                200,
                &[("x-amz-function-error", "Unhandled")],
                r#"{"errorType":"KeyError","errorMessage":"'id'"}"#,
            ),
            "bytes" => answer(200, &[], vec![0xff, 0x00]),
            "log" => {
                let log = "REPORT RequestId: 1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 100.00 ms\t\n";
                let log = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, log);
                answer(
                    200,
                    &[
                        ("x-amz-log-result", &log),
                        ("x-amz-executed-version", "7"),
                        ("x-amzn-requestid", "r"),
                    ],
                    "null",
                )
            }
            _ => answer(200, &[], body),
        }
    }

    fn versions(&self) -> Response {
        let versions: Vec<Value> = (1..=60)
            .map(|n| json!({"Version": n.to_string()}))
            .collect();
        answer(200, &[], json!({"Versions": versions}).to_string())
    }
}

impl Transport for Lambda {
    fn now_s(&self) -> u64 {
        1_795_348_800
    }

    fn monotonic_ns(&self) -> u64 {
        0
    }

    async fn wait_ms(&self, _: u64) {}

    async fn send(&self, request: &Request<'_>, _: &TimeLimits) -> Result<Response, Failure> {
        let path = request.path.strip_prefix("/2015-03-31/functions").unwrap();
        Ok(match path.split('/').collect::<Vec<_>>()[..] {
            [""] => self.list(request),
            ["", name, "invocations"] => self.invoke(name, request),
            ["", _, "aliases"] => answer(
                200,
                &[],
                r#"{"Aliases":[{"Name":"live","FunctionVersion":"7"}]}"#,
            ),
            ["", _, "versions"] => self.versions(),
            _ => panic!("{path}"),
        })
    }

    fn sessions(&self) -> &SessionCache {
        &self.sessions
    }
}

const CONNECT: &str =
    r#"{"region":"us-east-1","accessKeyId":"AKIDEXAMPLE","secretAccessKey":"secret"}"#;

fn invoke(lambda: &Lambda, values: &str) -> Result<Value, Error> {
    block_on(run(lambda, CONNECT, "invoke", values))
        .map(|json| serde_json::from_str(&json).unwrap())
}

fn refused(result: Result<Value, Error>) -> (String, String) {
    match result {
        Err(Error::InvalidInput(input)) => (input.field, input.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn json_reaches_the_function_as_it_came() {
    let lambda = Lambda::new(&["echo"]);
    let payload = r#"{"b": 12345678901234567890, "a":1.50e2,"a":2,  "ü":"\u00fc"}"#;
    let values = format!(
        r#"{{"yourFunctions":"echo","payload":{payload},"clientContext":{{"custom": {{}}}}}}"#
    );
    let json = block_on(run(&lambda, CONNECT, "invoke", &values)).unwrap();
    let (_, headers, body) = lambda.invoked.borrow()[0].clone();
    assert_eq!(body, payload);
    assert!(
        headers.contains("x-amz-client-context: eyJjdXN0b20iOiB7fX0=\n"),
        "{headers}"
    );
    assert!(
        json.contains(&format!(r#""outputJson":{payload}"#)),
        "{json}"
    );
    assert_eq!(
        serde_json::from_str::<Value>(&json).unwrap()["output"],
        payload
    );
}

#[test]
fn any_json_value_is_a_payload() {
    for payload in ["null", "0", "\"\"", "[1]", "true"] {
        let lambda = Lambda::new(&["echo"]);
        let values = format!(r#"{{"yourFunctions":"echo","payload":{payload}}}"#);
        assert_eq!(invoke(&lambda, &values).unwrap()["output"], payload);
        assert_eq!(lambda.invoked.borrow()[0].2, payload);
    }
}

#[test]
fn every_output_is_there() {
    let lambda = Lambda::new(&["log", "bytes"]);
    let outputs = invoke(&lambda, r#"{"yourFunctions":"log","logType":"Tail"}"#).unwrap();
    let invoke_card = CARDS.iter().find(|card| card.id == "invoke").unwrap();
    let mut keys: Vec<&str> = outputs
        .as_object()
        .unwrap()
        .keys()
        .map(|key| &**key)
        .collect();
    let mut promised: Vec<&str> = invoke_card.outputs.iter().map(|field| field.key).collect();
    keys.sort_unstable();
    promised.sort_unstable();
    assert_eq!(keys, promised);
    assert!(outputs["logResult"].as_str().unwrap().starts_with("REPORT"));
    let figures = [
        "statusCode",
        "attempts",
        "durationMs",
        "billedDurationMs",
        "maxMemoryUsedMb",
        "initDurationMs",
    ];
    assert_eq!(
        figures.map(|key| outputs[key].to_string()),
        ["200", "1", "12.34", "13", "40", "100"]
    );
    assert_eq!(
        (&outputs["executedVersion"], &outputs["requestId"]),
        (&json!("7"), &json!("r"))
    );
    assert_eq!(
        (
            &outputs["output"],
            &outputs["outputJson"],
            &outputs["outputIsBase64"]
        ),
        (&json!("null"), &Value::Null, &json!(false))
    );
    assert_eq!(outputs["functionError"], Value::Null);

    let outputs = invoke(&lambda, r#"{"yourFunctions":"bytes"}"#).unwrap();
    assert_eq!(
        (&outputs["output"], &outputs["outputIsBase64"]),
        (&json!("/wA="), &json!(true))
    );
}

#[test]
fn a_failed_function_fails_the_step_unless_told_otherwise() {
    let lambda = Lambda::new(&["fail"]);
    assert!(matches!(
        invoke(&lambda, r#"{"yourFunctions":"fail"}"#),
        Err(Error::FunctionFailed(_))
    ));
    let outputs = invoke(
        &lambda,
        r#"{"yourFunctions":"fail","onFunctionError":"Continue"}"#,
    )
    .unwrap();
    assert_eq!(
        [
            &outputs["functionError"],
            &outputs["errorType"],
            &outputs["errorMessage"]
        ],
        [&json!("Unhandled"), &json!("KeyError"), &json!("'id'")]
    );
}

#[test]
fn a_part_of_a_name_must_match_exactly_one_function() {
    let lambda = Lambda::new(&["orders", "orders-eu", "mail-sender"]);
    let typed = |name: &str| {
        invoke(
            &lambda,
            &format!(r#"{{"useFunctionName":"Yes","functionName":"{name}"}}"#),
        )
    };
    let invoked = || {
        lambda
            .invoked
            .borrow()
            .iter()
            .map(|(name, ..)| name.clone())
            .collect::<Vec<_>>()
    };

    typed("orders").unwrap();
    assert_eq!(invoked(), ["orders"], "a complete name is used as it is");
    typed("SENDER").unwrap();
    assert_eq!(invoked(), ["orders", "mail-sender"]);
    let (field, message) = refused(typed("order"));
    assert_eq!(field, "functionName");
    assert!(message.ends_with("orders, orders-eu"), "{message}");
    assert!(
        matches!(typed("nothing"), Err(Error::Service(error)) if error.code == "ResourceNotFoundException")
    );
    assert!(
        matches!(typed("sender:live"), Err(Error::Service(_))),
        "a qualifier belongs to a complete name"
    );
    assert_eq!(invoked().len(), 2);
}

#[test]
fn without_the_permission_to_list_a_typed_name_is_used_as_it_is() {
    let lambda = Lambda {
        allowed: false,
        ..Lambda::new(&["orders"])
    };
    let typed = |name: &str| {
        invoke(
            &lambda,
            &format!(r#"{{"useFunctionName":"Yes","functionName":"{name}"}}"#),
        )
    };
    typed("orders").unwrap();
    assert!(
        matches!(typed("order"), Err(Error::Service(error)) if error.code == "ResourceNotFoundException")
    );
}

#[test]
fn one_match_counts_only_when_the_whole_account_was_seen() {
    let mut functions = vec!["part-one"];
    functions.extend(core::iter::repeat_n("other", 120));
    functions.push("part-two");
    let lambda = Lambda::new(&functions);
    let (_, message) = refused(invoke(
        &lambda,
        r#"{"useFunctionName":"Yes","functionName":"part-"}"#,
    ));
    assert!(message.ends_with("part-one, part-two"), "{message}");
}

#[test]
fn errors_name_the_form_field() {
    let lambda = Lambda::new(&["echo"]);
    for (values, field) in [
        ("[]", "values"),
        ("{", "values"),
        ("{}", "yourFunctions"),
        (r#"{"useFunctionName":"Yes"}"#, "functionName"),
        (r#"{"useFunctionName":"Perhaps"}"#, "useFunctionName"),
        (
            r#"{"useFunctionName":"Yes","functionName":".."}"#,
            "functionName",
        ),
        (r#"{"yourFunctions":".."}"#, "yourFunctions"),
        (r#"{"yourFunctions":["echo"]}"#, "yourFunctions"),
        (
            r#"{"yourFunctions":"echo","invocationType":"Sync"}"#,
            "invocationType",
        ),
        (r#"{"yourFunctions":"echo","logType":"All"}"#, "logType"),
        (
            r#"{"yourFunctions":"echo","clientContext":[]}"#,
            "clientContext",
        ),
        (
            r#"{"yourFunctions":"echo","invocationType":"Event","clientContext":{}}"#,
            "clientContext",
        ),
        (
            r#"{"yourFunctions":"echo","qualifier":"$latest"}"#,
            "qualifier",
        ),
        (r#"{"yourFunctions":"echo","tenantId":"é"}"#, "tenantId"),
        (
            r#"{"yourFunctions":"echo","durableExecutionName":"a b"}"#,
            "durableExecutionName",
        ),
        (r#"{"yourFunctions":"echo","traceId":"a b"}"#, "traceId"),
        (
            r#"{"yourFunctions":"echo","onFunctionError":"Ignore"}"#,
            "onFunctionError",
        ),
        (
            r#"{"yourFunctions":"echo","maxAttempts":11}"#,
            "maxAttempts",
        ),
        (
            r#"{"yourFunctions":"echo","maxAttempts":1.5}"#,
            "maxAttempts",
        ),
        (
            r#"{"yourFunctions":"echo","maxAttempts":300}"#,
            "maxAttempts",
        ),
        (
            r#"{"yourFunctions":"echo","responseTimeoutSeconds":0}"#,
            "responseTimeoutSeconds",
        ),
        (
            r#"{"yourFunctions":"echo","responseTimeoutSeconds":-1}"#,
            "responseTimeoutSeconds",
        ),
        (
            r#"{"yourFunctions":"echo","idempotent":"yes"}"#,
            "idempotent",
        ),
    ] {
        assert_eq!(refused(invoke(&lambda, values)).0, field, "{values}");
    }
    let connected = |connection: &str| {
        let result = block_on(run(
            &lambda,
            connection,
            "invoke",
            r#"{"yourFunctions":"echo"}"#,
        ));
        refused(result.map(Value::String)).0
    };
    for (connection, field) in [
        ("7", "connection"),
        (r#"{"accessKeyId":"A","secretAccessKey":"s"}"#, "region"),
        (
            r#"{"region":"us-east-1","secretAccessKey":"s"}"#,
            "accessKeyId",
        ),
        (
            r#"{"region":"us-east-1","accessKeyId":"A"}"#,
            "secretAccessKey",
        ),
        (
            r#"{"region":"us-east-1","accessKeyId":"A","secretAccessKey":"s","sessionToken":" "}"#,
            "sessionToken",
        ),
        (
            r#"{"region":"us-east-1","accessKeyId":"A","secretAccessKey":"s","endpoint":"ftp://x"}"#,
            "endpoint",
        ),
        (
            r#"{"region":"us-east-1","accessKeyId":"A","secretAccessKey":"s","credentialType":"magic"}"#,
            "credentialType",
        ),
    ] {
        assert_eq!(connected(connection), field, "{connection}");
    }
    assert_eq!(
        refused(block_on(run(&lambda, CONNECT, "fly", "{}")).map(Value::String)).0,
        "card"
    );
    assert!(lambda.invoked.borrow().is_empty(), "nothing was sent");
}

#[test]
fn blank_fields_and_numbers_as_text_are_understood() {
    let lambda = Lambda::new(&["echo"]);
    invoke(
        &lambda,
        r#"{"useFunctionName":"","yourFunctions":"echo","invocationType":null,"logType":"","qualifier":"","tenantId":null,
            "clientContext":null,"maxAttempts":"2","responseTimeoutSeconds":30.0,"idempotent":"true"}"#,
    )
    .unwrap();
    let (_, headers, body) = lambda.invoked.borrow()[0].clone();
    assert!(
        !headers.contains("x-amz-client-context") && !headers.contains("x-amz-tenant-id"),
        "{headers}"
    );
    assert_eq!(body, "");
}

#[test]
fn listing() {
    let lambda = Lambda::new(&["a", "b", "ab"]);
    let list = |values: &str| -> Value {
        serde_json::from_str(&block_on(run(&lambda, CONNECT, "list-functions", values)).unwrap())
            .unwrap()
    };
    let page = list(r#"{"nameContains":"A","limit":1}"#);
    assert_eq!(page["functions"][0]["name"], "a");
    assert_eq!(page["functions"][0]["runtime"], "python3.14");
    let rest =
        list(&json!({"nameContains": "A", "limit": "1", "cursor": page["next"]}).to_string());
    assert_eq!(
        (&rest["functions"][0]["name"], &rest["next"]),
        (&json!("ab"), &Value::Null)
    );
    let field = refused(
        block_on(run(&lambda, CONNECT, "list-functions", r#"{"limit":0}"#)).map(Value::String),
    )
    .0;
    assert_eq!(field, "limit");
}

#[test]
fn function_choices_are_searched_and_paged() {
    let names: Vec<&'static str> = (0..130)
        .map(|n| if n % 2 == 0 { "Even" } else { "odd" })
        .collect();
    let lambda = Lambda::new(&names);
    let mut cursor: Option<String> = None;
    let mut seen = 0;
    loop {
        let page = block_on(choices(
            &lambda,
            CONNECT,
            "invoke",
            "yourFunctions",
            "{}",
            Some("even"),
            cursor.as_deref(),
        ))
        .unwrap();
        assert!(
            page.choices
                .iter()
                .all(|choice| choice.value == "Even" && choice.description == "python3.14")
        );
        seen += page.choices.len();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, 65);
}

#[test]
fn qualifier_choices_are_those_of_the_chosen_function() {
    let lambda = Lambda::new(&["f"]);
    let page = |search: Option<&str>, cursor: Option<&str>| {
        block_on(choices(
            &lambda,
            CONNECT,
            "invoke",
            "qualifier",
            r#"{"yourFunctions":"f"}"#,
            search,
            cursor,
        ))
        .unwrap()
    };
    let first = page(None, None);
    assert_eq!(
        (
            first.choices[0].value.as_str(),
            first.choices[0].label.as_str()
        ),
        ("live", "live (alias)")
    );
    assert_eq!(
        (first.choices.len(), first.choices[1].value.as_str()),
        (50, "60")
    );
    let second = page(None, first.next.as_deref());
    assert_eq!((second.choices.len(), second.next), (11, None));
    assert_eq!(page(Some("LIVE"), None).choices.len(), 1);
    let unnamed = block_on(choices(
        &lambda,
        CONNECT,
        "invoke",
        "qualifier",
        "{}",
        None,
        None,
    ));
    assert!(matches!(unnamed, Err(Error::InvalidInput(input)) if input.field == "yourFunctions"));
    let unknown = block_on(choices(
        &lambda, CONNECT, "invoke", "payload", "{}", None, None,
    ));
    assert!(matches!(unknown, Err(Error::InvalidInput(input)) if input.field == "field"));
}

#[test]
fn who_may_not_list_is_told_that_a_typed_name_works() {
    let lambda = Lambda {
        allowed: false,
        ..Lambda::new(&[])
    };
    let Err(Error::Service(error)) = block_on(choices(
        &lambda,
        CONNECT,
        "invoke",
        "yourFunctions",
        "{}",
        None,
        None,
    )) else {
        panic!("not refused");
    };
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("lambda:ListFunctions") && hint.contains("type the function's name"),
        "{hint}"
    );
}

/// Answers nothing, so that nobody can tell whether the function ran.
#[derive(Default)]
struct Silent(RefCell<Vec<TimeLimits>>, SessionCache);

impl Transport for Silent {
    fn now_s(&self) -> u64 {
        1_795_348_800
    }

    fn monotonic_ns(&self) -> u64 {
        0
    }

    async fn wait_ms(&self, _: u64) {}

    async fn send(&self, _: &Request<'_>, limits: &TimeLimits) -> Result<Response, Failure> {
        self.0.borrow_mut().push(*limits);
        Err(Failure {
            kind: TransportKind::Timeout,
            message: "x".into(),
            executed: Executed::Unknown,
        })
    }

    fn sessions(&self) -> &SessionCache {
        &self.1
    }
}

#[test]
fn the_step_is_as_patient_and_persistent_as_the_form_says() {
    for (values, attempts, timeout_ms) in [
        (r#"{"yourFunctions":"f"}"#, 1, 915_000),
        (
            r#"{"yourFunctions":"f","invocationType":"Event"}"#,
            1,
            30_000,
        ),
        (r#"{"yourFunctions":"f","idempotent":true}"#, 3, 915_000),
        (
            r#"{"yourFunctions":"f","idempotent":true,"maxAttempts":5,"responseTimeoutSeconds":7}"#,
            5,
            7_000,
        ),
        (
            r#"{"yourFunctions":"f","idempotent":false,"maxAttempts":5}"#,
            1,
            915_000,
        ),
    ] {
        let silent = Silent::default();
        assert!(matches!(
            block_on(run(&silent, CONNECT, "invoke", values)),
            Err(Error::Transport(_))
        ));
        let sent = silent.0.borrow();
        assert_eq!(sent.len(), attempts, "{values}");
        assert_eq!(sent[0].first_byte_ms, timeout_ms, "{values}");
    }
}

/// What a platform that draws the forms relies on.
#[test]
fn the_forms_are_sound() {
    let check = |fields: &[Field], siblings: &[Field]| {
        for (index, field) in fields.iter().enumerate() {
            assert!(
                !field.label.is_empty() && field.definition.ends_with('.'),
                "{}",
                field.key
            );
            assert!(
                fields[..index].iter().all(|other| other.key != field.key),
                "{} twice",
                field.key
            );
            if let Some(default) = field.default {
                let default: Value = serde_json::from_str(default).unwrap();
                let named = |choice: &super::manifest::Choice| default == choice.value;
                assert!(
                    field.choices.is_empty() || field.choices.iter().any(named),
                    "{}",
                    field.key
                );
            }
            if let Some(condition) = field.visible_when {
                let on = siblings
                    .iter()
                    .find(|other| other.key == condition.key)
                    .unwrap();
                for value in condition.values {
                    assert!(
                        on.choices.iter().any(|choice| choice.value == *value),
                        "{}",
                        field.key
                    );
                }
            }
        }
    };
    check(CONNECTION, CONNECTION);
    for Card {
        options,
        inputs,
        outputs,
        ..
    } in CARDS
    {
        let form = [*options, *inputs].concat();
        check(&form, &form);
        check(outputs, &[]);
    }
    let secrets: Vec<&str> = CONNECTION
        .iter()
        .filter(|field| field.secret)
        .map(|field| field.key)
        .collect();
    assert_eq!(
        secrets,
        [
            "secretAccessKey",
            "signingKey",
            "sessionToken",
            "webIdentityToken"
        ]
    );
}

#[test]
fn the_tenant_id_is_always_shown_in_advanced() {
    let invoke = CARDS.iter().find(|card| card.id == "invoke").unwrap();
    let mut inputs = invoke.inputs.iter();
    let tenant = inputs.find(|field| field.key == "tenantId").unwrap();
    assert!(tenant.visible_when.is_none() && !tenant.required);
    assert_eq!(tenant.group, Some("Advanced"));
}

#[test]
fn outbound_hosts_cover_every_partition() {
    let hosts = manifest::outbound_hosts();
    assert_eq!(hosts.len(), 2 * 14 * 2);
    for host in [
        "lambda.{region}.amazonaws.com",
        "lambda-fips.{region}.api.aws",
        "sts.{region}.amazonaws.com.cn",
        "lambda.{region}.amazonaws.eu",
        "sts-fips.{region}.c2s.ic.gov",
    ] {
        assert!(hosts.iter().any(|known| known == host), "{host}");
    }
}
