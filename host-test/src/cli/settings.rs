//! Region, endpoint and keys, from where AWS's own tools take them: environment variables and the
//! shared files, read by AWS's parser.

use anyhow::{Context, Result, bail};
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::{EnvConfigSections, Profile};
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};
use host_test::bindings::types::{AccessKey, Endpoint};

const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";

/// What a profile may ask for that takes more than reading it: property and meaning.
const NEEDS_MORE: [(&str, &str); 6] = [
    ("role_arn", "assuming the role"),
    ("sso_session", "a login through the SSO session"),
    ("sso_start_url", "a login through SSO at"),
    ("credential_process", "running the program"),
    ("web_identity_token_file", "exchanging the token in"),
    ("login_session", "the login session"),
];

/// The environment and the shared files.
pub struct Settings {
    env: Env,
    files: EnvConfigSections,
    /// The profile was named by an argument, so it comes before keys in the environment.
    explicit: bool,
}

impl Settings {
    /// Reads the files. `profile` is the one named by an argument.
    pub async fn load(env: Env, fs: &Fs, profile: Option<&str>) -> Result<Self> {
        let mut source = source::load(&env, fs, &EnvConfigFiles::default())
            .await
            .context("reading the shared AWS files")?;
        if let Some(profile) = profile {
            source.profile = profile.to_owned().into();
        }
        let files = EnvConfigSections::parse(source).context("reading the shared AWS files")?;
        let settings = Self {
            env,
            files,
            explicit: profile.is_some(),
        };
        // A misspelt profile must not end in the default one's keys.
        let named = settings.explicit || settings.var("AWS_PROFILE").is_some();
        if named && settings.profile().is_none() {
            bail!(
                "there is no profile `{}` in ~/.aws/config or ~/.aws/credentials, or in the files \
                 that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name",
                settings.files.selected_profile()
            );
        }
        Ok(settings)
    }

    /// The configured region.
    pub fn region(&self) -> Option<String> {
        self.var("AWS_REGION")
            .or_else(|| self.var("AWS_DEFAULT_REGION"))
            .or_else(|| self.property("region"))
    }

    /// The configured endpoint; `None` is the region's own.
    pub fn endpoint(&self) -> Result<Option<Endpoint>> {
        let ignored = self.flag(
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            "ignore_configured_endpoint_urls",
        )?;
        let url = EnvConfigValue::new()
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .service_id("lambda")
            .load(&self.env, Some(&self.files))
            .map(|(url, _)| url.into_owned())
            .filter(|url| !ignored && !url.is_empty());
        let fips = self.flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?;
        let dual_stack = self.flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?;
        Ok(match (url, fips, dual_stack) {
            (Some(url), false, false) => Some(Endpoint::Url(url)),
            (Some(url), ..) => bail!(
                "the endpoint {url} is configured, and FIPS or dual-stack as well, which choose \
                 another one: remove either"
            ),
            (None, true, true) => Some(Endpoint::FipsDualStack),
            (None, true, false) => Some(Endpoint::Fips),
            (None, false, true) => Some(Endpoint::DualStack),
            (None, false, false) => None,
        })
    }

    /// The keys to sign with.
    pub fn access_key(&self) -> Result<AccessKey> {
        if !self.explicit {
            match (self.var(ACCESS_KEY_ID), self.var(SECRET_ACCESS_KEY)) {
                (Some(access_key_id), Some(secret_access_key)) => {
                    return Ok(AccessKey {
                        access_key_id,
                        secret_access_key,
                        session_token: self.var("AWS_SESSION_TOKEN"),
                    });
                }
                (Some(_), None) => bail!("{ACCESS_KEY_ID} is set, {SECRET_ACCESS_KEY} is not"),
                (None, Some(_)) => bail!("{SECRET_ACCESS_KEY} is set, {ACCESS_KEY_ID} is not"),
                (None, None) => {}
            }
        }
        match self.profile() {
            Some(profile) => key_of(profile),
            None => bail!(
                "no credentials: set {ACCESS_KEY_ID} and {SECRET_ACCESS_KEY} (for temporary keys \
                 AWS_SESSION_TOKEN, too), or name a profile of the shared files with --profile or \
                 AWS_PROFILE"
            ),
        }
    }

    fn profile(&self) -> Option<&Profile> {
        self.files.get_profile(self.files.selected_profile())
    }

    fn property(&self, name: &str) -> Option<String> {
        self.files.get(name).map(str::to_owned)
    }

    /// An empty variable counts as none, as in AWS's tools.
    fn var(&self, name: &str) -> Option<String> {
        self.env.get(name).ok().filter(|value| !value.is_empty())
    }

    fn flag(&self, variable: &str, property: &str) -> Result<bool> {
        let (name, value) = match (self.var(variable), self.property(property)) {
            (Some(value), _) => (variable, value),
            (None, Some(value)) => (property, value),
            (None, None) => return Ok(false),
        };
        match value.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => bail!("{name} is `{value}`; it may be `true` or `false`"),
        }
    }
}

/// A profile's own keys. One that leads to keys elsewhere is refused by what it asks for.
fn key_of(profile: &Profile) -> Result<AccessKey> {
    let name = profile.name();
    let property = |key: &str| profile.get(key).filter(|value| !value.is_empty());
    for (key, meaning) in NEEDS_MORE {
        if let Some(value) = property(key) {
            bail!(
                "profile `{name}` asks for {meaning} {value} ({key}), which this program does not \
                 do; `aws configure export-credentials --profile {name} --format env` prints its \
                 keys as environment variables"
            );
        }
    }
    match (
        property("aws_access_key_id"),
        property("aws_secret_access_key"),
    ) {
        (Some(id), Some(secret)) => Ok(AccessKey {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: property("aws_session_token").map(str::to_owned),
        }),
        (Some(_), None) => bail!("profile `{name}` has no aws_secret_access_key"),
        (None, _) => bail!(
            "profile `{name}` has no aws_access_key_id; {ACCESS_KEY_ID} and {SECRET_ACCESS_KEY} \
             would do as well"
        ),
    }
}

#[cfg(test)]
mod tests;
