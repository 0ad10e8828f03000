//! Arbitrary input from callers.

use aws_lambda_connector::aws::credentials::{AccessKey, Secret};
use aws_lambda_connector::aws::endpoint::{self, EndpointChoice};
use aws_lambda_connector::block_on::block_on;
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::operation::Exchange;
use aws_lambda_connector::cards;
use aws_lambda_connector::lambda::function_name::{FunctionName, check_qualifier};
use aws_lambda_connector::lambda::invoke::{Invoke, InvokeRequest};
use aws_lambda_connector::lambda::list_functions::{FunctionQuery, ListFunctions};
use aws_lambda_connector::perform::perform;
use proptest::option;
use proptest::prelude::*;

use crate::mutation::text_like;
use crate::{SECRET, Script, TOKEN, assert_no_secret, config, connection};

const NAMES: [&str; 12] = [
    "f",
    "my-function:live",
    "my_function:$LATEST",
    "123456789012:function:f",
    "123456789012:f:1",
    "function:f",
    "arn:aws:lambda:eu-central-1:123456789012:function:f",
    "arn:aws:lambda:eu-central-1:123456789012:function:f:$LATEST.PUBLISHED",
    "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:live",
    "eu-central-1:123456789012:function:f",
    "größe",
    "arn:aws:s3:::bucket/key",
];

const URLS: [&str; 14] = [
    "https://lambda.eu-central-1.amazonaws.com",
    "http://127.0.0.1:9000",
    "http://localhost:4566/base/path/",
    "https://vpce-0123456789abcdef0-abcdefgh.lambda.eu-central-1.vpce.amazonaws.com",
    "https://[::1]:8443/a%20b",
    "http://[fe80::1%25eth0]",
    "HTTPS://EXAMPLE.COM:443",
    "https://user:password@example.com",
    "ftp://example.com",
    "https://example.com?query#fragment",
    "https://example.com:99999",
    "//example.com",
    "https://1.2.3.4.5",
    "https://xn--grsse-nva.example",
];

const REGIONS: [&str; 6] = [
    "eu-central-1",
    "us-gov-west-1",
    "cn-north-1",
    "us-isob-east-1",
    "",
    "EU",
];

