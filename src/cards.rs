//! The connector as a workflow designer sees it: forms that any platform can draw, and a way to
//! run what was filled in. Nothing here but a translation: the work is done in `lambda`.

pub mod choices;
pub mod connection;
pub mod manifest;
pub mod outputs;
pub mod run;
pub mod values;

use alloc::string::String;

use crate::call::connection::Connection;
use crate::call::error::{Error, InvalidInput};
use crate::lambda::list_functions::{FunctionPage, FunctionQuery, ListFunctions};
use crate::perform::perform;
use crate::transport::Transport;

async fn list(
    transport: &impl Transport,
    connection: Connection,
    query: FunctionQuery,
) -> Result<FunctionPage, Error> {
    perform(transport, ListFunctions::new(connection, query)?).await
}

/// Ends of the typed interface's paths, where the form has another name for the field. Of several
/// that fit, the first counts.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("endpoint.url", "endpoint"),
    (".response-timeout-ms", "responseTimeoutSeconds"),
    ("signing-key.date", "signingKeyDate"),
    ("signing-key.key", "signingKey"),
    ("web-identity.token", "webIdentityToken"),
    ("roles[1].arn", "secondRoleArn"),
    ("roles[1].external-id", "secondExternalId"),
    (".arn", "roleArn"),
    // One field for both roles.
    (".session-name", "roleSessionName"),
    (".duration-seconds", "roleDurationSeconds"),
];

/// A refusal, told in the form's terms: `request.client-context` is the field `clientContext`.
///
/// `function_key` is the field that named the function.
pub fn by_field_key(error: Error, function_key: &str) -> Error {
    let Error::InvalidInput(input) = error else {
        return error;
    };
    let path = &*input.field;
    let other_name = OTHER_NAMES.iter().find(|(end, _)| path.ends_with(end));
    let field = match (other_name, path.rsplit('.').next().unwrap_or_default()) {
        (Some((_, key)), _) => (*key).into(),
        (None, "function") => function_key.into(),
        (None, last) => camel_case(last),
    };
    Error::InvalidInput(InvalidInput { field, ..input })
}

fn camel_case(kebab: &str) -> String {
    let mut out = String::with_capacity(kebab.len());
    for (index, word) in kebab.split('-').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if index > 0 => out.push(first.to_ascii_uppercase()),
            Some(first) => out.push(first),
            None => {}
        }
        out.push_str(letters.as_str());
    }
    out
}

#[cfg(test)]
mod tests;
