//! Who calls, where, and what the component may therefore reach.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use aws_types::os_shim_internal::{Env, Fs};
use host_test::bindings::types::{Connection, Credentials, Endpoint};
use host_test::host::Host;
use host_test::policy::Policy;
use host_test::sandbox::Options;

use super::args::{ComponentPath, TargetArgs};
use super::progress::Waiting;
use super::settings::Settings;

/// A loaded component and all that its calls take.
pub struct Target {
    pub host: Host,
    pub policy: Arc<Policy>,
    pub connection: Connection,
}

impl Target {
    /// From arguments, environment and shared files. `function` may be an ARN, which names a
    /// region.
    pub async fn resolve(args: &TargetArgs, function: Option<&str>) -> Result<Self> {
        let settings = Settings::load(Env::real(), &Fs::real(), args.profile.as_deref()).await?;
        let endpoint = match args.endpoint.as_deref() {
            Some(text) => Some(endpoint(text)?),
            None => settings.endpoint()?,
        };
        let region = args.region.clone().or_else(|| settings.region());
        let arn_region = function.and_then(region_of_arn);
        let Some(reached) = region.as_deref().or(arn_region) else {
            bail!(
                "no region: name one with --region, AWS_REGION or the profile's `region`, or name \
                 the function by its full ARN"
            );
        };
        let policy = policy(reached, endpoint.as_ref(), &args.allow)?;
        let connection = Connection {
            credentials: Credentials::AccessKey(settings.access_key()?),
            // Empty: the component takes it from the ARN.
            region: region.unwrap_or_default(),
            endpoint,
        };
        Ok(Self {
            host: load(&args.component)?,
            policy: Arc::new(policy),
            connection,
        })
    }
}

/// Compiles the component.
pub fn load(path: &ComponentPath) -> Result<Host> {
    let _waiting = Waiting::for_("loading the component");
    Ok(Host::new(&path.component, Options::default())?)
}

fn policy(region: &str, endpoint: Option<&Endpoint>, allowed: &[String]) -> Result<Policy> {
    let mut policy = Policy::for_region(region);
    if let Some(Endpoint::Url(url)) = endpoint {
        // Whoever named the URL wants it reached.
        policy = policy
            .allow(url)
            .context("the endpoint is neither `fips`, `dual-stack`, `fips-dual-stack` nor a URL")?;
    }
    for destination in allowed {
        policy = policy.allow(destination).context("--allow")?;
    }
    Ok(policy)
}

fn endpoint(text: &str) -> Result<Endpoint> {
    Ok(match text {
        "fips" => Endpoint::Fips,
        "dual-stack" => Endpoint::DualStack,
        "fips-dual-stack" => Endpoint::FipsDualStack,
        url if url.contains("://") => Endpoint::Url(url.to_owned()),
        other => bail!(
            "--endpoint is `{other}`; it may be `fips`, `dual-stack`, `fips-dual-stack` or a URL"
        ),
    })
}

/// `arn:partition:lambda:REGION:...`
fn region_of_arn(function: &str) -> Option<&str> {
    let mut parts = function.split(':');
    (parts.next()? == "arn").then_some(())?;
    parts.nth(2).filter(|region| !region.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(policy: &Policy, uri: &str) -> bool {
        policy.check(&uri.parse().unwrap()).is_ok()
    }

    #[test]
    fn the_region_of_an_arn() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f:live";
        assert_eq!(region_of_arn(arn), Some("eu-west-1"));
        for other in [
            "f",
            "123456789012:function:f",
            "arn:aws:lambda",
            "arn:aws:lambda::1:function:f",
        ] {
            assert_eq!(region_of_arn(other), None, "{other}");
        }
    }

    #[test]
    fn the_endpoint_named_is_reached_and_its_neighbours_are_not() {
        let url = Endpoint::Url("http://127.0.0.1:9001/base".to_owned());
        let policy = policy("us-east-1", Some(&url), &[]).unwrap();
        assert!(reaches(
            &policy,
            "http://127.0.0.1:9001/base/2015-03-31/functions"
        ));
        assert!(!reaches(&policy, "http://127.0.0.1:9002/"));
        assert!(reaches(&policy, "https://lambda.us-east-1.amazonaws.com/"));
    }

    #[test]
    fn allowed_destinations_are_reached() {
        let policy = policy("us-east-1", None, &["proxy.example:8443".to_owned()]).unwrap();
        assert!(reaches(&policy, "https://proxy.example:8443/"));
        assert!(!reaches(&policy, "https://proxy.example/"));
    }
}
