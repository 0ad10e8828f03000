//! The card that invokes a function.

use super::{Card, Choice, Condition, FIELD, Field, Kind};

const PARAMETERS: Option<&str> = Some("Parameters");
const ADVANCED: Option<&str> = Some("Advanced");

const fn when_name_is_typed(typed: bool) -> Option<Condition> {
    Some(Condition {
        key: "useFunctionName",
        values: if typed { &["Yes"] } else { &["No"] },
    })
}

pub const CARD: Card = Card {
    id: "invoke",
    title: "Invoke",
    description: "Invokes a Lambda function and returns its response.",
    options: OPTIONS,
    inputs: INPUTS,
    outputs: OUTPUTS,
};

const OPTIONS: &[Field] = &[
    Field {
        key: "useFunctionName",
        label: "Use Function Name?",
        definition: "Whether to type the function's name (Yes) or to choose the function from a list (No).",
        kind: Kind::Dropdown,
        required: true,
        default: Some("\"No\""),
        choices: &[
            Choice {
                value: "Yes",
                label: "Yes",
                description: "Type the function's name, a part of it, or its ARN.",
            },
            Choice {
                value: "No",
                label: "No",
                description: "Choose the function from a list.",
            },
        ],
        ..FIELD
    },
    Field {
        key: "yourFunctions",
        label: "Your Functions",
        definition: "The functions that can be invoked with this connection.",
        kind: Kind::Dropdown,
        required: true,
        dynamic: true,
        visible_when: when_name_is_typed(false),
        ..FIELD
    },
    Field {
        key: "functionName",
        label: "Function Name",
        definition: "The function's partial or complete name, or its ARN. A part of a name must match exactly one function; if it matches several, they are named and none is invoked.",
        required: true,
        visible_when: when_name_is_typed(true),
        ..FIELD
    },
];

const INPUTS: &[Field] = &[
    Field {
        key: "invocationType",
        label: "Invocation Type",
        definition: "Whether to wait for the function's response.",
        kind: Kind::Dropdown,
        default: Some("\"RequestResponse\""),
        choices: &[
            Choice {
                value: "RequestResponse",
                label: "RequestResponse",
                description: "Synchronous: the connection stays open until the function returns a response or times out.",
            },
            Choice {
                value: "DryRun",
                label: "DryRun",
                description: "Checks the parameters and the caller's permission; the function does not run.",
            },
            Choice {
                value: "Event",
                label: "Event",
                description: "Asynchronous: the event is queued, and the function's response is not returned.",
            },
        ],
        group: PARAMETERS,
        ..FIELD
    },
    Field {
        key: "logType",
        label: "Log Type",
        definition: "Tail returns the last 4 KB of the execution log of a synchronous invocation.",
        kind: Kind::Dropdown,
        default: Some("\"None\""),
        choices: &[
            Choice {
                value: "None",
                label: "None",
                description: "No log.",
            },
            Choice {
                value: "Tail",
                label: "Tail",
                description: "The last 4 KB of the execution log.",
            },
        ],
        group: PARAMETERS,
        ..FIELD
    },
    Field {
        key: "clientContext",
        label: "Client Context",
        definition: "Data about the caller that the function finds in its context object: a JSON object, at most 3,583 bytes once it is Base64. Synchronous invocations only.",
        kind: Kind::Object,
        group: PARAMETERS,
        ..FIELD
    },
    Field {
        key: "payload",
        label: "Payload",
        definition: "JSON for the function, its event. Any JSON value is accepted: at most 6,291,456 bytes, or 1,048,576 for the invocation type Event.",
        kind: Kind::Object,
        group: PARAMETERS,
        ..FIELD
    },
    Field {
        key: "qualifier",
        label: "Qualifier",
        definition: "An alias or a version of the function to invoke. Empty invokes its unpublished version.",
        dynamic: true,
        group: PARAMETERS,
        ..FIELD
    },
    Field {
        key: "tenantId",
        label: "Tenant ID",
        definition: "The tenant to run for. Only for functions with tenant isolation, which refuse an invocation without it.",
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "durableExecutionName",
        label: "Durable Execution Name",
        definition: "Only for durable functions: names the execution. Invoking again with the same name and payload finds the execution instead of starting another.",
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "traceId",
        label: "Trace ID",
        definition: "The X-Ray trace to continue: a value of the header X-Amzn-Trace-Id.",
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "onFunctionError",
        label: "On Function Error",
        definition: "What becomes of the step when the function ran and failed.",
        kind: Kind::Dropdown,
        default: Some("\"Fail\""),
        choices: &[
            Choice {
                value: "Fail",
                label: "Fail",
                description: "The step fails with the function's error.",
            },
            Choice {
                value: "Continue",
                label: "Continue",
                description: "The step succeeds; Function Error, Error Type and Error Message tell what happened.",
            },
        ],
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "maxAttempts",
        label: "Maximum Attempts",
        definition: "How often to try in all, 1 to 10. An attempt is repeated only when the function did not start, unless it is declared idempotent.",
        kind: Kind::Number,
        default: Some("3"),
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "responseTimeoutSeconds",
        label: "Response Timeout (Seconds)",
        definition: "How long to wait for the function's response. Empty waits as long as a function can run: 915 seconds when synchronous, else 30.",
        kind: Kind::Number,
        group: ADVANCED,
        ..FIELD
    },
    Field {
        key: "idempotent",
        label: "Idempotent",
        definition: "Whether the function may safely run twice for the same payload. Then it is also invoked again when nobody can tell whether it ran.",
        kind: Kind::Boolean,
        default: Some("false"),
        group: ADVANCED,
        ..FIELD
    },
];

