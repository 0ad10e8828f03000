//! `serve`: the local Lambda alone, for any client.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use host_test::local_lambda::{Config, LocalLambda};

use super::Outcome;
use super::args::ServeArgs;

/// Serves until Ctrl-C. Standard output holds shell commands and comments.
pub async fn run(args: &ServeArgs) -> Result<Outcome> {
    let config = Config {
        addr: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
        ..Config::default()
    };
    let region = config.region.clone();
    let lambda = LocalLambda::start(config).await?;
    let key = lambda.key();
    println!("# A Lambda that only this machine reaches. To use it from another shell:");
    println!("export AWS_ENDPOINT_URL_LAMBDA={}", lambda.url());
    println!("export AWS_REGION={region}");
    println!("export AWS_ACCESS_KEY_ID={}", key.access_key_id);
    // Worth nothing elsewhere: the service made it up.
    println!("export AWS_SECRET_ACCESS_KEY={}", key.secret_access_key);
    match &key.session_token {
        Some(token) => println!("export AWS_SESSION_TOKEN={token}"),
        None => println!("unset AWS_SESSION_TOKEN"),
    }
    println!("# Ctrl-C ends it.");
    lambda.wait().await?;
    Ok(Outcome::Success)
}
