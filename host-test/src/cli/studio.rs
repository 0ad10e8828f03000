//! `studio`: the page, and the local Lambda that it starts with.

use anyhow::Result;
use aws_types::os_shim_internal::Env;
use host_test::studio::{self, Studio};
use local_lambda::{Config, LocalLambda};

use super::args::StudioArgs;
use super::connection;
use super::outcome::Outcome;
use super::print::{print_err, print_out};
use super::proxy;

/// Enough functions for a dropdown to load more than one page and for its search to be useful.
const EXTRA_FUNCTIONS: usize = 60;

/// Serves the page until Ctrl-C.
pub async fn run(args: &StudioArgs) -> Result<Outcome> {
    if let Some(warning) = proxy::warning_for_any_host(&Env::real()) {
        print_err(warning);
    }
    let lambda = Config {
        extra_functions: EXTRA_FUNCTIONS,
        ..Config::default()
    };
    let region = lambda.region.clone();
    let lambda = LocalLambda::start(lambda).await?;
    let config = studio::Config {
        port: args.port,
        allow: args.allow.clone(),
        scope: args.scope.mode(),
        defaults: Some(studio::Defaults::of_local_lambda(&lambda, &region)),
    };
    let studio = Studio::start(connection::load(args.component.path(), false)?, config).await?;
    print_out(format_args!("Studio  {}", studio.url()))?;
    print_out(format_args!(
        "Lambda  {} (local, every signature checked)",
        lambda.url()
    ))?;
    print_out("Ctrl-C stops both.")?;
    studio.wait().await?;
    lambda.stop().await;
    Ok(Outcome::Success)
}
