//! `GetFunctionConfiguration`: `GET /2015-03-31/functions/{FunctionName}/configuration`.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use crate::aws::json::{Fields, Json};
use crate::aws::message::{Method, Request, Response};
use crate::aws::uri;
use crate::call::connection::Connection;
use crate::call::delivery::Delivery;
use crate::call::error::{Error, Executed};
use crate::call::error_response::{self, RequestContext};
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::call::target::Target;
use crate::lambda::function_name::{FunctionName, check_qualifier};

/// What decides whether a function can be invoked. Lambda also sends its environment variables, which
/// are not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionConfiguration {
    /// `Active`, `Pending`, `Inactive`, `Failed` or another state.
    pub state: Option<String>,
    /// Why the state is not `Active`: Lambda's code and sentence.
    pub state_reason: Option<String>,
    /// `Successful`, `Failed` or `InProgress`.
    pub last_update_status: Option<String>,
    /// Why the last update failed: Lambda's code and sentence.
    pub last_update_reason: Option<String>,
    /// How long an invocation may run.
    pub timeout_seconds: Option<u32>,
    /// Each invocation must name a tenant.
    pub tenant_isolated: bool,
    /// The function has durable executions, which need a qualifier.
    pub durable: bool,
}

/// The operation `GetFunctionConfiguration`.
#[derive(Clone, Debug)]
pub struct GetFunctionConfiguration {
    call: Call,
    function: FunctionName,
    qualifier: Option<String>,
    output: Option<FunctionConfiguration>,
}

impl GetFunctionConfiguration {
    /// Checks the connection, the function's name and the qualifier.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(
        connection: Connection,
        function: &str,
        qualifier: Option<&str>,
    ) -> Result<GetFunctionConfiguration, Error> {
        const FIELD: &str = "function";
        let function = FunctionName::parse(FIELD, function)?;
        if let Some(qualifier) = qualifier {
            check_qualifier(qualifier).map_err(|rule| Error::invalid("qualifier", rule))?;
        }
        let target = Target::new(connection, function.region_hint(FIELD))?;
        Ok(GetFunctionConfiguration {
            call: Call {
                target,
                delivery: Delivery::new("delivery", None, false)?,
            },
            function,
            qualifier: qualifier.map(Into::into),
            output: None,
        })
    }

    /// Whether the request names a version or an alias.
    pub fn is_qualified(&self) -> bool {
        self.qualifier.is_some() || self.function.suffix().is_some()
    }
}

impl Exchange for GetFunctionConfiguration {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        let mut path = String::from("/2015-03-31/functions/");
        uri::encode_into(&mut path, self.function.as_given());
        path.push_str("/configuration");
        let mut request = Request::new(Method::Get, &self.call.target.endpoint, &path);
        if let Some(qualifier) = &self.qualifier {
            request.query.push(("Qualifier", Cow::Borrowed(qualifier)));
        }
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        if response.status != 200 {
            let region = &self.call.target.region;
            let context = RequestContext {
                action: "lambda:GetFunctionConfiguration",
                resource: self
                    .function
                    .policy_resource(region, self.qualifier.as_deref()),
                effect: Effect::Read,
                attempts,
            };
            return Err(error_response::read(&response, &context));
        }
        let text = core::str::from_utf8(&response.body).ok();
        // The name distinguishes the configuration from any other JSON object.
        let fields = text
            .and_then(Fields::read)
            .filter(|fields| fields.get("FunctionName").is_some());
        let Some(fields) = fields else {
            // The message repeats nothing of the body, which may contain environment variables.
            return Err(Error::malformed(
                "the response is not the JSON that Lambda sends: check the endpoint and any proxy on the way",
                Executed::No,
                attempts,
            ));
        };
        self.output = Some(configuration(&fields));
        Ok(())
    }
}

impl Operation for GetFunctionConfiguration {
    type Output = FunctionConfiguration;

    fn take_output(&mut self) -> Option<FunctionConfiguration> {
        self.output.take()
    }
}

fn configuration(fields: &Fields<'_>) -> FunctionConfiguration {
    let tenancy = fields.get("TenancyConfig").and_then(Json::object);
    FunctionConfiguration {
        state: text(fields, "State"),
        state_reason: reason(fields, "StateReasonCode", "StateReason"),
        last_update_status: text(fields, "LastUpdateStatus"),
        last_update_reason: reason(
            fields,
            "LastUpdateStatusReasonCode",
            "LastUpdateStatusReason",
        ),
        timeout_seconds: fields.get("Timeout").and_then(Json::unsigned),
        tenant_isolated: tenancy.is_some_and(|config| config.get("TenantIsolationMode").is_some()),
        durable: fields.get("DurableConfig").is_some(),
    }
}

