//! `serve`: the local Lambda alone, for any client.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use local_lambda::{Config, LocalLambda};

use super::args::ServeArgs;
use super::outcome::Outcome;
use super::print::print_out;

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
    print_out("# A local Lambda that only this machine can reach. To use it in another shell:")?;
    print_out(format_args!(
        "export AWS_ENDPOINT_URL_LAMBDA={}",
        lambda.url()
    ))?;
    print_out(format_args!("export AWS_REGION={region}"))?;
    print_out(format_args!(
        "export AWS_ACCESS_KEY_ID={}",
        key.access_key_id
    ))?;
    // Safe to print: the service generated this secret, and only this service accepts it.
    print_out(format_args!(
        "export AWS_SECRET_ACCESS_KEY={}",
        key.secret_access_key
    ))?;
    match &key.session_token {
        Some(token) => print_out(format_args!("export AWS_SESSION_TOKEN={token}"))?,
        None => print_out("unset AWS_SESSION_TOKEN")?,
    }
    print_out("# Ctrl-C stops it.")?;
    lambda.wait().await?;
    Ok(Outcome::Success)
}
