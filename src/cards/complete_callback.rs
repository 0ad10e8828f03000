//! The card that answers a callback of a durable execution, for example an approval.

use alloc::string::String;

use crate::call::connection::Connection;
use crate::call::error::{Error, Executed};
use crate::cards::executions::{EXECUTION_ARN, FUNCTION_NAME, STATUS, error, offered};
use crate::cards::field::{Choice, FIELD, Field, Kind, Source, Values, form, untyped};
use crate::cards::manifest::Description;
use crate::cards::outputs::Value::Text;
use crate::cards::outputs::{self, Output};
use crate::lambda::executions::complete_callback::{CallbackResult, CompleteCallback};
use crate::perform::perform;
use crate::transport::Transport;

pub use crate::cards::connection::test;

pub const CARD: Description = Description {
    id: "complete-callback",
    title: "Complete Callback",
    description: "Answers a callback that a durable execution waits for: approves, rejects with a reason, or asks for more time.",
    fields: Input::FIELDS,
    outputs: &outputs::fields::<_, { OUTPUTS.len() }>(OUTPUTS),
};

form! {
    /// The card's options and inputs.
    enum Input {
        FunctionName = FUNCTION_NAME,
        Status = Field {
            default: Some("\"RUNNING\""),
            ..STATUS
        },
        ExecutionArn = Field {
            definition: "The durable execution whose open callbacks the list of Callback ID offers. Leave it empty to enter the ID.",
            required: false,
            is_option: true,
            source: Some(Source::Executions(|values| {
                offered(&Input::FunctionName, &Input::Status, values)
            })),
            ..EXECUTION_ARN
        },
        CallbackId = Field {
            key: "callbackId",
            label: "Callback ID",
            definition: "The ID of the callback, which the function receives when it creates the callback, and usually passes to whom it asks.",
            required: true,
            source: Some(Source::Callbacks(|values| Input::ExecutionArn.required_text(values))),
            paths: &["callback-id"],
            ..FIELD
        },
        Decision = DECISION,
        Result = Field {
            key: "result",
            label: "Result",
            definition: "The result that the function receives: any JSON value of at most 1,048,576 bytes. Text that contains a JSON object or array is sent as that object or array, and other text as a JSON string. Leave it empty to send none.",
            kind: Kind::Object,
            visible_when: DECISION.is(&[SUCCEED]),
            paths: &["outcome.succeeded"],
            ..FIELD
        },
        ErrorType = Field {
            key: "errorType",
            label: "Error Type",
            definition: "The type of the error that the function receives, for example Rejected.",
            visible_when: DECISION.is(&[FAIL]),
            paths: &["outcome.failed"],
            ..FIELD
        },
        ErrorMessage = Field {
            key: "errorMessage",
            label: "Error Message",
            definition: "The reason that the function receives.",
            visible_when: DECISION.is(&[FAIL]),
            paths: &["outcome.failed"],
            ..FIELD
        },
    }
}

/// How the callback is answered.
#[derive(Clone, Copy)]
enum Decision {
    Succeed,
    Fail,
    Heartbeat,
}

const SUCCEED: &str = "Succeed";
const FAIL: &str = "Fail";
const HEARTBEAT: &str = "Heartbeat";

const DECISIONS: &[Choice<Decision>] = &[
    Choice {
        means: Decision::Succeed,
        value: SUCCEED,
        label: SUCCEED,
        description: "Completes the callback with the result, for example an approval.",
    },
    Choice {
        means: Decision::Fail,
        value: FAIL,
        label: FAIL,
        description: "Completes the callback with an error, for example a rejection with its reason.",
    },
    Choice {
        means: Decision::Heartbeat,
        value: HEARTBEAT,
        label: HEARTBEAT,
        description: "Leaves the callback open, and restarts its heartbeat timeout.",
    },
];

/// It has no default: an approval must be chosen.
const DECISION: Field = Field {
    key: "decision",
    label: "Decision",
    definition: "Whether to complete the callback with a result or with an error, or to keep it open.",
    kind: Kind::Dropdown,
    required: true,
    choices: &untyped::<_, { DECISIONS.len() }>(DECISIONS),
    ..FIELD
};

const OUTPUTS: &[Output<Answered>] = &[
    Output {
        key: "callbackId",
        label: "Callback ID",
        definition: "The ID of the callback.",
        value: Text(|answered| Some(&answered.callback_id)),
    },
    Output {
        key: "decision",
        label: "Decision",
        definition: "How the callback was answered: Succeed, Fail or Heartbeat.",
        value: Text(|answered| Some(answered.decision)),
    },
];

struct Answered {
    callback_id: String,
    decision: &'static str,
}

/// Runs the card and returns its outputs.
pub async fn run(
    transport: &impl Transport,
    connection: Connection,
    values: &Values<'_>,
) -> Result<String, Error> {
    let callback_id = Input::CallbackId.required_text(values)?;
    let (decision, outcome) = match Input::Decision.choice(values, DECISIONS)? {
        Decision::Succeed => {
            let result = Input::Result.json(values);
            let bytes = result.map(|json| json.into_owned().into_bytes());
            (SUCCEED, CallbackResult::Succeeded(bytes))
        }
        Decision::Fail => {
            let failure = error(&Input::ErrorType, &Input::ErrorMessage, values)?;
            (FAIL, CallbackResult::Failed(failure.unwrap_or_default()))
        }
        Decision::Heartbeat => (HEARTBEAT, CallbackResult::Heartbeat),
    };
    let complete = CompleteCallback::new(connection, &callback_id, outcome)?;
    perform(transport, complete).await?;
    let answered = Answered {
        callback_id,
        decision,
    };
    outputs::write(OUTPUTS, &answered).ok_or_else(|| outputs::too_large(Executed::Yes, 1))
}
