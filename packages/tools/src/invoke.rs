//! The tool `invoke-function`.

use crate::bindings::connectors::aws_lambda::lambda::{self, InvokeRequest};
use crate::bindings::connectors::aws_lambda::types::{Error, Invocation, Payload};
use crate::failure;
use crate::settings::Settings;
use crate::text::{Keys, cut};

/// Invokes a function and waits for its response.
///
/// # Errors
/// A reason for which nothing was sent.
pub fn invoke(settings: &Settings, name: &str, payload: String) -> Result<String, String> {
    let function = settings.function(name)?;
    let request = InvokeRequest {
        function: function.name.to_owned(),
        qualifier: function.qualifier.map(ToOwned::to_owned),
        invocation_type: None,
        log_type: None,
        client_context: None,
        payload: Some(payload).filter(|payload| !payload.is_empty()),
        payload_sha256: None,
        payload_is_json: None,
        tenant_id: None,
        durable_execution_name: None,
        trace_id: None,
        request_id: None,
        response_mode: None,
        max_response_bytes: None,
        delivery: Some(settings.delivery()),
    };
    let mut result = lambda::invoke(&settings.connection, &request);
    remove_keys(&settings.keys, &mut result);
    Ok(match result {
        Ok(invocation) => succeeded(&invocation),
        Err(error) => failure::of_invocation(&error),
    })
}

/// Removes the keys from what the function returned, before any of it is cut. The connector has already removed them, in
/// every encoding, from AWS's messages.
fn remove_keys(keys: &Keys, result: &mut Result<Invocation, Error>) {
    let output = match result {
        Ok(invocation) => &mut invocation.output,
        Err(Error::FunctionFailed(failed)) => {
            let failure = &mut failed.failure;
            for text in [&mut failure.error_type, &mut failure.error_message] {
                *text = text.as_deref().map(|text| keys.remove(text));
            }
            &mut failed.invocation.output
        }
        Err(_) => return,
    };
    if let Some(Payload::Text(text)) = output {
        *text = keys.remove(text);
    }
}

fn succeeded(invocation: &Invocation) -> String {
    match &invocation.output {
        None => "Ran and succeeded, without an output.".to_owned(),
        Some(Payload::Text(output)) if output.is_empty() => {
            "Ran and succeeded, without an output.".to_owned()
        }
        Some(Payload::Text(output)) => match cut(output) {
            None => format!("Ran and succeeded: {output}"),
            Some(start) => format!(
                "Ran and succeeded. Only the first {} of the {} bytes of its output follow: {start}",
                start.len(),
                output.len()
            ),
        },
        Some(Payload::Binary(output)) => format!(
            "Ran and succeeded. Its output is {} bytes that are not text, which this tool does not show.",
            output.len()
        ),
    }
}
