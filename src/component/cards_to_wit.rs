//! Converts the forms to WIT values.

use alloc::string::String;
use alloc::vec::Vec;

use crate::bindings::exports::connectors::aws_lambda::cards;
use crate::cards::choices::{self, ChoicePage};
use crate::cards::field::{Choice, Condition, Field, Kind};
use crate::cards::manifest;
use crate::cards::{Card, connection};

pub fn manifest() -> cards::Manifest {
    cards::Manifest {
        name: manifest::NAME.into(),
        title: manifest::TITLE.into(),
        version: manifest::VERSION.into(),
        description: manifest::DESCRIPTION.into(),
        connection: all(connection::FIELDS.iter().copied()),
        cards: all(Card::ALL),
        outbound_hosts: manifest::outbound_hosts(),
    }
}

fn all<T, U: From<T>>(items: impl IntoIterator<Item = T>) -> Vec<U> {
    items.into_iter().map(Into::into).collect()
}

impl From<&Card> for cards::Card {
    fn from(card: &Card) -> cards::Card {
        let card = card.description();
        let (options, inputs): (Vec<&Field>, Vec<&Field>) =
            card.fields.iter().partition(|field| field.is_option);
        cards::Card {
            id: card.id.into(),
            title: card.title.into(),
            description: card.description.into(),
            options: all(options),
            inputs: all(inputs),
            outputs: all(card.outputs),
        }
    }
}

impl From<&Field> for cards::Field {
    fn from(field: &Field) -> cards::Field {
        cards::Field {
            key: field.key.into(),
            label: field.label.into(),
            definition: field.definition.into(),
            kind: match field.kind {
                Kind::Text => cards::FieldKind::Text,
                Kind::Number => cards::FieldKind::Number,
                Kind::Boolean => cards::FieldKind::Boolean,
                Kind::Dropdown => cards::FieldKind::Dropdown,
                Kind::Object => cards::FieldKind::Object,
            },
            required: field.required,
            secret: field.secret,
            default: field.default.map(String::from),
            choices: all(field.choices),
            dynamic: field.source.is_some(),
            visible_when: field.visible_when.as_ref().map(Into::into),
            group: field.group.map(String::from),
        }
    }
}

impl From<&Choice> for cards::Choice {
    fn from(choice: &Choice) -> cards::Choice {
        cards::Choice {
            value: choice.value.into(),
            label: choice.label.into(),
            description: choice.description.into(),
        }
    }
}

impl From<&Condition> for cards::Condition {
    fn from(condition: &Condition) -> cards::Condition {
        cards::Condition {
            key: condition.field.key.into(),
            values: condition
                .values
                .iter()
                .map(|value| String::from(*value))
                .collect(),
        }
    }
}

impl From<ChoicePage> for cards::ChoicePage {
    fn from(page: ChoicePage) -> cards::ChoicePage {
        cards::ChoicePage {
            choices: page.choices.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

impl From<choices::Choice> for cards::Choice {
    fn from(choice: choices::Choice) -> cards::Choice {
        cards::Choice {
            value: choice.value,
            label: choice.label,
            description: choice.description,
        }
    }
}
