//! Target of a request: checks that the function is here and that the caller may use it, and
//! resolves the qualifier to a version.

use super::catalogue::{Alias, Function};
use super::counters::Counters;
use super::errors::ApiError;
use super::name::{FunctionName, Names};
use super::place::Place;
use super::signature::Caller;

/// Rejects a caller whose policies do not allow an action on a resource.
pub(super) fn allow(
    place: &Place,
    caller: &Caller,
    action: &str,
    resource: &str,
) -> Result<(), ApiError> {
    let owner = place.principal();
    let denied = |kind| {
        let principal = caller.arn().unwrap_or(&owner);
        Err(ApiError::access_denied(principal, action, resource, kind))
    };
    let rights = &caller.rights;
    if caller.denied || rights.denied_actions.iter().any(|denied| denied == action) {
        return denied("identity-based");
    }
    let mut policies = rights.policies.iter();
    if !policies.all(|policy| policy.allows(action, resource)) {
        return denied("session");
    }
    Ok(())
}

/// Rejects a name in another region or account.
pub(super) fn check_region_and_account(
    place: &Place,
    name: &FunctionName,
    action: &str,
) -> Result<(), ApiError> {
    if let Some(region) = &name.region
        && *region != place.region
    {
        return Err(ApiError::not_found(format!(
            "Functions from '{region}' are not reachable in this region ('{}')",
            place.region
        )));
    }
    if let Some(account) = &name.account
        && *account != place.account
    {
        return Err(ApiError::access_denied(
            &place.principal(),
            action,
            &place.function_arn_in(account, &name.name),
            "resource-based",
        ));
    }
    Ok(())
}

/// Returns the qualifier, from the end of the name or from the query.
pub(super) fn qualifier(
    names: &Names,
    name: &FunctionName,
    sent: Option<String>,
) -> Result<Option<String>, ApiError> {
    if let Some(sent) = &sent {
        names.qualifier.check(sent)?;
    }
    match (&name.suffix, &sent) {
        (Some(suffix), Some(sent)) if suffix != sent => Err(ApiError::invalid_parameter(format!(
            "The derived qualifier from the function name does not match the specified qualifier: \
             '{suffix}' and '{sent}'."
        ))),
        (suffix, _) => Ok(suffix.clone().or(sent)),
    }
}

/// Resolves a qualifier to a version. `alias_calls` counts the invocations of each alias.
pub(super) fn resolve(
    alias_calls: &Counters,
    function: &Function,
    qualifier: Option<&str>,
) -> Option<String> {
    resolve_by(function, qualifier, |alias| {
        // Lambda chooses at random. A count gives the same proportions and is deterministic.
        let turn = alias_calls.add(&format!("{}:{}", function.name, alias.name));
        match alias.routed {
            Some((version, one_in)) if turn.is_multiple_of(u64::from(one_in)) => version,
            _ => alias.version,
        }
    })
}

/// Resolves a qualifier to a version. `choose` returns that of an alias.
pub(super) fn resolve_by(
    function: &Function,
    qualifier: Option<&str>,
    choose: impl FnOnce(&Alias) -> &'static str,
) -> Option<String> {
    let newest = function.versions.len();
    let Some(qualifier) = qualifier.filter(|qualifier| *qualifier != "$LATEST") else {
        return Some("$LATEST".to_owned());
    };
    if qualifier == "$LATEST.PUBLISHED" {
        return (newest > 0).then(|| newest.to_string());
    }
    let mut aliases = function.aliases.iter();
    match aliases.find(|alias| alias.name == qualifier) {
        Some(alias) => Some(choose(alias).to_owned()),
        None => (1..=newest)
            .map(|version| version.to_string())
            .find(|version| version == qualifier),
    }
}
