//! Makes the call that a script describes. Every function of the interface goes through here.

use aws_lambda_connector::aws::credentials::{AccessKey, Secret};
use aws_lambda_connector::aws::endpoint::EndpointChoice;
use aws_lambda_connector::block_on::block_on;
use aws_lambda_connector::call::connection::{Connection, Credentials};
use aws_lambda_connector::call::delivery::Options;
use aws_lambda_connector::call::error::Error;
use aws_lambda_connector::call::invocation::Invocation;
use aws_lambda_connector::call::roles::RoleOptions;
use aws_lambda_connector::cards;
use aws_lambda_connector::cards::choices::ChoicePage;
use aws_lambda_connector::executions::wait;
use aws_lambda_connector::lambda::executions::complete_callback::{
    CallbackResult, CompleteCallback,
};
use aws_lambda_connector::lambda::executions::execution::{
    Execution, ExecutionFailure, ExecutionStatus,
};
use aws_lambda_connector::lambda::executions::get::GetDurableExecution;
use aws_lambda_connector::lambda::executions::history::{
    GetDurableExecutionHistory, HistoryPage, HistoryQuery,
};
use aws_lambda_connector::lambda::executions::list::{
    ExecutionPage, ExecutionQuery, ListDurableExecutions,
};
use aws_lambda_connector::lambda::executions::stop::StopDurableExecution;
use aws_lambda_connector::lambda::invoke::{
    InvocationType, Invoke, InvokeRequest, LogType, ResponseMode,
};
use aws_lambda_connector::lambda::list_functions::{FunctionPage, FunctionQuery, ListFunctions};
use aws_lambda_connector::lambda::list_qualifiers::{ListQualifiers, QualifierChoice};
use aws_lambda_connector::perform::perform;
use aws_lambda_connector::sessions::{SessionRequest, open};
use aws_lambda_connector::sts::session::Session;
use aws_lambda_connector::sts::session_policy::Scope;
use aws_lambda_connector::test_connection::{Check, test_connection};

use crate::script::{self, Lines};
use crate::secrets;
use crate::transport::Scripted;

/// The result of a call.
#[derive(Debug)]
pub enum CallOutcome {
    /// `lambda.invoke`
    Invoked(Result<Invocation, Error>),
    /// `lambda.list-functions`
    Listed(Result<FunctionPage, Error>),
    /// `lambda.list-qualifiers`
    Qualifiers(Result<Vec<QualifierChoice>, Error>),
    /// `lambda.test-connection`
    Tested(Result<Vec<Check>, Error>),
    /// `sessions.open`
    Opened(Result<Session, Error>),
    /// `executions.get` and `executions.wait`
    Execution(Result<Execution, Error>),
    /// `executions.list-executions`
    Executions(Result<ExecutionPage, Error>),
    /// `executions.history`
    History(Result<HistoryPage, Error>),
    /// `executions.stop`
    Stopped(Result<u64, Error>),
    /// `executions.complete-callback`
    Completed(Result<(), Error>),
    /// `cards.run`
    Ran(Result<String, Error>),
    /// `cards.choices`
    Choices(Result<ChoicePage, Error>),
}

impl CallOutcome {
    /// Whether the last answer was read as a success. A connection test succeeds with any answer, and
    /// choices may be known without one.
    pub fn is_success(&self) -> bool {
        match self {
            CallOutcome::Invoked(result) => result.is_ok(),
            CallOutcome::Listed(result) => result.is_ok(),
            CallOutcome::Qualifiers(result) => result.is_ok(),
            CallOutcome::Opened(result) => result.is_ok(),
            CallOutcome::Execution(result) => result.is_ok(),
            CallOutcome::Executions(result) => result.is_ok(),
            CallOutcome::History(result) => result.is_ok(),
            CallOutcome::Stopped(result) => result.is_ok(),
            CallOutcome::Completed(result) => result.is_ok(),
            CallOutcome::Ran(result) => result.is_ok(),
            CallOutcome::Choices(result) => result.is_ok(),
            CallOutcome::Tested(_) => false,
        }
    }

