//! The card that invokes a function.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::clock_skew::ServiceClock;
use crate::call::connection::Connection;
use crate::call::delivery;
use crate::call::error::{Category, Error, Executed};
use crate::call::invocation::{FailedInvocation, Invocation};
use crate::cards::field::{Choice, FIELD, Field, Kind, Source, Values, form, untyped};
use crate::cards::manifest::Description;
use crate::cards::outputs;
use crate::lambda::invoke::{
    InvocationType, Invoke, InvokeRequest, LogType, ResponseMode, encode_client_context,
};
use crate::perform::perform_with_clock;
use crate::test_connection::{self, Check, Subject};
use crate::transport::Transport;

mod end;
mod find;
mod name;
mod outcome;
use end::end;
use find::{Found, find};
use outcome::{OUTPUTS, Outcome};

pub const CARD: Description = Description {
    id: "invoke",
    title: "Invoke",
    description: "Invokes a Lambda function and returns its response.",
    fields: Input::FIELDS,
    outputs: &outputs::fields::<_, { OUTPUTS.len() }>(OUTPUTS),
};

form! {
    /// The card's options and inputs.
    enum Input {
        UseFunctionName = USE_FUNCTION_NAME,
        YourFunctions = Field {
            key: "yourFunctions",
            label: "Your Functions",
            definition: "The function to invoke, from those of the connection's account and region.",
            kind: Kind::Dropdown,
            required: true,
            source: Some(Source::Functions(
                "set Use Function Name? to Yes and type the function's name",
            )),
            visible_when: USE_FUNCTION_NAME.is(&[NO]),
            is_option: true,
            paths: &["request.function", "function"],
            ..FIELD
        },
        FunctionName = Field {
            key: "functionName",
            label: "Function Name",
            definition: "The function's complete or partial name, or its ARN, each with or without :alias. A partial name must match exactly one function: if it matches several, the error lists them and none is invoked.",
            required: true,
            visible_when: USE_FUNCTION_NAME.is(&[YES]),
            is_option: true,
            paths: &["request.function", "function"],
            ..FIELD
        },
        InvocationType = INVOCATION_TYPE,
        LogType = Field {
            key: "logType",
            label: "Log Type",
            definition: "Tail returns the last 4 KB of the execution log of a synchronous invocation.",
            kind: Kind::Dropdown,
            default: Some("\"None\""),
            choices: &untyped::<_, { LOG_TYPES.len() }>(LOG_TYPES),
            group: PARAMETERS,
            paths: &["request.log-type"],
            ..FIELD
        },
        ClientContext = Field {
            key: "clientContext",
            label: "Client Context",
            definition: "Data about the caller that the function finds in its context object: a JSON object, or text that contains one, of at most 3,583 bytes in Base64. A dry run checks it. For the invocation type Event, Lambda does not pass it on, so it is checked and left out. CloudTrail logs it if data events are on, so it must not contain a secret.",
            kind: Kind::Object,
            group: PARAMETERS,
            paths: &["request.client-context"],
            ..FIELD
        },
        Payload = Field {
            key: "payload",
            label: "Payload",
            definition: "The function's event: any JSON value of at most 6,291,456 bytes, or 1,048,576 for the invocation type Event. Text that contains a JSON object or array is sent as that object or array, and other text as a JSON string. Leave it empty to send no payload.",
            kind: Kind::Object,
            group: PARAMETERS,
            paths: &["request.payload"],
            ..FIELD
        },
        Qualifier = Field {
            key: "qualifier",
            label: "Qualifier",
            definition: "The alias or version of the function to invoke. Leave it empty for the unpublished version.",
            source: Some(Source::Qualifiers(|values| Ok(Named::required(values)?.text))),
            group: PARAMETERS,
            paths: &["request.qualifier", "qualifier"],
            ..FIELD
        },
        TenantId = Field {
            key: "tenantId",
            label: "Tenant ID",
            definition: "The tenant to run for. Only for functions with tenant isolation, which reject an invocation without it.",
            group: ADVANCED,
            paths: &["request.tenant-id"],
            ..FIELD
        },
        DurableExecutionName = Field {
            key: "durableExecutionName",
            label: "Durable Execution Name",
            definition: "The name of the execution. Only for durable functions. Another invocation with the same name and payload finds the execution instead of starting a new one, and a synchronous one waits for its result.",
            group: ADVANCED,
            paths: &["request.durable-execution-name"],
            ..FIELD
        },
        WaitForResultSeconds = Field {
            key: "waitForResultSeconds",
            label: "Wait For Result (Seconds)",
            definition: "How long to wait for the end of the durable execution that the event starts. Only for durable functions. Leave it empty to continue as soon as the event is accepted. If the time is over first, the step succeeds with the Execution Status RUNNING, and Get Execution reads the result later.",
            kind: Kind::Number,
            visible_when: INVOCATION_TYPE.is(&[EVENT]),
            group: ADVANCED,
            ..FIELD
        },
        TraceId = Field {
            key: "traceId",
            label: "Trace ID",
            definition: "The trace to continue: a value of the X-Ray header X-Amzn-Trace-Id or of the W3C header traceparent, which is converted.",
            group: ADVANCED,
            paths: &["request.trace-id"],
            ..FIELD
        },
        RequestId = Field {
            key: "requestId",
            label: "Request ID",
            definition: "The request ID of the invocation, by which the function's log shows what happened even if no response arrives. It must be a UUID, a new one for each run, and does not prevent a second run. Leave it empty to let Lambda choose.",
            group: ADVANCED,
            paths: &["request.request-id"],
            ..FIELD
        },
        ResponseMode = Field {
            key: "responseMode",
            label: "Response Mode",
            definition: "How the response arrives. Streamed is for functions that stream, and for responses of more than 6 MB. Not for the invocation type Event.",
            kind: Kind::Dropdown,
            default: Some("\"Buffered\""),
            choices: &untyped::<_, { RESPONSE_MODES.len() }>(RESPONSE_MODES),
            group: ADVANCED,
            paths: &["request.response-mode"],
            ..FIELD
        },
        MaxResponseBytes = Field {
            key: "maxResponseBytes",
            label: "Largest Response (Bytes)",
            definition: "The largest response to accept. A larger one is an error, after the function has run. Leave it empty for 6,291,556, or 16,777,216 if the response is streamed, of which the most is 209,715,200.",
            kind: Kind::Number,
            group: ADVANCED,
            paths: &["request.max-response-bytes"],
            ..FIELD
        },
        OnFunctionError = Field {
            key: "onFunctionError",
            label: "On Function Error",
            definition: "What the step does if the function ran and failed.",
            kind: Kind::Dropdown,
            default: Some("\"Fail\""),
            choices: &untyped::<_, { ON_FUNCTION_ERROR.len() }>(ON_FUNCTION_ERROR),
            group: ADVANCED,
            ..FIELD
        },
        OnError = Field {
            key: "onError",
            label: "On Error",
            definition: "What the step does if AWS refuses the invocation, for example with 403, 404 or 429, or if there is no response.",
            kind: Kind::Dropdown,
            default: Some("\"Fail\""),
            choices: &untyped::<_, { ON_ERROR.len() }>(ON_ERROR),
            group: ADVANCED,
            ..FIELD
        },
        MaxAttempts = Field {
            key: "maxAttempts",
            label: "Maximum Attempts",
            definition: "The maximum number of attempts in all, 1 to 10. An attempt is repeated only if the function did not start, or if it is declared idempotent.",
            kind: Kind::Number,
            default: Some("3"),
            group: ADVANCED,
            paths: &["request.delivery.max-attempts"],
            ..FIELD
        },
        ResponseTimeoutSeconds = Field {
            key: "responseTimeoutSeconds",
            label: "Response Timeout (Seconds)",
            definition: "How long to wait for the function's response. Leave it empty to wait as long as a function can run: 1,815 seconds for RequestResponse, otherwise 30.",
            kind: Kind::Number,
            group: ADVANCED,
            paths: &["request.delivery.response-timeout-ms"],
            ..FIELD
        },
        Idempotent = Field {
            key: "idempotent",
            label: "Idempotent",
            definition: "Whether the function may safely run twice for the same payload. If so, it is also invoked again when it is unknown whether it ran.",
            kind: Kind::Boolean,
            default: Some("false"),
            group: ADVANCED,
            paths: &["request.delivery.idempotent"],
            ..FIELD
        },
    }
}

