//! A card's fields as they stand for the values filled in so far. What `visible-when` cannot say
//! is worked out here: whether the function that was chosen runs for one tenant at a time.

use alloc::string::String;
use alloc::vec::Vec;

use super::manifest::{Condition, Field};
use super::run::find_card;
use super::values::Values;
use super::{by_field_key, connection, list};
use crate::call::connection::Connection;
use crate::call::error::Error;
use crate::lambda::list_functions::FunctionQuery;
use crate::transport::Transport;

/// The card's options and inputs that apply to `values`, in the form's order.
///
/// # Errors
/// `invalid-input` that names the field by its key.
pub async fn fields(
    transport: &impl Transport,
    connection: &str,
    card: &str,
    values: &str,
) -> Result<Vec<Field>, Error> {
    let card = find_card(card)?;
    let values = Values::read("values", values)?;
    let form: Vec<Field> = card.options.iter().chain(card.inputs).copied().collect();
    let mut shown = Vec::with_capacity(form.len());
    for field in &form {
        if field.key == "tenantId" {
            shown.extend(tenant_field(transport, connection, field, &form, &values).await?);
        } else if is_met(field.visible_when, &form, &values)? {
            shown.push(*field);
        }
    }
    Ok(shown)
}

fn is_met(
    condition: Option<Condition>,
    form: &[Field],
    values: &Values<'_>,
) -> Result<bool, Error> {
    let Some(condition) = condition else {
        return Ok(true);
    };
    match form.iter().find(|field| field.key == condition.key) {
        Some(field) => Ok(condition.values.contains(&values.choice(field)?)),
        None => Ok(false),
    }
}

/// Where a name is typed nobody can say, and the field is there; a function that was chosen is
/// looked up, and one with tenant isolation requires it.
async fn tenant_field(
    transport: &impl Transport,
    connection: &str,
    field: &Field,
    form: &[Field],
    values: &Values<'_>,
) -> Result<Option<Field>, Error> {
    if is_met(field.visible_when, form, values)? {
        return Ok(Some(*field));
    }
    let Some(name) = values.text("yourFunctions")? else {
        return Ok(None);
    };
    let isolated = is_tenant_isolated(transport, connection::read(connection)?, &name).await?;
    Ok(isolated.then_some(Field {
        required: true,
        visible_when: None,
        ..*field
    }))
}

async fn is_tenant_isolated(
    transport: &impl Transport,
    connection: Connection,
    name: &str,
) -> Result<bool, Error> {
    let mut cursor: Option<String> = None;
    loop {
        let query = FunctionQuery {
            name_contains: Some(name.into()),
            cursor: cursor.take(),
            ..FunctionQuery::default()
        };
        let page = list(transport, connection.clone(), query)
            .await
            .map_err(|error| by_field_key(error, "yourFunctions"))?;
        if let Some(function) = page.functions.iter().find(|function| function.name == name) {
            return Ok(function.tenant_isolated);
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(false),
        }
    }
}
