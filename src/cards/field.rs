//! A field of a form: its presentation, and the destination of its value.

use alloc::string::String;

use crate::aws::json::Fields;
use crate::call::error::Error;
use crate::lambda::executions::list::ExecutionQuery;

/// The values of a completed form: a JSON object, keyed by field.
pub type Values<'a> = Fields<'a>;

/// `cards.field`, which documents the members that have no comment here.
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
    /// The source of dynamic choices.
    pub source: Option<Source>,
    pub visible_when: Option<Condition>,
    pub group: Option<&'static str>,
    /// Whether it is one of the card's options rather than its inputs.
    pub is_option: bool,
    /// The paths of the value in the typed interface, as its errors name them.
    pub paths: &'static [&'static str],
}

/// An optional text field: the defaults of every other field.
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

/// `cards.choice`, with its meaning to the code.
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

/// The source of choices that are read from Lambda.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// The account's functions. The text is the way out for a caller who may not list them.
    Functions(&'static str),
    /// The qualifiers of a function, whose name this reads from the form.
    Qualifiers(fn(&Values<'_>) -> Result<String, Error>),
    /// The durable executions that the form selects.
    Executions(fn(&Values<'_>) -> Result<ExecutionQuery, Error>),
    /// The open callbacks of a durable execution, whose ARN this reads from the form.
    Callbacks(fn(&Values<'_>) -> Result<String, Error>),
}

/// Strips the meaning from `choices`.
pub const fn untyped<T, const N: usize>(choices: &[Choice<T>]) -> [Choice; N] {
    let mut untyped = [Choice {
        means: (),
        value: "",
        label: "",
        description: "",
    }; N];
    let (mut from, mut to) = (choices, untyped.as_mut_slice());
    while let ([choice, more @ ..], [slot, free @ ..]) = (from, to) {
        slot.value = choice.value;
        slot.label = choice.label;
        slot.description = choice.description;
        (from, to) = (more, free);
    }
    untyped
}

/// Declares a form: an enum of its fields in order, each with its definition. The compiler warns about
/// a field that is never read.
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
