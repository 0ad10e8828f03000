//! The interface `cards` as JSON: forms, their fields and the choices of their dropdowns.

use serde_json::{Value, json};

use aws_lambda_connector_host::bindings::cards::{
    Card, Choice, ChoicePage, Condition, Field, FieldKind, Manifest,
};

/// `manifest`
pub fn manifest(value: &Manifest) -> Value {
    let Manifest {
        name,
        title,
        version,
        description,
        connection,
        cards,
        outbound_hosts,
    } = value;
    let cards: Vec<Value> = cards.iter().map(card).collect();
    json!({
        "name": name,
        "title": title,
        "version": version,
        "description": description,
        "connection": fields(connection),
        "cards": cards,
        "outbound-hosts": outbound_hosts,
    })
}

/// `list<field>`
pub fn fields(value: &[Field]) -> Value {
    value.iter().map(field).collect()
}

/// `choice-page`
pub fn choice_page(value: &ChoicePage) -> Value {
    let ChoicePage { choices, next } = value;
    let choices: Vec<Value> = choices.iter().map(choice).collect();
    json!({ "choices": choices, "next": next })
}

fn card(value: &Card) -> Value {
    let Card {
        id,
        title,
        description,
        options,
        inputs,
        outputs,
    } = value;
    json!({
        "id": id,
        "title": title,
        "description": description,
        "options": fields(options),
        "inputs": fields(inputs),
        "outputs": fields(outputs),
    })
}

fn field(value: &Field) -> Value {
    let Field {
        key,
        label,
        definition,
        kind,
        required,
        secret,
        default,
        choices,
        dynamic,
        visible_when,
        group,
    } = value;
    let choices: Vec<Value> = choices.iter().map(choice).collect();
    json!({
        "key": key,
        "label": label,
        "definition": definition,
        "kind": kind_name(*kind),
        "required": required,
        "secret": secret,
        "default": default,
        "choices": choices,
        "dynamic": dynamic,
        "visible-when": visible_when.as_ref().map(condition),
        "group": group,
    })
}

fn choice(value: &Choice) -> Value {
    let Choice {
        value,
        label,
        description,
    } = value;
    json!({ "value": value, "label": label, "description": description })
}

fn condition(value: &Condition) -> Value {
    let Condition { key, values } = value;
    json!({ "key": key, "values": values })
}

fn kind_name(value: FieldKind) -> &'static str {
    match value {
        FieldKind::Text => "text",
        FieldKind::Number => "number",
        FieldKind::Boolean => "boolean",
        FieldKind::Dropdown => "dropdown",
        FieldKind::Object => "object",
    }
}