const PARAMETERS: Option<&str> = Some("Parameters");
const ADVANCED: Option<&str> = Some("Advanced");

const YES: &str = "Yes";
const NO: &str = "No";

/// The field that names the function.
const NAMINGS: &[Choice<Input>] = &[
    Choice {
        means: Input::FunctionName,
        value: YES,
        label: "Yes",
        description: "Type the function's name, a part of it, or its ARN.",
    },
    Choice {
        means: Input::YourFunctions,
        value: NO,
        label: "No",
        description: "Choose the function from a list.",
    },
];

const USE_FUNCTION_NAME: Field = Field {
    key: "useFunctionName",
    label: "Use Function Name?",
    definition: "Whether to type the function's name (Yes) or to choose the function from a list (No).",
    kind: Kind::Dropdown,
    required: true,
    default: Some("\"No\""),
    choices: &untyped::<_, { NAMINGS.len() }>(NAMINGS),
    is_option: true,
    ..FIELD
};

const INVOCATION_TYPE: Field = Field {
    key: "invocationType",
    label: "Invocation Type",
    definition: "Whether to wait for the function's response.",
    kind: Kind::Dropdown,
    default: Some("\"RequestResponse\""),
    choices: &untyped::<_, { INVOCATION_TYPES.len() }>(INVOCATION_TYPES),
    group: PARAMETERS,
    paths: &["request.invocation-type"],
    ..FIELD
};

