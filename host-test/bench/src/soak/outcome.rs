//! What the host reported of a call, and whether each value is the expected one.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::call::{Call, ERROR_TYPE, Kind};

/// Whether the function ran, as the connector reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Executed {
    No,
    Unknown,
    Yes,
}

/// How a call ended for its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Success,
    FunctionFailed,
    /// Any other error of the connector.
    Error {
        case: String,
        executed: Executed,
    },
    /// The host answered without an outcome, or not at all.
    Unreported(String),
    /// The host had not answered when the time for a whole call was over.
    Lost,
}

/// The end of a call.
#[derive(Debug, Clone)]
pub struct Ended {
    pub outcome: Outcome,
    /// The number of runs that the function reported in its response.
    pub reported_runs: Option<u64>,
    /// What is wrong with a value that was reported.
    pub wrong_value: Option<String>,
}

impl Ended {
    /// A call that ended without a value.
    pub fn without_value(outcome: Outcome) -> Self {
        Self {
            outcome,
            reported_runs: None,
            wrong_value: None,
        }
    }

    fn no_outcome(reason: impl Into<String>) -> Self {
        Self::without_value(Outcome::Unreported(reason.into()))
    }
}

/// The answer of the host.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    ok: Option<&'a RawValue>,
    err: Option<CallError>,
}

#[derive(Deserialize)]
struct CallError {
    case: String,
    executed: Executed,
}

/// The outputs of the card `invoke` that are checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outputs<'a> {
    status_code: Option<u16>,
    #[serde(borrow)]
    output: Option<Cow<'a, str>>,
    function_error: Option<String>,
    error_type: Option<String>,
    error_message: Option<String>,
    executed: Executed,
}

/// The outputs of the card `list-functions`.
#[derive(Deserialize)]
struct ListOutputs {
    functions: Vec<Function>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
}

/// The response of the function `count`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted<'a> {
    key: &'a str,
    runs: u64,
    padding: Option<&'a str>,
}

/// Reads the answer to a call: the status and the body of an HTTP response. `functions` are the names
/// that a list must have.
pub fn read(call: &Call, status: u16, body: &[u8], functions: &[String]) -> Ended {
    if status != 200 {
        let text = String::from_utf8_lossy(body);
        return Ended::no_outcome(format!("status {status}: {text:.300}"));
    }
    match serde_json::from_slice(body) {
        Ok(Answer {
            ok: Some(outputs),
            err: None,
        }) => read_outputs(call, outputs.get(), functions),
        Ok(Answer {
            ok: None,
            err: Some(error),
        }) => Ended::without_value(match error.case.as_str() {
            "function-failed" => Outcome::FunctionFailed,
            _ => Outcome::Error {
                case: error.case,
                executed: error.executed,
            },
        }),
        Ok(_) => Ended::no_outcome("neither outputs nor an error, or both"),
        Err(error) => Ended::no_outcome(error.to_string()),
    }
}

fn read_outputs(call: &Call, outputs: &str, functions: &[String]) -> Ended {
    let checked = match call.kind {
        Kind::List => check_list(outputs, functions),
        _ => check_invocation(call, outputs),
    };
    match checked {
        Ok((outcome, reported_runs)) => Ended {
            outcome,
            reported_runs,
            wrong_value: None,
        },
        Err(wrong) => Ended {
            outcome: Outcome::Success,
            reported_runs: None,
            wrong_value: Some(wrong),
        },
    }
}

fn check_list(outputs: &str, functions: &[String]) -> Result<(Outcome, Option<u64>), String> {
    let list: ListOutputs = serde_json::from_str(outputs).map_err(|error| error.to_string())?;
    let names = list.functions.iter().map(|function| &function.name);
    if !names.eq(functions) {
        return Err(format!(
            "a list of {} other functions",
            list.functions.len()
        ));
    }
    match list.next {
        Some(_) => Ok((Outcome::Success, None)),
        None => Err("a list without a next page".to_owned()),
    }
}

fn check_invocation(call: &Call, outputs: &str) -> Result<(Outcome, Option<u64>), String> {
    let outputs: Outputs<'_> = serde_json::from_str(outputs).map_err(|error| error.to_string())?;
    let output = outputs.output.as_deref();
    if outputs.function_error.is_some() {
        let expected = (Some(ERROR_TYPE), Some(call.key()));
        let reported = (outputs.error_type.as_deref(), outputs.error_message);
        return match reported == expected && outputs.executed == Executed::Yes {
            true => Ok((Outcome::FunctionFailed, None)),
            false => Err(format!("a failed function with the error {reported:?}")),
        };
    }
    let (status, executed) = match call.kind {
        Kind::Event => (202, Executed::Unknown),
        _ => (200, Executed::Yes),
    };
    if (outputs.status_code, outputs.executed) != (Some(status), executed) {
        let (status, executed) = (outputs.status_code, outputs.executed);
        return Err(format!("status {status:?}, executed {executed:?}"));
    }
    let runs = match (call.kind, output) {
        (Kind::Event, None) => None,
        (Kind::Streamed, Some(text)) if text == call.streamed() => None,
        (Kind::Event | Kind::Streamed, _) => return Err(unexpected(output)),
        (_, Some(text)) => Some(check_count(call, text)?),
        (_, None) => return Err(unexpected(None)),
    };
    Ok((Outcome::Success, runs))
}

