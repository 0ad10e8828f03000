//! The ARN of a durable execution, which identifies it in every request.

use alloc::format;
use alloc::string::String;

use crate::aws::endpoint::{self, EndpointChoice};
use crate::aws::uri;
use crate::call::connection::Connection;
use crate::call::error::Error;
use crate::call::target::{RegionHint, Target};
use crate::call::text::is_word;

/// The ARN of an execution, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionArn {
    text: String,
    region: String,
}

const FORM: &str = "an execution's ARN looks like arn:aws:lambda:us-east-1:123456789012:function:my-function:1/durable-execution/NAME/ID, and Lambda returns it when the execution starts";

/// The most characters of an ARN.
const LIMIT: usize = 1_024;

impl ExecutionArn {
    /// Checks `text`, which the caller passed in `field`.
    ///
    /// # Errors
    /// `invalid-input`, which names the part that is wrong.
    pub fn parse(field: &str, text: &str) -> Result<ExecutionArn, Error> {
        let region =
            region(text).map_err(|problem| Error::invalid(field, format!("{problem}: {FORM}")))?;
        Ok(ExecutionArn {
            text: text.into(),
            region: region.into(),
        })
    }

    /// Checks `text`, and the connection to its region. An emulator's own identifier is accepted.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn with_target(
        field: &str,
        text: &str,
        connection: Connection,
    ) -> Result<(ExecutionArn, Target), Error> {
        let emulates = matches!(connection.endpoint, EndpointChoice::Emulator(_));
        if emulates && is_identifier(text) {
            let target = Target::new(connection, None)?;
            let (text, region) = (text.into(), target.region.clone());
            return Ok((ExecutionArn { text, region }, target));
        }
        let arn = ExecutionArn::parse(field, text)?;
        let region = &arn.region;
        let target = Target::new(connection, Some(RegionHint { field, region }))?;
        Ok((arn, target))
    }

    /// Returns the ARN, which is also the resource that IAM authorizes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the path of the execution, and of what follows it.
    pub fn path(&self, rest: &str) -> String {
        let mut path = String::from("/2025-12-01/durable-executions/");
        uri::encode_into(&mut path, &self.text);
        path.push_str(rest);
        path
    }
}

/// Whether the text can identify an execution of an emulator. AWS's local runner, which SAM CLI starts,
/// identifies one by two UUIDs with a slash between them.
fn is_identifier(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(is_word);
    text.len() <= LIMIT && text.split('/').all(part)
}

fn region(text: &str) -> Result<&str, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > LIMIT {
        return Err("it is longer than 1,024 characters");
    }
    let (function, execution) = text
        .split_once("/durable-execution/")
        .ok_or("it is not the ARN of an execution")?;
    let mut parts = function.splitn(8, ':');
    let mut part = || parts.next().unwrap_or_default();
    let (prefix, partition, service, region) = (part(), part(), part(), part());
    let (account, kind, name, version) = (part(), part(), part(), part());
    if prefix != "arn" || service != "lambda" || kind != "function" {
        return Err("it is not the ARN of an execution");
    }
    endpoint::check_region(region).map_err(|_| "the ARN's region is invalid")?;
    if partition != endpoint::partition_id(region) {
        return Err("the ARN's partition is not that of its region");
    }
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the ARN's account must be 12 digits");
    }
    let word = |text: &str| !text.is_empty() && text.bytes().all(is_word);
    if !word(name) {
        return Err("the function's name in the ARN is invalid");
    }
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number && !matches!(version, "$LATEST" | "$LATEST.PUBLISHED") {
        return Err("the ARN must contain the version that runs, not an alias");
    }
    match execution.split_once('/') {
        Some((name, id)) if word(name) && word(id) => Ok(region),
        _ => Err("the execution's name and ID in the ARN are invalid"),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::testing::{assert_contains, connection, refused};

    const ARN: &str =
        "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/order-7/2f6b1c0e";

    #[test]
    fn arn_is_one_label_of_the_path() {
        let arn = ARN.replace(":1/", ":$LATEST/");
        let parsed = ExecutionArn::parse("arn", &arn).unwrap();
        assert_eq!(
            parsed.path("/stop"),
            "/2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A%24LATEST%2Fdurable-execution%2Forder-7%2F2f6b1c0e/stop"
        );
    }

    #[test]
    fn text_that_is_not_the_arn_of_an_execution_is_rejected_with_the_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("f", "not the ARN of an execution"),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:f:1",
                "not the ARN of an execution",
            ),
            (&ARN.replace("lambda", "states"), "not the ARN"),
            (&ARN.replace("us-east-1", "us east"), "region is invalid"),
            (&ARN.replace(":aws:", ":aws-cn:"), "partition is not that"),
            (&ARN.replace("123456789012", "1"), "12 digits"),
            (&ARN.replace(":f:", "::"), "function's name"),
            (&ARN.replace(":f:", ":*:"), "function's name"),
            (&ARN.replace(":1/", ":live/"), "not an alias"),
            (&ARN.replace(":1/", ":/"), "not an alias"),
            (&ARN.replace(":1/", ":1:2/"), "not an alias"),
            (&ARN.replace("/2f6b1c0e", ""), "name and ID"),
            (&ARN.replace("2f6b1c0e", "../x"), "name and ID"),
            (&format!("{ARN}/x"), "name and ID"),
            (&format!("{ARN}{}", "x".repeat(1_024)), "longer than"),
        ] {
            let rejected = refused(ExecutionArn::parse("query.arn", text));
            assert_eq!(rejected.field, "query.arn");
            assert_contains(&rejected.message, [why, "looks like"]);
        }
    }

    #[test]
    fn region_of_the_arn_serves_the_connection_and_must_not_contradict_it() {
        let within = |region: &str| {
            let connection = Connection {
                region: region.into(),
                ..connection()
            };
            ExecutionArn::with_target("arn", ARN, connection)
        };
        for region in ["", "us-east-1"] {
            let (arn, target) = within(region).unwrap();
            assert_eq!((arn.as_str(), &*target.region), (ARN, "us-east-1"));
        }
        let rejected = refused(within("eu-west-1"));
        assert_eq!(rejected.field, "arn");
        assert_contains(&rejected.message, ["us-east-1", "eu-west-1"]);
    }

    #[test]
    fn identifier_of_an_emulator_is_accepted_for_an_emulator_only() {
        let at = |endpoint: EndpointChoice, text: &str| {
            let connection = Connection {
                endpoint,
                ..connection()
            };
            ExecutionArn::with_target("arn", text, connection)
        };
        let url = || "http://127.0.0.1:9".to_string();
        let id = "50517301-4a68-4ac2-9e5b-8a5a8b0b1c2d/4694f4b0-0000-4000-8000-000000000000";
        let (arn, target) = at(EndpointChoice::Emulator(url()), id).unwrap();
        let path = "/2025-12-01/durable-executions/50517301-4a68-4ac2-9e5b-8a5a8b0b1c2d%2F4694f4b0-0000-4000-8000-000000000000";
        assert_eq!((&*arn.path(""), &*target.region), (path, "us-east-1"));
        for text in ["", "a//b", "../x", "a b", "/a", "a/", "a:b"] {
            let rejected = refused(at(EndpointChoice::Emulator(url()), text));
            assert_eq!(rejected.field, "arn", "{text:?}");
        }
        let elsewhere = ARN.replace("us-east-1", "eu-west-1");
        refused(at(EndpointChoice::Emulator(url()), &elsewhere));
        refused(at(EndpointChoice::Url(url()), id));
        refused(at(EndpointChoice::Standard, id));
    }
}