/// The most bytes of a text. Lambda's reasons are single sentences.
const MAX_TEXT: usize = 1_000;

fn text(fields: &Fields<'_>, name: &str) -> Option<String> {
    let mut text = fields.get(name)?.string().filter(|text| !text.is_empty())?;
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    Some(text)
}

fn reason(fields: &Fields<'_>, code: &str, sentence: &str) -> Option<String> {
    match (text(fields, code), text(fields, sentence)) {
        (Some(code), Some(sentence)) => Some(format!("{code}: {sentence}")),
        (code, sentence) => code.or(sentence),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::error::TransportKind;
    use crate::testing::{
        answer, assert_contains, connection, json as ok, refused, service_error, transport_error,
    };

    fn get(function: &str, qualifier: Option<&str>) -> GetFunctionConfiguration {
        GetFunctionConfiguration::new(connection(), function, qualifier).unwrap()
    }

    #[test]
    fn request_names_the_function_as_given_and_the_qualifier() {
        for (function, qualifier, path, is_qualified) in [
            ("f", None, "/2015-03-31/functions/f/configuration", false),
            (
                "f",
                Some("$LATEST"),
                "/2015-03-31/functions/f/configuration?Qualifier=%24LATEST",
                true,
            ),
            (
                "f:live",
                None,
                "/2015-03-31/functions/f%3Alive/configuration",
                true,
            ),
        ] {
            let operation = get(function, qualifier);
            assert_eq!(operation.request().path_with_query(), path);
            assert_eq!(operation.is_qualified(), is_qualified);
            assert_eq!(operation.effect(), Effect::Read);
        }
    }

    #[test]
    fn configuration_has_what_decides_and_no_environment_variables() {
        let body = json!({
            "FunctionName": "f", "State": "Failed", "StateReasonCode": "SubnetOutOfIPAddresses",
            "StateReason": "no address", "LastUpdateStatus": "Failed",
            "LastUpdateStatusReasonCode": "ImageDeleted", "LastUpdateStatusReason": "",
            "Timeout": 5_400, "TenancyConfig": {"TenantIsolationMode": "PER_TENANT"},
            "DurableConfig": {"ExecutionTimeout": 60},
            "Environment": {"Variables": {"PASSWORD": "marked-secret"}},
        });
        let mut operation = get("f", None);
        operation.read(ok(&body), 1).unwrap();
        assert!(!format!("{operation:?}").contains("marked-secret"));
        let expected = FunctionConfiguration {
            state: Some("Failed".into()),
            state_reason: Some("SubnetOutOfIPAddresses: no address".into()),
            last_update_status: Some("Failed".into()),
            last_update_reason: Some("ImageDeleted".into()),
            timeout_seconds: Some(5_400),
            tenant_isolated: true,
            durable: true,
        };
        assert_eq!(operation.take_output(), Some(expected));

        let mut operation = get("f", None);
        operation
            .read(ok(&json!({"FunctionName": "f"})), 1)
            .unwrap();
        assert_eq!(
            operation.take_output(),
            Some(FunctionConfiguration::default())
        );
    }

    #[test]
    fn long_reason_is_cut() {
        let read = |reason: &str| {
            let mut operation = get("f", None);
            let body = json!({"FunctionName": "f", "StateReason": reason});
            operation.read(ok(&body), 1).unwrap();
            operation.take_output().unwrap().state_reason.unwrap()
        };
        let longest = "é".repeat(500);
        assert_eq!(read(&longest), longest);
        assert_eq!(read(&format!("{longest}é")), format!("{longest}…"));
    }

    #[test]
    fn response_that_is_not_a_configuration_is_malformed() {
        for body in ["", "[]", "{}", "<html>", r#"{"FunctionName": null}"#] {
            let error = transport_error(get("f", None).read(answer(200, &[], body), 3));
            assert_eq!(
                (error.kind, error.executed, error.attempts),
                (TransportKind::Malformed, Executed::No, 3)
            );
        }
    }

    #[test]
    fn denied_access_names_the_permission_and_the_qualified_resource() {
        let error = service_error(get("f", Some("live")).read(answer(403, &[], ""), 1));
        let resource = "arn:aws:lambda:us-east-1:<account>:function:f:live";
        let expected = format!("lambda:GetFunctionConfiguration on {resource}");
        assert_contains(&error.hint.unwrap(), [&*expected]);
        assert_eq!(error.executed, Executed::No);
    }

    #[test]
    fn invalid_name_or_qualifier_is_rejected_by_name() {
        let field = |function, qualifier| {
            refused(GetFunctionConfiguration::new(
                connection(),
                function,
                qualifier,
            ))
            .field
        };
        assert_eq!(field("..", None), "function");
        assert_eq!(field("f", Some("$latest")), "qualifier");
    }
}
