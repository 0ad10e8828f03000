//! The component's request without the component: signed once, sent by the host's client.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, ensure};
use aws_lambda_connector::aws::credentials::{AccessKey, Secret};
use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::aws::endpoint::LAMBDA;
use aws_lambda_connector::aws::sigv4::{payload_hash, sign};
use aws_lambda_connector::aws::time::AmzDate;
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::operation::Exchange;
use aws_lambda_connector::call::target::Caller;
use aws_lambda_connector::lambda::invoke::{Invoke, InvokeRequest};
use aws_lambda_connector_host::outbound::{Outbound, OutboundOptions};
use bytes::Bytes;
use http::Request;
use http::header::HOST;
use http_body_util::{BodyExt, Full};
use local_lambda::{Config, Key};
use wasmtime_wasi_http::RequestOptions;

/// A request that can be sent again and again: a signature is good for five minutes.
pub struct Direct {
    client: Outbound,
    request: Request<Bytes>,
}

impl Direct {
    /// An invocation of `echo` at `url`.
    pub fn new(url: &str, text: &str) -> Result<Self> {
        Ok(Self {
            client: Outbound::new(&OutboundOptions::default())?,
            request: request(url, text)?,
        })
    }

    /// Sends it; the answer must be the payload.
    pub async fn call(&self) -> Result<()> {
        let request = self.request.clone().map(|body| {
            Full::new(body)
                .map_err(|never| match never {})
                .boxed_unsync()
        });
        let response = self.client.send(request, RequestOptions::default()).await?;
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(body == *self.request.body(), "another answer");
        Ok(())
    }
}

fn request(url: &str, text: &str) -> Result<Request<Bytes>> {
    let key = Key::default();
    let region = Config::default().region;
    let connection = Connection {
        region: region.clone(),
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: key.access_key_id,
            secret_access_key: Secret::new(key.secret_access_key),
            session_token: key.session_token.map(Secret::new),
        }),
        endpoint: EndpointChoice::Url(url.to_owned()),
    };
    let wanted = InvokeRequest {
        function: "echo".to_owned(),
        payload: Some(text.to_owned()),
        ..InvokeRequest::default()
    };
    let invoke = Invoke::new(connection, wanted).map_err(|error| anyhow!("{error:?}"))?;
    let Caller::Signer(signer) = &invoke.call().target.caller else {
        return Err(anyhow!("a key signs by itself"));
    };
    let mut unsigned = invoke.request();
    let hash = payload_hash(unsigned.body);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let date = AmzDate::from_unix(now);
    sign(&mut unsigned, &hash, signer, &region, LAMBDA, &date);

    let mut builder = Request::builder()
        .method(unsigned.method.as_str())
        .uri(format!(
            "http://{}{}",
            unsigned.authority,
            unsigned.path_with_query()
        ))
        .header(HOST, &unsigned.authority);
    for (name, value) in &unsigned.headers {
        builder = builder.header(*name, value.as_ref());
    }
    builder
        .body(Bytes::copy_from_slice(unsigned.body))
        .context("the request")
}
