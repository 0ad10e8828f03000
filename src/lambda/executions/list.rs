//! `ListDurableExecutionsByFunction`: `GET /2025-12-01/functions/{FunctionName}/durable-executions`.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::aws::message::{Method, Request, Response};
use crate::aws::uri;
use crate::call::connection::Connection;
use crate::call::delivery::{self, Delivery};
use crate::call::error::Error;
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::call::target::Target;
use crate::call::text::{self, is_word};
use crate::lambda::executions::execution::{Execution, ExecutionStatus};
use crate::lambda::executions::timestamp;
use crate::lambda::function_name::{FunctionName, check_qualifier};
use crate::lambda::page::{Listing, read_page};

/// The interface's `executions.execution-query`, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ExecutionQuery {
    pub function: String,
    pub qualifier: Option<String>,
    pub name: Option<String>,
    pub statuses: Vec<ExecutionStatus>,
    pub started_after_ms: Option<u64>,
    pub started_before_ms: Option<u64>,
    pub oldest_first: bool,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
    pub delivery: Option<delivery::Options>,
}

/// Rows, and the cursor of the rows that follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ExecutionPage {
    pub executions: Vec<Execution>,
    pub next: Option<String>,
}

/// The most statuses of a query.
const MAX_STATUSES: usize = 10;

/// The operation `ListDurableExecutionsByFunction`, with the rows that it has read.
#[derive(Clone, Debug)]
pub struct ListDurableExecutions {
    call: Call,
    function: FunctionName,
    query: ExecutionQuery,
    listing: Listing<Execution>,
    output: Option<ExecutionPage>,
}

impl ListDurableExecutions {
    /// Checks the connection and the query.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(
        connection: Connection,
        query: ExecutionQuery,
    ) -> Result<ListDurableExecutions, Error> {
        const FUNCTION: &str = "query.function";
        let function = FunctionName::parse(FUNCTION, &query.function)?;
        let target = Target::new(connection, function.region_hint(FUNCTION))?;
        if let Some(qualifier) = &query.qualifier {
            check_qualifier(qualifier).map_err(|rule| Error::invalid("query.qualifier", rule))?;
        }
        if let Some(name) = &query.name {
            text::check(
                format_args!("query.name"),
                name,
                1,
                64,
                is_word,
                "a durable execution's name has 1 to 64 letters, digits, hyphens and underscores",
            )?;
        }
        if query.statuses.len() > MAX_STATUSES {
            return Err(Error::invalid(
                "query.statuses",
                format!("it must have at most {MAX_STATUSES} statuses"),
            ));
        }
        for (at, status) in (0_usize..).zip(&query.statuses) {
            text::check(
                format_args!("query.statuses[{at}]"),
                status.as_str(),
                1,
                64,
                is_word,
                "a status looks like RUNNING",
            )?;
        }
        Ok(ListDurableExecutions {
            call: Call {
                target,
                delivery: Delivery::new("query.delivery", query.delivery.as_ref(), false)?,
            },
            listing: Listing::new(query.limit, query.cursor.as_deref())?,
            function,
            query,
            output: None,
        })
    }
}

impl Exchange for ListDurableExecutions {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        let mut path = String::from("/2025-12-01/functions/");
        uri::encode_into(&mut path, self.function.as_given());
        path.push_str("/durable-executions");
        let mut request = Request::new(Method::Get, &self.call.target.endpoint, &path);
        let query = &mut request.query;
        let texts = [
            ("Qualifier", &self.query.qualifier),
            ("DurableExecutionName", &self.query.name),
        ];
        for (name, text) in texts {
            query.extend(text.as_deref().map(|text| (name, Cow::Borrowed(text))));
        }
        let statuses = self.query.statuses.iter().map(ExecutionStatus::as_str);
        query.extend(statuses.map(|status| ("Statuses", Cow::Borrowed(status))));
        let times = [
            ("StartedAfter", self.query.started_after_ms),
            ("StartedBefore", self.query.started_before_ms),
        ];
        for (name, ms) in times {
            query.extend(ms.map(|ms| (name, Cow::Owned(timestamp::iso8601(ms)))));
        }
        if self.query.oldest_first {
            query.push(("ReverseOrder", Cow::Borrowed("true")));
        }
        query.push(("MaxItems", Cow::Owned(self.listing.wanted().to_string())));
        let marker = self.listing.marker();
        query.extend(marker.map(|marker| ("Marker", Cow::Borrowed(marker))));
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        let context = || RequestContext {
            action: "lambda:ListDurableExecutionsByFunction",
            resource: self
                .function
                .policy_resource(&self.call.target.region, self.query.qualifier.as_deref()),
            effect: Effect::Read,
            attempts,
        };
        let page = read_page(
            &response,
            attempts,
            context,
            "DurableExecutions",
            Execution::read,
        )?;
        if let Some((executions, next)) = self.listing.take(page, Execution::size, attempts)? {
            self.output = Some(ExecutionPage { executions, next });
        }
        Ok(())
    }
}

impl Operation for ListDurableExecutions {
    type Output = ExecutionPage;

    fn take_output(&mut self) -> Option<ExecutionPage> {
        self.output.take()
    }
}
