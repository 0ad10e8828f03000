//! JSON, compared with serde_json: which texts are valid, and what every value in them is.
#![no_main]

use aws_lambda_connector::aws::json::{self, Fields, Json, parse_rows};
use aws_lambda_connector::aws::number::decimal;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let value = serde_json::from_str::<Value>(text);
    let valid = json::check(text);
    match (&value, &valid) {
        (Ok(_), Ok(())) | (Err(_), Err(_)) => {}
        (Ok(_), Err(problem)) => panic!("rejected: {problem}"),
        (Err(problem), Ok(())) => {
            // Valid JSON that a `Value` cannot represent. A payload may contain it.
            let problem = problem.to_string();
            let known = [
                "recursion limit",
                "number out of range",
                "surrogate",
                "hex escape",
            ];
            assert!(
                known.iter().any(|known| problem.contains(known)),
                "{problem}"
            );
        }
    }
    let space = [' ', '\t', '\n', '\r'];
    let object = text.trim_start_matches(space).starts_with('{');
    assert_eq!(Fields::read(text).is_some(), object && valid.is_ok());

    if let Ok(json) = Json::parse(text) {
        assert_eq!(json.get(), text.trim_matches(space));
        if let Ok(value) = value {
            compare(json, &value);
        }
    }
    if let (Some(number), Ok(expected)) = (decimal(text), text.parse::<f64>()) {
        assert_eq!(number, expected);
    }
});

fn compare(json: Json<'_>, value: &Value) {
    let text = json.get();
    assert_eq!(json.string().as_deref(), value.as_str());
    assert_eq!(json.list().is_some(), value.is_array(), "{text}");
    assert_eq!(json.object().is_some(), value.is_object(), "{text}");
    match value {
        Value::Array(values) => {
            let list = json.list().unwrap();
            assert_eq!(list.len(), values.len());
            let objects = values.iter().all(Value::is_object);
            let object = format!(r#"{{"list":{text}}}"#);
            let rows = parse_rows(&object, "list", |_| Some(())).map(|(rows, _)| rows.len());
            assert_eq!(rows, objects.then_some(values.len()));
            for (json, value) in list.into_iter().zip(values) {
                compare(json, value);
            }
        }
        Value::Object(values) => {
            let fields = json.object().unwrap();
            assert!(fields.iter().all(|(name, _)| values.contains_key(name)));
            for (name, value) in values {
                // Both take the last of several fields of one name.
                compare(fields.raw(name).unwrap(), value);
                assert_eq!(fields.get(name).is_none(), value.is_null());
            }
        }
        Value::Number(number) => {
            assert_eq!(
                json.unsigned::<u64>(),
                number.as_u64().filter(|_| is_plain(text))
            );
            if let Some(decimal) = json.number() {
                assert_eq!(Some(decimal), text.parse().ok());
            }
        }
        Value::String(_) => {}
        Value::Null => assert_eq!(text, "null"),
        Value::Bool(value) => assert_eq!(text, value.to_string()),
    }
}

/// Whether the number is not `-0`, which serde_json reads as a float.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
