//! Values of forms, without any response. An error names the field by its key, and no secret is
//! repeated.
//!
//! The input's lines are connection, card, field, values, search and cursor.
#![no_main]

use aws_lambda_connector::call::error::Error;
use aws_lambda_connector::cards;
use aws_lambda_connector::cards::Card;
use aws_lambda_connector_fuzz::call::{Call, plant};
use aws_lambda_connector_fuzz::transport::Scripted;
use aws_lambda_connector_fuzz::verdict::no_secret;
use aws_lambda_connector_fuzz::{script, secrets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if secrets::are_known(text.as_bytes()) {
        return;
    }
    let mut parts = text.split('\n');
    let mut part = || parts.next().unwrap_or_default();
    let (connection, card, field, values) = (plant(part()), part(), part(), part());
    let (search, cursor) = (part(), part());

    let read = cards::connection::read(&connection);
    no_secret(&format!("{read:?}"), &[]);
    if let Err(error) = &read {
        check(error);
    }
    for call in ["run", "choices", "test-card"] {
        let lines = format!(
            "{call}\nconnection {connection}\ncard {card}\nfield {field}\nvalues {values}\nsearch {search}\ncursor {cursor}"
        );
        let (lines, _) = script::read(lines.as_bytes());
        let Some(call) = Call::new(&lines) else {
            continue;
        };
        let transport = Scripted::new(Vec::new(), call.connection.clone(), false);
        let outcome = call.make(&transport);
        no_secret(&format!("{outcome:?}"), &[]);
        if let Some(error) = outcome.error() {
            check(error);
        }
        assert!(transport.seen.sent.get() <= 20);
    }
});

fn check(error: &Error) {
    let Error::InvalidInput(input) = error else {
        return;
    };
    let cards = Card::ALL.iter().flat_map(|card| card.description().fields);
    let known = cards::connection::FIELDS
        .iter()
        .chain(cards)
        .any(|field| field.key == input.field);
    let parameter = ["connection", "card", "field", "values", "search", "cursor"];
    // An unknown key follows the name of the object that has it.
    let object = input.field.split_once('.').map(|(object, _)| object);
    let unknown = object.is_some_and(|object| ["connection", "values"].contains(&object));
    assert!(
        known || unknown || parameter.contains(&&*input.field),
        "{input:?}"
    );
}
