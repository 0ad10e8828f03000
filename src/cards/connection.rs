//! The connection form's values, as a connection.

use super::manifest;
use super::values::Values;
use crate::aws::credentials::{AccessKey, Secret};
use crate::aws::endpoint::Choice;
use crate::lambda::connection::{Connection, Credentials};
use crate::lambda::outcome::Error;

/// Reads the form.
///
/// # Errors
/// `invalid-input` that names the field.
pub fn read(json: &str) -> Result<Connection, Error> {
    let values = Values::read("connection", json)?;
    if let Some(field) = manifest::CONNECTION
        .iter()
        .find(|field| field.key == "credentialType")
    {
        values.choice(field)?;
    }
    Ok(Connection {
        region: values.text("region")?.unwrap_or_default(),
        credentials: Credentials::AccessKey(AccessKey {
            access_key_id: values.required_text("accessKeyId")?,
            secret_access_key: Secret::new(values.required_text("secretAccessKey")?),
            session_token: values.text("sessionToken")?.map(Secret::new),
        }),
        endpoint: match values.text("endpoint")? {
            None => Choice::Standard,
            Some(text) => match text.as_str() {
                "fips" => Choice::Fips,
                "dual-stack" => Choice::DualStack,
                "fips-dual-stack" => Choice::FipsDualStack,
                _ => Choice::Url(text),
            },
        },
    })
}
