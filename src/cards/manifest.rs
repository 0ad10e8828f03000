//! What `describe` tells: every form, field by field.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::aws::endpoint;

mod connection;
mod invoke;
mod list_functions;

/// `cards.field-kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Text,
    Number,
    Boolean,
    Dropdown,
    Object,
}

/// `cards.field`, where each member is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Field {
    pub key: &'static str,
    pub label: &'static str,
    pub definition: &'static str,
    pub kind: Kind,
    pub required: bool,
    pub secret: bool,
    pub default: Option<&'static str>,
    pub choices: &'static [Choice],
    pub dynamic: bool,
    pub visible_when: Option<Condition>,
    pub group: Option<&'static str>,
}

/// `cards.choice`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Choice {
    pub value: &'static str,
    pub label: &'static str,
    pub description: &'static str,
}

/// `cards.condition`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Condition {
    pub key: &'static str,
    pub values: &'static [&'static str],
}

/// `cards.card`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Card {
    pub id: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub options: &'static [Field],
    pub inputs: &'static [Field],
    pub outputs: &'static [Field],
}

/// The connector's name.
pub const NAME: &str = "aws-lambda";
/// For people.
pub const TITLE: &str = "AWS Lambda";
/// Semantic version of the component.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// One sentence for a catalogue.
pub const DESCRIPTION: &str =
    "Invokes AWS Lambda functions and lists them, from a sandbox that reaches nothing but AWS.";
/// The form that sets a connection up.
pub const CONNECTION: &[Field] = connection::FIELDS;
/// Everything that can be run.
pub const CARDS: &[Card] = &[invoke::CARD, list_functions::CARD];

/// The card of that id.
pub fn card(id: &str) -> Option<&'static Card> {
    CARDS.iter().find(|card| card.id == id)
}

/// Host names that the connector may contact where the connection has no custom endpoint, with
/// `{region}` where it stands.
pub fn outbound_hosts() -> Vec<String> {
    let mut hosts = Vec::new();
    for service in ["lambda", "sts"] {
        for suffix in endpoint::dns_suffixes() {
            for fips in ["", "-fips"] {
                hosts.push(format!("{service}{fips}.{{region}}.{suffix}"));
            }
        }
    }
    hosts
}

/// A text field without anything special; the others differ from it in what they say.
const FIELD: Field = Field {
    key: "",
    label: "",
    definition: "",
    kind: Kind::Text,
    required: false,
    secret: false,
    default: None,
    choices: &[],
    dynamic: false,
    visible_when: None,
    group: None,
};
