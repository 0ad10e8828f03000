//! The choices of dynamic fields.

use super::*;
use crate::cards::choices::ChoicePage;

fn choices_of(
    lambda: &Scripted<Lambda>,
    field: &str,
    values: &str,
    search: Option<&str>,
    cursor: Option<&str>,
) -> Result<ChoicePage, Error> {
    block_on(choices(
        lambda, CONNECT, "invoke", field, values, search, cursor,
    ))
}

#[test]
fn function_choices_are_searched_and_paged() {
    let names: Vec<&'static str> = (0..130)
        .map(|n| if n % 2 == 0 { "Even" } else { "odd" })
        .collect();
    let lambda = account(&names);
    let mut cursor: Option<String> = None;
    let mut seen = 0;
    loop {
        let cursor_now = cursor.as_deref();
        let page = choices_of(&lambda, "yourFunctions", "{}", Some("even"), cursor_now).unwrap();
        assert!(
            page.choices
                .iter()
                .all(|choice| choice.value == "Even" && choice.description == "python3.14")
        );
        seen += page.choices.len();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, 65);
}

#[test]
fn qualifier_choices_are_those_of_the_chosen_function() {
    let lambda = account(&["f"]);
    let page = |search: Option<&str>, cursor: Option<&str>| {
        let values = r#"{"yourFunctions":"f"}"#;
        choices_of(&lambda, "qualifier", values, search, cursor).unwrap()
    };
    let first = page(None, None);
    assert_eq!(first.choices.len(), 50);
    assert_eq!(first.choices[0].value, "live");
    assert_eq!(first.choices[0].label, "live (alias)");
    assert_eq!(first.choices[1].value, "60");
    let second = page(None, first.next.as_deref());
    assert_eq!((second.choices.len(), second.next), (11, None));
    assert_eq!(page(Some("LIVE"), None).choices.len(), 1);
    let refused = |field| refused(choices_of(&lambda, field, "{}", None, None)).field;
    assert_eq!(refused("qualifier"), "yourFunctions");
    assert_eq!(refused("payload"), "field");
}

#[test]
fn cursor_that_the_connector_did_not_return_is_rejected_by_its_name() {
    let lambda = account(&["f"]);
    let values = r#"{"yourFunctions":"f"}"#;
    for (field, values) in [("yourFunctions", "{}"), ("qualifier", values)] {
        let rejected = refused(choices_of(&lambda, field, values, None, Some("%%%")));
        assert_eq!(rejected.field, "cursor", "{field}");
    }
}

#[test]
fn hint_suggests_typing_the_name_when_listing_is_denied() {
    let lambda = closed_account(&[]);
    let asked = choices_of(&lambda, "yourFunctions", "{}", None, None);
    assert_contains(
        &service_error(asked).hint.unwrap(),
        ["lambda:ListFunctions", "type the function's name"],
    );
}
