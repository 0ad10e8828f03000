//! Function names: the patterns of Lambda's model, and what a name or ARN says.

use anyhow::Result;
use regex::{Regex, RegexBuilder};

use super::errors::ApiError;

/// Shape `NamespacedFunctionName`.
const NAMESPACED: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
/// Shape `FunctionName`.
const PLAIN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
/// Shape `NumericLatestPublishedOrAliasQualifier`.
const QUALIFIER: &str = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";
const TENANT_ID: &str = r"[a-zA-Z0-9\._:\/=+\-@ ]+";
const DURABLE_NAME: &str = r"[a-zA-Z0-9-_]+";

// The capture groups of both function name patterns, by their opening brackets.
const REGION: usize = 3;
const ACCOUNT: usize = 9;
const NAME: usize = 11;
const SUFFIX: usize = 13;

/// A function as a request names it.
#[derive(Debug)]
pub(super) struct FunctionName {
    pub region: Option<String>,
    pub account: Option<String>,
    pub name: String,
    /// Qualifier at the name's end.
    pub suffix: Option<String>,
}

/// The compiled patterns.
pub(super) struct Names {
    namespaced: Regex,
    plain: Regex,
    qualifier: Regex,
    tenant_id: Regex,
    durable_name: Regex,
}

impl Names {
    pub fn new() -> Result<Self> {
        // A group, so that the anchors hold for each of the pattern's alternatives.
        let whole = |pattern: &str| {
            RegexBuilder::new(&format!("^(?:{pattern})$"))
                .unicode(false)
                .build()
        };
        Ok(Self {
            namespaced: whole(NAMESPACED)?,
            plain: whole(PLAIN)?,
            qualifier: whole(QUALIFIER)?,
            tenant_id: whole(TENANT_ID)?,
            durable_name: whole(DURABLE_NAME)?,
        })
    }

    /// A name as Invoke and ListVersionsByFunction take it.
    pub fn namespaced(&self, text: &str) -> Result<FunctionName, ApiError> {
        read(&self.namespaced, NAMESPACED, 256, text)
    }

    /// A name as ListAliases takes it.
    pub fn plain(&self, text: &str) -> Result<FunctionName, ApiError> {
        read(&self.plain, PLAIN, 140, text)
    }

    pub fn qualifier(&self, text: &str) -> Result<(), ApiError> {
        check(&self.qualifier, "qualifier", QUALIFIER, 128, text)
    }

    pub fn tenant_id(&self, text: &str) -> Result<(), ApiError> {
        check(&self.tenant_id, "tenantId", TENANT_ID, 256, text)
    }

    pub fn durable_name(&self, text: &str) -> Result<(), ApiError> {
        check(
            &self.durable_name,
            "durableExecutionName",
            DURABLE_NAME,
            64,
            text,
        )
    }
}

fn check(
    regex: &Regex,
    field: &str,
    pattern: &str,
    longest: usize,
    text: &str,
) -> Result<(), ApiError> {
    if text.len() > longest {
        let constraint = format!("have length less than or equal to {longest}");
        return Err(ApiError::validation(field, text, &constraint));
    }
    if !regex.is_match(text) {
        let constraint = format!("satisfy regular expression pattern: {pattern}");
        return Err(ApiError::validation(field, text, &constraint));
    }
    Ok(())
}

fn read(
    regex: &Regex,
    pattern: &str,
    longest: usize,
    text: &str,
) -> Result<FunctionName, ApiError> {
    check(regex, "functionName", pattern, longest, text)?;
    let groups = regex
        .captures(text)
        .ok_or_else(|| ApiError::service("A name matched and did not"))?;
    let part = |n: usize| {
        groups
            .get(n)
            .map(|m| m.as_str().trim_end_matches(':').to_owned())
    };
    Ok(FunctionName {
        region: part(REGION),
        account: part(ACCOUNT),
        name: part(NAME).unwrap_or_default(),
        suffix: part(SUFFIX),
    })
}

/// The partition of a region, as its ARNs spell it.
pub(super) fn partition(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}
