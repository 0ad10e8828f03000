//! The connector as a workflow designer sees it: forms that any platform can draw, and a way to
//! run what was filled in. Each card is one file, and a line in [`Card`].

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
        /// Everything that can be run.
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs)] // Each describes itself.
        pub enum Card {
            $($card,)*
        }

        impl Card {
            /// All of them, in the catalogue's order.
            pub const ALL: &[Card] = &[$(Card::$card,)*];

            /// Its form, its outputs, and what it is called.
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
    /// The card of that id.
    fn find(id: &str) -> Result<Card, Error> {
        let mut message = String::from("there is no such card; there are:");
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

    /// A refusal in the form's terms. Of two fields for one value, that which is shown supplied it.
    fn to_form_error(self, error: Error, values: &Values<'_>) -> Error {
        let fields = self.description().fields.iter();
        let shown = fields.filter(|field| field.is_shown(values));
        let known = connection::FIELDS.iter().chain(shown);
        values::to_form_error(error, known.copied())
    }
}

/// Runs the card of that id; the connection and its values are JSON objects by field key, and so
/// is the result.
///
/// # Errors
/// `invalid-input` that names the field by its key, or what came of the call.
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

/// The choices of a card's field; the connection and the card's values are JSON objects by field
/// key.
///
/// # Errors
/// `invalid-input` that names the field by its key, or what came of the call.
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
    let is_it = |candidate: &&&Field| candidate.key == field;
    let field = card.description().fields.iter().find(is_it);
    let source = field.and_then(|field| field.source).ok_or_else(|| {
        Error::invalid(
            "field",
            "the card has no field of this key whose choices are dynamic",
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
