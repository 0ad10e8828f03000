//! Names of functions and qualifiers. The request's path decodes to an accepted name, and the parts
//! of the name add up to it.
#![no_main]

use aws_lambda_connector::aws::endpoint::{check_aws_region, check_region};
use aws_lambda_connector::call::error::Error;
use aws_lambda_connector::call::operation::Exchange;
use aws_lambda_connector::lambda::function_name::{FunctionName, check_qualifier};
use aws_lambda_connector::lambda::invoke::{Invoke, InvokeRequest};
use aws_lambda_connector_fuzz::call::plain_connection;
use aws_lambda_connector_fuzz::secrets;
use aws_lambda_connector_fuzz::verdict::no_secret;
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;

fuzz_target!(|text: &str| {
    if secrets::are_known(text.as_bytes()) {
        return;
    }
    // The first line is a name, the second an optional qualifier.
    let (text, qualifier) = match text.split_once('\n') {
        Some((text, qualifier)) => (text, Some(qualifier)),
        None => (text, None),
    };
    // A secret in the wrong field.
    let wrong = FunctionName::parse("request.function", &format!("{text}/{}", secrets::KEY));
    no_secret(&format!("{:?}", wrong.unwrap_err()), &[]);
    let name = match FunctionName::parse("request.function", text) {
        Ok(name) => name,
        Err(Error::InvalidInput(input)) => {
            assert_eq!(input.field, "request.function");
            return;
        }
        Err(error) => panic!("{error:?}"),
    };
    assert_eq!(name.as_given(), text);
    assert!(text.len() <= 256);
    assert!(
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:$".contains(&byte))
    );
    match name.suffix() {
        Some(suffix) => {
            assert_eq!(format!("{}:{suffix}", name.unqualified()), text);
            check_qualifier(suffix).unwrap();
        }
        None => assert_eq!(name.unqualified(), text),
    }
    // Without its qualifier it is still the same function.
    let again = FunctionName::parse("", name.unqualified());
    if let Ok(again) = &again {
        let resource = again.unqualified_policy_resource("eu-central-1");
        assert_eq!(resource, name.unqualified_policy_resource("eu-central-1"));
    }
    let again = again.expect("a name");
    assert_eq!((again.suffix(), again.region()), (None, name.region()));
    if let Some(region) = name.region() {
        check_region(region).unwrap();
    }
    // A full ARN is its own policy resource.
    if text.starts_with("arn:") {
        let region = name.region().expect("an ARN's region");
        assert_eq!(name.policy_resource(region, None), text);
        assert_eq!(name.unqualified_policy_resource(region), name.unqualified());
    }

    let mut connection = plain_connection();
    connection.region = name.region().unwrap_or("eu-central-1").into();
    let request = InvokeRequest {
        function: text.into(),
        qualifier: qualifier.map(Into::into),
        ..InvokeRequest::default()
    };
    match Invoke::new(connection, request) {
        Ok(invoke) => {
            let request = invoke.request();
            let wire = request.path_with_query();
            let (path, query) = wire.split_once('?').unwrap_or((&wire, ""));
            let parts: Vec<&str> = path.split('/').collect();
            let ["", "2015-03-31", "functions", label, "invocations"] = parts[..] else {
                panic!("{path}");
            };
            let decode = |text| percent_decode_str(text).decode_utf8().unwrap();
            assert_eq!(decode(label), text);
            let sent = query.strip_prefix("Qualifier=").map(decode);
            assert_eq!(sent.as_deref(), qualifier);
            if let (Some(sent), Some(suffix)) = (qualifier, name.suffix()) {
                assert_eq!(sent, suffix);
            }
        }
        Err(Error::InvalidInput(input)) => match &*input.field {
            "request.qualifier" => {}
            // The host would have another name than an AWS endpoint.
            "connection.region" => {
                check_aws_region(name.region().expect("a region")).unwrap_err();
            }
            other => panic!("{other}"),
        },
        Err(error) => panic!("{error:?}"),
    }
});
