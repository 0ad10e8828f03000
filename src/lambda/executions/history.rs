//! `GetDurableExecutionHistory`: `GET /2025-12-01/durable-executions/{DurableExecutionArn}/history`.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::aws::json::{Fields, Json};
use crate::aws::message::{Method, Request, Response};
use crate::call::connection::Connection;
use crate::call::delivery::{self, Delivery};
use crate::call::error::Error;
use crate::call::error_response::RequestContext;
use crate::call::operation::{Call, Effect, Exchange, Operation};
use crate::lambda::executions::arn::ExecutionArn;
use crate::lambda::executions::get::MAX_DATA_BYTES;
use crate::lambda::executions::{execution, timestamp};
use crate::lambda::page::{Listing, read_page};

/// The interface's `executions.history-query`, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct HistoryQuery {
    pub arn: String,
    pub with_data: bool,
    pub newest_first: bool,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
    pub delivery: Option<delivery::Options>,
}

/// The interface's `executions.history-event`. The `Debug` output has no details.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct HistoryEvent {
    pub id: u64,
    pub event_type: String,
    pub at_ms: u64,
    pub operation_id: Option<String>,
    pub parent_id: Option<String>,
    pub name: Option<String>,
    pub details: Option<String>,
}

impl fmt::Debug for HistoryEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HistoryEvent({} {})", self.id, self.event_type)
    }
}

impl HistoryEvent {
    fn read(fields: &Fields<'_>) -> Option<HistoryEvent> {
        let event_type = fields.get("EventType")?.string()?;
        Some(HistoryEvent {
            id: fields.get("EventId").and_then(Json::unsigned)?,
            at_ms: timestamp::read(fields.get("EventTimestamp")?)?,
            operation_id: fields.text("Id"),
            parent_id: fields.text("ParentId"),
            name: fields.text("Name"),
            // Each type has a field of its own for them. The field of a new type may have another name.
            details: fields
                .get(&format!("{event_type}Details"))
                .or_else(|| {
                    let mut fields = fields.iter();
                    let found = fields
                        .find(|(name, value)| name.ends_with("Details") && value.get() != "null");
                    found.map(|(_, value)| value)
                })
                .map(|details| details.get().to_owned()),
            event_type,
        })
    }

    fn size(&self) -> usize {
        let texts = [
            &self.operation_id,
            &self.parent_id,
            &self.name,
            &self.details,
        ];
        let texts = texts.into_iter().flatten().chain([&self.event_type]);
        texts
            .map(String::len)
            .fold(size_of::<HistoryEvent>(), usize::saturating_add)
    }
}

/// Events, and the cursor of the events that follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct HistoryPage {
    pub events: Vec<HistoryEvent>,
    pub next: Option<String>,
}

/// The operation `GetDurableExecutionHistory`, with the events that it has read.
#[derive(Clone, Debug)]
pub struct GetDurableExecutionHistory {
    call: Call,
    arn: ExecutionArn,
    with_data: bool,
    newest_first: bool,
    listing: Listing<HistoryEvent>,
    output: Option<HistoryPage>,
}

impl GetDurableExecutionHistory {
    /// Checks the connection and the query.
    ///
    /// # Errors
    /// `invalid-input`, which names the field.
    pub fn new(
        connection: Connection,
        query: &HistoryQuery,
    ) -> Result<GetDurableExecutionHistory, Error> {
        let (arn, target) = ExecutionArn::with_target("query.arn", &query.arn, connection)?;
        Ok(GetDurableExecutionHistory {
            call: Call {
                target,
                delivery: Delivery::new("query.delivery", query.delivery.as_ref(), false)?,
            },
            arn,
            with_data: query.with_data,
            newest_first: query.newest_first,
            listing: Listing::new(query.limit, query.cursor.as_deref())?,
            output: None,
        })
    }
}

impl Exchange for GetDurableExecutionHistory {
    fn call(&self) -> &Call {
        &self.call
    }

    fn request(&self) -> Request<'_> {
        let endpoint = &self.call.target.endpoint;
        let mut request = Request::new(Method::Get, endpoint, &self.arn.path("/history"));
        if self.with_data {
            request.max_response_bytes = MAX_DATA_BYTES;
        }
        // Lambda includes the data by default, and AWS's local runner leaves it out.
        let with_data = if self.with_data { "true" } else { "false" };
        let included = ("IncludeExecutionData", Cow::Borrowed(with_data));
        request.query.push(included);
        let wanted = self.listing.wanted().to_string();
        request.query.push(("MaxItems", Cow::Owned(wanted)));
        let marker = self.listing.marker();
        let marker = marker.map(|marker| ("Marker", Cow::Borrowed(marker)));
        request.query.extend(marker);
        if self.newest_first {
            let reversed = ("ReverseOrder", Cow::Borrowed("true"));
            request.query.push(reversed);
        }
        request
    }

    fn read(&mut self, response: Response, attempts: u8) -> Result<(), Error> {
        let context = || RequestContext {
            action: "lambda:GetDurableExecutionHistory",
            resource: self.arn.as_str().into(),
            effect: Effect::Read,
            attempts,
        };
        if response.status != 200 {
            return Err(execution::rejected(&response, &context()));
        }
        let page = read_page(&response, attempts, context, "Events", HistoryEvent::read)?;
        if let Some((events, next)) = self.listing.take(page, HistoryEvent::size, attempts)? {
            self.output = Some(HistoryPage { events, next });
        }
        Ok(())
    }
}

impl Operation for GetDurableExecutionHistory {
    type Output = HistoryPage;

    fn take_output(&mut self) -> Option<HistoryPage> {
        self.output.take()
    }
}
