//! The connector as a workflow designer presents it: forms that any platform can draw, and a way to
//! run a completed form.
//!
//! Each card is one file, and one line in [`Card`].

pub mod choices;
mod complete_callback;
pub mod connection;
mod executions;
pub mod field;
mod get_execution;
mod invoke;
mod list_executions;
mod list_functions;
pub mod manifest;
mod outputs;
mod stop_execution;
mod values;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::call::connection::Connection;
use crate::call::error::Error;
use crate::test_connection::Check;
use crate::transport::Transport;
use choices::ChoicePage;
use field::{Source, Values};
use manifest::Description;
use values::with_list;

macro_rules! cards {
    ($($card:ident => $file:ident,)*) => {
        /// The cards that can be run.
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)] // Each card describes itself.
        pub enum Card {
            $($card,)*
        }

        impl Card {
            /// All cards, in the order of the catalogue.
            pub const ALL: &[Card] = &[$(Card::$card,)*];

            /// The card's name, form and outputs.
            pub fn description(self) -> &'static Description {
                match self {
                    $(Card::$card => &$file::CARD,)*
                }
            }

            async fn run(
                self,
                transport: &impl Transport,
                connection: Connection,
                values: &Values<'_>,
            ) -> Result<String, Error> {
                match self {
                    $(Card::$card => $file::run(transport, connection, values).await,)*
                }
            }

            async fn test(
                self,
                transport: &impl Transport,
                connection: &Connection,
                values: &Values<'_>,
            ) -> Result<Vec<Check>, Error> {
                match self {
                    $(Card::$card => $file::test(transport, connection, values).await,)*
                }
            }
        }
    };
}

cards! {
    Invoke => invoke,
    ListFunctions => list_functions,
    GetExecution => get_execution,
    ListExecutions => list_executions,
    StopExecution => stop_execution,
    CompleteCallback => complete_callback,
}

impl Card {
    /// Returns the card with the given id.
    fn find(id: &str) -> Result<Card, Error> {
        let cards = || Card::ALL.iter().map(|card| (card, card.description().id));
        match cards().find(|(_, known)| *known == id) {
            Some((card, _)) => Ok(*card),
            None => {
                let ids = cards().map(|(_, known)| known);
                let message = with_list("there is no card of this ID; the cards are:".into(), ids);
                Err(Error::invalid("card", message))
            }
        }
    }

    /// Reads the card's options and inputs.
    fn read(self, values: &str) -> Result<Values<'_>, Error> {
        values::read("values", values, self.description().fields)
    }

    /// Returns the source of the choices of the field with the given key.
    fn source(self, key: &str) -> Result<Source, Error> {
        let fields = self.description().fields;
        let field = fields.iter().find(|field| field.key == key);
        if let Some(source) = field.and_then(|field| field.source) {
            return Ok(source);
        }
        let problem = match field {
            Some(_) => "the field has no dynamic choices",
            None => "the card has no field of this key",
        };
        let dynamic = fields.iter().filter(|field| field.source.is_some());
        let message = match dynamic.clone().next() {
            Some(_) => with_list(
                format!("{problem}; the fields with dynamic choices are:"),
                dynamic.map(|field| field.key),
            ),
            None => format!("{problem}; no field of this card has dynamic choices"),
        };
        Err(Error::invalid("field", message))
    }

    /// Names the form's field in an error of the typed interface. If two fields can supply the value,
    /// it is the one that is shown.
    fn to_form_error(self, error: Error, values: &Values<'_>) -> Error {
        let fields = self.description().fields.iter();
        let shown = fields.filter(|field| field.is_shown(values));
        let known = connection::FIELDS.iter().chain(shown);
        values::to_form_error(error, known.copied())
    }
}

/// Runs a card and returns its outputs.
///
/// `connection`, `values` and the outputs are JSON objects, keyed by field.
///
/// # Errors
/// Returns `invalid-input` with the key of the field, or the error of the call.
pub async fn run(
    transport: &impl Transport,
    connection: &str,
    card: &str,
    values: &str,
) -> Result<String, Error> {
    let card = Card::find(card)?;
    let values = card.read(values)?;
    let connection = connection::read(connection)?;
    let ran = card.run(transport, connection, &values).await;
    ran.map_err(|error| card.to_form_error(error, &values))
}

/// Tests the connection, and the function that the card's `values` name, if any. No function runs.
///
/// `connection` and `values` are JSON objects, keyed by field. Values that are not filled in yet are
/// not required.
///
/// # Errors
/// Returns `invalid-input` with the key of the field.
pub async fn test(
    transport: &impl Transport,
    connection: &str,
    card: &str,
    values: &str,
) -> Result<Vec<Check>, Error> {
    let card = Card::find(card)?;
    let values = card.read(values)?;
    let connection = connection::read(connection)?;
    let tested = card.test(transport, &connection, &values).await;
    tested.map_err(|error| card.to_form_error(error, &values))
}

/// Returns the choices of a card's field.
///
/// `connection` and `values` are JSON objects, keyed by field.
///
/// # Errors
/// Returns `invalid-input` with the key of the field, or the error of the call.
pub async fn choices(
    transport: &impl Transport,
    connection: &str,
    card: &str,
    field: &str,
    values: &str,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    let card = Card::find(card)?;
    let values = card.read(values)?;
    let page = match card.source(field)? {
        Source::Functions(instead) => {
            let connection = connection::read(connection)?;
            choices::functions(transport, connection, instead, search, cursor).await
        }
        Source::Qualifiers(function) => {
            let function = function(&values)?;
            let connection = connection::read(connection)?;
            choices::qualifiers(transport, connection, &function, search, cursor).await
        }
        Source::Executions(query) => {
            let query = query(&values)?;
            let connection = connection::read(connection)?;
            choices::executions(transport, connection, query, search, cursor).await
        }
        Source::Callbacks(arn) => {
            let arn = arn(&values)?;
            let connection = connection::read(connection)?;
            choices::callbacks(transport, connection, arn, search, cursor).await
        }
    };
    page.map_err(|error| card.to_form_error(error, &values))
}

#[cfg(test)]
mod tests;
