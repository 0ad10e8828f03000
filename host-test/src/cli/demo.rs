//! `demo`: a tour of the connector that uses only this machine.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Result, ensure};
use aws_lambda_connector_host::bindings::lambda::{FunctionQuery, InvokeRequest, LogType};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, Connection, Credentials, Endpoint, Error,
};
use aws_lambda_connector_host::credentials::signing_key;
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use local_lambda::{Config, LocalLambda};

use super::args::DemoArgs;
use super::outcome::Outcome;
use super::print::print_out;
use super::progress::Spinner;
use super::{connection, human};

/// Starts the local Lambda, lists its functions, and invokes one that succeeds and one that fails.
pub async fn run(args: &DemoArgs) -> Result<Outcome> {
    let host = connection::load(args.component.path(), false)?;
    print_out(format_args!(
        "component  {}",
        args.component.path().display()
    ))?;
    let config = Config::default();
    let region = config.region.clone();
    let lambda = LocalLambda::start(config).await?;
    print_out(format_args!(
        "Lambda     {} (local, every signature checked)",
        lambda.url()
    ))?;

    let key = AccessKey {
        access_key_id: lambda.key().access_key_id.clone(),
        secret_access_key: lambda.key().secret_access_key.clone(),
        session_token: lambda.key().session_token.clone(),
    };
    let demo = Demo {
        host,
        policy: Arc::new(Policy::deny_all().allow(&lambda.url())?),
        connection: Connection {
            // The secret does not enter the component. The signing key is valid today, for Lambda
            // only.
            credentials: Credentials::SigningKey(signing_key(&key, &region, SystemTime::now())),
            region,
            endpoint: Some(Endpoint::Url(lambda.url())),
        },
    };
    let outcome = demo.run().await;
    lambda.stop().await;
    outcome
}

struct Demo {
    host: Host,
    policy: Arc<Policy>,
    connection: Connection,
}

impl Demo {
    async fn run(&self) -> Result<Outcome> {
        print_out("\n── list-functions")?;
        let query = FunctionQuery {
            name_contains: None,
            all_versions: false,
            cursor: None,
            limit: None,
            delivery: None,
        };
        let (policy, connection) = (&self.policy, &self.connection);
        let listed = {
            let _spinner = Spinner::start("listing functions");
            let call = self.host.list_functions(policy, connection, &query);
            call.await?
        };
        print_out(match &listed {
            Ok(page) => human::function_page(page),
            Err(error) => human::error(error),
        })?;

        let greeted = self.invoke("greet", r#"{"name":"Ada"}"#).await?;
        let failed = self.invoke("fail", "{}").await?;

        ensure!(listed.is_ok(), "the functions could not be listed");
        ensure!(greeted.is_ok(), "`greet` should have succeeded");
        ensure!(
            matches!(failed, Err(Error::FunctionFailed(_))),
            "`fail` should have reported a function error"
        );
        print_out(
            "\nBoth did what they should: `greet` returned its response, and `fail` reported its error.",
        )?;
        Ok(Outcome::Success)
    }

    async fn invoke(&self, function: &str, payload: &str) -> Result<Result<(), Error>> {
        print_out(format_args!("\n── invoke {function} {payload}"))?;
        let request = InvokeRequest {
            log_type: Some(LogType::Tail),
            payload: Some(payload.to_owned()),
            ..InvokeRequest::new(function)
        };
        let result = {
            let _spinner = Spinner::start(format!("invoking {function}"));
            let call = self.host.invoke(&self.policy, &self.connection, &request);
            call.await?
        };
        print_out(match &result {
            Ok(invocation) => human::invocation(invocation),
            Err(error) => human::error(error),
        })?;
        Ok(result.map(|_| ()))
    }
}