const EVENTS: [&str; 4] = ["", "{}", r#"{"a":[1,2.5e10,"\u00e9"]}"#, "\"text\""];

/// Connections of every credential type in the form.
const CONNECTIONS: [&str; 5] = [
    r#"{"region":"eu-central-1","accessKeyId":"AKID","secretAccessKey":"wJalrXUtnFEMI/K7MDENG+planted/secretKEY"}"#,
    r#"{"region":"eu-central-1","credentialType":"assumeRole","accessKeyId":"AKID","secretAccessKey":"wJalrXUtnFEMI/K7MDENG+planted/secretKEY","roleArn":"arn:aws:iam::123456789012:role/a","externalId":"id","secondRoleArn":"arn:aws:iam::123456789012:role/b","roleDurationSeconds":900}"#,
    r#"{"region":"eu-central-1","credentialType":"webIdentity","webIdentityToken":"wJalrXUtnFEMI/K7MDENG+planted/secretKEY","roleArn":"arn:aws:iam::123456789012:role/a"}"#,
    r#"{"region":"eu-central-1","credentialType":"signingKey","accessKeyId":"AKID","signingKeyDate":"19700101","signingKey":"c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9","sessionToken":"wJalrXUtnFEMI/K7MDENG+planted/secretKEY"}"#,
    r#"{"region":"eu-central-1","credentialType":"hostSigned"}"#,
];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn accepted_function_name_is_sent_as_given(text in text_like(&NAMES)) {
        match FunctionName::parse("request.function", &text) {
            Ok(name) => {
                // It contains nothing whose escape a proxy could undo.
                prop_assert_eq!(name.as_given(), text.as_str());
                prop_assert!(text.len() <= 256 && text.is_ascii());
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
                let _ = name.policy_resource("eu-central-1", Some("live"));
                let _ = name.unqualified_policy_resource("eu-central-1");
                prop_assert!(text.starts_with(name.unqualified()) || text.contains(name.unqualified()));
            }
            Err(error) => assert_no_secret(&format!("{error:?}")),
        }
        let _ = check_qualifier(&text);
    }

    #[test]
    fn accepted_url_cannot_inject_into_the_request(url in text_like(&URLS), region in text_like(&REGIONS)) {
        let _ = endpoint::partition_id(&region);
        if endpoint::check_region(&region).is_err() {
            return Ok(());
        }
        let choice = EndpointChoice::Url(url);
        for endpoint in [endpoint::resolve("lambda", &region, &choice), endpoint::resolve_sts(&region, &choice)]
            .into_iter()
            .flatten()
        {
            // The parts become a `Host` header and a request line.
            prop_assert!(endpoint.authority.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert!(!endpoint.authority.is_empty());
            prop_assert!(!endpoint.authority.contains(['/', '?', '#', '@', '\\']));
            prop_assert!(endpoint.base_path.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert!(!endpoint.base_path.contains(['?', '#']));
            prop_assert!(endpoint.base_path.is_empty() || endpoint.base_path.starts_with('/'));
            prop_assert!(!endpoint.base_path.ends_with('/'));
        }
    }

    #[test]
    fn accepted_request_has_no_line_break_and_leaks_no_secret(
        function in text_like(&NAMES),
        qualifier in option::of(text_like(&["live", "$LATEST", "1"])),
        payload in option::of(text_like(&EVENTS)),
        client_context in option::of(text_like(&EVENTS)),
        tenant_id in option::of(text_like(&["blue", "a b"])),
        durable_execution_name in option::of(text_like(&["order-1"])),
        trace_id in option::of(text_like(&[
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ])),
        request_id in option::of(text_like(&["7f3a1b6e-0c52-4b4f-9a86-3b1f6a0f2c11"])),
        region in text_like(&REGIONS),
        url in option::of(text_like(&URLS)),
    ) {
        let connection = Connection {
            region,
            endpoint: url.map_or(EndpointChoice::Standard, EndpointChoice::Url),
            ..connection()
        };
        let request = InvokeRequest {
            function, qualifier, payload, client_context, tenant_id, durable_execution_name, trace_id,
            request_id,
            ..InvokeRequest::default()
        };
        match Invoke::new(connection, request) {
            Ok(invoke) => {
                let request = invoke.request();
                for (name, value) in &request.headers {
                    prop_assert!(!value.contains(['\r', '\n', '\0']), "{name}");
                }
                let id = invoke.request_id().unwrap_or_default();
                prop_assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')));
                prop_assert!(request.path_with_query().bytes().all(|byte| byte.is_ascii_graphic()));
                let error = block_on(perform(&Script::new(Vec::new(), 0), invoke)).unwrap_err();
                assert_no_secret(&format!("{error:?}"));
            }
            Err(error) => assert_no_secret(&format!("{error:?}")),
        }
    }

    /// A secret in the wrong field, or one that contains characters that are not allowed.
    #[test]
    fn secret_in_any_field_is_not_repeated(
        before in "[ -~\\r\\n\\x00é]{0,3}",
        after in "[ -~\\r\\n\\x00é]{0,3}",
        secret in prop_oneof![Just(SECRET), Just(TOKEN)],
    ) {
        let secret = format!("{before}{secret}{after}");
        let key = |id: &str, key: &str, token: &str| Credentials::AccessKey(AccessKey {
            access_key_id: id.into(),
            secret_access_key: Secret::new(key.into()),
            session_token: Some(Secret::new(token.into())),
        });
        for connection in [
            Connection { credentials: key(&secret, "s", "t"), ..connection() },
            Connection { credentials: key("AKID", &secret, "t"), ..connection() },
            Connection { credentials: key("AKID", "s", &secret), ..connection() },
            Connection { region: secret.clone(), ..connection() },
            Connection { endpoint: EndpointChoice::Url(format!("https://user:{secret}@example.com")), ..connection() },
            Connection { endpoint: EndpointChoice::Url(secret.clone()), ..connection() },
        ] {
            let request = InvokeRequest { function: "f".into(), ..InvokeRequest::default() };
            let outcome = Invoke::new(connection, request).map(|_| ());
            assert_no_secret(&format!("{outcome:?}"));
        }
    }

    #[test]
    fn any_cursor_is_parsed_without_leaking_a_secret(cursor in text_like(&["", "1.50.bWFya2Vy.arn:aws:lambda:x", "bWFya2Vy", "0.0.."])) {
        let query = FunctionQuery { cursor: Some(cursor), ..FunctionQuery::default() };
        let outcome = ListFunctions::new(connection(), query).map(|_| ());
        assert_no_secret(&format!("{outcome:?}"));
    }

    #[test]
    fn any_form_is_parsed_without_leaking_a_secret(
        connection in text_like(&CONNECTIONS),
        values in text_like(&[
            r#"{"functionName":"f","payload":{"a":1},"invocationType":"event","limit":10,"allVersions":true}"#,
            r#"{"useFunctionName":"Yes","functionName":"f:live","payload":"{\"a\":1}","clientContext":" ","invocationType":"Event","onError":"Continue"}"#,
            r#"{"limit":10,"allVersions":true,"nameContains":"f"}"#,
            "{}",
            "",
        ]),
        card in text_like(&["invoke", "listFunctions", "list-functions"]),
        field in text_like(&["yourFunctions", "qualifier"]),
    ) {
        let script = || Script::new(Vec::new(), 0);
        let ran = block_on(cards::run(&script(), &connection, &card, &values));
        assert_no_secret(&format!("{ran:?}"));
        let tested = block_on(cards::test(&script(), &connection, &card, &values));
        assert_no_secret(&format!("{tested:?}"));
        let chosen = block_on(cards::choices(&script(), &connection, &card, &field, &values, Some(&card), Some(&values)));
        assert_no_secret(&format!("{chosen:?}"));
    }
}
