//! Resolves the caller: the connection, the policy and the loaded component.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use aws_lambda_connector_host::bindings::types::{Connection, Credentials, Endpoint};
use aws_lambda_connector_host::caller::{Caller, SessionCache};
use aws_lambda_connector_host::host::Host;
use aws_lambda_connector_host::policy::Policy;
use aws_lambda_connector_host::sandbox::{Code, Options};
use aws_types::os_shim_internal::Env;

use super::args::TargetArgs;
use super::print::print_err;
use super::progress::Spinner;
use super::proxy;
use super::settings::{Fs, Settings};

/// Resolves the caller from arguments, environment and shared files, and loads the component.
/// `function` may be an ARN, which names a region.
pub async fn resolve(args: &TargetArgs, function: Option<&str>) -> Result<Caller> {
    resolve_with(args, function, args.component.path()).await
}

/// Resolves the caller as [`resolve`] does, with this component.
pub async fn resolve_with(
    args: &TargetArgs,
    function: Option<&str>,
    component: &Path,
) -> Result<Caller> {
    let (env, fs) = (Env::real(), Fs::Real);
    let settings = Settings::load(env.clone(), &fs, args.profile.as_deref()).await?;
    let endpoint = match (&args.emulator, &args.endpoint) {
        (Some(url), _) => Some(Endpoint::Emulator(url.0.clone())),
        (None, Some(text)) => Some(endpoint(&text.0)?),
        (None, None) => settings.endpoint()?,
    };
    let region = args.region.clone().or_else(|| settings.region());
    let arn_region = function.and_then(region_of_arn);
    let Some(effective_region) = region.as_deref().or(arn_region).map(str::to_owned) else {
        bail!(
            "no region: name one with --region, AWS_REGION or the profile's `region`, or name the \
             function by its full ARN"
        );
    };
    check_url(endpoint.as_ref())?;
    let aws = format!("lambda.{effective_region}.amazonaws.com");
    let host = match &endpoint {
        Some(Endpoint::Url(url) | Endpoint::Emulator(url)) => proxy::host_of(url),
        _ => Some(aws.as_str()),
    };
    if let Some(warning) = host.and_then(|host| proxy::warning(&env, host)) {
        print_err(warning);
    }
    let connection = Connection {
        credentials: if args.host_signed {
            Credentials::HostSigned
        } else {
            settings.credentials(&fs).await?
        },
        // If the region is empty, the component reads it from the ARN.
        region: region.unwrap_or_default(),
        endpoint,
    };
    let host = load(component, args.json)?;
    let caller = Caller::new(
        host,
        connection,
        &effective_region,
        &args.allow,
        SessionCache::default(),
    );
    Ok(caller.context("--allow")?.with_scope(args.scope.mode()))
}

/// The pool of a thousand calls, the default, takes longer to set up than a call takes. A command
/// makes one call at a time, and the studio a few.
const MAX_CALLS: u32 = 16;

/// Loads the component: compiles it, or reuses the code that an earlier command compiled. Compiling
/// takes time and memory, so it is reported on standard error, unless a program reads the output.
pub fn load(component: &Path, json: bool) -> Result<Host> {
    let spinner = Spinner::start("loading the component");
    let options = Options {
        keep_compiled: true,
        max_calls: MAX_CALLS,
        ..Options::default()
    };
    let host = Host::new(component, options)?;
    drop(spinner);
    if json {
        return Ok(host);
    }
    let later = match host.code() {
        Code::Loaded { .. } => return Ok(host),
        Code::Kept { file } => format!("later runs reuse {}", file.display()),
        Code::NotKept { reason } => {
            format!("the next run compiles it again, because the code cannot be kept: {reason}")
        }
    };
    let size = fs::metadata(component).map_or(0, |file| file.len() / 1000);
    print_err(format_args!(
        "compiled {} ({size} KB) for this machine; {later}",
        component.display()
    ));
    Ok(host)
}

fn check_url(endpoint: Option<&Endpoint>) -> Result<()> {
    let (url, problem) = match endpoint {
        Some(Endpoint::Url(url)) => (
            url,
            "the endpoint is neither `fips`, `dual-stack`, `fips-dual-stack` nor a URL",
        ),
        Some(Endpoint::Emulator(url)) => (url, "--emulator is not a URL"),
        _ => return Ok(()),
    };
    Policy::deny_all().allow(url).context(problem)?;
    Ok(())
}

fn endpoint(text: &str) -> Result<Endpoint> {
    Ok(match text {
        "fips" => Endpoint::Fips,
        "dual-stack" => Endpoint::DualStack,
        "fips-dual-stack" => Endpoint::FipsDualStack,
        url if url.contains("://") => Endpoint::Url(url.to_owned()),
        // The text may contain a password.
        _ => bail!(
            "--endpoint is not one of `fips`, `dual-stack` and `fips-dual-stack`, and not a URL; a \
             URL begins with http:// or https://"
        ),
    })
}

/// Returns the region of an ARN such as `arn:partition:lambda:REGION:...`.
fn region_of_arn(function: &str) -> Option<&str> {
    let mut parts = function.split(':');
    (parts.next()? == "arn").then_some(())?;
    parts.nth(2).filter(|region| !region.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_is_read_from_an_arn() {
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
    fn endpoint_is_parsed_from_a_word_or_a_url() {
        for (text, parsed) in [
            ("fips", Endpoint::Fips),
            ("dual-stack", Endpoint::DualStack),
            ("fips-dual-stack", Endpoint::FipsDualStack),
            ("http://h:1/b", Endpoint::Url("http://h:1/b".to_owned())),
        ] {
            assert_eq!(
                format!("{:?}", endpoint(text).unwrap()),
                format!("{parsed:?}")
            );
        }
        assert!(endpoint("standard").is_err());
        assert!(check_url(Some(&Endpoint::Url("http://u@h".to_owned()))).is_err());
    }
}