const EVENT: &str = "Event";

/// The default of Lambda is not sent.
const INVOCATION_TYPES: &[Choice<Option<InvocationType>>] = &[
    Choice {
        means: None,
        value: "RequestResponse",
        label: "RequestResponse",
        description: "Synchronous: the connection stays open until the function returns a response or times out.",
    },
    Choice {
        means: Some(InvocationType::DryRun),
        value: "DryRun",
        label: "DryRun",
        description: "Checks the parameters and the caller's permission; the function does not run.",
    },
    Choice {
        means: Some(InvocationType::Event),
        value: EVENT,
        label: EVENT,
        description: "Asynchronous: the event is queued, and the function's response is not returned. If the function fails, Lambda runs it up to 2 more times. It keeps an event for up to 6 hours, and then discards it or sends it to the function's dead-letter queue or on-failure destination.",
    },
];

/// The default of Lambda is not sent.
const LOG_TYPES: &[Choice<Option<LogType>>] = &[
    Choice {
        means: None,
        value: "None",
        label: "None",
        description: "No log.",
    },
    Choice {
        means: Some(LogType::Tail),
        value: "Tail",
        label: "Tail",
        description: "The last 4 KB of the execution log.",
    },
];

const RESPONSE_MODES: &[Choice<ResponseMode>] = &[
    Choice {
        means: ResponseMode::Buffered,
        value: "Buffered",
        label: "Buffered",
        description: "In one piece of at most 6 MB.",
    },
    Choice {
        means: ResponseMode::Streamed,
        value: "Streamed",
        label: "Streamed",
        description: "Collected from a stream of at most 200 MiB.",
    },
];

/// What the step does about an error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnError {
    Fail,
    Continue,
}

const ON_FUNCTION_ERROR: &[Choice<OnError>] = &[
    Choice {
        means: OnError::Fail,
        value: "Fail",
        label: "Fail",
        description: "The step fails with the function's error.",
    },
    Choice {
        means: OnError::Continue,
        value: "Continue",
        label: "Continue",
        description: "The step succeeds. Function Error, Error Type and Error Message report what happened.",
    },
];

