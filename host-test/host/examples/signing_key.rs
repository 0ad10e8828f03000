//! Derives a signing key for today, so that the secret access key never enters the sandbox.

use std::time::SystemTime;

use aws_lambda_connector_host::bindings::types::{AccessKey, Connection, Credentials};
use aws_lambda_connector_host::credentials::signing_key;

/// Call this for each invocation: AWS rejects the key on the next UTC day.
pub fn connection(key: &AccessKey, region: &str) -> Connection {
    Connection {
        region: region.to_owned(),
        credentials: Credentials::SigningKey(signing_key(key, region, SystemTime::now())),
        endpoint: None,
    }
}

fn main() -> Result<(), std::env::VarError> {
    let key = AccessKey {
        access_key_id: std::env::var("AWS_ACCESS_KEY_ID")?,
        secret_access_key: std::env::var("AWS_SECRET_ACCESS_KEY")?,
        session_token: std::env::var("AWS_SESSION_TOKEN").ok(),
    };
    let connection = connection(&key, &std::env::var("AWS_REGION")?);
    if let Credentials::SigningKey(key) = connection.credentials {
        println!("{} may call Lambda on {} UTC", key.access_key_id, key.date);
    }
    Ok(())
}
