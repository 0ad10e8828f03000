//! The AWS SDK for Rust as a component that invokes and lists functions. The benchmark compares the
//! connector with it.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::{Config, Credentials, Region, SharedAsyncSleep};
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_wasm::wasi::{WasiHttpClientBuilder, WasiSleep};
use wstd::runtime::block_on;

use exports::bench::sdk::calls::{Answer, Connection, Guest};

wit_bindgen::generate!({ path: "wit", world: "sdk" });

struct Sdk;

impl Guest for Sdk {
    fn invoke(
        connection: Connection,
        function: String,
        payload: Vec<u8>,
    ) -> Result<Answer, String> {
        let call = client(connection).invoke().function_name(function);
        let call = call.payload(Blob::new(payload)).send();
        let output = block_on(call).map_err(|error| DisplayErrorContext(error).to_string())?;
        Ok(Answer {
            status: output.status_code,
            function_error: output.function_error,
            payload: output.payload.map(Blob::into_inner).unwrap_or_default(),
        })
    }

    fn list_functions(connection: Connection) -> Result<Vec<String>, String> {
        let mut pages = client(connection).list_functions().into_paginator().send();
        block_on(async move {
            let mut names = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| DisplayErrorContext(error).to_string())?;
                let functions = page.functions.unwrap_or_default();
                names.extend(functions.into_iter().filter_map(|it| it.function_name));
            }
            Ok(names)
        })
    }
}

fn client(connection: Connection) -> Client {
    let mut config = Config::builder()
        .region(Region::new(connection.region))
        .credentials_provider(Credentials::new(
            connection.access_key_id,
            connection.secret_access_key,
            connection.session_token,
            None,
            "connection",
        ))
        .http_client(WasiHttpClientBuilder::new().build())
        .sleep_impl(SharedAsyncSleep::new(WasiSleep));
    config.set_endpoint_url(connection.endpoint_url);
    Client::from_conf(config.build())
}

export!(Sdk);