const ON_ERROR: &[Choice<OnError>] = &[
    Choice {
        means: OnError::Fail,
        value: "Fail",
        label: "Fail",
        description: "The step fails with the error.",
    },
    Choice {
        means: OnError::Continue,
        value: "Continue",
        label: "Continue",
        description: "The step succeeds although the invocation did not. Status Code, Error Type, Executed and Hint report what happened: check Error Type before using Output.",
    },
];

/// Runs the card and returns its outputs.
pub async fn run(
    transport: &impl Transport,
    connection: Connection,
    values: &Values<'_>,
) -> Result<String, Error> {
    let named = Named::required(values)?;
    let request = request(values, named.text.clone())?;
    let on_function_error = Input::OnFunctionError.choice(values, ON_FUNCTION_ERROR)?;
    let on_error = Input::OnError.choice(values, ON_ERROR)?;
    let wait_ms = wait_ms(values)?;

    let mut operation = Invoke::new(connection.clone(), request)?;
    let mut clock = ServiceClock::default();
    let mut result = perform_with_clock(transport, &mut operation, &mut clock).await;
    let mut function = named.text.clone();
    // The text is first used as a complete name. If there is no such function, it may be a part of a
    // name.
    if let Some((part, qualifier)) = named.part()
        && may_be_part_of_a_name(&result)
    {
        match find(transport, connection.clone(), &mut clock, part).await {
            Found::One(name) => {
                function = format!("{name}{qualifier}");
                operation.rename(&function)?;
                result = perform_with_clock(transport, &mut operation, &mut clock).await;
            }
            Found::Several(candidates) => return Err(named.field.invalid(candidates)),
            Found::Nothing => {}
            Found::Unknown(why) => {
                if let Err(error) = &mut result {
                    error.add_note(&why);
                }
            }
        }
    }
    // Free the request's payload before the response is copied.
    drop(operation);
    let (mut arn, mut execution) = (None, None);
    if let Some(timeout_ms) = wait_ms
        && let Ok(accepted) = result
    {
        arn.clone_from(&accepted.durable_execution_arn);
        (result, execution) = end(transport, connection, accepted, timeout_ms).await;
    }
    let outcome = match result {
        Ok(invocation) => Outcome::new(function, invocation),
        Err(Error::FunctionFailed(failed)) if on_function_error == OnError::Continue => {
            let FailedInvocation {
                invocation,
                failure,
            } = *failed;
            Outcome::failed(function, invocation, failure)
        }
        Err(Error::Service(error) | Error::Unauthenticated(error))
            if on_error == OnError::Continue =>
        {
            Outcome::refused(function, error)
        }
        Err(Error::Transport(error)) if on_error == OnError::Continue => {
            Outcome::unanswered(function, error)
        }
        Err(error) => return Err(error),
    };
    outcome.with_execution(arn, execution).write()
}

/// Reads how long to wait for the end of an execution. Only an event starts one without its end.
fn wait_ms(values: &Values<'_>) -> Result<Option<u32>, Error> {
    let field = Input::WaitForResultSeconds;
    if !field.is_shown(values) {
        return Ok(None);
    }
    field.milliseconds(values)
}

/// Tests the connection, and the function if the form names one.
pub async fn test(
    transport: &impl Transport,
    connection: &Connection,
    values: &Values<'_>,
) -> Result<Vec<Check>, Error> {
    let named = Named::read(values)?;
    let qualifier = Input::Qualifier.text(values)?;
    let checks = async |function: Option<&str>| {
        test_connection::test_connection(transport, connection, function, qualifier.as_deref())
            .await
    };
    let mut tested = checks(named.as_ref().map(|named| &*named.text)).await?;

    // As when the card runs, a text that is not a function's name may be a part of one.
    if let Some((part, suffix)) = named.as_ref().and_then(Named::part)
        && let Some(check) = invocation_check(&mut tested)
        && check.outcome == test_connection::Outcome::Failed
    {
        let mut clock = ServiceClock::default();
        match find(transport, connection.clone(), &mut clock, part).await {
            Found::One(name) => {
                let whole = format!("{name}{suffix}");
                tested = checks(Some(&whole)).await?;
                if let Some(check) = invocation_check(&mut tested) {
                    check.detail = format!("{whole}: {}", check.detail);
                }
            }
            Found::Several(why) | Found::Unknown(why) => {
                check.detail = format!("{}; {why}", check.detail);
            }
            Found::Nothing => {}
        }
    }
    Ok(tested)
}

