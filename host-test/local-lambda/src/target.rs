//! What a request is about: whether the function is here, whether the caller may, and which
//! version a qualifier leads to.

use super::catalogue::Function;
use super::errors::ApiError;
use super::name::FunctionName;
use super::service::Service;
use super::signature::Caller;

/// What a denied caller is told.
pub(super) fn allow(
    service: &Service,
    caller: Caller,
    action: &str,
    resource: &str,
) -> Result<(), ApiError> {
    if caller.denied {
        return Err(ApiError::access_denied(
            &service.principal(),
            action,
            resource,
            "identity-based",
        ));
    }
    Ok(())
}

/// Whether a name is one of this service's region and account.
pub(super) fn check_place(
    service: &Service,
    name: &FunctionName,
    action: &str,
) -> Result<(), ApiError> {
    if let Some(region) = name
        .region
        .as_ref()
        .filter(|region| **region != service.region)
    {
        return Err(ApiError::not_found(format!(
            "Functions from '{region}' are not reachable in this region ('{}')",
            service.region
        )));
    }
    if let Some(account) = name
        .account
        .as_ref()
        .filter(|account| **account != service.account)
    {
        let resource = service.arn_in(account, &name.name);
        return Err(ApiError::access_denied(
            &service.principal(),
            action,
            &resource,
            "resource-based",
        ));
    }
    Ok(())
}

/// The qualifier, from the name's end or the query.
pub(super) fn qualifier(
    service: &Service,
    name: &FunctionName,
    sent: Option<String>,
) -> Result<Option<String>, ApiError> {
    if let Some(sent) = &sent {
        service.names.qualifier(sent)?;
    }
    match (&name.suffix, &sent) {
        (Some(suffix), Some(sent)) if suffix != sent => Err(ApiError::invalid_parameter(format!(
            "The derived qualifier from the function name does not match the specified qualifier: \
             '{suffix}' and '{sent}'."
        ))),
        (suffix, _) => Ok(suffix.clone().or(sent)),
    }
}

/// The version that a qualifier leads to.
pub(super) fn resolve(
    service: &Service,
    function: &Function,
    qualifier: Option<&str>,
) -> Option<String> {
    let newest = function.versions.len();
    match qualifier {
        None | Some("$LATEST") => Some("$LATEST".to_owned()),
        Some("$LATEST.PUBLISHED") => (newest > 0).then(|| newest.to_string()),
        Some(qualifier) => {
            if let Some(alias) = function
                .aliases
                .iter()
                .find(|alias| alias.name == qualifier)
            {
                // Lambda draws lots; a count is as fair, and the same every time.
                let turn = service
                    .routed
                    .add(&format!("{}:{qualifier}", function.name));
                let routed = alias
                    .routed
                    .filter(|(_, one_in)| turn.is_multiple_of(u64::from(*one_in)));
                return Some(
                    routed
                        .map_or(alias.version, |(version, _)| version)
                        .to_owned(),
                );
            }
            (1..=newest)
                .map(|version| version.to_string())
                .find(|version| version == qualifier)
        }
    }
}
