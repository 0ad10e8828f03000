//! A page of choices, as every dynamic field has it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::cards::field::{FIELD, Field};

/// `cards.choice`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub description: String,
}

/// `cards.choice-page`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ChoicePage {
    pub choices: Vec<Choice>,
    pub next: Option<String>,
}

/// The start of the page, which is a parameter and not a field of the form.
pub const CURSOR: Field = Field {
    key: "cursor",
    paths: &["query.cursor"],
    ..FIELD
};
