//! Region, endpoint and credentials, from the sources that AWS's own tools use: environment
//! variables and the shared files. AWS's parser reads the files.

use anyhow::{Context, Result, bail};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Credentials, Endpoint, Role, WebIdentity,
};
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::{EnvConfigSections, Profile};
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};

const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";

/// Profile properties that request an unsupported source of credentials, each with its meaning.
const UNSUPPORTED_SOURCES: [(&str, &str); 6] = [
    ("sso_session", "a login through the SSO session"),
    ("sso_start_url", "a login through SSO at"),
    ("credential_process", "running the program"),
    ("login_session", "the login session"),
    ("mfa_serial", "a code of the MFA device"),
    ("credential_source", "the keys of"),
];

/// The largest token file, in bytes. A token is a few kilobytes of text, so a longer file is the
/// wrong file.
const MAX_TOKEN_FILE: usize = 65_536;

/// The environment and the shared files.
pub struct Settings {
    env: Env,
    files: EnvConfigSections,
    /// An argument named the profile, so it takes precedence over keys in the environment.
    explicit: bool,
}

impl Settings {
    /// Reads the shared files. `profile` is the profile that an argument named.
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
        // A misspelled profile must not fall back to the keys of the default profile.
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

    /// Returns the configured region.
    pub fn region(&self) -> Option<String> {
        self.var("AWS_REGION")
            .or_else(|| self.var("AWS_DEFAULT_REGION"))
            .or_else(|| self.property("region"))
    }

    /// Returns the configured endpoint. `None` selects the default endpoint of the region.
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

    /// Returns the credentials: keys, or the roles or token that lead to keys. `fs` reads the token
    /// file.
    pub async fn credentials(&self, fs: &Fs) -> Result<Credentials> {
        if !self.explicit {
            match (self.var(ACCESS_KEY_ID), self.var(SECRET_ACCESS_KEY)) {
                (Some(access_key_id), Some(secret_access_key)) => {
                    return Ok(Credentials::AccessKey(AccessKey {
                        access_key_id,
                        secret_access_key,
                        session_token: self.var("AWS_SESSION_TOKEN"),
                    }));
                }
                (Some(_), None) => {
                    bail!("{ACCESS_KEY_ID} is set, but {SECRET_ACCESS_KEY} is not: set both")
                }
                (None, Some(_)) => {
                    bail!("{SECRET_ACCESS_KEY} is set, but {ACCESS_KEY_ID} is not: set both")
                }
                (None, None) => {}
            }
        }
        // A profile that has only settings, such as a region, does not hide the token.
        let profile = self
            .profile()
            .filter(|profile| self.explicit || has_credentials(profile));
        if let Some(profile) = profile {
            return self.profile_credentials(profile, fs).await;
        }
        if let (Some(file), Some(arn)) = (
            self.var("AWS_WEB_IDENTITY_TOKEN_FILE"),
            self.var("AWS_ROLE_ARN"),
        ) {
            let session_name = self.var("AWS_ROLE_SESSION_NAME");
            return web_identity(fs, &file, role(arn, session_name)).await;
        }
        match self.profile() {
            Some(profile) => profile_key(profile).map(Credentials::AccessKey),
            None => bail!(
                "no credentials: set {ACCESS_KEY_ID} and {SECRET_ACCESS_KEY}, and AWS_SESSION_TOKEN for \
                 temporary keys, or name a profile of the shared files with --profile or AWS_PROFILE"
            ),
        }
    }

