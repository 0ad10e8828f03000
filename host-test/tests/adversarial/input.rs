//! A workflow author who uses names, texts and JSON to inject a header, to change the path, or to
//! break out of the sandbox.

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Endpoint, Error, Role, SigningKey, WebIdentity,
};
use local_lambda::SYNC_REQUEST_LIMIT;
use testing::outcome::{invalid_input, text};
use testing::{Component, case, changed, for_each_component, form, lambda, only, request};

use crate::{Result, call, component_answer, connection};

const LARGE: usize = SYNC_REQUEST_LIMIT;

/// Sequences that would end a header, a request line or a C string.
const BREAKS: [&str; 5] = ["\r\nx-evil: 1", "\nx-evil: 1", "\r", "\0", "\u{85}"];

type Edit = fn(&mut Connection, &mut InvokeRequest, &str);

fn key(connection: &mut Connection) -> &mut AccessKey {
    match &mut connection.credentials {
        Credentials::AccessKey(key) => key,
        other => panic!("{other:?}"),
    }
}

fn role(connection: &mut Connection, change: impl FnOnce(&mut Role)) {
    connection.credentials = Credentials::AssumeRole(AssumeRole {
        source: key(connection).clone(),
        roles: vec![changed(&some_role(), change)],
    });
}

const ROLE: &str = "arn:aws:iam::123456789012:role/r";

fn some_role() -> Role {
    testing::role(ROLE)
}

/// Every text that becomes part of a request: the field, a valid prefix, and how to set it.
const TEXTS: [(&str, &str, Edit); 19] = [
    ("request.function", "f", |_, request, text| {
        request.function = text.into()
    }),
    ("request.qualifier", "live", |_, request, text| {
        request.qualifier = Some(text.into())
    }),
    ("request.client-context", "{}", |_, request, text| {
        request.client_context = Some(text.replace("\r\n", "\r\n,").replace('\n', "\n,") + ",");
    }),
    ("request.payload", "{}", |_, request, text| {
        request.payload = Some(text.to_owned() + ",");
    }),
    ("request.tenant-id", "t", |_, request, text| {
        request.tenant_id = Some(text.into())
    }),
    ("request.durable-execution-name", "d", |_, request, text| {
        request.durable_execution_name = Some(text.into());
    }),
    ("request.trace-id", "Root=1", |_, request, text| {
        request.trace_id = Some(text.into())
    }),
    (
        "request.trace-id",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        |_, request, text| request.trace_id = Some(text.into()),
    ),
    (
        "request.request-id",
        "7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c1",
        |_, request, text| request.request_id = Some(text.into()),
    ),
    ("connection.region", "us-east-1", |connection, _, text| {
        connection.region = text.into()
    }),
    (
        "connection.endpoint.url",
        "http://127.0.0.1",
        |connection, _, text| {
            connection.endpoint = Some(Endpoint::Url(text.into()));
        },
    ),
    ("access-key-id", "AKID", |connection, _, text| {
        key(connection).access_key_id = text.into()
    }),
    ("secret-access-key", "s", |connection, _, text| {
        key(connection).secret_access_key = text.into();
    }),
    ("session-token", "t", |connection, _, text| {
        key(connection).session_token = Some(text.into());
    }),
    ("date", "20260101", |connection, _, text| {
        connection.credentials = Credentials::SigningKey(SigningKey {
            access_key_id: "AKID".to_owned(),
            date: text.to_owned(),
            key: vec![7; 32],
            session_token: None,
        });
    }),
    ("arn", ROLE, |connection, _, text| {
        role(connection, |role| role.arn = text.into());
    }),
    ("external-id", "e-1", |connection, _, text| {
        role(connection, |role| role.external_id = Some(text.into()));
    }),
    ("session-name", "n-1", |connection, _, text| {
        role(connection, |role| role.session_name = Some(text.into()));
    }),
    ("token", "a.b.c", |connection, _, text| {
        connection.credentials = Credentials::WebIdentity(WebIdentity {
            token: text.to_owned(),
            role: some_role(),
        });
    }),
];

/// The rejected field and the reason.
#[track_caller]
fn rejection(result: Result) -> (String, String) {
    let input = invalid_input(result);
    (input.field, input.message)
}

/// Appends `suffix` to each valid text. The connector must reject exactly that field with a short
/// message.
async fn assert_each_text_is_rejected(component: Component, suffix: &str) {
    let lambda = lambda().await;
    let policy = only(&lambda.url());
    for (field, valid, edit) in TEXTS {
        let mut connection = connection(lambda.url());
        let mut request = request("echo", "{}");
        edit(&mut connection, &mut request, &format!("{valid}{suffix}"));
        let result = component.host().invoke(&policy, &connection, &request);
        let (seen, message) = rejection(component_answer(result.await));
        assert!(seen.ends_with(field), "{seen}, not {field}: {suffix:.20}");
        assert!(message.len() < 500, "{field}: {}", message.len());
        assert!(!message.contains("x-evil"), "{message}");
    }
    assert_eq!(lambda.requests().len(), 0);
}

