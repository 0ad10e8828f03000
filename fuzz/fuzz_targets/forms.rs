//! What a platform sends for its forms, where nobody answers: refused by the key of a field, and
//! without a secret. Lines: connection, card, field, values, search, cursor.
#![no_main]

use aws_lambda_connector::call::error::Error;
use aws_lambda_connector::cards;
use aws_lambda_connector::cards::manifest::{CARDS, CONNECTION};
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
    for call in ["run", "choices", "fields"] {
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
    let cards = CARDS
        .iter()
        .flat_map(|card| card.options.iter().chain(card.inputs));
    let known = CONNECTION
        .iter()
        .chain(cards)
        .any(|field| field.key == input.field);
    let parameter = ["connection", "card", "field", "values", "search", "cursor"];
    assert!(known || parameter.contains(&&*input.field), "{input:?}");
}
