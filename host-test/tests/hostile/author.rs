//! A workflow's author who writes names, texts and JSON to get more than a call: another header, another
//! path, or the end of the sandbox.

use aws_lambda_connector_host::bindings::lambda::InvokeRequest;
use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Connection, Credentials, Endpoint, Error, Payload, Role, SigningKey,
    WebIdentity,
};
use local_lambda::{Config, LocalLambda};

use crate::{Result, answered, call, connection, hosts, only};

const LARGE: usize = 6_291_456;

/// What would end a header, a request line or a text in C.
const BREAKS: [&str; 5] = ["\r\nx-evil: 1", "\nx-evil: 1", "\r", "\0", "\u{85}"];

type Edit = fn(&mut Connection, &mut InvokeRequest, &str);

fn key(connection: &mut Connection) -> &mut AccessKey {
    match &mut connection.credentials {
        Credentials::AccessKey(key) => key,
        other => panic!("{other:?}"),
    }
}

fn role(connection: &mut Connection, role: Role) {
    connection.credentials = Credentials::AssumeRole(AssumeRole {
        source: key(connection).clone(),
        roles: vec![role],
    });
}

fn some_role() -> Role {
    Role {
        arn: "arn:aws:iam::123456789012:role/r".to_owned(),
        external_id: None,
        session_name: None,
        duration_seconds: None,
    }
}

/// Every text that goes into a request, with what it begins with where it is right, and how it is
/// filled in.
const TEXTS: [(&str, &str, Edit); 17] = [
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
    (
        "arn",
        "arn:aws:iam::123456789012:role/r",
        |connection, _, text| {
            let arn = text.to_owned();
            role(connection, Role { arn, ..some_role() });
        },
    ),
    ("external-id", "e-1", |connection, _, text| {
        let external_id = Some(text.to_owned());
        role(
            connection,
            Role {
                external_id,
                ..some_role()
            },
        );
    }),
    ("session-name", "n-1", |connection, _, text| {
        let session_name = Some(text.to_owned());
        role(
            connection,
            Role {
                session_name,
                ..some_role()
            },
        );
    }),
    ("token", "a.b.c", |connection, _, text| {
        connection.credentials = Credentials::WebIdentity(WebIdentity {
            token: text.to_owned(),
            role: some_role(),
        });
    }),
];

/// The field that was refused, and why.
#[track_caller]
fn refused(result: Result, text: &str) -> (String, String) {
    match result {
        Err(Error::InvalidInput(input)) => (input.field, input.message),
        other => panic!("{text:?}: {:.300}", format!("{other:?}")),
    }
}

#[tokio::test]
async fn no_text_breaks_out_of_its_place() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let policy = only(&lambda.url());
    for (wasi, host) in hosts() {
        for (field, right, edit) in TEXTS {
            for broken in BREAKS {
                let mut connection = connection(lambda.url());
                let mut request = testing::request("echo", "{}");
                let text = format!("{right}{broken}");
                edit(&mut connection, &mut request, &text);
                let result = answered(host.invoke(&policy, &connection, &request).await);
                let (seen, message) = refused(result, &text);
                assert!(seen.ends_with(field), "{wasi}: {seen}, not {field}");
                assert!(
                    !message.contains("x-evil") && message.len() < 500,
                    "{message}"
                );
            }
        }
    }
    assert_eq!(lambda.requests().len(), 0);
}

/// Ten megabytes in each place, and a megabyte in each message would fill a log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_of_any_length_is_refused_in_few_words() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let policy = only(&lambda.url());
    for (wasi, host) in hosts() {
        for (field, right, edit) in TEXTS {
            let mut connection = connection(lambda.url());
            let mut request = testing::request("echo", "{}");
            let text = format!("{right}{}", "a".repeat(10 << 20));
            edit(&mut connection, &mut request, &text);
            let result = answered(host.invoke(&policy, &connection, &request).await);
            match result {
                Err(Error::InvalidInput(input)) => {
                    assert!(input.field.ends_with(field), "{wasi}: {}", input.field);
                    assert!(
                        input.message.len() < 500,
                        "{wasi}, {field}: {}",
                        input.message.len()
                    );
                }
                other => panic!("{wasi}, {field}: {:.300}", format!("{other:?}")),
            }
        }
    }
    assert_eq!(lambda.requests().len(), 0);
}

#[tokio::test]
async fn a_name_is_one_part_of_the_path() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    for (_, host) in hosts() {
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
            let result = call(host, &lambda.url(), &testing::request(name, "{}")).await;
            assert_eq!(refused(result, name).0, "request.function");
        }
    }
    assert_eq!(lambda.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_json_arrives_as_it_was_written() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
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
        for (wasi, host) in hosts() {
            let result = call(host, &lambda.url(), &testing::request("echo", &*payload)).await;
            match result.unwrap().output {
                Some(Payload::Text(text)) => assert!(text == payload, "{wasi}: {payload:.40}"),
                other => panic!("{wasi}: {:.100}", format!("{other:?}")),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_json_is_refused_in_few_words() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
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
        for (wasi, host) in hosts() {
            let mut request = testing::request("echo", &*text);
            let (field, message) = refused(call(host, &lambda.url(), &request).await, &text[..3]);
            assert_eq!(field, "request.payload", "{wasi}");
            assert!(message.len() < 200, "{wasi}: {message}");

            request.payload = None;
            request.client_context = Some(text.clone());
            let (field, message) = refused(call(host, &lambda.url(), &request).await, &text[..3]);
            assert_eq!(field, "request.client-context", "{wasi}");
            assert!(message.len() < 200, "{wasi}: {message}");

            // The forms' two JSON texts.
            let values = r#"{"useFunctionName":"Yes","functionName":"echo"}"#;
            for (connection, values) in [(&*text, values), ("{}", &*text)] {
                let ran = answered(host.run(&policy, connection, "invoke", values).await);
                match ran {
                    Err(Error::InvalidInput(input)) => {
                        assert!(input.message.len() < 200, "{wasi}: {}", input.message);
                    }
                    other => panic!("{wasi}: {:.300}", format!("{other:?}")),
                }
            }
        }
    }
    assert_eq!(lambda.requests().len(), 0);
}

/// A form of a million fields, and one whose fields are deep.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_any_shape_ends_in_an_answer() {
    let lambda = LocalLambda::start(Config::default()).await.unwrap();
    let policy = only(&lambda.url());
    let own = serde_json::json!({
        "region": "us-east-1",
        "accessKeyId": lambda.key().access_key_id,
        "secretAccessKey": lambda.key().secret_access_key,
        "endpoint": lambda.url(),
    })
    .to_string();
    let many = format!("{{{}\"a\":0}}", "\"\":0,".repeat(LARGE / 5 - 2));
    let deep = "[".repeat(LARGE / 2 - 100) + &"]".repeat(LARGE / 2 - 100);
    for (wasi, host) in hosts() {
        for (connection, values) in [(&many, "{}"), (&own, &*many)] {
            let ran = answered(host.run(&policy, connection, "invoke", values).await);
            assert!(matches!(ran, Err(Error::InvalidInput(_))), "{wasi}");
        }
        let values =
            format!("{{\"useFunctionName\":\"Yes\",\"functionName\":\"echo\",\"payload\":{deep}}}");
        let ran = answered(host.run(&policy, &own, "invoke", &values).await);
        let outputs = ran.unwrap();
        assert!(outputs.contains(&deep), "{wasi}: {:.200}", outputs);
    }
}