fn invocation_check(checks: &mut [Check]) -> Option<&mut Check> {
    let mut checks = checks.iter_mut();
    checks.find(|check| check.subject == Subject::InvokeFunction)
}

/// The function that the form names.
struct Named {
    field: Input,
    text: String,
}

impl Named {
    /// Reads the form. Returns `None` if the field is blank.
    fn read(values: &Values<'_>) -> Result<Option<Named>, Error> {
        let field = Input::UseFunctionName.choice(values, NAMINGS)?;
        let text = field.text(values)?.unwrap_or_default();
        let name = name::read(&text).map_err(|problem| field.invalid(problem))?;
        Ok(name.map(|name| Named {
            field,
            text: name.into(),
        }))
    }

    /// As [`Named::read`], for a function that is required.
    fn required(values: &Values<'_>) -> Result<Named, Error> {
        match Named::read(values)? {
            Some(named) => Ok(named),
            None => {
                let field = Input::UseFunctionName.choice(values, NAMINGS)?;
                Err(field.invalid("it is required"))
            }
        }
    }

    /// As [`name::part`], for a text that was typed and not chosen from the list.
    fn part(&self) -> Option<(&str, &str)> {
        let typed = matches!(self.field, Input::FunctionName);
        name::part(&self.text).filter(|_| typed)
    }
}

fn request(values: &Values<'_>, function: String) -> Result<InvokeRequest, Error> {
    let invocation_type = Input::InvocationType.choice(values, INVOCATION_TYPES)?;
    Ok(InvokeRequest {
        function,
        qualifier: Input::Qualifier.text(values)?,
        invocation_type,
        log_type: Input::LogType.choice(values, LOG_TYPES)?,
        client_context: client_context(values, invocation_type)?,
        payload: Input::Payload.json(values).map(Into::into),
        payload_sha256: None,
        payload_is_json: false,
        tenant_id: Input::TenantId.text(values)?,
        durable_execution_name: Input::DurableExecutionName.text(values)?,
        trace_id: Input::TraceId.text(values)?,
        request_id: Input::RequestId.text(values)?,
        response_mode: Input::ResponseMode.choice(values, RESPONSE_MODES)?,
        max_response_bytes: Input::MaxResponseBytes.number(values)?,
        delivery: Some(delivery::Options {
            max_attempts: Input::MaxAttempts.number(values)?,
            connect_timeout_ms: None,
            response_timeout_ms: Input::ResponseTimeoutSeconds.milliseconds(values)?,
            idempotent: Input::Idempotent.boolean(values)?,
        }),
    })
}

/// The client context, unless it is blank or Lambda does not pass it on. It is checked in any case, so
/// that a form is as valid for one invocation type as for another.
fn client_context(
    values: &Values<'_>,
    invocation_type: Option<InvocationType>,
) -> Result<Option<String>, Error> {
    let context = Input::ClientContext.json(values);
    let Some(context) = context.filter(|json| json != "null") else {
        return Ok(None);
    };
    if invocation_type == Some(InvocationType::Event) {
        encode_client_context(&context)?;
        return Ok(None);
    }
    Ok(Some(context.into()))
}

/// Whether Lambda knows no function of the name, or does not show that there is one. The name may then
/// be a part of a name, unless an earlier attempt may have run a function.
fn may_be_part_of_a_name(result: &Result<Invocation, Error>) -> bool {
    // A policy that allows named functions only denies any other name before Lambda looks for it.
    matches!(result, Err(Error::Service(error))
        if matches!(error.category, Category::NotFound | Category::AccessDenied)
            && error.executed == Executed::No)
}