    /// Returns the error of a call that failed.
    pub fn error(&self) -> Option<&Error> {
        match self {
            CallOutcome::Invoked(result) => result.as_ref().err(),
            CallOutcome::Listed(result) => result.as_ref().err(),
            CallOutcome::Qualifiers(result) => result.as_ref().err(),
            CallOutcome::Tested(result) => result.as_ref().err(),
            CallOutcome::Opened(result) => result.as_ref().err(),
            CallOutcome::Execution(result) => result.as_ref().err(),
            CallOutcome::Executions(result) => result.as_ref().err(),
            CallOutcome::History(result) => result.as_ref().err(),
            CallOutcome::Stopped(result) => result.as_ref().err(),
            CallOutcome::Completed(result) => result.as_ref().err(),
            CallOutcome::Ran(result) => result.as_ref().err(),
            CallOutcome::Choices(result) => result.as_ref().err(),
        }
    }
}

/// A call that is ready to be made.
pub struct Call<'a> {
    lines: &'a Lines,
    /// The connection's form of a card, otherwise empty.
    form: String,
    /// The connection, with the planted secrets.
    pub connection: Connection,
}

impl<'a> Call<'a> {
    /// Reads the call. Returns `None` if the script calls nothing.
    pub fn new(lines: &'a Lines) -> Option<Call<'a>> {
        let form = plant(lines.get("connection").unwrap_or_default());
        let connection = match lines.first() {
            "run" | "choices" | "test-card" => {
                cards::connection::read(&form).unwrap_or(Connection {
                    region: String::new(),
                    credentials: Credentials::HostSigned,
                    endpoint: EndpointChoice::Standard,
                })
            }
            "invoke" | "list" | "qualifiers" | "test" | "open" => connection(lines),
            "get" | "wait" | "list-executions" | "history" | "stop" | "callback" => {
                connection(lines)
            }
            _ => return None,
        };
        Some(Call {
            lines,
            form,
            connection,
        })
    }

    /// Whether the caller declares that the function may run twice.
    pub fn idempotent(&self) -> bool {
        let values = self.lines.get("values").unwrap_or_default();
        let values: Option<serde_json::Value> = serde_json::from_str(values).ok();
        let value = values.as_ref().and_then(|values| values.get("idempotent"));
        match self.lines.first() {
            "run" => value.is_some_and(|value| *value == true || *value == "true"),
            // No option declares it.
            "stop" | "callback" => false,
            _ => self.lines.has("idempotent"),
        }
    }

    /// The maximum number of attempts of one request.
    pub fn max_attempts(&self) -> u32 {
        self.lines.number("attempts").unwrap_or(3)
    }

    /// The longest duration of an invocation in milliseconds, without the exchange for a role's keys.
    pub fn longest_ms(&self) -> u64 {
        let synchronous = !matches!(self.lines.get("type"), Some("event" | "dry-run"));
        let default = if synchronous { 1_815_000 } else { 30_000 };
        let response: u32 = self.lines.number("response-timeout").unwrap_or(default);
        let connect: u32 = self.lines.number("connect-timeout").unwrap_or(3_100);
        (u64::from(connect) + u64::from(response)) * u64::from(self.max_attempts())
    }

    /// Makes the call.
    pub fn make(&self, transport: &Scripted) -> CallOutcome {
        let lines = self.lines;
        let text = |name| lines.get(name).unwrap_or_default();
        let connection = self.connection.clone();
        match lines.first() {
            "invoke" => CallOutcome::Invoked(
                Invoke::new(connection, self.invocation())
                    .and_then(|call| block_on(perform(transport, call))),
            ),
            "list" => CallOutcome::Listed(
                ListFunctions::new(connection, query(lines))
                    .and_then(|call| block_on(perform(transport, call))),
            ),
            "qualifiers" => CallOutcome::Qualifiers(
                ListQualifiers::new(connection, text("function"))
                    .and_then(|call| block_on(perform(transport, call))),
            ),
            "test" => CallOutcome::Tested(block_on(test_connection(
                transport,
                &connection,
                lines.get("function"),
                lines.get("qualifier"),
            ))),
            "open" => CallOutcome::Opened(block_on(open(transport, connection, self.session()))),
            "get" => CallOutcome::Execution(
                GetDurableExecution::new(connection, arn(lines), lines.has("data"))
                    .and_then(|call| block_on(perform(transport, call))),
            ),
            "wait" => CallOutcome::Execution(block_on(wait(
                transport,
                connection,
                arn(lines),
                lines.number("timeout").unwrap_or(60_000),
            ))),
            "list-executions" => CallOutcome::Executions(
                ListDurableExecutions::new(connection, execution_query(lines))
                    .and_then(|call| block_on(perform(transport, call))),
            ),
            "history" => CallOutcome::History(
                GetDurableExecutionHistory::new(connection, &history_query(lines))
                    .and_then(|call| block_on(perform(transport, call))),
            ),
            "stop" => CallOutcome::Stopped(
                StopDurableExecution::new(connection, arn(lines), failure(lines).as_ref())
                    .and_then(|call| block_on(perform(transport, call))),
            ),
            "callback" => CallOutcome::Completed(
                CompleteCallback::new(connection, callback_id(lines), callback_result(lines))
                    .and_then(|call| block_on(perform(transport, call))),
            ),
            "test-card" => CallOutcome::Tested(block_on(cards::test(
                transport,
                &self.form,
                text("card"),
                text("values"),
            ))),
            "run" => CallOutcome::Ran(block_on(cards::run(
                transport,
                &self.form,
                text("card"),
                text("values"),
            ))),
            _ => CallOutcome::Choices(block_on(cards::choices(
                transport,
                &self.form,
                text("card"),
                text("field"),
                text("values"),
                lines.get("search"),
                lines.get("cursor"),
            ))),
        }
    }

    fn session(&self) -> SessionRequest {
        let lines = self.lines;
        let functions = lines.get("scope").map(str::split_whitespace);
        SessionRequest {
            scope: functions.map(|names| Scope {
                functions: names.map(Into::into).collect(),
                list_functions: lines.has("list"),
                executions: lines.has("executions"),
            }),
            duration_seconds: lines.number("seconds"),
            delivery: None,
        }
    }

    fn invocation(&self) -> InvokeRequest {
        let lines = self.lines;
        InvokeRequest {
            function: lines.text("function").unwrap_or_default(),
            qualifier: lines.text("qualifier"),
            invocation_type: match lines.get("type") {
                Some("event") => Some(InvocationType::Event),
                Some("dry-run") => Some(InvocationType::DryRun),
                Some(_) => Some(InvocationType::RequestResponse),
                None => None,
            },
            log_type: lines.has("tail").then_some(LogType::Tail),
            client_context: lines.text("context"),
            payload: lines.text("payload"),
            tenant_id: lines.text("tenant"),
            durable_execution_name: lines.text("durable"),
            trace_id: lines.text("trace"),
            request_id: lines.text("request-id"),
            // Scripted responses are not event streams, and payloads are checked here.
            response_mode: ResponseMode::Buffered,
            max_response_bytes: None,
            payload_sha256: None,
            payload_is_json: false,
            delivery: Some(Options {
                // A number that does not fit becomes 0, which is rejected.
                max_attempts: Some(u8::try_from(self.max_attempts()).unwrap_or_default()),
                connect_timeout_ms: lines.number("connect-timeout"),
                response_timeout_ms: lines.number("response-timeout"),
                idempotent: Some(self.idempotent()),
            }),
        }
    }
}

/// The query of a listing.
pub fn query(lines: &Lines) -> FunctionQuery {
    FunctionQuery {
        name_contains: lines.text("contains"),
        all_versions: lines.has("all"),
        cursor: lines.text("cursor"),
        limit: lines.number("limit"),
        delivery: None,
    }
}

/// The execution of a call about one.
pub fn arn(lines: &Lines) -> &str {
    const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:f:1/durable-execution/n/i";
    lines.get("arn").unwrap_or(ARN)
}

/// The query of a listing of executions.
pub fn execution_query(lines: &Lines) -> ExecutionQuery {
    let statuses = lines.get("statuses").unwrap_or_default();
    ExecutionQuery {
        function: lines.text("function").unwrap_or("f".into()),
        qualifier: lines.text("qualifier"),
        name: lines.text("name"),
        statuses: statuses
            .split_whitespace()
            .map(ExecutionStatus::read)
            .collect(),
        started_after_ms: lines.number("after"),
        started_before_ms: lines.number("before"),
        oldest_first: lines.has("oldest-first"),
        cursor: lines.text("cursor"),
        limit: lines.number("limit"),
        delivery: None,
    }
}

/// The query of a history.
pub fn history_query(lines: &Lines) -> HistoryQuery {
    HistoryQuery {
        arn: arn(lines).into(),
        with_data: lines.has("data"),
        newest_first: lines.has("newest-first"),
        cursor: lines.text("cursor"),
        limit: lines.number("limit"),
        delivery: None,
    }
}

/// The failure that a stop or a callback's result records.
pub fn failure(lines: &Lines) -> Option<ExecutionFailure> {
    let frames = lines.get("frames").map(str::split_whitespace);
    lines.has("failure").then(|| ExecutionFailure {
        error_type: lines.text("failure"),
        error_message: lines.text("message"),
        error_data: lines.text("error-data"),
        stack_trace: frames.into_iter().flatten().map(Into::into).collect(),
    })
}

/// The callback of a call that completes one.
pub fn callback_id(lines: &Lines) -> &str {
    lines.get("callback-id").unwrap_or("Ab+/cd0==")
}

/// The result of a callback.
pub fn callback_result(lines: &Lines) -> CallbackResult {
    match failure(lines) {
        Some(failure) => CallbackResult::Failed(failure),
        None if lines.has("heartbeat") => CallbackResult::Heartbeat,
        None => CallbackResult::Succeeded(lines.text("payload").map(String::into_bytes)),
    }
}

/// A valid connection, except where the script makes it invalid.
pub fn connection(lines: &Lines) -> Connection {
    let secret = |text: &str| Secret::new(text.into());
    let key = |token: bool| AccessKey {
        access_key_id: lines.text("key-id").unwrap_or("AKIDEXAMPLE".into()),
        secret_access_key: secret(secrets::KEY),
        session_token: token.then(|| secret(secrets::TOKEN)),
    };
    let role = RoleOptions {
        arn: lines
            .text("role")
            .unwrap_or("arn:aws:iam::123456789012:role/a".into()),
        external_id: lines.text("external-id").map(Secret::new),
        session_name: lines.text("session-name"),
        duration_seconds: lines.number("duration"),
    };
    Connection {
        region: lines.text("region").unwrap_or("eu-central-1".into()),
        credentials: match lines.get("credentials") {
            Some("token") => Credentials::AccessKey(key(true)),
            Some("signing-key") => Credentials::SigningKey {
                access_key_id: "AKIDEXAMPLE".into(),
                date: lines.text("date").unwrap_or("20261122".into()),
                key: vec![7; 32].into(),
                session_token: lines.has("token").then(|| secret(secrets::TOKEN)),
            },
            Some("role") => Credentials::AssumeRole {
                source: key(false),
                roles: vec![role],
            },
            Some("roles") => Credentials::AssumeRole {
                source: key(true),
                roles: vec![role.clone(), role],
            },
            Some("oidc") => Credentials::WebIdentity {
                token: secret(secrets::OIDC),
                role,
            },
            Some("host") => Credentials::HostSigned,
            _ => Credentials::AccessKey(key(false)),
        },
        endpoint: match lines.get("endpoint") {
            None => EndpointChoice::Standard,
            Some("fips") => EndpointChoice::Fips,
            Some("dual-stack") => EndpointChoice::DualStack,
            Some("fips-dual-stack") => EndpointChoice::FipsDualStack,
            Some("emulator") => EndpointChoice::Emulator(
                lines.text("url").unwrap_or("http://127.0.0.1:9000".into()),
            ),
            Some(url) => EndpointChoice::Url(url.into()),
        },
    }
}

/// The [`connection`] of an empty script.
pub fn plain_connection() -> Connection {
    let (lines, _) = script::read(b"");
    connection(&lines)
}

/// Replaces each value `$` of a secret field in a connection's form by the planted secret.
pub fn plant(form: &str) -> String {
    let mut out = form.to_owned();
    for (name, secret) in [
        ("secretAccessKey", secrets::KEY),
        ("sessionToken", secrets::TOKEN),
        ("webIdentityToken", secrets::OIDC),
        ("signingKey", secrets::SIGNING_KEY),
    ] {
        out = out.replace(
            &format!("\"{name}\":\"$\""),
            &format!("\"{name}\":\"{secret}\""),
        );
    }
    out
}
