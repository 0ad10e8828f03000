//! `serve`: the local Lambda alone, for any client.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use local_lambda::{Config, LocalLambda};

use super::args::ServeArgs;
use super::outcome::Outcome;
use super::print::say;

/// Serves until Ctrl-C. Standard output is a shell script: commands and comments.
pub async fn run(args: &ServeArgs) -> Result<Outcome> {
    let config = Config {
        addr: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
        extra_functions: args.extra_functions,
        ..Config::default()
    };
    let region = config.region.clone();
    let lambda = LocalLambda::start(config).await?;
    let key = lambda.key();
    say("# A Lambda that only this machine reaches. To use it from another shell:")?;
    say(format_args!(
        "export AWS_ENDPOINT_URL_LAMBDA={}",
        lambda.url()
    ))?;
    say(format_args!("export AWS_REGION={region}"))?;
    say(format_args!(
        "export AWS_ACCESS_KEY_ID={}",
        key.access_key_id
    ))?;
    // Safe to print: the service generated this secret, and only this service accepts it.
    say(format_args!(
        "export AWS_SECRET_ACCESS_KEY={}",
        key.secret_access_key
    ))?;
    match &key.session_token {
        Some(token) => say(format_args!("export AWS_SESSION_TOKEN={token}"))?,
        None => say("unset AWS_SESSION_TOKEN")?,
    }
    say("# Ctrl-C ends it.")?;
    lambda.wait().await?;
    Ok(Outcome::Success)
}
