//! The text that names a function: a complete name, a part of one, or an ARN.

use crate::lambda::function_name::FunctionName;

/// Removes white space around a name. Returns `None` for a blank text.
///
/// # Errors
/// Returns a message for a URL, whose end would otherwise be rejected as a qualifier.
pub fn read(text: &str) -> Result<Option<&str>, &'static str> {
    let text = text.trim();
    if text.to_ascii_lowercase().contains(".lambda-url.") {
        return Err(
            "it is a function URL, which is called without this connector: give the name or ARN of the function, which the Lambda console shows above the URL",
        );
    }
    if text.contains("://") {
        return Err(
            "it is a URL: give the name or ARN of the function here, and the URL of an endpoint in the connection",
        );
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Splits a text that may be a part of a name into that part and the `:qualifier` after it. Returns
/// `None` for an ARN.
pub fn part(text: &str) -> Option<(&str, &str)> {
    let name = FunctionName::parse("", text).ok()?;
    let part = name.unqualified();
    (!part.contains(':')).then_some(())?;
    text.split_at_checked(part.len())
}
