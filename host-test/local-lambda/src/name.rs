//! Function names and what goes with them: the patterns of Lambda's model, and the parts of a name.

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
    /// A name as Invoke and ListVersionsByFunction take it.
    pub namespaced: Shape,
    /// A name as ListAliases takes it.
    pub plain: Shape,
    pub qualifier: Shape,
    pub tenant_id: Shape,
    pub durable_name: Shape,
}

impl Names {
    pub fn new() -> Result<Self> {
        Ok(Self {
            namespaced: Shape::new("functionName", NAMESPACED, 256)?,
            plain: Shape::new("functionName", PLAIN, 140)?,
            qualifier: Shape::new("qualifier", QUALIFIER, 128)?,
            tenant_id: Shape::new("tenantId", TENANT_ID, 256)?,
            durable_name: Shape::new("durableExecutionName", DURABLE_NAME, 64)?,
        })
    }
}

/// What the model demands of one field.
pub(super) struct Shape {
    field: &'static str,
    pattern: &'static str,
    regex: Regex,
    longest: usize,
}

impl Shape {
    fn new(field: &'static str, pattern: &'static str, longest: usize) -> Result<Self> {
        // The anchors must hold for each of the pattern's alternatives, so it is in a group.
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

    /// Reads a function name; for the two patterns of such names only.
    pub fn read(&self, text: &str) -> Result<FunctionName, ApiError> {
        self.check(text)?;
        let groups = self
            .regex
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
}
