//! The patterns that Lambda's API model defines for names and related fields, and the parser of a
//! function name.

use anyhow::Result;
use regex::{Regex, RegexBuilder};

use super::errors::ApiError;

/// The shape `NamespacedFunctionName`.
const NAMESPACED: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
/// The shape `FunctionName`.
const PLAIN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";
/// The shape `NumericLatestPublishedOrAliasQualifier`.
const QUALIFIER: &str = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";
const TENANT_ID: &str = r"[a-zA-Z0-9\._:\/=+\-@ ]+";
const DURABLE_NAME: &str = r"[a-zA-Z0-9-_]+";
const DURABLE_ARN: &str = r"arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]+):(\$LATEST(?:\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)";
const CALLBACK_ID: &str = r"[A-Za-z0-9+/]+={0,2}";

// Indexes of the capture groups, the same in both patterns of function names.
const REGION: usize = 3;
const ACCOUNT: usize = 9;
const NAME: usize = 11;
const SUFFIX: usize = 13;

/// A function name, split into its parts.
#[derive(Debug)]
pub(super) struct FunctionName {
    pub region: Option<String>,
    pub account: Option<String>,
    pub name: String,
    /// The qualifier at the end of the name.
    pub suffix: Option<String>,
}

/// The compiled patterns.
pub(super) struct Names {
    /// The names that Invoke and ListVersionsByFunction accept.
    pub namespaced: Shape,
    /// The names that ListAliases accepts.
    pub plain: Shape,
    pub qualifier: Shape,
    pub tenant_id: Shape,
    pub durable_name: Shape,
    pub durable_arn: Shape,
    pub callback_id: Shape,
}

impl Names {
    pub fn new() -> Result<Self> {
        Ok(Self {
            namespaced: Shape::new("functionName", NAMESPACED, 256)?,
            plain: Shape::new("functionName", PLAIN, 140)?,
            qualifier: Shape::new("qualifier", QUALIFIER, 128)?,
            tenant_id: Shape::new("tenantId", TENANT_ID, 256)?,
            durable_name: Shape::new("durableExecutionName", DURABLE_NAME, 64)?,
            durable_arn: Shape::new("durableExecutionArn", DURABLE_ARN, 1_024)?,
            callback_id: Shape::new("callbackId", CALLBACK_ID, 1_024)?,
        })
    }
}

/// The constraints that the model sets on one field.
pub(super) struct Shape {
    field: &'static str,
    pattern: &'static str,
    regex: Regex,
    longest: usize,
}

impl Shape {
    fn new(field: &'static str, pattern: &'static str, longest: usize) -> Result<Self> {
        // The group makes the anchors apply to every alternative of the pattern.
        let regex = RegexBuilder::new(&format!("^(?:{pattern})$"))
            .unicode(false)
            .build()?;
        Ok(Self {
            field,
            pattern,
            regex,
            longest,
        })
    }

    pub fn check(&self, text: &str) -> Result<(), ApiError> {
        let Self {
            field,
            pattern,
            longest,
            ..
        } = self;
        if text.len() > *longest {
            let constraint = format!("have length less than or equal to {longest}");
            return Err(ApiError::validation(field, text, &constraint));
        }
        if !self.regex.is_match(text) {
            let constraint = format!("satisfy regular expression pattern: {pattern}");
            return Err(ApiError::validation(field, text, &constraint));
        }
        Ok(())
    }

    /// Parses a function name. Only the two patterns of function names have the capture groups.
    pub fn read(&self, text: &str) -> Result<FunctionName, ApiError> {
        self.check(text)?;
        let groups = self
            .regex
            .captures(text)
            .ok_or_else(|| ApiError::service("The function name cannot be split into its parts"))?;
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
}