const fn output(
    key: &'static str,
    label: &'static str,
    kind: Kind,
    definition: &'static str,
) -> Field {
    Field {
        key,
        label,
        definition,
        kind,
        ..FIELD
    }
}

const OUTPUTS: &[Field] = &[
    output(
        "statusCode",
        "Status Code",
        Kind::Number,
        "200 for RequestResponse, 202 for Event, 204 for DryRun.",
    ),
    output(
        "output",
        "Output",
        Kind::Text,
        "The function's response as it came; as Base64 where it is not UTF-8 text.",
    ),
    output(
        "logResult",
        "Log Result",
        Kind::Text,
        "The last 4 KB of the execution log, decoded; only with the log type Tail.",
    ),
    output(
        "outputJson",
        "Output JSON",
        Kind::Object,
        "The function's response parsed, where it is JSON.",
    ),
    output(
        "outputIsBase64",
        "Output Is Base64",
        Kind::Boolean,
        "True where the output is not UTF-8 text and stands in Base64.",
    ),
    output(
        "functionError",
        "Function Error",
        Kind::Text,
        "What Lambda says of a failed function, usually Unhandled; empty where it succeeded.",
    ),
    output(
        "errorType",
        "Error Type",
        Kind::Text,
        "The failed function's error type, for example KeyError.",
    ),
    output(
        "errorMessage",
        "Error Message",
        Kind::Text,
        "The failed function's error message.",
    ),
    output(
        "executedVersion",
        "Executed Version",
        Kind::Text,
        "The version that ran: of an alias, the one it points to.",
    ),
    output(
        "requestId",
        "Request ID",
        Kind::Text,
        "Lambda's id of the invocation, which the function's log shows as well.",
    ),
    output(
        "attempts",
        "Attempts",
        Kind::Number,
        "How often the connector tried.",
    ),
    output(
        "durationMs",
        "Duration (ms)",
        Kind::Number,
        "How long the function ran; only with the log type Tail.",
    ),
    output(
        "billedDurationMs",
        "Billed Duration (ms)",
        Kind::Number,
        "The duration that AWS bills; only with the log type Tail.",
    ),
    output(
        "maxMemoryUsedMb",
        "Max Memory Used (MB)",
        Kind::Number,
        "The most memory that the function used; only with the log type Tail.",
    ),
    output(
        "initDurationMs",
        "Init Duration (ms)",
        Kind::Number,
        "How long a cold start took; only with the log type Tail.",
    ),
];
