//! The function that the form names.

use alloc::string::String;

use super::{Input, NAMINGS};
use crate::call::error::Error;
use crate::cards::field::Values;
use crate::lambda::function_name::FunctionName;

/// A field, and the name in it, without white space around it.
pub struct Named {
    pub field: Input,
    pub text: String,
}

impl Named {
    /// Reads the form. Returns `None` if the field is blank.
    ///
    /// # Errors
    /// Returns `invalid-input` for a URL, which would be rejected as a qualifier.
    pub fn read(values: &Values<'_>) -> Result<Option<Named>, Error> {
        let field = Input::UseFunctionName.choice(values, NAMINGS)?;
        let text = field.text(values)?.unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(problem) = url_problem(text) {
            return Err(field.invalid(problem));
        }
        Ok(Some(Named {
            field,
            text: text.into(),
        }))
    }

    /// As [`Named::read`], for a function that is required.
    ///
    /// # Errors
    /// Returns `invalid-input` for a blank field or a URL.
    pub fn required(values: &Values<'_>) -> Result<Named, Error> {
        match Named::read(values)? {
            Some(named) => Ok(named),
            None => {
                let field = Input::UseFunctionName.choice(values, NAMINGS)?;
                Err(field.invalid("it is required"))
            }
        }
    }

    /// Splits a typed text that may be a part of a name into that part and the `:qualifier` after it.
    /// Returns `None` for an ARN, and for a choice from the list.
    pub fn part(&self) -> Option<(&str, &str)> {
        if !matches!(self.field, Input::FunctionName) {
            return None;
        }
        let name = FunctionName::parse("", &self.text).ok()?;
        let part = name.unqualified();
        let qualifier = self.text.strip_prefix(part)?;
        let (part, _) = self.text.split_at_checked(part.len())?;
        (!part.contains(':')).then_some((part, qualifier))
    }
}

fn url_problem(text: &str) -> Option<&'static str> {
    if text.to_ascii_lowercase().contains(".lambda-url.") {
        return Some(
            "it is a function URL, which is called without this connector: give the name or ARN of the function, which the Lambda console shows above the URL",
        );
    }
    text.contains("://").then_some(
        "it is a URL: give the name or ARN of the function here, and the URL of an endpoint in the connection",
    )
}
