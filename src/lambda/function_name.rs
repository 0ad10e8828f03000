//! Function names, partial and full ARNs, qualifiers.
//!
//! Source: the patterns `NamespacedFunctionName` and `NumericLatestPublishedOrAliasQualifier` of
//! Lambda's API model, and the service's behavior for names that the patterns leave open.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use crate::aws::endpoint;
use crate::call::error::Error;
use crate::call::target::RegionHint;
use crate::call::text::is_word;

/// A function's name as the caller gave it, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    /// The name as the caller gave it.
    text: String,
    /// The region of a full ARN, or of a partial one that begins with it.
    region: Option<String>,
    account: Option<String>,
    name: String,
    /// The qualifier after the name and a colon.
    suffix: Option<String>,
}

const FORMS: &str = "a function is named `my-function`, `123456789012:function:my-function` or `arn:aws:lambda:us-east-1:123456789012:function:my-function`, each with or without `:qualifier`";
const QUALIFIERS: &str = "a qualifier is a version number, an alias (at most 128 letters, digits, hyphens and underscores), `$LATEST` or `$LATEST.PUBLISHED`";

impl FunctionName {
    /// Parses `text`, which the caller passed in `field`.
    ///
    /// # Errors
    /// `invalid-input`, which names the part that is wrong.
    pub fn parse(field: &str, text: &str) -> Result<FunctionName, Error> {
        parse(text).map_err(|problem| Error::invalid(field, format!("{problem}: {FORMS}")))
    }

    /// Returns the region in the name.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns the account in the name.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Returns the name alone, without an account, a region or a qualifier.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As [`FunctionName::region`], for the check of a connection. `field` contains the name.
    pub fn region_hint<'a>(&'a self, field: &'a str) -> Option<RegionHint<'a>> {
        let region = self.region()?;
        Some(RegionHint { field, region })
    }

    /// Returns the name as the caller gave it, which the request's path contains encoded.
    pub fn as_given(&self) -> &str {
        &self.text
    }

    /// Returns the qualifier after the name.
    pub fn suffix(&self) -> Option<&str> {
        self.suffix.as_deref()
    }

    /// Returns the name without its qualifier, as the listing operations expect it.
    pub fn unqualified(&self) -> &str {
        match &self.suffix {
            None => &self.text,
            Some(suffix) => self
                .text
                .strip_suffix(suffix.as_str())
                .and_then(|text| text.strip_suffix(':'))
                .unwrap_or(&self.text),
        }
    }

    /// Returns the resource that an IAM policy must allow, with `<account>` if the name contains no
    /// account.
    pub fn policy_resource(&self, region: &str, qualifier: Option<&str>) -> String {
        let mut arn = self.unqualified_policy_resource(region);
        if let Some(qualifier) = qualifier.or(self.suffix()) {
            arn.push(':');
            arn.push_str(qualifier);
        }
        arn
    }

    /// As [`FunctionName::policy_resource`], for actions on the function as a whole.
    pub fn unqualified_policy_resource(&self, region: &str) -> String {
        self.unqualified_arn(region, "<account>")
    }

    /// Returns the ARN of the function as a whole. `region` and `account` complete a name that lacks
    /// them.
    pub fn unqualified_arn(&self, region: &str, account: &str) -> String {
        let region = self.region().unwrap_or(region);
        let partition = endpoint::partition_id(region);
        let account = self.account().unwrap_or(account);
        format!(
            "arn:{partition}:lambda:{region}:{account}:function:{}",
            self.name
        )
    }
}

fn parse(text: &str) -> Result<FunctionName, Cow<'static, str>> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if text.len() > 256 {
        return Err("it is longer than 256 characters".into());
    }
    let mut parts = text.split(':').peekable();
    let (mut region, mut account) = (None, None);
    if text.starts_with("arn:") {
        parts.next();
        let partition = check_partition(parts.next())?;
        if parts.next() != Some("lambda") {
            return Err("the ARN's service must be `lambda`".into());
        }
        let arn_region = parts.next().unwrap_or_default();
        endpoint::check_region(arn_region)
            .map_err(|problem| format!("the ARN's region is invalid ({problem})"))?;
        let wanted = endpoint::partition_id(arn_region);
        if partition != wanted {
            return Err(format!(
                "the ARN's partition must be {wanted}, which is that of its region {arn_region}"
            )
            .into());
        }
        region = Some(arn_region.into());
        account = Some(
            parts
                .next()
                .filter(|part| is_account(part))
                .ok_or("the ARN's account must be 12 digits")?
                .into(),
        );
        if parts.next() != Some("function") {
            return Err("the ARN's resource type must be `function`".into());
        }
    } else {
        let mut ahead = text.split(':').skip(1);
        if ahead.next().is_some_and(is_account)
            && let Some(part) = parts.next_if(|part| endpoint::check_region(part).is_ok())
        {
            region = Some(part.into());
        }
        let has_colon = |part: &&str| text.len() > part.len();
        if let Some(part) = parts.next_if(|part| is_account(part) && has_colon(part)) {
            account = Some(part.into());
        }
        // In the pattern, `function:` is the resource type and not a function of that name.
        if text.contains(':') {
            let mut rest = parts.clone();
            if rest.next_if_eq(&"function").is_some() && rest.peek().is_some() {
                parts = rest;
            }
        }
    }
    let name = parts.next().unwrap_or_default();
    check_name(name)?;
    let suffix = parts.next();
    if let Some(suffix) = suffix {
        check_qualifier(suffix)?;
    }
    if parts.next().is_some() {
        return Err("it has more parts after the name than a qualifier".into());
    }
    Ok(FunctionName {
        text: text.into(),
        region,
        account,
        name: name.into(),
        suffix: suffix.map(Into::into),
    })
}

fn check_partition(part: Option<&str>) -> Result<&str, &'static str> {
    part.filter(|part| {
        part.strip_prefix("aws")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-'))
    })
    .ok_or("the ARN's partition must be `aws` or begin with `aws-`")
}

fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit())
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("the function's name is missing");
    }
    // Either would be removed from the path as a dot segment.
    if matches!(name, "." | "..") {
        return Err("`.` and `..` are not function names");
    }
    if !name.bytes().all(|b| is_word(b) || b == b'.') {
        return Err(
            "the function's name may contain only letters, digits, hyphens, underscores and dots",
        );
    }
    Ok(())
}

/// Checks the form of a qualifier.
///
/// # Errors
/// A message that describes what a qualifier may be.
pub fn check_qualifier(qualifier: &str) -> Result<(), &'static str> {
    let named = (1..=128).contains(&qualifier.len()) && qualifier.bytes().all(is_word);
    if named || matches!(qualifier, "$LATEST" | "$LATEST.PUBLISHED") {
        Ok(())
    } else {
        Err(QUALIFIERS)
    }
}

#[cfg(test)]
mod tests;
