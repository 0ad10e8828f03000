//! What a field of a form is: how it is shown, and where its value goes.

use alloc::string::String;

use crate::aws::json::Fields;
use crate::call::error::Error;

/// What was filled in: a JSON object by field key.
pub type Values<'a> = Fields<'a>;

/// `cards.field`, where the members without a text here are documented.
#[derive(Clone, Copy, Debug)]
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
    /// Where the choices come from that are not fixed.
    pub source: Option<Source>,
    pub visible_when: Option<Condition>,
    pub group: Option<&'static str>,
    /// One of the card's options, not of its inputs.
    pub is_option: bool,
    /// The paths of the value in the typed interface, which names it so when it refuses it.
    pub paths: &'static [&'static str],
}

/// A text field without anything special; the others differ from it in what they say.
pub const FIELD: Field = Field {
    key: "",
    label: "",
    definition: "",
    kind: Kind::Text,
    required: false,
    secret: false,
    default: None,
    choices: &[],
    source: None,
    visible_when: None,
    group: None,
    is_option: false,
    paths: &[],
};

impl Field {
    /// The condition that this dropdown has one of `values`.
    pub const fn is(&'static self, values: &'static [&'static str]) -> Option<Condition> {
        Some(Condition {
            field: self,
            values,
        })
    }
}

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

/// `cards.choice`, and what it means to the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Choice<T = ()> {
    pub means: T,
    pub value: &'static str,
    pub label: &'static str,
    pub description: &'static str,
}

/// `cards.condition`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Condition {
    pub field: &'static Field,
    pub values: &'static [&'static str],
}

/// Choices that Lambda is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// The account's functions.
    Functions,
    /// The qualifiers of the function that the form names, which this reads.
    Qualifiers(fn(&Values<'_>) -> Result<String, Error>),
}

/// The choices without what they mean.
pub const fn shown<T, const N: usize>(choices: &[Choice<T>]) -> [Choice; N] {
    let mut shown = [Choice {
        means: (),
        value: "",
        label: "",
        description: "",
    }; N];
    let (mut from, mut to) = (choices, shown.as_mut_slice());
    while let ([choice, more @ ..], [slot, free @ ..]) = (from, to) {
        slot.value = choice.value;
        slot.label = choice.label;
        slot.description = choice.description;
        (from, to) = (more, free);
    }
    shown
}

/// Declares a form: an enum of its fields, in the form's order, each with its definition. The
/// compiler warns of a field that is never read.
macro_rules! form {
    ($(#[$attribute:meta])* enum $form:ident { $($field:ident = $definition:expr,)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy)]
        enum $form {
            $($field,)*
        }

        impl $form {
            const FIELDS: &'static [&'static Field] = &[$(const { &$definition },)*];
        }

        impl core::ops::Deref for $form {
            type Target = Field;

            fn deref(&self) -> &Field {
                match self {
                    $($form::$field => const { &$definition },)*
                }
            }
        }
    };
}
pub(super) use form;
