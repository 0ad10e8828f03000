//! Region, endpoint and credentials, from the sources that AWS's own tools use: environment
//! variables and the shared files. AWS's parser reads the files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use aws_lambda_connector_host::bindings::types::{
    AccessKey, AssumeRole, Credentials, Endpoint, Role, WebIdentity,
};
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::section::{EnvConfigSections, Profile};
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::Env;

use super::files::Limit;

const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";

/// A profile property that requests an unsupported source of credentials.
struct UnsupportedSource {
    key: &'static str,
    meaning: &'static str,
    /// Whether messages may repeat the value. A command line or a URL can contain a password.
    is_public: bool,
}

const UNSUPPORTED_SOURCES: [UnsupportedSource; 6] = [
    UnsupportedSource {
        key: "sso_session",
        meaning: "a login through the SSO session",
        is_public: true,
    },
    UnsupportedSource {
        key: "sso_start_url",
        meaning: "a login through SSO",
        is_public: false,
    },
    UnsupportedSource {
        key: "credential_process",
        meaning: "running a program",
        is_public: false,
    },
    UnsupportedSource {
        key: "login_session",
        meaning: "the login session",
        is_public: false,
    },
    UnsupportedSource {
        key: "mfa_serial",
        meaning: "a code of the MFA device",
        is_public: true,
    },
    UnsupportedSource {
        key: "credential_source",
        meaning: "the keys of",
        is_public: true,
    },
];

const TOKEN: Limit = Limit {
    what: "the OIDC token",
    bytes: 65_536,
    allows: "this program reads as a token",
    instead: "name the file that contains the token alone",
};

const SHARED_FILE: Limit = Limit {
    what: "the AWS configuration",
    bytes: 1 << 20,
    allows: "this program reads",
    instead: "correct AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE, or shorten the file",
};

/// Where files are read from.
pub enum Fs {
    /// The file system.
    Real,
    /// Fixed files, by path.
    #[cfg(test)]
    Fixed(std::collections::HashMap<PathBuf, Vec<u8>>),
}

impl Fs {
    #[cfg(test)]
    fn from_slice(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| (PathBuf::from(path), text.as_bytes().to_vec());
        Self::Fixed(files.iter().map(file).collect())
    }

    fn read(&self, path: &Path, limit: Limit) -> Result<Vec<u8>> {
        match self {
            Self::Real => limit.read(path),
            #[cfg(test)]
            Self::Fixed(files) => {
                let bytes = files.get(path).context("there is no such file")?;
                limit.check(bytes.clone(), &path.display().to_string())
            }
        }
    }

    fn exists(&self, path: &Path) -> bool {
        match self {
            Self::Real => path.exists(),
            #[cfg(test)]
            Self::Fixed(files) => files.contains_key(path),
        }
    }
}

/// Reads both shared files. A file that does not exist counts as empty, as in AWS's tools.
fn shared_files(env: &Env, fs: &Fs) -> Result<EnvConfigFiles> {
    let mut files = EnvConfigFiles::builder();
    for (kind, variable, default) in [
        (
            EnvConfigFileKind::Config,
            "AWS_CONFIG_FILE",
            "~/.aws/config",
        ),
        (
            EnvConfigFileKind::Credentials,
            "AWS_SHARED_CREDENTIALS_FILE",
            "~/.aws/credentials",
        ),
    ] {
        let path = env.get(variable).unwrap_or_else(|_| default.to_owned());
        let path = in_home(env, &path);
        let bytes = if fs.exists(&path) {
            fs.read(&path, SHARED_FILE)?
        } else {
            Vec::new()
        };
        let text = String::from_utf8(bytes)
            .ok()
            .with_context(|| format!("{} is not UTF-8", path.display()))?;
        files = files.with_contents(kind, text);
    }
    Ok(files.build())
}

/// Replaces a leading `~`.
fn in_home(env: &Env, path: &str) -> PathBuf {
    let home = env.get("HOME").or_else(|_| env.get("USERPROFILE"));
    match (Path::new(path).strip_prefix("~"), home) {
        (Ok(rest), Ok(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

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
        let files = shared_files(&env, fs)?;
        // The files are already read.
        let nothing = aws_types::os_shim_internal::Fs::from_slice(&[]);
        let mut source = source::load(&env, &nothing, &files)
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
            // The URL may contain a password.
            (Some(_), ..) => bail!(
                "an endpoint URL is configured, and FIPS or dual-stack as well, which choose \
                 another endpoint; remove AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL or the \
                 profile's endpoint_url, or the setting of FIPS or dual-stack"
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
            return web_identity(fs, &file, role(arn, session_name));
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
                return web_identity(fs, file, role);
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
        .chain(UNSUPPORTED_SOURCES.map(|property| property.key))
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

fn web_identity(fs: &Fs, file: &str, role: Role) -> Result<Credentials> {
    let token = String::from_utf8(fs.read(Path::new(file), TOKEN)?)
        .ok()
        .with_context(|| {
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
    for UnsupportedSource {
        key,
        meaning,
        is_public,
    } in UNSUPPORTED_SOURCES
    {
        if let Some(value) = property(profile, key) {
            let value = if is_public {
                format!(" {value}")
            } else {
                String::new()
            };
            bail!(
                "profile `{name}` asks for {meaning}{value} ({key}), which this program does not \
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
