//! The exports: WIT values in, one call, WIT values out.

use alloc::string::String;
use alloc::vec::Vec;

use crate::allocator::Allocator;
use crate::bindings::exports::connectors::aws_lambda::{
    cards, executions, lambda, sessions, types,
};
use crate::cards::{choices, run, test};
use crate::executions::wait;
use crate::http::Host;
use crate::lambda::executions::complete_callback::CompleteCallback;
use crate::lambda::executions::execution::ExecutionFailure;
use crate::lambda::executions::get::GetDurableExecution;
use crate::lambda::executions::history::GetDurableExecutionHistory;
use crate::lambda::executions::list::ListDurableExecutions;
use crate::lambda::executions::stop::StopDurableExecution;
use crate::lambda::invoke::Invoke;
use crate::lambda::list_functions::ListFunctions;
use crate::lambda::list_qualifiers::ListQualifiers;
use crate::perform::perform;
use crate::sessions::open;
use crate::test_connection::test_connection;

mod cards_to_wit;
mod executions_wit;
mod from_wit;
#[cfg(feature = "p3")]
mod streaming;
mod to_wit;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

/// Unreachable by design: a panic would surface as an opaque trap.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

struct Connector;

/// The macro exports functions by their link name, for which Rust requires `unsafe`.
#[allow(unsafe_code)]
mod exported {
    use super::Connector;

    crate::bindings::export!(Connector);
}

/// Defines an export. It is `async` in WASI 0.3, where the instance serves other calls while it waits.
#[cfg(feature = "p3")]
macro_rules! maybe_async {
    ($name:ident($($argument:ident: $type:ty),* $(,)?) -> $output:ty $body:block) => {
        async fn $name($($argument: $type),*) -> $output $body
    };
}
/// Defines an export. It blocks in WASI 0.2, where every future that it awaits is ready at once.
#[cfg(not(feature = "p3"))]
macro_rules! maybe_async {
    ($name:ident($($argument:ident: $type:ty),* $(,)?) -> $output:ty $body:block) => {
        fn $name($($argument: $type),*) -> $output {
            crate::block_on::block_on(async move $body)
        }
    };
}

impl lambda::Guest for Connector {
    maybe_async!(invoke(
        connection: types::Connection,
        request: lambda::InvokeRequest,
    ) -> Result<types::Invocation, types::Error> {
        let call = Invoke::new(connection.into(), request.into())?;
        Ok(perform(&Host, call).await?.into())
    });

    maybe_async!(list_functions(
        connection: types::Connection,
        query: lambda::FunctionQuery,
    ) -> Result<lambda::FunctionPage, types::Error> {
        let call = ListFunctions::new(connection.into(), query.into())?;
        Ok(perform(&Host, call).await?.into())
    });

    maybe_async!(list_qualifiers(
        connection: types::Connection,
        function: String,
    ) -> Result<Vec<lambda::QualifierChoice>, types::Error> {
        let call = ListQualifiers::new(connection.into(), &function)?;
        let choices = perform(&Host, call).await?;
        Ok(choices.into_iter().map(Into::into).collect())
    });

    maybe_async!(test_connection(
        connection: types::Connection,
        function: Option<String>,
        qualifier: Option<String>,
    ) -> Result<Vec<lambda::Check>, types::Error> {
        let (function, qualifier) = (function.as_deref(), qualifier.as_deref());
        let checks = test_connection(&Host, &connection.into(), function, qualifier).await?;
        Ok(checks.into_iter().map(Into::into).collect())
    });
}

impl sessions::Guest for Connector {
    maybe_async!(open(
        connection: types::Connection,
        request: sessions::SessionRequest,
    ) -> Result<sessions::Session, types::Error> {
        Ok(open(&Host, connection.into(), request.into()).await?.into())
    });
}

impl executions::Guest for Connector {
    maybe_async!(get(
        connection: types::Connection,
        arn: String,
        with_data: bool,
    ) -> Result<executions::Execution, types::Error> {
        let call = GetDurableExecution::new(connection.into(), &arn, with_data)?;
        Ok(perform(&Host, call).await?.into())
    });

    maybe_async!(wait(
        connection: types::Connection,
        arn: String,
        timeout_ms: u32,
    ) -> Result<executions::Execution, types::Error> {
        Ok(wait(&Host, connection.into(), &arn, timeout_ms).await?.into())
    });

    maybe_async!(list_executions(
        connection: types::Connection,
        query: executions::ExecutionQuery,
    ) -> Result<executions::ExecutionPage, types::Error> {
        let call = ListDurableExecutions::new(connection.into(), query.into())?;
        Ok(perform(&Host, call).await?.into())
    });

    maybe_async!(history(
        connection: types::Connection,
        query: executions::HistoryQuery,
    ) -> Result<executions::HistoryPage, types::Error> {
        let call = GetDurableExecutionHistory::new(connection.into(), &query.into())?;
        Ok(perform(&Host, call).await?.into())
    });

    maybe_async!(stop(
        connection: types::Connection,
        arn: String,
        failure: Option<executions::ExecutionFailure>,
    ) -> Result<u64, types::Error> {
        let failure: Option<ExecutionFailure> = failure.map(Into::into);
        let call = StopDurableExecution::new(connection.into(), &arn, failure.as_ref())?;
        Ok(perform(&Host, call).await?)
    });

    maybe_async!(complete_callback(
        connection: types::Connection,
        callback_id: String,
        outcome: executions::CallbackResult,
    ) -> Result<(), types::Error> {
        let call = CompleteCallback::new(connection.into(), &callback_id, outcome.into())?;
        Ok(perform(&Host, call).await?)
    });
}

impl cards::Guest for Connector {
    fn describe() -> Result<cards::Manifest, types::Error> {
        Ok(cards_to_wit::manifest())
    }

    maybe_async!(choices(
        connection: String,
        card: String,
        field: String,
        values: String,
        search: Option<String>,
        cursor: Option<String>,
    ) -> Result<cards::ChoicePage, types::Error> {
        let (search, cursor) = (search.as_deref(), cursor.as_deref());
        let page = choices(&Host, &connection, &card, &field, &values, search, cursor).await?;
        Ok(page.into())
    });

    maybe_async!(test(
        connection: String,
        card: String,
        values: String,
    ) -> Result<Vec<lambda::Check>, types::Error> {
        let checks = test(&Host, &connection, &card, &values).await?;
        Ok(checks.into_iter().map(Into::into).collect())
    });

    maybe_async!(run(
        connection: String,
        card: String,
        values: String,
    ) -> Result<String, types::Error> {
        Ok(run(&Host, &connection, &card, &values).await?)
    });
}