#[for_each_component]
#[tokio::test]
async fn control_characters_are_rejected_in_every_field(component: Component) {
    for line_break in BREAKS {
        assert_each_text_is_rejected(component, line_break).await;
    }
}

/// Each field gets ten megabytes. A message that repeated even one of them would fill a log.
#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversized_text_is_rejected_with_a_short_message(component: Component) {
    assert_each_text_is_rejected(component, &"a".repeat(10 << 20)).await;
}

#[for_each_component]
#[tokio::test]
async fn function_name_cannot_change_the_request_path(component: Component) {
    let lambda = lambda().await;
    for name in [
        "..",
        ".",
        "../2015-03-31/functions",
        "f/../../2018-10-31/layers",
        "f/invocations?Qualifier=x#",
        "%2e%2e",
        "f%0d%0ax-evil: 1",
        "f;evil",
        "f\\..",
        "ƒ",
        "arn:aws:lambda:us-east-1:123456789012:function:../f",
    ] {
        let result = call(component, &lambda.url(), &request(name, "{}")).await;
        assert_eq!(rejection(result).0, "request.function", "{name}");
    }
    assert_eq!(lambda.requests().len(), 0);
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_payload_reaches_the_function_unchanged(component: Component) {
    let lambda = lambda().await;
    let numbers = LARGE - 10;
    for payload in [
        "[".repeat(LARGE / 2) + &"]".repeat(LARGE / 2),
        "{\"a\":".repeat(1_000_000) + "0" + &"}".repeat(1_000_000),
        "1e999999999999".to_owned(),
        "-0".to_owned(),
        "9".repeat(numbers),
        format!("0.{}1", "0".repeat(numbers - 2)),
        format!("1e{}", "9".repeat(numbers)),
        r#"{"a":1,"a":2,"__proto__":{"a":3},"":null}"#.to_owned(),
        r#""\ud800\u0000\uffff""#.to_owned(),
        format!("{}1", " ".repeat(LARGE - 1)),
    ] {
        let result = call(component, &lambda.url(), &request("echo", &*payload)).await;
        assert!(text(result) == payload, "{payload:.40}");
    }
}

#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_json_is_rejected_with_a_short_message(component: Component) {
    let lambda = lambda().await;
    let policy = only(&lambda.url());
    for text in [
        "[".repeat(LARGE),
        "{\"a\":".repeat(LARGE / 5),
        format!("\"{}", "\\u".repeat(LARGE / 2 - 1)),
        "1".repeat(LARGE - 1) + "x",
        "nul".to_owned(),
        "\u{feff}{}".to_owned(),
        "{}\0".to_owned(),
        "[NaN]".to_owned(),
        "{'a':1}".to_owned(),
        "[1,]".to_owned(),
    ] {
        let _case = case(format!("{text:.10?}"));
        let payload = request("echo", &*text);
        let client_context = InvokeRequest {
            client_context: Some(text.clone()),
            ..InvokeRequest::new("echo")
        };
        for (request, expected) in [
            (payload, "request.payload"),
            (client_context, "request.client-context"),
        ] {
            let (field, message) = rejection(call(component, &lambda.url(), &request).await);
            assert_eq!(field, expected, "{text:.3}");
            assert!(message.len() < 200, "{message}");
        }

        // The two JSON texts of a form.
        let values = r#"{"useFunctionName":"Yes","functionName":"echo"}"#;
        for (connection, values) in [(&*text, values), ("{}", &*text)] {
            let ran = component.host().run(&policy, connection, "invoke", values);
            let message = invalid_input(component_answer(ran.await)).message;
            assert!(message.len() < 200, "{message}");
        }
    }
    assert_eq!(lambda.requests().len(), 0);
}

/// One form has a million fields, the other has deeply nested ones.
#[for_each_component]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_or_deeply_nested_form_gets_an_answer(component: Component) {
    let lambda = lambda().await;
    let policy = only(&lambda.url());
    let valid = form(&lambda);
    let many = format!("{{{}\"a\":0}}", "\"\":0,".repeat(LARGE / 5 - 2));
    let deep = "[".repeat(LARGE / 2 - 100) + &"]".repeat(LARGE / 2 - 100);
    let host = component.host();
    for (connection, values) in [(&many, "{}"), (&valid, &*many)] {
        let _case = case(format!("{connection:.20}, {values:.20}"));
        let ran = component_answer(host.run(&policy, connection, "invoke", values).await);
        assert!(matches!(ran, Err(Error::InvalidInput(_))));
    }
    let values =
        format!("{{\"useFunctionName\":\"Yes\",\"functionName\":\"echo\",\"payload\":{deep}}}");
    let ran = component_answer(host.run(&policy, &valid, "invoke", &values).await);
    let outputs = ran.unwrap();
    assert!(outputs.contains(&deep), "{outputs:.200}");
}
