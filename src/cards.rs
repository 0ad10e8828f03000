//! The connector as a workflow designer presents it: forms that any platform can draw, and a way to
//! run a completed form.
//!
//! Each card is one file, and one line in [`Card`].

pub mod choices;
pub mod connection;
pub mod field;
mod invoke;
mod list_functions;
pub mod manifest;
mod outputs;
mod values;

use alloc::string::String;

use crate::call::connection::Connection;
use crate::call::error::Error;
use crate::transport::Transport;
use choices::ChoicePage;
use field::{Field, Source, Values};
use manifest::Description;

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
        }
    };
}

cards! {
    Invoke => invoke,
    ListFunctions => list_functions,
}

impl Card {
    /// Returns the card with the given id.
    fn find(id: &str) -> Result<Card, Error> {
        let mut message = String::from("unknown card; the cards are:");
        for card in Card::ALL {
            let known = card.description().id;
            if known == id {
                return Ok(*card);
            }
            message.push(' ');
            message.push_str(known);
        }
        Err(Error::invalid("card", message))
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
    let values = values::read("values", values)?;
    let connection = connection::read(connection)?;
    let ran = card.run(transport, connection, &values).await;
    ran.map_err(|error| card.to_form_error(error, &values))
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
    let values = values::read("values", values)?;
    let has_key = |candidate: &&&Field| candidate.key == field;
    let field = card.description().fields.iter().find(has_key);
    let source = field.and_then(|field| field.source).ok_or_else(|| {
        Error::invalid(
            "field",
            "the card does not have a field of this key with dynamic choices",
        )
    })?;
    let page = match source {
        Source::Functions => {
            let connection = connection::read(connection)?;
            choices::functions(transport, connection, search, cursor).await
        }
        Source::Qualifiers(function) => {
            let function = function(&values)?;
            let connection = connection::read(connection)?;
            choices::qualifiers(transport, connection, &function, search, cursor).await
        }
    };
    page.map_err(|error| card.to_form_error(error, &values))
}

#[cfg(test)]
mod tests;
