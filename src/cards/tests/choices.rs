//! Dynamic choices.

use super::*;

#[test]
fn function_choices_are_searched_and_paged() {
    let names: Vec<&'static str> = (0..130)
        .map(|n| if n % 2 == 0 { "Even" } else { "odd" })
        .collect();
    let lambda = Lambda::new(&names);
    let mut cursor: Option<String> = None;
    let mut seen = 0;
    loop {
        let page = block_on(choices(
            &lambda,
            CONNECT,
            "invoke",
            "yourFunctions",
            "{}",
            Some("even"),
            cursor.as_deref(),
        ))
        .unwrap();
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
    let lambda = Lambda::new(&["f"]);
    let page = |search: Option<&str>, cursor: Option<&str>| {
        block_on(choices(
            &lambda,
            CONNECT,
            "invoke",
            "qualifier",
            r#"{"yourFunctions":"f"}"#,
            search,
            cursor,
        ))
        .unwrap()
    };
    let first = page(None, None);
    assert_eq!(
        (
            first.choices[0].value.as_str(),
            first.choices[0].label.as_str()
        ),
        ("live", "live (alias)")
    );
    assert_eq!(
        (first.choices.len(), first.choices[1].value.as_str()),
        (50, "60")
    );
    let second = page(None, first.next.as_deref());
    assert_eq!((second.choices.len(), second.next), (11, None));
    assert_eq!(page(Some("LIVE"), None).choices.len(), 1);
    let unnamed = block_on(choices(
        &lambda,
        CONNECT,
        "invoke",
        "qualifier",
        "{}",
        None,
        None,
    ));
    assert!(matches!(unnamed, Err(Error::InvalidInput(input)) if input.field == "yourFunctions"));
    let unknown = block_on(choices(
        &lambda, CONNECT, "invoke", "payload", "{}", None, None,
    ));
    assert!(matches!(unknown, Err(Error::InvalidInput(input)) if input.field == "field"));
}

#[test]
fn who_may_not_list_is_told_that_a_typed_name_works() {
    let lambda = Lambda {
        allowed: false,
        ..Lambda::new(&[])
    };
    let Err(Error::Service(error)) = block_on(choices(
        &lambda,
        CONNECT,
        "invoke",
        "yourFunctions",
        "{}",
        None,
        None,
    )) else {
        panic!("not refused");
    };
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("lambda:ListFunctions") && hint.contains("type the function's name"),
        "{hint}"
    );
}
