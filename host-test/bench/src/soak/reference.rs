//! The reference host as a server. It runs the card that `POST /run/<card>` names, with the connection
//! and the values of the body. Each call has an instance of its own.

use std::future::pending;
use std::io;
use std::sync::Arc;

use anyhow::Result;
use aws_lambda_connector_host::bindings::types::{Error, Executed};
use aws_lambda_connector_host::policy::Policy;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use testing::http1::HttpServer;
use tokio::runtime::Runtime;

use crate::args::SoakHostArgs;
use crate::ours::load_for_many;

/// The body of a request. Neither part is parsed here.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    connection: &'a RawValue,
    #[serde(borrow)]
    values: &'a RawValue,
}

/// Runs the host in this process: prints its URL, and serves until it is killed.
pub fn serve(args: &SoakHostArgs) -> Result<()> {
    let mut policy = Policy::deny_all();
    for url in &args.allow {
        policy = policy.allow(url)?;
    }
    let (host, policy) = (load_for_many(&args.component)?, Arc::new(policy));
    Runtime::new()?.block_on(async {
        let server = HttpServer::start(move |request: Request<Bytes>| {
            let (host, policy) = (host.clone(), Arc::clone(&policy));
            async move {
                let path = request.uri().path();
                let card = path.strip_prefix("/run/").unwrap_or_default();
                let Ok(body) = serde_json::from_slice::<Body<'_>>(request.body()) else {
                    return respond(StatusCode::BAD_REQUEST, "not a call".to_owned());
                };
                let (connection, values) = (body.connection.get(), body.values.get());
                match host.run(&policy, connection, card, values).await {
                    Ok(Ok(outputs)) => respond(StatusCode::OK, format!("{{\"ok\":{outputs}}}")),
                    Ok(Err(error)) => respond(StatusCode::OK, describe(&error).to_string()),
                    Err(error) => respond(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
                }
            }
        });
        let server = server.await;
        println!("{}", server.url());
        pending().await
    })
}

fn respond(status: StatusCode, body: String) -> io::Result<Response<Full<Bytes>>> {
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(body.into()));
    response.map_err(io::Error::other)
}

/// Returns an error as the answer to a call.
fn describe(error: &Error) -> serde_json::Value {
    let (case, executed, message) = match error {
        Error::InvalidInput(error) => ("invalid-input", Executed::No, error.message.as_str()),
        Error::Unauthenticated(error) => ("unauthenticated", error.executed, &*error.message),
        Error::Service(error) => ("service", error.executed, &*error.message),
        Error::Transport(error) => ("transport", error.executed, &*error.message),
        Error::FunctionFailed(failed) => {
            let message = failed.failure.error_message.as_deref();
            (
                "function-failed",
                Executed::Yes,
                message.unwrap_or_default(),
            )
        }
        Error::ExecutionFailed => ("execution-failed", Executed::Unknown, ""),
    };
    let executed = match executed {
        Executed::No => "no",
        Executed::Unknown => "unknown",
        Executed::Yes => "yes",
    };
    json!({ "err": { "case": case, "executed": executed, "message": message } })
}