    /// Returns the keys of a profile, or the chain of roles through its source profiles.
    async fn profile_credentials(&self, first: &Profile, fs: &Fs) -> Result<Credentials> {
        let mut roles = Vec::new();
        let mut visited: Vec<&str> = Vec::new();
        let mut profile = first;
        let source = loop {
            let name = profile.name();
            reject_unsupported_sources(profile)?;
            // If the profile of a role names itself as its source, its own keys assume the role.
            let again = visited.contains(&name);
            let Some(arn) = property(profile, "role_arn").filter(|_| !again) else {
                break profile_key(profile)?;
            };
            let mut role = role(arn.to_owned(), owned(profile, "role_session_name"));
            role.external_id = owned(profile, "external_id");
            role.duration_seconds = owned(profile, "duration_seconds")
                .map(|text| text.parse())
                .transpose()
                .with_context(|| format!("profile `{name}`: duration_seconds"))?;
            if let Some(file) = property(profile, "web_identity_token_file") {
                if !roles.is_empty() {
                    bail!(
                        "profile `{}` chains a role behind the role of a web identity token, which is \
                         not supported",
                        first.name()
                    );
                }
                return web_identity(fs, file, role).await;
            }
            roles.push(role);
            let Some(source) = property(profile, "source_profile") else {
                bail!(
                    "profile `{name}` has role_arn but no source_profile: add the profile whose keys assume the role"
                );
            };
            visited.push(name);
            profile = self.files.get_profile(source).with_context(|| {
                format!(
                    "profile `{name}` names the source_profile `{source}`, which does not exist"
                )
            })?;
        };
        if roles.is_empty() {
            return Ok(Credentials::AccessKey(source));
        }
        // The files list the roles in reverse: the last one is assumed first.
        roles.reverse();
        Ok(Credentials::AssumeRole(AssumeRole { source, roles }))
    }

    fn profile(&self) -> Option<&Profile> {
        self.files.get_profile(self.files.selected_profile())
    }

    fn property(&self, name: &str) -> Option<String> {
        self.files.get(name).map(str::to_owned)
    }

    /// Returns a variable. An empty variable counts as unset, as in AWS's tools.
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

fn property<'a>(profile: &'a Profile, key: &str) -> Option<&'a str> {
    profile.get(key).filter(|value| !value.is_empty())
}

fn owned(profile: &Profile, key: &str) -> Option<String> {
    property(profile, key).map(str::to_owned)
}

fn has_credentials(profile: &Profile) -> bool {
    ["aws_access_key_id", "aws_secret_access_key", "role_arn"]
        .into_iter()
        .chain(UNSUPPORTED_SOURCES.map(|(key, _)| key))
        .any(|key| property(profile, key).is_some())
}

fn role(arn: String, session_name: Option<String>) -> Role {
    Role {
        arn,
        external_id: None,
        session_name,
        duration_seconds: None,
    }
}

async fn web_identity(fs: &Fs, file: &str, role: Role) -> Result<Credentials> {
    let bytes = fs
        .read_to_end(file)
        .await
        .with_context(|| format!("reading the OIDC token from {file}"))?;
    if bytes.len() > MAX_TOKEN_FILE {
        bail!("{file} is too long for an OIDC token");
    }
    let token = String::from_utf8(bytes).ok().with_context(|| {
        format!("{file} does not contain an OIDC token, because it is not UTF-8")
    })?;
    Ok(Credentials::WebIdentity(WebIdentity {
        token: token.trim().to_owned(),
        role,
    }))
}

/// Rejects a profile that needs an unsupported source of credentials, and names the property.
fn reject_unsupported_sources(profile: &Profile) -> Result<()> {
    let name = profile.name();
    for (key, meaning) in UNSUPPORTED_SOURCES {
        if let Some(value) = property(profile, key) {
            bail!(
                "profile `{name}` asks for {meaning} {value} ({key}), which this program does not \
                 do; `aws configure export-credentials --profile {name} --format env` prints its \
                 keys as environment variables"
            );
        }
    }
    Ok(())
}

/// Returns the keys of a profile.
fn profile_key(profile: &Profile) -> Result<AccessKey> {
    let name = profile.name();
    match (
        property(profile, "aws_access_key_id"),
        property(profile, "aws_secret_access_key"),
    ) {
        (Some(id), Some(secret)) => Ok(AccessKey {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: owned(profile, "aws_session_token"),
        }),
        (Some(_), None) => bail!("profile `{name}` has no aws_secret_access_key"),
        (None, _) => bail!(
            "profile `{name}` has no aws_access_key_id: add it, or set {ACCESS_KEY_ID} and \
             {SECRET_ACCESS_KEY}"
        ),
    }
}

#[cfg(test)]
mod tests;