fn check_count(call: &Call, text: &str) -> Result<u64, String> {
    let counted: Counted<'_> = serde_json::from_str(text).map_err(|_| unexpected(Some(text)))?;
    let padding = counted.padding.unwrap_or_default();
    let is_padded = padding.len() == call.padding() && padding.bytes().all(|byte| byte == b'x');
    match counted.key == call.key() && is_padded {
        true => Ok(counted.runs),
        false => Err(unexpected(Some(text))),
    }
}

fn unexpected(output: Option<&str>) -> String {
    let length = output.map_or(0, str::len);
    format!("an unexpected output of {length} bytes: {output:.80?}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(kind: Kind) -> Call {
        Call::undisturbed(7, kind)
    }

    fn answered(kind: Kind, answer: &Value) -> (Outcome, bool) {
        let ended = read(
            &call(kind),
            200,
            answer.to_string().as_bytes(),
            &["a".into()],
        );
        (ended.outcome, ended.wrong_value.is_some())
    }

    /// The outputs of a function that succeeded, with these instead of the usual ones.
    fn outputs(changed: &Value) -> Value {
        let mut outputs = json!({
            "statusCode": 200,
            "executed": "yes",
            "output": r#"{"key":"call-000007","runs":1}"#,
            "functionError": null,
        });
        for (key, value) in changed.as_object().expect("an object") {
            outputs[key] = value.clone();
        }
        json!({ "ok": outputs })
    }

    #[test]
    fn every_value_of_a_success_is_compared() {
        let right = outputs(&json!({}));
        assert_eq!(answered(Kind::Small, &right), (Outcome::Success, false));
        for wrong in [
            json!({ "statusCode": 202 }),
            json!({ "executed": "unknown" }),
            json!({ "output": null }),
            json!({ "output": r#"{"key":"call-000008","runs":1}"# }),
            json!({ "output": r#"{"key":"call-000007","runs":1"# }),
            json!({ "output": r#"{"key":"call-000007","runs":1,"padding":"x"}"# }),
        ] {
            let answer = outputs(&wrong);
            assert_eq!(
                answered(Kind::Small, &answer),
                (Outcome::Success, true),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_stream_and_an_event_have_outputs_of_their_own() {
        let streamed = call(Kind::Streamed).streamed();
        let right = outputs(&json!({ "output": streamed }));
        assert_eq!(answered(Kind::Streamed, &right), (Outcome::Success, false));
        let short = outputs(&json!({ "output": streamed[..streamed.len() - 1] }));
        assert_eq!(answered(Kind::Streamed, &short), (Outcome::Success, true));

        let queued = json!({ "statusCode": 202, "executed": "unknown", "output": null });
        let right = outputs(&queued);
        assert_eq!(answered(Kind::Event, &right), (Outcome::Success, false));
        assert_eq!(
            answered(Kind::Event, &outputs(&json!({}))),
            (Outcome::Success, true)
        );
    }

    #[test]
    fn a_failed_function_is_recognised_in_both_forms() {
        let failed =
            json!({ "err": { "case": "function-failed", "executed": "yes", "message": "" } });
        assert_eq!(answered(Kind::Failing, &failed).0, Outcome::FunctionFailed);
        let thrown = |message: &str| {
            outputs(&json!({
                "functionError": "Unhandled",
                "errorType": ERROR_TYPE,
                "errorMessage": message,
            }))
        };
        let right = answered(Kind::Continued, &thrown("call-000007"));
        assert_eq!(right, (Outcome::FunctionFailed, false));
        assert!(answered(Kind::Continued, &thrown("call-000008")).1);
    }

    #[test]
    fn a_list_has_the_expected_names_and_a_next_page() {
        let list = |names: &[&str], next: Option<&str>| {
            let functions: Vec<_> = names.iter().map(|name| json!({ "name": name })).collect();
            answered(
                Kind::List,
                &json!({ "ok": { "functions": functions, "next": next } }),
            )
        };
        assert_eq!(list(&["a"], Some("n")), (Outcome::Success, false));
        assert_eq!(list(&["a"], None), (Outcome::Success, true));
        assert_eq!(list(&[], Some("n")), (Outcome::Success, true));
        assert_eq!(list(&["a", "b"], Some("n")), (Outcome::Success, true));
    }

    #[test]
    fn an_error_keeps_its_case_and_whether_the_function_ran() {
        let error = json!({ "err": { "case": "transport", "executed": "unknown", "message": "" } });
        let expected = Outcome::Error {
            case: "transport".to_owned(),
            executed: Executed::Unknown,
        };
        assert_eq!(answered(Kind::Small, &error).0, expected);
    }

    #[test]
    fn an_answer_without_an_outcome_is_none() {
        for body in [
            "",
            "null",
            "{}",
            r#"{"ok":{},"err":{"case":"a","executed":"no"}}"#,
        ] {
            let ended = read(&call(Kind::Small), 200, body.as_bytes(), &[]);
            assert!(matches!(ended.outcome, Outcome::Unreported(_)), "{body}");
        }
        let ended = read(&call(Kind::Small), 500, b"{\"ok\":{}}", &[]);
        assert!(matches!(ended.outcome, Outcome::Unreported(_)));
    }
}
