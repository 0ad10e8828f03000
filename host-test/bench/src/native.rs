//! The native side: one client of the AWS SDK for Rust, with its default settings unless stated.

use anyhow::{Context, Result, bail, ensure};
use aws_credential_types::Credentials;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{BehaviorVersion, Builder, Region};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::primitives::event_stream::EventReceiver;
use aws_sdk_lambda::types::InvokeWithResponseStreamResponseEvent as Event;
use aws_sdk_lambda::types::error::InvokeWithResponseStreamResponseEventError as EventError;
use aws_sdk_lambda::{Client, Config};
use local_lambda::{self, Key};

use super::peer::{CONNECT_TIMEOUT, RESPONSE_TIMEOUT};
use super::service::FUNCTIONS;

/// Returns the SDK's version.
pub fn version() -> &'static str {
    aws_sdk_lambda::meta::PKG_VERSION
}

/// The SDK's client. Clones share its connections.
#[derive(Clone)]
pub struct Native(Client);

impl Native {
    /// Creates a client of the service at `url`.
    pub fn new(url: &str) -> Self {
        Self(Client::from_conf(config(url).build()))
    }

    /// Creates a client that does not retry, with the timeouts of all sides.
    pub fn without_retries(url: &str) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(RESPONSE_TIMEOUT)
            .build();
        let config = config(url)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        Self(Client::from_conf(config.build()))
    }

    /// Invokes a function. It fails unless the response is `expected`.
    pub async fn invoke(&self, function: &str, payload: Blob, expected: &str) -> Result<()> {
        let call = self.0.invoke().function_name(function).payload(payload);
        let output = call.send().await?;
        let response = output.payload().context("no response")?.as_ref();
        ensure!(
            output.function_error().is_none() && response == expected.as_bytes(),
            "unexpected response of {} bytes",
            response.len()
        );
        Ok(())
    }

    /// Invokes the function `stream`, and returns its response while it arrives.
    pub async fn open_stream(&self, event: &str) -> Result<Pieces> {
        let call = self.0.invoke_with_response_stream();
        let call = call.function_name("stream").payload(Blob::new(event));
        Ok(Pieces(call.send().await?.event_stream))
    }

    /// Returns the names of the first functions.
    pub async fn first_names(&self, count: usize) -> Result<Vec<String>> {
        let mut pages = self.0.list_functions().into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await
            && names.len() < count
        {
            let functions = page?.functions.unwrap_or_default();
            names.extend(functions.into_iter().filter_map(|f| f.function_name));
        }
        ensure!(names.len() >= count, "fewer than {count} functions");
        names.truncate(count);
        Ok(names)
    }

    /// Lists all functions.
    pub async fn list(&self) -> Result<()> {
        let mut pages = self.0.list_functions().into_paginator().send();
        let mut functions = Vec::new();
        while let Some(page) = pages.next().await {
            functions.extend(page?.functions.unwrap_or_default());
        }
        ensure!(
            functions.len() == FUNCTIONS,
            "expected {FUNCTIONS} functions, got {}",
            functions.len()
        );
        Ok(())
    }
}

fn config(url: &str) -> Builder {
    let key = Key::default();
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(local_lambda::Config::default().region))
        .endpoint_url(url)
        .credentials_provider(Credentials::from_keys(
            key.access_key_id,
            key.secret_access_key,
            key.session_token,
        ))
        // The local service does not use TLS.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
}

/// The payloads of a streamed response.
pub struct Pieces(EventReceiver<Event, EventError>);

impl Pieces {
    /// Returns the next payload, or `None` after the event that reports a success.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match self.0.recv().await?.context("the stream was cut off")? {
            Event::PayloadChunk(chunk) => {
                Ok(Some(chunk.payload.context("no payload")?.into_inner()))
            }
            Event::InvokeComplete(end) => {
                ensure!(end.error_code.is_none(), "the function failed");
                Ok(None)
            }
            other => bail!("unexpected event: {other:?}"),
        }
    }
}
