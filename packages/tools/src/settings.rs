//! What the environment variables say.

use crate::allowed::{Allowed, FORMS, FunctionName};
use crate::bindings::connectors::aws_lambda::types::{
    AccessKey, AssumeRole, Connection, Credentials, Delivery, Endpoint, Role,
};
use crate::text::Keys;

/// The functions that may be invoked, listed and described.
pub const ALLOWED: &str = "AWS_LAMBDA_ALLOWED_FUNCTIONS";
/// How long to wait for a function's response.
pub const TIMEOUT: &str = "AWS_LAMBDA_TIMEOUT_SECONDS";
pub const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
pub const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
pub const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
pub const REGION: &str = "AWS_REGION";
const DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
pub const ENDPOINT: &str = "AWS_ENDPOINT_URL_LAMBDA";
pub const ROLE: &str = "AWS_ROLE_ARN";
const ROLE_SESSION_NAME: &str = "AWS_ROLE_SESSION_NAME";

/// Less than the minute after which many MCP clients give up, because what they then tell the model does not include
/// whether the function may have run.
const DEFAULT_TIMEOUT_S: u32 = 50;
/// Lambda's longest run plus a margin, which is the connector's own default.
const MAX_TIMEOUT_S: u32 = 1_815;

/// The environment variables.
pub struct Environment(Vec<(String, String)>);

impl Environment {
    pub fn new(variables: Vec<(String, String)>) -> Environment {
        Environment(variables)
    }

    /// Returns a variable's value. An empty variable is the same as none.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns the values that no answer may contain.
    pub fn keys(&self) -> Keys {
        let names = [SECRET_ACCESS_KEY, SESSION_TOKEN, ACCESS_KEY_ID];
        Keys::new(names.iter().filter_map(|name| self.get(name)))
    }
}

/// How to reach Lambda, and what is allowed there.
pub struct Settings {
    pub connection: Connection,
    pub timeout_s: u32,
    pub keys: Keys,
    allowed: Allowed,
}

impl Settings {
    /// Reads the variables.
    ///
    /// # Errors
    /// A message that names the variables that are missing or invalid. It repeats no value.
    pub fn new(environment: &Environment) -> Result<Settings, String> {
        let allowed = Allowed::parse(environment.get(ALLOWED).unwrap_or_default()).map_err(|position| {
            format!("entry {position} of {ALLOWED} is neither a function's name nor a prefix that ends in `*`; {FIX}")
        })?;
        if allowed.is_empty() {
            return Err(format!(
                "{ALLOWED} is not set, so no function is allowed; set it to names or prefixes such as `orders-*`, separated by commas, or to `*`; {FIX}"
            ));
        }
        Ok(Settings {
            connection: connection(environment)?,
            timeout_s: timeout(environment)?,
            keys: environment.keys(),
            allowed,
        })
    }

    /// Returns whether a function of this name is allowed.
    pub fn allows(&self, name: &str) -> bool {
        self.allowed.allows(name)
    }

    /// Parses the name of a function, which must be allowed.
    ///
    /// # Errors
    /// A message for the model.
    pub fn function<'a>(&self, text: &'a str) -> Result<FunctionName<'a>, String> {
        let function = FunctionName::parse(text).ok_or(FORMS)?;
        if !self.allows(function.name) {
            return Err(format!(
                "`{}` is not one of the functions that {ALLOWED} allows; list-functions lists those",
                function.name
            ));
        }
        Ok(function)
    }

    /// Returns the timeouts of an invocation.
    pub fn delivery(&self) -> Delivery {
        Delivery {
            max_attempts: None,
            connect_timeout_ms: None,
            response_timeout_ms: Some(self.timeout_s.saturating_mul(1_000)),
            idempotent: None,
        }
    }
}

/// Who can act on a message about the environment. A model cannot.
pub const FIX: &str = "only the person who runs the MCP host can change that";

fn connection(environment: &Environment) -> Result<Connection, String> {
    let region = environment.get(REGION).or(environment.get(DEFAULT_REGION));
    let variables = (
        region,
        environment.get(ACCESS_KEY_ID),
        environment.get(SECRET_ACCESS_KEY),
    );
    let (Some(region), Some(access_key_id), Some(secret_access_key)) = variables else {
        let missing: Vec<&str> = [
            (REGION, variables.0),
            (ACCESS_KEY_ID, variables.1),
            (SECRET_ACCESS_KEY, variables.2),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.is_none().then_some(name))
        .collect();
        return Err(format!(
            "{} did not reach the component: set every variable, and permit the component to read it; {FIX}",
            missing.join(", ")
        ));
    };
    let source = AccessKey {
        access_key_id: access_key_id.to_owned(),
        secret_access_key: secret_access_key.to_owned(),
        session_token: environment.get(SESSION_TOKEN).map(ToOwned::to_owned),
    };
    let credentials = match environment.get(ROLE) {
        None => Credentials::AccessKey(source),
        Some(arn) => Credentials::AssumeRole(AssumeRole {
            source,
            roles: vec![Role {
                arn: arn.to_owned(),
                external_id: None,
                session_name: environment.get(ROLE_SESSION_NAME).map(ToOwned::to_owned),
                duration_seconds: None,
            }],
        }),
    };
    Ok(Connection {
        region: region.to_owned(),
        credentials,
        endpoint: environment
            .get(ENDPOINT)
            .map(|url| Endpoint::Url(url.to_owned())),
    })
}

fn timeout(environment: &Environment) -> Result<u32, String> {
    let Some(text) = environment.get(TIMEOUT) else {
        return Ok(DEFAULT_TIMEOUT_S);
    };
    text.parse()
        .ok()
        .filter(|seconds| (1..=MAX_TIMEOUT_S).contains(seconds))
        .ok_or_else(|| format!("{TIMEOUT} must be a whole number from 1 to {MAX_TIMEOUT_S}; {FIX}"))
}

#[cfg(test)]
mod tests;
