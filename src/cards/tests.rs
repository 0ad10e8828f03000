//! Cards over a small Lambda in memory: what reaches it, what comes back, and how it is told.

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;

use serde_json::{Value, json};

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

mod choices;
mod forms;
mod invoke;
mod list_functions;
