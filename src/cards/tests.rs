//! Cards over a small Lambda in memory: the requests that reach it, and the outputs and errors.

use core::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::aws::message::Response;
use crate::block_on::block_on;
use crate::testing::scripted::{Answer, Scripted, Sent, Service};
use crate::testing::{assert_contains, coded, lambdas as answer, refused, service_error};

/// An account of functions.
struct Lambda {
    functions: Vec<&'static str>,
    /// Whether the caller may list them.
    allowed: bool,
    /// The status and code of an invocation of any other function.
    unknown: (u16, &'static str),
    /// The functions that ran, with their requests.
    invoked: RefCell<Vec<(String, Sent)>>,
    /// The functions whose events are queued, with their requests.
    queued: RefCell<Vec<(String, Sent)>>,
}

fn account(functions: &[&'static str]) -> Scripted<Lambda> {
    Scripted::new(Lambda {
        functions: functions.to_vec(),
        allowed: true,
        unknown: NOT_FOUND,
        invoked: RefCell::default(),
        queued: RefCell::default(),
    })
}

const NOT_FOUND: (u16, &str) = (404, "ResourceNotFoundException");
/// The response to a caller whose policy names the functions that it may invoke.
const DENIED: (u16, &str) = (403, "AccessDeniedException");

/// An account that does not permit listing its functions.
fn closed_account(functions: &[&'static str]) -> Scripted<Lambda> {
    let mut account = account(functions);
    account.service.allowed = false;
    account
}

impl Lambda {
    fn list(&self, sent: &Sent) -> Response {
        if !self.allowed {
            return coded(403, "AccessDeniedException");
        }
        let number = |key| sent.parameter(key).map(|text| text.parse().unwrap());
        let start: usize = number("Marker").unwrap_or(0);
        let end = self
            .functions
            .len()
            .min(start + number("MaxItems").unwrap());
        let rows: Vec<Value> = self.functions[start..end]
            .iter()
            .map(|name| {
                json!({"FunctionName": name, "FunctionArn": format!("arn:{name}"), "Runtime": "python3.14"})
            })
            .collect();
        let next = (end < self.functions.len()).then(|| end.to_string());
        let page = json!({"Functions": rows, "NextMarker": next});
        answer(200, &[], page.to_string())
    }

    fn invoke(&self, name: &str, sent: &Sent) -> Response {
        // The path contains `name:alias` encoded.
        let name = &name.replace("%3A", ":");
        let (function, alias) = name.split_once(':').unwrap_or((name, "live"));
        if !self.functions.contains(&function) || alias != "live" {
            let (status, code) = self.unknown;
            return coded(status, code);
        }
        match sent.header("x-amz-invocation-type") {
            "DryRun" => return answer(204, &[], ""),
            "Event" => {
                let mut queued = self.queued.borrow_mut();
                queued.push((name.into(), sent.clone()));
                return answer(202, &[], "");
            }
            _ => {}
        }
        let mut invoked = self.invoked.borrow_mut();
        invoked.push((name.into(), sent.clone()));
        match function {
            "fail" => answer(
                200,
                &[("x-amz-function-error", "Unhandled")],
                r#"{"errorType":"KeyError","errorMessage":"'id'"}"#,
            ),
            "bytes" => answer(200, &[], vec![0xff, 0x00]),
            "log" => {
                let log = "REPORT RequestId: 1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 100.00 ms\t\n";
                answer(
                    200,
                    &[
                        ("x-amz-log-result", &STANDARD.encode(log)),
                        ("x-amz-executed-version", "7"),
                        ("x-amzn-requestid", "r"),
                    ],
                    "null",
                )
            }
            _ => answer(200, &[], &*sent.body),
        }
    }
}

impl Service for Lambda {
    fn answer(&self, sent: &Sent) -> Answer {
        if sent.authority.starts_with("sts.") {
            return Ok(answer(200, &[], IDENTITY));
        }
        let path = sent.path.strip_prefix("/2015-03-31/functions").unwrap();
        Ok(match path.split('/').collect::<Vec<_>>()[..] {
            [""] => self.list(sent),
            ["", name, "invocations"] => self.invoke(name, sent),
            ["", name, "configuration"]
                if self.functions.contains(&name.trim_end_matches("%3Alive")) =>
            {
                let page = json!({"FunctionName": name, "State": "Active", "Timeout": 3});
                answer(200, &[], page.to_string())
            }
            ["", _, "configuration"] => coded(404, "ResourceNotFoundException"),
            ["", _, "aliases"] => answer(
                200,
                &[],
                r#"{"Aliases":[{"Name":"live","FunctionVersion":"7"}]}"#,
            ),
            ["", _, "versions"] => {
                let version = |n: u8| json!({"Version": n.to_string()});
                let versions: Vec<Value> = (1..=60).map(version).collect();
                answer(200, &[], json!({"Versions": versions}).to_string())
            }
            _ => panic!("{path}"),
        })
    }
}

const IDENTITY: &str = "<R><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><Account>123456789012</Account></GetCallerIdentityResult></R>";

const CONNECT: &str =
    r#"{"region":"us-east-1","accessKeyId":"AKIDEXAMPLE","secretAccessKey":"secret"}"#;

fn run_card(lambda: &Scripted<Lambda>, card: &str, values: &str) -> Result<Value, Error> {
    let outputs = block_on(run(lambda, CONNECT, card, values))?;
    Ok(serde_json::from_str(&outputs).unwrap())
}

fn invoke(lambda: &Scripted<Lambda>, values: &str) -> Result<Value, Error> {
    run_card(lambda, "invoke", values)
}

mod choices;
mod executions;
mod forms;
mod invoke;
mod json;
mod list_functions;
mod names;
mod outputs;
mod test;
mod unknown;
